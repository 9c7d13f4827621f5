"""What a deposit or withdrawal leaves of a P&L that is remembered as money: the same NAV points as before.

Law: a flow changes the units u of the account, not what one is worth, so that it moves no loss. A loss that
is remembered as a peak of P&L, in NAV points (best - P) / u, keeps them where each peak is set anew at the
moment of the flow: best' = P + (best - P) u1/u0, with P the P&L then. Where everything is withdrawn peaks
begin anew, as the NAV does, and so they do when money comes back. Once a flow: units tell of it.

P is taken at the marks at which the units were priced (nav.py): those of the read that brought the flow, or
of the newest positions of the last minute if it has none. Peaks of `pair_drawdown` are set here, where fills
and position agree. Else P is known only about: of the marks that are known the one that proves the least loss
counts, and the stake is doubted for an hour, as it is where no mark is known; then its peaks begin anew.
Peaks of `strategy_drawdown` are made of fills at each look, for which flows are remembered with their marks
(strategy_course.py). Bound: `MOST_FLOWS`, and as long as fills. Source: unitised NAV (GIPS), metrics.md M07.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from guardian.core.facts.stake import Stake
from guardian.core.facts.transfers import Flow
from guardian.core.frozen import replace
from guardian.core.memory import Nav
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.exposure import settle_prices
from guardian.core.metrics.nav import reanchored
from guardian.core.metrics.stakes import EVERYBODY, PATIENCE, pnl_of
from guardian.core.model import Part, Position, Snapshot, Wallet
from guardian.core.state import AccountState

MOST_FLOWS = 50
NOTHING = Decimal(0)
Marks = Mapping[str, Decimal]


class Crossing(NamedTuple):
    """The moment of a flow: `held` is the net position by symbol, None where it is not known.

    `marks` are those of the moment, `looks` all that are known; `rates` are of quote currencies. `equity` is
    that of after it, where wallet and positions of one read agree on it.
    """

    at: datetime
    held: Mapping[str, Decimal] | None
    marks: Marks
    looks: tuple[Marks, ...]
    rates: Marks
    equity: float | None = None


def fold_flows(account: AccountState, seen: Snapshot, nav: Nav | None) -> dict[str, Any]:
    """`flows` and `stakes` of the course after a read that changed the units; nothing after any other."""
    ratio = _ratio(account, nav)
    if ratio is None:
        return {}
    wallet = account.evidence.wallet if seen.wallet is None else seen.wallet
    crossing = _crossing(account, seen.asked_at, seen.positions, wallet)
    if nav is not None and nav.agreed and nav.at == crossing.at:
        crossing = crossing._replace(equity=float(nav.equity))
    return _crossed(account, crossing, ratio)


def rebased_on(account: AccountState, nav: Nav, wallet: Wallet) -> AccountState:
    """The account once an operator has accepted the wallet as the truth: its units change, no loss does."""
    evidence = account.evidence
    after = reanchored(nav, wallet, evidence.positions)
    ratio, asked = _ratio(account, after), evidence.asked_at(Part.POSITIONS)
    if ratio is None or asked is None:
        return replace(account, nav=after)
    crossing = _crossing(account, max(asked, nav.at), None, wallet)
    crossed = _crossed(account, crossing, ratio)
    return replace(account, nav=after, course=replace(account.course, answer=None, **crossed))


def _ratio(account: AccountState, nav: Nav | None) -> Decimal | None:
    """Units after over units before; None where they are the same, or were never known."""
    before, flows = account.nav, account.course.flows
    if before is None:
        back = nav is not None and flows and flows[-1].ratio == NOTHING
        return NOTHING if back else None
    if nav is None:
        return NOTHING
    return None if nav.units == before.units else nav.units / before.units


def _crossing(
    account: AccountState, at: datetime, told: tuple[Position, ...] | None, wallet: Wallet | None
) -> Crossing:
    evidence, flows = account.evidence, account.course.flows
    asked = at if told is not None else evidence.asked_at(Part.POSITIONS)
    # A read that was overtaken brings its flow when newer marks are known, at which the units are priced.
    at = max([at, *([asked] if asked else []), *(flow.at for flow in flows[-1:])])
    positions = evidence.positions if told is None else told
    before, now = _marks(evidence.positions), _marks(positions)
    quotes = {quote.symbol: quote.mark for quote in account.markets.quotes}
    quoted = account.markets.quoted_at
    sure = quotes if quoted is not None and at - quoted <= PATIENCE else {}
    recent = asked is not None and at - asked <= PATIENCE
    return Crossing(
        at=at,
        held=_held(positions) if recent else None,
        marks={**sure, **now} if recent else sure,
        looks=(sure, before, now),
        rates=settle_prices(wallet),
    )


def _marks(positions: tuple[Position, ...]) -> dict[str, Decimal]:
    return {p.symbol: p.mark for p in positions if p.quantity}


def _held(positions: tuple[Position, ...]) -> dict[str, Decimal]:
    held: dict[str, Decimal] = {}
    for p in positions:
        held[p.symbol] = held.get(p.symbol, NOTHING) + p.quantity
    return held


def _crossed(account: AccountState, crossing: Crossing, ratio: Decimal) -> dict[str, Any]:
    stakes = account.course.stakes
    whole = {stake.symbol: stake.quantity for stake in stakes if stake.name == EVERYBODY}
    held = crossing.held
    agreed = {s for s, net in whole.items() if held is not None and held.get(s, NOTHING) == net}
    return {
        "flows": _remembered(account, crossing, ratio),
        "stakes": tuple([_set_anew(s, crossing, float(ratio), s.symbol in agreed) for s in stakes]),
    }


def _remembered(account: AccountState, crossing: Crossing, ratio: Decimal) -> tuple[Flow, ...]:
    """As long as a fill is that may be older; what is forgotten leaves nothing before it comparable."""
    fills = account.doings.fills if account.doings is not None else ()
    since = min([crossing.at - KEPT, *(fill.at for fill in fills[:1])])
    kept = {p.symbol for p in account.evidence.positions} | {fill.symbol for fill in fills}
    kept |= (crossing.held or {}).keys()
    marks = tuple(sorted((symbol, mark) for symbol, mark in crossing.marks.items() if symbol in kept))
    flows = [*(f for f in account.course.flows if f.at > since), Flow(crossing.at, ratio, marks)]
    if len(flows) <= MOST_FLOWS:
        return tuple(flows)
    oldest, *rest = flows[-MOST_FLOWS:]
    return (replace(oldest, ratio=None, marks=()), *rest)


def _set_anew(stake: Stake, crossing: Crossing, ratio: float, agreed: bool) -> Stake:
    """With its peaks in the units after the flow; how far it had fallen is the same part of either.

    That is seen anew where it can be: a look while money was on its way may have been over too much of it.
    """
    if not ratio:
        return replace(stake, best=(), fell=0.0)
    if not stake.best:
        return stake
    looks = (crossing.marks,) if agreed else crossing.looks
    known = [pnl_of(stake, marks.get(stake.symbol), crossing.rates) for marks in looks]
    worths = [worth for worth in known if worth is not None]
    doubted_at = stake.doubted_at if agreed and worths else crossing.at
    if not worths:
        return replace(stake, best=(), doubted_at=doubted_at)
    worth = min(worths) if ratio < 1 else max(worths)
    best = tuple((minute, worth + (peak - worth) * ratio) for minute, peak in stake.best)
    fell = stake.fell
    if agreed and crossing.equity is not None and crossing.equity > 0:
        fell = max(best[0][1] - worth, 0.0) / crossing.equity
    return replace(stake, best=best, fell=fell, doubted_at=doubted_at)
