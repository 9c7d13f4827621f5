"""The arming report as people and programs read it: prices in, trips a year and a size out."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from guardian.core.metrics import BY_NAME
from guardian.core.model import Level, Rule
from guardian.errors import ConfigError
from guardian.evaluate.backtest.play import Play, Tell, play_of, played
from guardian.evaluate.backtest.words import careful, document_of, not_told_in_words, played_in_words
from guardian.evaluate.marks import Seen, largest, pieces
from guardian.evaluate.symbols import base_of
from guardian.evaluate.trips import Stretch, Trips, cvar_rungs, daily_cvar, gross_for, trips
from guardian.replay.candles import Candles, candle_files, load_candles, passed_over

MULTIPLES = (1.0, 2.0, 3.0, 5.0)
DAYS = 365
LEAST_YEARS = 0.25
LEAST_RECORDED_DAYS = 1
LEAST_DAYS = 100
"""So many days have one in their worst 1 %."""

CVAR_EXAMPLE = 0.02

Hear = Callable[[Play], AbstractContextManager[Tell]]
"""Is told what is about to be played, and gives who hears of the bars done."""

COMPUTED, PLAYED = "computed", "played"


def unheard(_: Play) -> AbstractContextManager[Tell]:
    return nullcontext(lambda _: None)


@dataclass(frozen=True, slots=True)
class History:
    """The asset that is thought to be held, what is known of its price, and how far that is to be trusted."""

    asset: str
    stretches: tuple[Stretch, ...]
    source: str
    warnings: tuple[str, ...] = ()

    @property
    def years(self) -> float:
        return sum(stretch.years for stretch in self.stretches)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The multiples of the equity that are told, and those of them that the other rules are played at."""

    told: tuple[float, ...]
    played: tuple[float, ...]


def report(
    rules: Sequence[Rule],
    history: Path,
    symbol: str,
    multiples: Sequence[float] = MULTIPLES,
    hear: Hear = unheard,
) -> dict[str, Any]:
    """Of candles; `symbol` empty: BTC, else the first one there is. Raises ConfigError."""
    return told(rules, of_candles(history, symbol), Sizes(tuple(multiples), tuple(multiples)), hear)


def own_report(
    rules: Sequence[Rule], history: History, now: float | None, hear: Hear = unheard
) -> dict[str, Any]:
    """What is told at the usual multiples and at the one that the account holds now, which is marked.

    Where that is known the rules that take a play are played at it alone, on as many more days.
    """
    own = None if not now else round(now, 2)
    sizes = Sizes(tuple(sorted({*MULTIPLES, own})), (own,)) if own else Sizes(MULTIPLES, MULTIPLES)
    return told(rules, history, sizes, hear) | {"now": own}


def told(rules: Sequence[Rule], history: History, sizes: Sizes, hear: Hear = unheard) -> dict[str, Any]:
    """The report as a JSON-ready document."""
    by_id = {rule.id: rule for rule in rules}
    counted = trips(rules, history.stretches, sizes.told)
    computed = {each.rule for each in counted if each.a_year != (None,) * len(each.a_year)}
    others = [rule for rule in rules if rule.id not in computed]
    play = play_of(others, history.stretches, base_of(history.asset), sizes.played)
    with hear(play) as tell:
        found = played(play, tell)
    known = {each.rule for each, _ in found.trips}
    days = history.years * DAYS
    how = {rule.id: (None, 0.0) for rule in others} | dict.fromkeys(computed, (COMPUTED, days))
    rungs = [_rung(by_id[each.rule], each, *how[each.rule]) for each in counted if each.rule not in known]
    aligned = [(_aligned(each, sizes), days) for each, days in found.trips]
    return {
        "symbol": history.asset,
        "source": history.source,
        "years": history.years,
        "stretches": len(history.stretches),
        "leverage": list(sizes.told),
        "rungs": rungs + [_rung(by_id[each.rule], each, PLAYED, days) for each, days in aligned],
        "played": document_of(play, found),
        "not_told": [{"rule": rule.id, "why": found.why[rule.id]} for rule in others if rule.id in found.why],
        "cvar": _cvar(rules, history),
        "warnings": [*history.warnings, *_warnings(history.years), *careful(rules, play, found)],
    }


def _aligned(counted: Trips, sizes: Sizes) -> Trips:
    """With a value for every multiple that is told: None where it was not played."""
    at = dict(zip(sizes.played, zip(counted.a_year, counted.always, strict=True), strict=True))
    both = [at.get(multiple, (None, False)) for multiple in sizes.told]
    return replace(counted, a_year=tuple(v for v, _ in both), always=tuple(always for _, always in both))


def _cvar(rules: Sequence[Rule], history: History) -> dict[str, Any]:
    """`limit` is the tightest one, or an example where the rules have none; `limits` has every rung's."""
    cvar = daily_cvar(history.stretches)

    def gross(limit: float) -> float | None:
        return None if cvar is None else gross_for(limit, cvar)

    limits = [
        {"rule": rule.id, "level": rung.level.name, "limit": rung.limit, "gross_exposure": gross(rung.limit)}
        for rule, rung in cvar_rungs(rules)
    ]
    tightest = min((rung.limit for _, rung in cvar_rungs(rules)), default=CVAR_EXAMPLE)
    return {
        "of_a_day_at_1x": cvar,
        "limit": tightest,
        "from_the_rules": bool(limits),
        "gross_exposure": gross(tightest),
        "limits": limits,
    }


def _rung(rule: Rule, counted: Trips, method: str | None, days: float) -> dict[str, Any]:
    """`hottest_limit` is what the limit comes to in a wholly overheated market; no `method` told a null."""
    adapts = rule.gamma if Level[counted.level] <= Level.REDUCE else 0.0
    nearer = 1 + adapts if rule.direction == "under" else 1 - adapts
    return {
        "rule": rule.id,
        "level": counted.level,
        "to": counted.to,
        "limit": counted.limit,
        "direction": rule.direction,
        "unit": BY_NAME[rule.metric].unit,
        "hottest_limit": counted.limit * nearer,
        "mode": "armed" if rule.armed else "observe",
        "method": method,
        "known_days": days,
        "trips_per_year": list(counted.a_year),
        "always": list(counted.always) or [False] * len(counted.a_year),
    }


# --- which history ------------------------------------------------------------------------------------


def of_candles(path: Path, symbol: str, held: Sequence[str] = ()) -> History:
    """`symbol`, else the first of those that are `held` and there, else BTC, else the first one there is.

    Raises ConfigError where the candles do not have `symbol`, or nothing.
    """
    files = [load_candles(file) for file in candle_files(path)]
    known = sorted({each for file in files for each in file.symbols})
    asked = (symbol,) if symbol else (*held, "BTC", *known)
    asset = next((name for name in asked if any(_is(name, each) for each in known)), "")
    found = [stretch for file in files if (stretch := _stretch(file, asset)) is not None and stretch.years]
    if not found:
        raise ConfigError(f"{path}: no candles of {symbol or 'anything'}; they have {', '.join(known)}")
    apart = "windows around chosen days are not a year: trips are far more frequent in them"
    strays = tuple(str(stray) for stray in passed_over(path))
    return History(asset, tuple(found), "candles", (*strays, apart) if len(found) > 1 else strays)


def of_journal(reads: Sequence[Seen], symbol: str) -> History | None:
    """What the journal recorded of the largest holding; None with less than a day of it."""
    name = largest(reads, symbol)
    found = History(name, pieces(reads, name), "journal")
    if found.years * DAYS < LEAST_RECORDED_DAYS:
        return None
    apart = np.median(np.concatenate([np.diff(stretch.known_ms) for stretch in found.stretches])) / 1000
    careful = f"marks of {name} as guardian read them, one every {apart:.0f} s: a fall between is not seen"
    return replace(found, warnings=(careful,))


def _is(wanted: str, symbol: str) -> bool:
    return wanted in (symbol, symbol.split(":")[0], symbol.split("/")[0], base_of(symbol))


def _stretch(candles: Candles, asset: str) -> Stretch | None:
    found = [symbol for symbol in candles.symbols if _is(asset, symbol)]
    if not found:
        return None
    close = candles.close[:, candles.symbols.index(found[0])]
    known = ~np.isnan(close)
    return Stretch(candles.ts[known] + candles.seconds * 1000, close[known])


def _warnings(years: float) -> Iterator[str]:
    days = years * DAYS
    if years < LEAST_YEARS:
        yield f"{days:.{int(days < 10)}f} days are too few to speak of a year; take at least three months"
    if days < LEAST_DAYS:
        yield f"CVaR 99 % of fewer than {LEAST_DAYS} days is the worst day's loss"


# --- in words -----------------------------------------------------------------------------------------


def lines(document: dict[str, Any]) -> list[str]:
    """One line a rung; what it would be at each multiple of the equity, `now` being what is held."""
    marks = {each: " now" if each == document.get("now") else "" for each in document["leverage"]}
    multiples = [f"{multiple:g}x{mark}" for multiple, mark in marks.items()]
    days = document["years"] * DAYS
    head = f"trips a year in {days:.{int(days < 10)}f} days of {document['symbol']}, at most one a day"
    out = [f"{head}, holding {', '.join(multiples)} of the equity:"]
    out += [_line(each, marks, marks) for each in document["rungs"] if each["method"] != PLAYED]
    out += _sizes(document["cvar"], document["symbol"])
    if document["played"]:
        out.append(f"  {played_in_words(document['played'], marks, days)}")
        own = document["played"]["leverage"]
        out += [f"  {_line(each, marks, own)}" for each in document["rungs"] if each["method"] == PLAYED]
    return [*out, *_notes(document), *(f"  careful: {warning}" for warning in document["warnings"])]


def _line(rung: dict[str, Any], marks: Mapping[float, str], wanted: Container[float]) -> str:
    """A rung at those of the multiples that are `wanted`."""
    told = zip(rung["trips_per_year"], rung["always"], marks.items(), strict=True)
    values = [f"{_count(v, always)}{mark}" for v, always, (multiple, mark) in told if multiple in wanted]
    to = "" if rung["to"] is None else f" to {rung['to']:g}"
    side = "under" if rung["direction"] == "under" else "at"
    return f"  {rung['rule']} {rung['level']}{to} {side} {_limit(rung)}{_aside(rung)}: {' / '.join(values)}"


def _sizes(cvar: dict[str, Any], symbol: str) -> Iterator[str]:
    """What each limit on CVaR means for size; the example's where the rules have none."""
    if cvar["of_a_day_at_1x"] is None:
        return
    if cvar["gross_exposure"] is None:
        yield "  Even the worst day in a hundred gained here: this history says nothing of size."
        return
    yield f"  CVaR 99 % of a day at 1x was {cvar['of_a_day_at_1x']:.1%}, so that"
    for each in cvar["limits"] or [cvar]:
        whose = f"{each['rule']} {each['level']}:" if cvar["limits"] else "for example,"
        means = f"means about {each['gross_exposure']:.2f}x gross in {symbol}"
        yield f"    {whose} a limit of {each['limit']:.2%} {means}"


def _limit(rung: dict[str, Any], which: str = "limit") -> str:
    match rung["unit"]:
        case "multiple":
            return f"{rung[which]:g}x"
        case "seconds":
            return f"{rung[which]:g} s"
        case "count":
            return f"{rung[which]:g}"
    return f"{rung[which]:.2%}"


def _aside(rung: dict[str, Any]) -> str:
    """That it does not act, and how near its limit may come."""
    words = ["observe"] if rung["mode"] == "observe" else []
    if rung["hottest_limit"] != rung["limit"]:
        words.append(f"{_limit(rung, 'hottest_limit')} at the hottest")
    return f" ({', '.join(words)})" if words else ""


def _notes(document: dict[str, Any]) -> Iterator[str]:
    rungs = document["rungs"]
    if rungs and all(rung["mode"] == "observe" for rung in rungs):
        yield "  observe: every rule above only tells; arming the account lets none of them act"
    elif any(rung["mode"] == "observe" for rung in rungs):
        yield "  observe: the rule only tells, armed or not; `mode: armed` in its file lets it act"
    nearer = [abs(1 - rung["hottest_limit"] / rung["limit"]) for rung in rungs if rung["method"] == COMPUTED]
    if any(nearer):
        sooner = f"a hot market brings a limit up to {max(nearer):.0%} nearer (gamma)"
        yield f"  at the hottest: {sooner}; trips are counted at the limit as written, so there may be more"
    if any(True in rung["always"] for rung in rungs):
        yield "  always: at that multiple the rule is past its limit all the time: is that meant?"
    yield from (f"  {line}" for line in not_told_in_words(document["not_told"]))


def _count(value: float | None, always: bool) -> str:
    if always:
        return "always"
    return "not told by prices" if value is None else f"{value:.1f}" if value < 20 else f"{value:.0f}"
