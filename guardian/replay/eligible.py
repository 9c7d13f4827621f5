"""Which assets stay inside a pack: an account that holds 1x of one asset alone, replayed on several windows.

A window is so many months that end with the data. An asset is eligible on it when no level beyond the allowed
one was reached. One whose candles begin later than the window, or that never had a bar, is not known there,
and what is not known is not eligible.
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

from guardian.core.model import Level, Rule
from guardian.errors import ConfigError
from guardian.replay.account import Plan, base_of
from guardian.replay.candles import Candles
from guardian.replay.drive import drive

DAYS = {"d": 1, "w": 7}
MONTHS = {"m": 1, "y": 12}
LONGEST_MONTHS = 1200
SPARE = 1.01
"""A window counts as covered when the data begin less than a hundredth of it late."""


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
    for asset in candles.symbols:
        own = candles.only((asset,))
        for window in windows:
            found.append(
                _stay(own, replace(plan, hold=((asset, Decimal(1)),), quantity=()), rules, window, tell)
            )
    return tuple(found)


def _stay(
    own: Candles,
    plan: Plan,
    rules: tuple[Rule, ...],
    window: str,
    tell: Callable[[int], object] | None,
) -> Stay:
    asset, bar_ms = plan.symbols[0], own.seconds * 1000
    usable = own.ts[~np.isnan(own.close[:, 0])]
    if not len(usable):
        return Stay(asset, window, None)
    end = int(own.ts[-1]) + bar_ms
    start = window_start(window, end)
    if end - int(usable[0]) < (end - start) / SPARE:
        return Stay(asset, window, None)
    course = drive(own.between(start, end), plan, rules, tell)
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
    bases: dict[str, set[str]] = {}
    for stay in found:
        bases.setdefault(base_of(stay.asset), set()).add(stay.asset)
    told = [{base} if own <= good else own & good for base, own in bases.items()]
    return tuple(sorted(set().union(*told)))


def allow_list(listed: Sequence[str], note: str) -> str:
    """A YAML file of symbols, which `of: file:PATH` reads."""
    lines = [f"# {note}", "symbols:" if listed else "symbols: []"]
    return "\n".join([*lines, *(f'  - "{name}"' for name in listed)]) + "\n"
