"""M08 gross and net exposure, as multiples of equity, netted per asset.

gross = sum over assets of |n_a| / E, net = |sum n_a| / E, where n_a is the signed notional of one base asset
after netting its positions and wallet holdings. The reporting currency itself is no exposure, nor is a dollar
beside another one as long as it is worth about that (metrics.md M08: "except stable/RC codes").
Inverse contracts: what they gained is coins, and those are exposure too, so that n_a = P (B + sum Q/e) with
B the coins of the wallet, Q the quantity in the quote currency and e the entry (metrics.md M08).
Unit: multiple of equity. Needs wallet and positions. Unknown until an equity was read; AtLeast, less what the
two accounts of the equity differ by, while they do. A non-positive equity with exposure counts as `RUIN`.
Source: metrics.md M08.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from guardian.core.metrics.metric import ANYWHERE, Metric, View
from guardian.core.metrics.remembered import by_identities
from guardian.core.model import AtLeast, Balance, Known, Measured, Part, Position, Unknown, Wallet
from guardian.core.state import AccountState

NOTHING, ONE = Decimal(0), Decimal(1)
RUIN = 1e6
"""What a multiple of a non-positive equity is reported as: finite, and above every limit."""

_DOLLARS = "USD USDT USDC DAI FDUSD TUSD BUSD USDP GUSD PYUSD RLUSD USDE USDS USDD USDQ USDR USD1 XUSD"
DOLLARS = frozenset(_DOLLARS.split())
LOST_PEG = Decimal("0.05")
"""A dollar that is worth this much less, or more, than one is an asset like any other."""


def is_money(balance: Balance, currency: str) -> bool:
    """Whether it is the reporting currency, or as good as that."""
    if balance.currency == currency:
        return True
    dollars = currency in DOLLARS and balance.currency in DOLLARS
    return dollars and abs(balance.price - ONE) <= LOST_PEG


@by_identities
def by_asset(positions: tuple[Position, ...], wallet: Wallet | None, currency: str) -> dict[str, Decimal]:
    """Signed notional per base asset in the reporting currency, contracts and spot holdings.

    Remembered: rules ask it again at every event, and each account of a group asks it of the whole group.
    """
    prices = settle_prices(wallet)
    assets: dict[str, Decimal] = {}
    for p in positions:
        # Written out: every snapshot asks this of every position, some metrics after another.
        held = p.notional + p.open_pnl if p.inverse else p.quantity * (p.contract_size * p.mark)
        base, price = base_of(p.symbol), prices.get(p.settle) or settle_price(p, prices)
        known = assets.get(base)
        assets[base] = held * price if known is None else known + held * price
    for b in wallet.balances if wallet else ():
        if b.quantity and not is_money(b, currency):
            assets[b.currency] = assets.get(b.currency, NOTHING) + b.quantity * b.price
    return assets


@lru_cache(maxsize=4096)
def base_of(symbol: str) -> str:
    """`Position.base`, remembered: nothing is asked for more often."""
    return symbol.split("/")[0]


def settle_prices(wallet: Wallet | None) -> dict[str, Decimal]:
    """Prices of what positions settle in; an empty balance may list none, which does not mean worthless."""
    return {b.currency: b.price for b in wallet.balances if b.price} if wallet else {}


def settle_price(position: Position, prices: dict[str, Decimal]) -> Decimal:
    """What one unit of a position's notional and P&L is worth in the reporting currency.

    Where no wallet listed it yet: a stablecoin counts 1, and the coin of an inverse contract its mark.
    """
    return prices.get(position.settle, position.mark if position.inverse else ONE)


def multiple(account: AccountState, amount: Decimal | float) -> Measured:
    """`amount` over the equity, as strong as the equity is known; risk is a float, and divided as one."""
    nav = account.nav
    if nav is None:
        return Unknown("no equity read yet", warming=True)
    equity = nav.equity
    if equity <= NOTHING:
        return Known(RUIN if amount else 0.0)
    value = amount / float(equity) if isinstance(amount, float) else float(amount / equity)
    if nav.agreed:
        return Known(value)
    # The larger of the two equities gives the smaller multiple: that much is proven.
    return AtLeast(value, "the two accounts of the equity differ")


def at_marks(account: AccountState, amount: Decimal | float) -> Measured:
    """`multiple` of an amount at mark. While the two accounts differ, a mark may be what lies: it moves the
    amount as much as what positions explain, so all beyond that difference is proven."""
    nav = account.nav
    if nav is not None and not nav.agreed and nav.raw is not None:
        amount = max(Decimal(amount) - abs(nav.raw - nav.explained), NOTHING)
    return multiple(account, amount)


def gross(view: View) -> Measured:
    evidence = view.account.evidence
    assets = by_asset(evidence.positions, evidence.wallet, view.account.policy.currency)
    return at_marks(view.account, sum(map(abs, assets.values()), NOTHING))


def net(view: View) -> Measured:
    evidence = view.account.evidence
    assets = by_asset(evidence.positions, evidence.wallet, view.account.policy.currency)
    return at_marks(view.account, abs(sum(assets.values(), NOTHING)))


NEEDS = (Part.WALLET, Part.POSITIONS)
GROSS = Metric("gross_exposure", "multiple", "exposure", ("none",), NEEDS, gross, scopes=ANYWHERE, reads=())
NET = Metric("net_exposure", "multiple", "exposure", ("none",), NEEDS, net, scopes=ANYWHERE, reads=())
