"""Which assets stay inside a pack: an account that holds 1x of one asset alone, replayed on several windows.

A window is so many months that end with the newest bar of all candles. An asset is eligible on it when no
level beyond the allowed one was reached. One whose candles begin later than the window, have holes in it or
end before it does is not known there, and what is not known is not eligible.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from guardian.config.symbols.read import no_symbol
from guardian.core.model import Level, Rule
from guardian.errors import ConfigError
from guardian.replay.account import Plan, base_of, readings
from guardian.replay.candles import Candles
from guardian.replay.drive import Course, drive

DAYS = {"d": 1, "w": 7}
MONTHS = {"m": 1, "y": 12}
LONGEST_MONTHS = 1200
SPARE = 1.01
"""A window counts as covered when less than a hundredth of its bars is missing, wherever in it."""
LATE_MS = 86_400_000
"""So far the last bar may lie behind the newest of all, in a long window too: who is gone is delisted."""

NO_DATA = (
    "no data: over a hundredth of the window's bars is missing, or its last day;"
    " windows end with the newest bar of all candles"
)


@dataclass(frozen=True, slots=True)
class Stay:
    """One asset on one window: the worst level reached, None where its candles do not cover the window."""

    asset: str
    window: str
    worst: Level | None
    rule: str = ""
    at: datetime | None = None


def window_start(window: str, end_ms: int) -> int:
    """When a window such as 1m, 3m, 1y, 2w or 10d that ends at `end_ms` begins. Raises ConfigError."""
    match = re.fullmatch(r"([1-9]\d{0,3})([dwmy])", window)
    if match is None:
        raise ConfigError(
            f"--windows {window}: write days, weeks, months or years, such as 10d, 2w, 1m or 1y"
        )
    count, unit = int(match[1]), match[2]
    if count * MONTHS.get(unit, 0) > LONGEST_MONTHS:
        raise ConfigError(f"--windows {window}: longer than any candles; write 100y at most")
    if unit in DAYS:
        return end_ms - count * DAYS[unit] * 86_400_000
    end = datetime.fromtimestamp(end_ms / 1000, UTC)
    year, month = divmod(end.year * 12 + end.month - 1 - count * MONTHS[unit], 12)
    day = min(end.day, calendar.monthrange(year, month + 1)[1])
    return round(end.replace(year=year, month=month + 1, day=day).timestamp() * 1000)


def stays(
    candles: Candles,
    plan: Plan,
    rules: tuple[Rule, ...],
    windows: Sequence[str],
    tell: Callable[[int], object] | None = None,
) -> tuple[Stay, ...]:
    """Every asset on every window; cost and delay are the plan's."""
    found = []
    usable = candles.only(candles.symbols).ts
    end = int(usable[-1]) + candles.seconds * 1000 if len(usable) else 0
    for asset in candles.symbols:
        own = candles.only((asset,))
        for window in windows:
            start = window_start(window, end)
            if not _covers(own, start, end):
                found.append(Stay(asset, window, None))
                continue
            held = replace(plan, hold=((asset, Decimal(1)),), quantity=())
            found.append(_stay(asset, window, drive(own.between(start, end), held, rules, tell)))
    return tuple(found)


def _covers(own: Candles, start: int, end: int) -> bool:
    """Whether enough of the bars that fit into [start, end) are there, up to its end."""
    bar_ms = own.seconds * 1000
    inside = own.between(start, end).ts
    if not len(inside) or end - int(inside[-1]) - bar_ms > LATE_MS:
        return False
    # Of bars that lie closer together one counts for its place: many of them do not fill a hole elsewhere.
    there = len(np.unique((end - inside - 1) // bar_ms))
    return there * SPARE >= (end - start) // bar_ms


def _stay(asset: str, window: str, course: Course) -> Stay:
    worst = max(course.transitions, key=lambda t: t.after, default=None)
    if worst is None:
        return Stay(asset, window, Level.NORMAL)
    return Stay(asset, window, worst.after, worst.rule, worst.at)


def allowed(found: Sequence[Stay], most: Level) -> tuple[str, ...]:
    """The assets that stayed within `most` on every window, by name."""
    assets = sorted({stay.asset for stay in found})
    return tuple(a for a in assets if all(_within(s, most) for s in found if s.asset == a))


def _within(stay: Stay, most: Level) -> bool:
    return stay.worst is not None and stay.worst <= most


def document(found: Sequence[Stay], most: Level) -> dict[str, Any]:
    return {
        "allowed": list(allowed(found, most)),
        "most": most.name,
        "windows": list(dict.fromkeys(stay.window for stay in found)),
        "assets": [
            {
                "asset": stay.asset,
                "window": stay.window,
                "eligible": _within(stay, most) if stay.worst is not None else None,
                "worst": stay.worst.name if stay.worst is not None else None,
                "rule": stay.rule,
                "at": stay.at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if stay.at else None,
            }
            for stay in found
        ],
    }


def table(found: Sequence[Stay], most: Level) -> str:
    """Assets down, windows across: the worst level, with an exclamation mark beyond the allowed one."""
    windows = list(dict.fromkeys(stay.window for stay in found))
    known = {(stay.asset, stay.window): stay for stay in found}
    width = max([len("asset"), *(len(stay.asset) for stay in found)])
    lines = ["  ".join([f"{'asset':<{width}}", *(f"{window:<9}" for window in windows), "eligible"])]
    good = set(allowed(found, most))
    for asset in sorted({stay.asset for stay in found}):
        cells = [_cell(known[asset, window], most) for window in windows]
        lines.append("  ".join([f"{asset:<{width}}", *cells, "yes" if asset in good else "no"]))
    if any(stay.worst is None for stay in found):
        lines.append(NO_DATA)
    return "\n".join(lines)


def _cell(stay: Stay, most: Level) -> str:
    if stay.worst is None:
        return f"{'no data':<9}"
    return f"{stay.worst.name + ('' if stay.worst <= most else ' !'):<9}"


def names(found: Sequence[Stay], most: Level) -> tuple[str, ...]:
    """What is allowed as a rule's `of` says it: BTC stands for every instrument of it, be it spot or swap.

    Where one symbol of an asset stayed inside and another did not, only the one is named, as the candles do.
    """
    good = set(allowed(found, most))
    assets = {stay.asset for stay in found}
    bases = _all_good(assets, good, base_of)
    wholes = _all_good({asset for asset in assets if base_of(asset) not in bases}, good, _whole)
    return tuple(sorted(bases | wholes))


def _all_good(assets: set[str], good: set[str], spelled: Callable[[str], str]) -> set[str]:
    """The names of which every asset that is spelled so is good."""
    return {spelled(asset) for asset in assets} - {spelled(asset) for asset in assets - good}


def _whole(symbol: str) -> str:
    if "/" not in symbol:
        return symbol.upper() if symbol.islower() else symbol
    ((base, quote),) = readings(symbol)
    _, *settled = symbol.split(":", 1)
    return ":".join([f"{base}/{quote}", *(each.upper() for each in settled)])


def check_names(symbols: Sequence[str]) -> None:
    """Raises ConfigError for candles of which a list could not name the asset, or could name another one."""
    wrong = [said for symbol in symbols if (said := _unnamed(symbol))]
    if wrong:
        fix = "call the symbol ASSET/QUOTE in the candles, such as BTC/USDT, or leave it out"
        raise ConfigError(f"--write: {'; '.join(wrong)}: {fix}")


def _unnamed(symbol: str) -> str:
    ways = ["/".join(way) for way in readings(symbol)]
    if len(ways) > 1:
        return f"{symbol} may be {' or '.join(ways)}"
    odd = next((name for name in (base_of(symbol), _whole(symbol)) if no_symbol(name)), None)
    return "" if odd is None else f"{symbol}: '{odd}' is no symbol"


def allow_list(listed: Sequence[str], note: str) -> str:
    """A YAML file of symbols, which `of: file:PATH` reads."""
    lines = [f"# {note}", "symbols:" if listed else "symbols: []"]
    return "\n".join([*lines, *(f'  - "{name}"' for name in listed)]) + "\n"
