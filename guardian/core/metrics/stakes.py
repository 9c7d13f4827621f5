"""M07, what is remembered: what each strategy holds of each pair, and how far it has fallen within the hour.

A strategy is a prefix of `bot.order_prefix`; beside them each pair has a stake of everybody's fills together,
which begins at the position that is found. Where less than two prefixes are named, the account is one
strategy, and the stakes of everybody are its own. All of it is looked at when fills are told, at the marks of
a read of the last minute, and only while fills and position agree: a close that is not told yet would leave
lots that follow the market. A position may be read before its fills are told, or after: each counts once.

A fill that closes more than its strategy has opened closes lots of before watching; where the others' lots
are what it nets with, it opens. A close by nobody (an attached stop, a hand, a liquidation, guardian) is the
only holder's; where several may be meant, their lots are lost until the pair is flat. Bounds: `MOST` stakes
of strategies and as many of pairs, 61 minutes of each, and 1,500 hours of each strategy's. Where money
crosses the border, flows.py sets the peaks to the new units. Source: metrics.md M07.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from guardian.core.facts.activity import Fill
from guardian.core.facts.stake import Answer, Stake
from guardian.core.frozen import replace
from guardian.core.metrics.exposure import settle_prices
from guardian.core.metrics.history import appended, latest
from guardian.core.metrics.strategy_course import marks_of
from guardian.core.metrics.strategy_pnl import NOBODY, StrategyBook, gained, quote_of, whose
from guardian.core.model import Part, Position
from guardian.core.state import AccountState

EVERYBODY = ""
MOST = 40
WINDOW = timedelta(hours=1)
HISTORY_HOURS = 30 * 24
"""So long what a strategy lost in an hour is compared with."""

PATIENCE = timedelta(seconds=60)
"""So long fills and position may differ before the position is believed."""

ANSWERED = timedelta(seconds=10)
"""Within this time of the question positions are told: a fill made meanwhile may be in them, or not."""

Stakes = dict[tuple[str, str], Stake]
Rates = Mapping[str, Decimal]
Peaks = tuple[tuple[int, float], ...]
NOTHING = Decimal(0)


def strategies(account: AccountState) -> tuple[str, ...]:
    """Those that are told apart: one alone has none to be compared with."""
    prefixes = account.policy.order_prefixes
    return prefixes if len(prefixes) > 1 else ()


def fold_stakes(account: AccountState, answer: Answer) -> tuple[Stake, ...]:
    """Every stake after one answer about fills; what it says of them is oldest first."""
    fills, at, names = answer.fills, answer.asked_at, strategies(account)
    rates = settle_prices(account.evidence.wallet)
    stakes = {(s.name, s.symbol): _turned(s, at, bool(s.name or not names)) for s in answer.stakes}
    legs, asked = _legs(account), account.evidence.asked_at(Part.POSITIONS)
    read = Read(at, asked) if asked is not None and at - asked <= PATIENCE else None
    # What was done before the first answer is in the positions already.
    told = () if answer.first else fills
    if read is not None:
        _find(stakes, told, legs, read)
    news = _not_in_position(stakes, told, legs, asked)
    for fill in fills:
        _by_name(stakes, fill, names, rates)
        if fill.id in news:
            # Until now nothing was there, or it would have been found: as of then both agreed.
            stakes.setdefault((EVERYBODY, fill.symbol), _begun(fill.symbol, at, seen_at=at))
            _take(stakes, EVERYBODY, replace(fill, closed=NOTHING), rates)
    if read is None:
        return _kept(stakes, at)
    agreed = {
        symbol
        for symbol in sorted({s.symbol for s in stakes.values()} | legs.keys())  # it may begin a stake
        if _agrees(stakes, symbol, legs.get(symbol, ()), read)
    }
    marks, equity = marks_of(account), account.nav.equity if account.nav is not None else NOTHING
    for key, stake in stakes.items():
        pnl = pnl_of(stake, marks.get(stake.symbol), rates) if stake.symbol in agreed and equity > 0 else None
        if pnl is not None:
            stakes[key] = _seen(stake, at, pnl, float(equity))
    return _kept(stakes, at)


class Read(NamedTuple):
    """When fills were asked for, and when the newest positions were."""

    at: datetime
    asked: datetime


def _begun(symbol: str, at: datetime, seen_at: datetime | None = None) -> Stake:
    return Stake(EVERYBODY, symbol, hour=_minute(at) // 60, seen_at=seen_at)


def _find(
    stakes: Stakes, fills: Sequence[Fill], legs: Mapping[str, tuple[Position, ...]], read: Read
) -> None:
    """Begin with the position of each pair of which nothing is known, unless these fills have made it."""
    for symbol in sorted(legs):
        net = sum((p.quantity for p in legs[symbol]), NOTHING)
        made = sum((f.quantity * f.side for f in fills if f.symbol == symbol), NOTHING)
        if (EVERYBODY, symbol) not in stakes and net != made:
            begun = _begun(symbol, read.at, seen_at=read.at)
            stakes[EVERYBODY, symbol] = _found(begun, legs[symbol], net, read.asked)


def _not_in_position(
    stakes: Stakes,
    fills: Sequence[Fill],
    legs: Mapping[str, tuple[Position, ...]],
    asked: datetime | None,
) -> set[str]:
    """The fills, by id, that a found position did not contain already: it may be read before they are told.

    The newest position says which, where it fits either; else a fill is in it that is older than it.
    """
    news: list[Fill] = []
    for symbol in dict.fromkeys(fill.symbol for fill in fills):
        mine = [fill for fill in fills if fill.symbol == symbol]
        whole = stakes.get((EVERYBODY, symbol))
        found_at = whole.found_at if whole is not None else None
        if whole is None or found_at is None or mine[0].at > found_at + ANSWERED:
            news += mine
            continue
        net = sum((p.quantity for p in legs.get(symbol, ())), NOTHING)
        since = asked if asked is not None and asked > found_at else None
        news += mine[_contained(mine, found_at, since, net - whole.quantity) :]
    return {fill.id for fill in news}


def _contained(mine: Sequence[Fill], found_at: datetime, asked: datetime | None, missing: Decimal) -> int:
    """How many of these fills a position that was asked for at `found_at` contained.

    The others are what it is `missing` by in one that was `asked` for since; that they are in it already only
    one that is newer than they are can tell.
    """
    older = len([fill for fill in mine if fill.at <= found_at])
    if asked is None:
        return older
    doubtful = len([fill for fill in mine if fill.at <= found_at + ANSWERED])
    counts = [0, len(mine), *range(older, doubtful + 1)] if asked >= mine[-1].at else [0]
    for first in counts:
        if missing == sum((f.quantity * f.side for f in mine[first:]), NOTHING):
            return first
    return older


def symbols_of(account: AccountState) -> set[str]:
    """What it shows: of a slice of it, the symbols of the slice."""
    evidence = account.evidence
    return {p.symbol for p in evidence.positions} | {o.symbol for o in evidence.orders}


def _legs(account: AccountState) -> dict[str, tuple[Position, ...]]:
    legs: dict[str, tuple[Position, ...]] = {}
    for p in account.evidence.positions:
        if p.quantity:
            legs[p.symbol] = (*legs.get(p.symbol, ()), p)
    return legs


def _by_name(stakes: Stakes, fill: Fill, names: tuple[str, ...], rates: Rates) -> None:
    """The fill, as its strategy's; where it closed, whose lots it closed."""
    name = whose(fill.client_id, names)
    against = {
        key: abs(s.quantity)
        for key, s in stakes.items()
        if key[0] and key[1] == fill.symbol and s.quantity * fill.side < 0
    }
    strangers = _strangers_oppose(stakes, fill)
    if name != NOBODY:
        own = against.get((name, fill.symbol), NOTHING)
        if not strangers and fill.closed <= sum(against.values(), NOTHING):
            fill = replace(fill, closed=min(fill.closed, own))
        _take(stakes, name, fill, rates)
    elif fill.closed and against:
        if len(against) == 1 and not strangers and fill.closed == fill.quantity:
            _take(stakes, next(iter(against))[0], fill, rates)
        else:
            for key in against:
                stakes[key] = replace(stakes[key], lost=True, doubted_at=fill.at)


def _strangers_oppose(stakes: Stakes, fill: Fill) -> bool:
    """Whether lots of no strategy's may be what it closed: of the position, what no strategy's stake is."""
    whole = stakes.get((EVERYBODY, fill.symbol))
    if whole is None:
        return True
    named = [s.quantity for s in stakes.values() if s.name and s.symbol == fill.symbol]
    return (whole.quantity - sum(named, NOTHING)) * fill.side < 0


def _take(stakes: Stakes, name: str, fill: Fill, rates: Rates) -> None:
    stake = stakes.get((name, fill.symbol)) or Stake(name, fill.symbol, hour=_minute(fill.at) // 60)
    if not stake.quantity and not stake.lost:
        # Flat, it is worth what it has earned: whatever it opens is measured from there.
        stake = replace(stake, best=_peaked(stake.best, _minute(fill.at), float(stake.earned)))
    lots = {fill.symbol: (stake.quantity, stake.entry)} if stake.quantity else {}
    book = StrategyBook(rates, stake.earned, lots)
    book.take(fill)
    quantity, entry = book.lots.get(fill.symbol, (NOTHING, NOTHING))
    stakes[name, fill.symbol] = replace(
        stake,
        quantity=quantity,
        entry=entry,
        earned=book.realised,
        busy=True,
        doubted_at=fill.at if book.unattributed else stake.doubted_at,
        contract_size=fill.contract_size,
        inverse=fill.inverse,
    )


def _agrees(stakes: Stakes, symbol: str, legs: Sequence[Position], read: Read) -> bool:
    """Whether the fills of all add up to the position; where they do not for long, the position is right."""
    at = read.at
    net = sum((p.quantity for p in legs), NOTHING)
    whole = stakes.get((EVERYBODY, symbol))
    if whole is None:
        stakes[EVERYBODY, symbol] = _found(_begun(symbol, at), legs, net, read.asked)
    elif whole.quantity != net:
        if whole.seen_at is not None and at - whole.seen_at < PATIENCE:
            return False
        stakes[EVERYBODY, symbol] = replace(_found(whole, legs, net, read.asked), best=(), doubted_at=at)
        for key, s in stakes.items():
            if key[1] == symbol and s.name and s.quantity:  # whose fill it was that nobody told is not known
                stakes[key] = replace(s, lost=True, doubted_at=at)
    if not legs:
        for key, s in stakes.items():
            if key[1] == symbol and s.lost:
                stakes[key] = replace(s, quantity=NOTHING, lost=False, best=(), doubted_at=at)
    return True


def _found(stake: Stake, legs: Sequence[Position], net: Decimal, asked: datetime) -> Stake:
    """The position as it is found, at its mark: what it had earned before is not known and not counted."""
    if not legs:
        return replace(stake, quantity=NOTHING, entry=NOTHING, found_at=asked)
    one = legs[0]
    return replace(
        stake,
        quantity=net,
        entry=one.mark,
        contract_size=one.contract_size,
        inverse=one.inverse,
        busy=True,
        found_at=asked,
    )


def pnl_of(stake: Stake, mark: Decimal | None, rates: Rates) -> float | None:
    """What it has earned, open lots at this mark; None where that is not known."""
    if stake.lost or (stake.quantity and mark is None):
        return None
    still_open = gained(stake, stake.quantity, stake.entry, mark or NOTHING)
    return float(stake.earned + still_open * rates.get(quote_of(stake.symbol), Decimal(1)))


def _seen(stake: Stake, at: datetime, pnl: float, equity: float) -> Stake:
    minute = _minute(at)
    best = _peaked(stake.best, minute, pnl)
    fell = max(best[0][1] - pnl, 0.0) / equity
    return replace(
        stake,
        best=best,
        fell=fell,
        seen_at=at,
        hour=minute // 60,
        busy=stake.busy or bool(stake.quantity),
    )


def _peaked(best: Peaks, minute: int, pnl: float) -> Peaks:
    """The falling peaks of the hour, with this one. One minute more, so that no part of it is left out."""
    minute = max(minute, best[-1][0]) if best else minute
    kept = [peak for peak in best if peak[0] >= minute - 60]
    while kept and kept[-1][1] <= pnl:
        kept.pop()
    if not kept or kept[-1][0] != minute:
        kept.append((minute, pnl))
    return tuple(kept)


def _turned(stake: Stake, at: datetime, compared: bool) -> Stake:
    """In a new hour of the clock: with how far it had fallen when it was last seen in the one before.

    Only a strategy is `compared` with its own past, and with no more of it than counts.
    """
    hour = _minute(at) // 60
    if stake.hour >= hour:
        return stake
    known = stake.seen_at is not None and _minute(stake.seen_at) // 60 == stake.hour
    hourly = stake.hourly if compared else ""
    if known and stake.busy and compared and not doubtful(stake, at):
        hourly = appended(hourly, stake.hour, stake.fell)
    if hourly and latest(hourly) < hour - HISTORY_HOURS:
        hourly = ""
    return replace(stake, hourly=hourly, hour=hour, busy=False)


def doubtful(stake: Stake, now: datetime) -> bool:
    """Whether its P&L of the last hour is not known."""
    return stake.lost or (stake.doubted_at is not None and now - stake.doubted_at < WINDOW)


def _minute(at: datetime) -> int:
    return int(at.timestamp() // 60)


def _kept(stakes: Stakes, at: datetime) -> tuple[Stake, ...]:
    """Without what nobody holds or traded within the hour, and at most `MOST` of either kind: the newest."""
    recent = {key for key, s in stakes.items() if s.fell or doubtful(s, at)}
    live = [s for key, s in stakes.items() if s.quantity or s.busy or s.hourly or key in recent]
    live.sort(key=lambda s: (s.hour, bool(s.quantity), s.busy, (s.name, s.symbol) in recent), reverse=True)
    kept = [s for s in live if s.name][:MOST] + [s for s in live if not s.name][:MOST]
    return tuple(sorted(kept, key=lambda s: (s.name, s.symbol)))
