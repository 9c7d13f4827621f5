"""What one account keeps in memory when every history of it is full: each object counted once.

The worst day for memory is one on which the NAV falls every second, for then every point of a window is a
peak that may still count. The rules, and so the windows, are those of a shipped pack; they belong to all
accounts and are not counted, nor is the policy. What the tails keep beside the state is
(worst_days.py, simulated_tail.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf, sin
from pathlib import Path
from typing import Any

from guardian.bench.metrics.market import nav_of
from guardian.config import load_packs
from guardian.core.facts.activity import Fill, PastOrder
from guardian.core.facts.telemetry import Gauge, Signal, Tracked
from guardian.core.frozen import replace
from guardian.core.memory import (
    MAXIMUM_BASELINE_POINTS,
    MAXIMUM_BOOKED_ROWS,
    MAXIMUM_DOINGS,
    MAXIMUM_GAUGES,
    MAXIMUM_READINGS,
    MAXIMUM_SIGNALS,
    Course,
    Doings,
    Stack,
)
from guardian.core.metrics import BY_NAME, baseline, simulated_tail, worst_days
from guardian.core.metrics.cvar import LEVEL
from guardian.core.metrics.holdings import holdings
from guardian.core.metrics.tails import conditional_of
from guardian.core.metrics.track import fold_track
from guardian.core.observe import blank
from guardian.core.state import AccountState

PACK = "ats-plan"
SYMBOL = "A00/USDT:USDT"
MONTH_OF_POINTS = 2 * 96 + 29 * 24
"""A quarter of an hour each of two days, an hour each before (metrics/tracking.py)."""


def weighed(account: AccountState) -> dict[str, Any]:
    """Bytes of a state with all histories full, of its parts, and of what metrics remember beside it."""
    full = _full(account, falling=True)
    ordinary = _full(account, falling=False)
    parts = {name: size_of(getattr(full, name)) for name in ("returns", "correlations", "rules", "doings")}
    return {
        "bytes_per_account": size_of(full) - size_of(full.policy) + _remembered(full),
        "ordinary_bytes_per_account": size_of(ordinary) - size_of(ordinary.policy) + _remembered(full),
        "remembered_bytes": _remembered(full),
        "parts": parts,
    }


def size_of(value: object) -> int:
    """Bytes of a value and of all that it holds."""
    met: dict[int, object] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) not in met and not isinstance(one, type):
            met[id(one)] = one
            waiting.extend(_held_by(one))
    return sum(sys.getsizeof(one) for one in met.values())


def _held_by(value: object) -> Iterator[object]:
    if isinstance(value, tuple | list | frozenset | set):
        yield from value
    elif isinstance(value, dict):
        yield from value
        yield from value.values()
    elif is_dataclass(value):
        for field in fields(value):
            yield getattr(value, field.name)


def _full(account: AccountState, falling: bool) -> AccountState:
    """The account after the longest window, with as many rows of everything as it may keep."""
    start = account.watched_since if account.nav is None else account.nav.at
    rules = tuple(own for pack in load_packs([PACK], Path()) for own in pack.rules)
    track, nav = Course().track, account.nav
    account = replace(account, rules=tuple(blank(own) for own in rules))
    falls = tuple(own for own in rules if BY_NAME[own.metric].baseline)
    for second in range(1, MAXIMUM_BASELINE_POINTS + 1):
        before, nav = nav, nav_of(start + timedelta(seconds=second), _value(second, falling))
        account = replace(account, rules=baseline.fold_baselines(account, nav, falls))
        track = fold_track(track, before, nav)
    assert nav is not None
    booked = tuple(f"ledger-row-{i:06d}" for i in range(MAXIMUM_BOOKED_ROWS))
    dates = tuple(start + timedelta(seconds=i) for i in range(MAXIMUM_BOOKED_ROWS))
    nav = replace(nav, booked=booked, booked_at=dates)
    course = replace(account.course, track=track)
    return replace(account, nav=nav, course=course, doings=_doings(start), stack=_stack(start))


def _value(second: int, falling: bool) -> float:
    """A NAV that only falls, or one that goes up and down as on most days."""
    return 100 - second / 100 if falling else 100 + sin(second / 60)


def _doings(start: datetime) -> Doings:
    moments = [start + timedelta(seconds=i) for i in range(MAXIMUM_DOINGS)]
    fills = tuple(_fill(i, at) for i, at in enumerate(moments))
    return Doings(start, fills, start, tuple(_order(i, at) for i, at in enumerate(moments)), start)


def _fill(i: int, at: datetime) -> Fill:
    quantity, price, fee = Decimal(i) / 1000, Decimal(i) / 7, Decimal(i) / 11
    return Fill(f"fill-{i}", at, SYMBOL, 1, quantity, price, fee, "USDT", f"order-{i}", f"ft-{i}")


def _order(i: int, at: datetime) -> PastOrder:
    size, price, average = Decimal(i) / 1000, Decimal(i) / 7, Decimal(i) / 13
    ids = f"order-{i}", f"ft-{i}", SYMBOL, 1
    return PastOrder(*ids, size, size, price, average, "filled", "", False, at, at + timedelta(seconds=1))


def _stack(start: datetime) -> Stack:
    signals = tuple(
        Signal(f"signal-{i}", start, SYMBOL, 1, Decimal(i) / 7, f"ft-{i}", i / 7, i / 9)
        for i in range(MAXIMUM_SIGNALS)
    )
    gauges = tuple(
        (name, tuple(Gauge(name, start + timedelta(seconds=i), i / 3) for i in range(MAXIMUM_READINGS)))
        for name in (f"gauge-{n}" for n in range(MAXIMUM_GAUGES))
    )
    points = tuple((start + timedelta(hours=i), i / 7) for i in range(MONTH_OF_POINTS))
    tracked = Tracked(start, start, start, 100.0, 100.0, 0.0, (100.0, 100.0, 0.0), 100.0, points=points)
    return Stack(start, gauges, signals, tracked=tracked)


def _remembered(account: AccountState) -> int:
    """The worst of the simulated days, and a look at them, which a tail keeps beside the account's state."""
    owner = account.policy.name
    simulated_tail.at_least(inf, owner, holdings(account), conditional_of, LEVEL)
    return worst_days.remembered_bytes(owner) + simulated_tail.remembered_bytes(owner)
