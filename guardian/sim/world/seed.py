"""A populated world from one seed: a master, its sub-accounts, their keys, positions and orders.

Every account starts with 94,000 to 106,000 USDT of equity and a leveraged book, long and short, whose net
risk in bitcoin terms lies between +0.85 and +1.25 of equity whatever the seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from guardian.sim.world.account import Account
from guardian.sim.world.engine import World
from guardian.sim.world.instruments import Instrument
from guardian.sim.world.keys import DAY_MS, ApiKey, Permissions
from guardian.sim.world.orders import Kind, OrderRequest, Side

HOUR_MS = 3_600_000

_GROUPS = (
    "ContractTrade", "Spot", "Wallet", "Options", "Derivatives", "CopyTrading", "BlockTrade", "Exchange",
    "NFT", "Affiliate", "Earn", "FiatP2P", "FiatConvertBroker", "FiatBitPay", "BitCard", "ByXPost",
)  # fmt: skip


def permissions(**granted: list[str]) -> Permissions:
    """All permission groups of a key, empty but for those granted."""
    return {group: list(granted.get(group, [])) for group in _GROUPS}


@dataclass(frozen=True, slots=True)
class Seeding:
    """What to populate: how many sub-accounts and positions each, the equity of each in USDT, the markets.

    A venue lists at least as many markets as there are positions; those past the known names are generated.
    """

    accounts: int = 1
    positions: int = 5
    equity: Decimal = Decimal(100_000)
    markets: int = 60


@dataclass(frozen=True, slots=True)
class Tenant:
    """A seeded sub-account and its keys by role: watch, hands, bot and canary its own, admin the master's."""

    account: Account
    keys: Mapping[str, ApiKey]


def seed_world(
    seed: int, seeding: Seeding, now: int, prices: Mapping[str, Decimal] | None = None
) -> tuple[World, list[Tenant]]:
    """Build a world; `prices` overrides the catalogue's starting prices where it names a symbol."""
    rng = random.Random(seed)
    world = World(rng, instruments=max(seeding.markets, seeding.positions))
    for symbol, price in (prices or {}).items():
        world.market(symbol).move(price)
    master = world.add_account("master")
    tenants = [_tenant(world, master, f"sim-{n + 1}", now) for n in range(seeding.accounts)]
    for tenant in tenants:
        world.transfer(tenant.account, seeding.equity, now - 3 * DAY_MS)
    _trade_in(world, tenants, seeding, now)
    for tenant in tenants:
        _rest_orders(world, tenant, now - 20 * HOUR_MS)
        _protect(world, tenant, now - 20 * HOUR_MS)
    return world, [_with_canary(world, tenant, seed, now) for tenant in tenants]


def _tenant(world: World, master: Account, name: str, now: int) -> Tenant:
    account = world.add_account(name, master)
    trade = {"ContractTrade": ["Order", "Position"]}
    roles: dict[str, tuple[Account, bool, dict[str, list[str]]]] = {
        "watch": (account, True, trade),
        "hands": (account, False, trade),
        "bot": (account, False, trade),
        "admin": (master, False, {"Wallet": ["SubMemberTransfer"]}),
    }
    keys = {}
    for role, (owner, read_only, granted) in roles.items():
        key = world.add_key(
            owner, role, now - 5 * DAY_MS, read_only=read_only, permissions=permissions(**granted)
        )
        key.expires = key.created + 90 * DAY_MS
        keys[role] = key
    return Tenant(account, keys)


def _with_canary(world: World, tenant: Tenant, seed: int, now: int) -> Tenant:
    """A second trading key, for drills; drawn apart, so that it changes nothing else of the seed's."""
    common, world.rng = world.rng, random.Random(f"canary {seed} {tenant.account.name}")
    granted = permissions(ContractTrade=["Order", "Position"])
    key = world.add_key(tenant.account, "canary", now - 5 * DAY_MS, read_only=False, permissions=granted)
    world.rng = common
    key.expires = key.created + 90 * DAY_MS
    return Tenant(tenant.account, {**tenant.keys, "canary": key})


def _trade_in(world: World, tenants: list[Tenant], seeding: Seeding, now: int) -> None:
    """Open the positions a little off today's prices two days ago, then move the market to today."""
    today = {symbol: market.mark for symbol, market in world.markets.items()}
    past = {s: p * Decimal(str(round(world.rng.uniform(0.975, 1.025), 4))) for s, p in today.items()}
    world.set_prices(past, now - 2 * DAY_MS)
    for tenant in tenants:
        for symbol, notional in book(world, seeding, tenant.account).items():
            _open(world, tenant, symbol, notional / today[symbol], now - 2 * DAY_MS)
    world.set_prices(today, now - 21 * HOUR_MS)
    for symbol, market in world.markets.items():
        market.day_open = market.day_high = market.day_low = today[symbol]
        market.taken_at = 0


def book(world: World, seeding: Seeding, account: Account) -> dict[str, Decimal]:
    """Signed notional in USDT by symbol: gross 1.7 to 2.3 of equity, net beta 0.95 to 1.15 of equity."""
    rng = world.rng
    symbols = list(world.instruments)[: seeding.positions]
    if not symbols:
        return {}
    shorts = set(rng.sample(symbols[1:], max(1, round(0.3 * len(symbols))))) if len(symbols) > 1 else set()
    weights = {symbol: rng.uniform(0.7, 1.3) for symbol in symbols}
    net, gross = rng.uniform(0.95, 1.15), rng.uniform(1.7, 2.3)
    longs = [s for s in symbols if s not in shorts]
    beta_long = _beta(world, longs, weights)
    beta_short = _beta(world, sorted(shorts), weights)
    long_total = (net + beta_short * gross) / (beta_long + beta_short) if shorts else net / beta_long
    totals = {True: gross - long_total, False: long_total}
    sums = {True: sum(weights[s] for s in shorts), False: sum(weights[s] for s in longs)}
    equity = float(account.cash)
    return {
        s: Decimal(round(equity * totals[s in shorts] * weights[s] / sums[s in shorts], 2))
        * (-1 if s in shorts else 1)
        for s in symbols
    }


def _beta(world: World, symbols: list[str], weights: Mapping[str, float]) -> float:
    total = sum(weights[s] for s in symbols)
    return sum(world.instruments[s].beta * weights[s] for s in symbols) / total if total else 0.0


def _open(world: World, tenant: Tenant, symbol: str, qty: Decimal, now: int) -> None:
    instrument = world.instruments[symbol]
    leverage = min(instrument.max_leverage, Decimal(world.rng.choice((5, 8, 10))))
    tenant.account.leverage[symbol] = leverage
    left = max(instrument.min_qty, instrument.floor_qty(abs(qty)))
    while left > 0:
        part = min(left, instrument.max_market_qty)
        world.place(tenant.account, _order(tenant, symbol, qty, part), now)
        left -= part
        now += 4000


def _order(tenant: Tenant, symbol: str, signed: Decimal, qty: Decimal) -> OrderRequest:
    side = Side.BUY if signed > 0 else Side.SELL
    return OrderRequest(symbol=symbol, side=side, kind=Kind.MARKET, qty=qty, key_id=tenant.keys["bot"].id)


def _rest_orders(world: World, tenant: Tenant, now: int) -> None:
    """Two to four resting limit orders of the bot, 8 to 15 % away from the market."""
    symbols = [leg.symbol for leg in tenant.account.open_legs()] or list(world.instruments)[:5]
    for number in range(world.rng.randint(2, 4)):
        symbol = world.rng.choice(symbols)
        instrument, mark = world.instruments[symbol], world.markets[symbol].mark
        side = world.rng.choice((Side.BUY, Side.SELL))
        away = Decimal(str(round(world.rng.uniform(0.08, 0.15), 4)))
        price = instrument.round_price(mark * (1 - away * side.sign))
        notional = tenant.account.cash * Decimal(str(round(world.rng.uniform(0.02, 0.05), 4)))
        request = OrderRequest(
            symbol=symbol,
            side=side,
            kind=Kind.LIMIT,
            qty=max(instrument.min_qty, instrument.floor_qty(notional / price)),
            price=price,
            link_id=f"ft-{world.rng.getrandbits(40):010x}-{number}",
            key_id=tenant.keys["bot"].id,
        )
        world.place(tenant.account, request, now)


def _protect(world: World, tenant: Tenant, now: int) -> None:
    """A stop 25 to 40 % away for four of five positions, every third of them attached to the position."""
    for number, leg in enumerate(tenant.account.open_legs()):
        instrument = world.instruments[leg.symbol]
        distance = Decimal(str(round(world.rng.uniform(0.26, 0.39), 4)))
        long = leg.size > 0
        mark = world.markets[leg.symbol].mark
        trigger = instrument.round_price(mark * (1 - distance if long else 1 + distance))
        if number % 5 == 4:
            continue
        if number % 3 == 1:
            world.attach_stop(tenant.account, leg.symbol, leg.index, {"StopLoss": trigger}, now)
            continue
        world.place(tenant.account, _stop(tenant, instrument, leg.size, trigger), now)


def _stop(tenant: Tenant, instrument: Instrument, size: Decimal, trigger: Decimal) -> OrderRequest:
    return OrderRequest(
        symbol=instrument.symbol,
        side=Side.SELL if size > 0 else Side.BUY,
        kind=Kind.MARKET,
        qty=abs(size),
        reduce_only=True,
        close_on_trigger=True,
        trigger=trigger,
        rises=size < 0,
        link_id=f"ft-stop-{instrument.base.lower()}",
        key_id=tenant.keys["bot"].id,
    )
