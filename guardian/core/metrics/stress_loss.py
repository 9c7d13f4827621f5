"""M18 stress_loss: what a named scenario would take from what is held now, over equity; `of` names it.

scenario           what happens                                                      a short book's
btc-30, btc+30     BTC falls (rises) by 30 %, every other asset by 50 %              btc+30
alts-50, alts+50   BTC stays, every other asset falls (rises) by 50 %                alts+50
stable-5           the worse of: stablecoins other than the reporting currency fall
                   by 5 %, or the reporting currency does and all else rises
funding-spike      every perpetual pays 0.3 % each 8 hours, for a day
worst              the largest of all of them; so it is without `of`

All at once, without a fill on the way (correlations of 1); a gain is a loss of 0. A dollar within 5 % of its
peg moves only in `stable-5`. The reporting currency's own fall takes nothing here by itself, for everything
is counted in it: who thinks in dollars loses 5 % of what he holds of it besides.

Unit: fraction of equity (above 1: more than all). Needs wallet and positions. Unknown until an equity was
read; AtLeast, less what its two accounts differ by, while they do. Nobody measured how likely it is: a
forecast, which moves no position.
Source: metrics.md M18 (stress.py, where the numbers stand).
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import (
    DOLLARS,
    LOST_PEG,
    ONE,
    at_marks,
    by_asset,
    is_money,
    multiple,
    settle_price,
    settle_prices,
)
from guardian.core.metrics.funding_cost import is_perpetual
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.metrics.stress import NO_STABLECOIN, SCENARIOS, WORST, Book, losses
from guardian.core.model import Measured, Part, Position, Unknown
from guardian.core.state import AccountState


def book_of(account: AccountState) -> Book:
    """What is held, as the scenarios see it."""
    evidence, money = account.evidence, account.policy.currency
    pegged = {p.base for p in evidence.positions if _is_pegged(p, money)}
    held = by_asset(evidence.positions, evidence.wallet, money)
    dollars = _dollars(account)
    for name in pegged - {money}:
        dollars[name] = dollars.get(name, 0.0) + float(held.get(name, 0))
    return Book(
        assets={name: float(n) for name, n in sorted(held.items()) if name not in pegged},
        dollars=dollars,
        legs=_perpetuals(account),
        money_is_stable=money in DOLLARS and money != NO_STABLECOIN,
    )


def _is_pegged(position: Position, money: str) -> bool:
    """A contract on a dollar beside the one that counts, at about what it should be worth."""
    return {position.base, money} <= DOLLARS and abs(position.mark - ONE) <= LOST_PEG


def _dollars(account: AccountState) -> dict[str, float]:
    """Of each dollar beside the reporting currency, coins less what contracts owe at entry."""
    wallet, money = account.evidence.wallet, account.policy.currency
    if money not in DOLLARS:
        return {}
    prices = settle_prices(wallet)
    found: dict[str, Decimal] = {}
    for b in wallet.balances if wallet else ():
        if b.currency != money and is_money(b, money):
            found[b.currency] = found.get(b.currency, Decimal(0)) + b.quantity * b.price
    for p in account.evidence.positions:
        paid_in, owed = _owed(p)
        if paid_in in DOLLARS and paid_in != money:
            found[paid_in] = found.get(paid_in, Decimal(0)) - owed * prices.get(paid_in, ONE)
    return {name: float(amount) for name, amount in sorted(found.items())}


def _owed(position: Position) -> tuple[str, Decimal]:
    """In which currency a contract is paid for, and how much: a short one has been paid it."""
    size = position.quantity * position.contract_size
    if position.inverse:
        return position.symbol.partition("/")[2].partition(":")[0], size
    return position.settle, size * position.entry


def _perpetuals(account: AccountState) -> dict[str, float]:
    prices = settle_prices(account.evidence.wallet)
    legs: dict[str, float] = {}
    for p in account.evidence.positions:
        if p.quantity and is_perpetual(p.symbol):
            legs[p.symbol] = legs.get(p.symbol, 0.0) + float(p.notional * settle_price(p, prices))
    return legs


def by_scenario(account: AccountState) -> dict[str, float]:
    """What each scenario takes, over the equity; empty without one."""
    nav = account.nav
    if nav is None or nav.equity <= 0:
        return {}
    return {name: lost / float(nav.equity) for name, lost in losses(book_of(account)).items()}


def measure(view: View) -> Measured:
    account, name = view.account, view.rule.of or WORST
    if account.nav is None:
        return multiple(account, 0.0)
    found = losses(book_of(account))
    if name != WORST and name not in found:
        return Unknown(f"there is no scenario {name}")
    return at_marks(account, found[name] if name in found else max(found.values()))


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric(
    "stress_loss",
    "fraction",
    "forecast",
    ("none",),
    NEEDS,
    measure,
    of="a scenario",
    of_optional=True,
    scopes=TOGETHER,
    reads=(),
    choices=(WORST, *SCENARIOS),
)
