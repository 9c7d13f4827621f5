"""The stage of one incident: the world accounts, keys, positions and orders, before guardian looks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from guardian.sim.actors.bot import PREFIX, Bot, leg_index, protect
from guardian.sim.ports.journal import Disk
from guardian.sim.ports.line import Line
from guardian.sim.ports.stand import Stand
from guardian.sim.ports.weather import LevelOf, Weather
from guardian.sim.scenario.shapes import AccountPlan, Scenario, Stake, StrategyPlan
from guardian.sim.world.account import CASH, Account
from guardian.sim.world.engine import World
from guardian.sim.world.keys import ApiKey
from guardian.sim.world.orders import Kind, OrderRequest, Refused, Side
from guardian.sim.world.seed import permissions
from guardian.sim.world.takeover import Taken

EPOCH_MS = 1_767_225_600_000
EQUITY = Decimal(100_000)
MARKETS = 5
COIN = "ETH"
"""What is held beside cash where an account has coins."""

STOP_AT = Decimal("0.35")
OPENED_MS = 30_000
RESTS_AT = Decimal("0.42")
TRADING = {"ContractTrade": ["Order", "Position"]}


@dataclass(slots=True)
class Stage:
    """Everything that is there whatever process of guardian's lives."""

    scenario: Scenario
    world: World
    stands: dict[str, Stand]
    disk: Disk
    weather: Weather
    now: Callable[[], float]
    bots: dict[str, Bot] = field(default_factory=dict)

    def now_ms(self) -> int:
        """The world's time, which no clock of guardian's can move."""
        return EPOCH_MS + round(self.now() * 1000)


def build(scenario: Scenario, now: Callable[[], float], level_of: LevelOf) -> Stage:
    world = World(random.Random(scenario.seed), instruments=MARKETS)
    weather = Weather(scenario.faults, now, level_of)
    stage = Stage(scenario, world, {}, Disk(), weather, now)
    for plan in scenario.accounts:
        stage.stands[plan.name] = _stand(stage, plan)
    for stand in stage.stands.values():
        _furnish(stage, stand)
    return stage


def _stand(stage: Stage, plan: AccountPlan) -> Stand:
    world, now = stage.world, stage.now_ms()
    books = world.add_account(plan.name)
    books.hedged_by_default = plan.hedge
    keys = {
        role: world.add_key(books, role, now, read_only=role == "watch", permissions=permissions(**TRADING))
        for role in ("watch", "hands", "bot")
    }
    own = {"watch": keys["watch"], "hands": keys["hands"], "admin": _admin(world, books, now)}
    world.transfer(books, EQUITY, now - 60_000)
    return Stand(plan, world, books, keys["bot"], Line(plan, stage.weather), stage.weather, stage.now_ms, own)


def _admin(world: World, books: Account, now: int) -> ApiKey:
    """A master and its key; drawn apart, so that they change nothing else of the seed's."""
    common, world.rng = world.rng, random.Random(f"master of {books.name}")
    master = world.add_account(f"{books.name}-master")
    books.master, books.parent = False, master.uid
    granted = permissions(Wallet=["SubMemberTransfer"])
    key = world.add_key(master, "admin", now, read_only=False, permissions=granted)
    world.rng = common
    return key


def _furnish(stage: Stage, stand: Stand) -> None:
    """Positions by trades off the book, at any size; then stops and resting orders of the bot's."""
    plan, now = stand.plan, stage.now_ms()
    if plan.spot:
        price = stage.world.markets[COIN + CASH].mark
        coins = (EQUITY * Decimal(str(plan.spot)) / price).quantize(Decimal("0.0001"))
        stage.world.transfer(stand.books, coins, now - 60_000, COIN)
    for stake in plan.stakes:
        _open(stage, stand, stake, now - OPENED_MS)
    for strategy in plan.strategies:
        if not strategy.opens_at:
            enter(stage, stand, strategy, now - OPENED_MS)
    if plan.dust:
        _dust(stage, stand, now)


def enter(stage: Stage, stand: Stand, strategy: StrategyPlan, at_ms: int) -> None:
    """The strategy opens all that it is to hold."""
    for stake in strategy.stakes:
        _open(stage, stand, stake, at_ms, strategy.prefix)


def _open(stage: Stage, stand: Stand, stake: Stake, at_ms: int, prefix: str = "") -> None:
    """`prefix` is that of the strategy whose trade it is; nobody's without."""
    if stake.symbol not in stage.world.instruments:
        stage.world.list_inverse(stake.symbol.removesuffix("USD"))
    instrument = stage.world.instruments[stake.symbol]
    mark = stage.world.markets[stake.symbol].mark
    worth = EQUITY * Decimal(str(stake.size))
    quantity = instrument.floor_qty(abs(worth) if instrument.inverse else abs(worth) / mark)
    quantity = max(quantity, instrument.min_qty)
    if stand.plan.big:
        _lower_maximum(stage, stake.symbol, quantity)
    sign = 1 if stake.size > 0 else -1
    index = leg_index(stand, stake.size)
    stand.books.leverage[stake.symbol] = Decimal(10)
    taken = Taken(
        symbol=stake.symbol,
        index=index,
        origin="block",
        signed_qty=quantity * sign,
        link_id=f"{prefix}open-{stake.symbol.lower()}" if prefix else "",
    )
    stage.world.take_over(stand.books, taken, at_ms)
    leg = stand.books.leg(stake.symbol, index)
    if stake.protected and leg.size:
        protect(stand, leg, STOP_AT, prefix or PREFIX)
    if stake.resting:
        _rest(stage, stand, stake, prefix or PREFIX)


def _rest(stage: Stage, stand: Stand, stake: Stake, prefix: str) -> None:
    """An order of the bot's that would add to the position, far from the market."""
    instrument, mark = stage.world.instruments[stake.symbol], stage.world.markets[stake.symbol].mark
    side, index = Side.BUY if stake.size > 0 else Side.SELL, leg_index(stand, stake.size)
    held = abs(stand.books.size(stake.symbol, index))
    request = OrderRequest(
        symbol=stake.symbol,
        side=side,
        kind=Kind.LIMIT,
        qty=max(instrument.min_qty * 2, instrument.floor_qty(held / 20)),
        price=instrument.round_price(mark * (1 - RESTS_AT * side.sign)),
        index=index,
        link_id=f"{prefix}rest-{stake.symbol.lower()}-{index}",
        key_id=stand.bot_key.id,
    )
    try:
        stage.world.place(stand.books, request, stage.now_ms())
    except Refused:
        return


def _lower_maximum(stage: Stage, symbol: str, quantity: Decimal) -> None:
    """The venue takes this position only in several orders."""
    instrument = stage.world.instruments[symbol]
    maximum = max(instrument.min_qty * 2, instrument.floor_qty(quantity / 3))
    smaller = replace(instrument, max_market_qty=maximum, max_limit_qty=maximum)
    stage.world.instruments[symbol] = smaller
    stage.world.markets[symbol].instrument = smaller


def _dust(stage: Stage, stand: Stand, now: int) -> None:
    """A rest below the venue's smallest order, of a market that is not held otherwise."""
    held = {leg.symbol for leg in stand.books.open_legs()}
    symbol = next((s for s in stage.world.instruments if s not in held and s.endswith(CASH)), None)
    if symbol is None:
        return
    instrument = stage.world.instruments[symbol]
    index = 1 if stand.plan.hedge else 0
    taken = Taken(symbol=symbol, index=index, origin="block", signed_qty=instrument.min_qty / 2)
    stage.world.take_over(stand.books, taken, now - 30_000)
