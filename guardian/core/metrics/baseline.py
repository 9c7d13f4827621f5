"""What loss rules compare with: a window's falling peaks, the high-water mark, or a session's open and peak.

Only confirmed reads (both accounts of the equity agree) may raise a peak: a phantom high would be a false
loss later. Memory is bounded: a window keeps at most `MAXIMUM_BASELINE_POINTS` buckets and their maxima
(peaks.py).

A hole is a time between two confirmed NAVs in which there might have been any: longer than a minute (a tenth
of a short window, a hundredth of a long one) and than `LONGEST_IN_READS` reads take. What was seen before it
and after it still proves a loss; that there was none, only a window without a hole does. One in the
high-water mark of all time changes nothing: that is the highest of what was watched.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_BASELINE_POINTS, Baseline, Nav
from guardian.core.metrics.peaks import Point, Points, first_after, pushed
from guardian.core.metrics.remembered import by_identity
from guardian.core.model import Rule, Window
from guardian.core.state import AccountState, RuleState

LONGEST_IN_READS = 5
"""A few reads may be late or fail before what they would have told counts as not seen."""

LONGEST_UNSEEN_SECONDS, LARGEST_UNSEEN_SHARE = 60.0, 0.1
"""A restart takes seconds, and a venue that does not answer for one is stale long before."""

LEAST_UNSEEN_SHARE = 0.01
"""Of a week or a month: else no such rule would ever clear, for every month has a bad minute. What was gained
and lost again within a hundredth of the window is no level that the account stood at."""

Hole = tuple[datetime, datetime]


def fold_baselines(account: AccountState, nav: Nav | None, rules: tuple[Rule, ...]) -> tuple[RuleState, ...]:
    """A newly confirmed NAV enters every one of these rules' own baseline; without one there is no baseline.

    What a group's rule falls from is the group's, and kept (subjects.py).
    """
    if nav is None:
        alone = (r.baseline is not None and r.group is None for r in account.rules)
        return tuple(
            replace(r, baseline=None) if own else r for r, own in zip(account.rules, alone, strict=True)
        )
    windows = _windows(rules)
    if not windows or not nav.agreed or (account.nav is not None and nav.at == account.nav.at):
        return account.rules
    folded: dict[tuple[int, int], Baseline] = {}
    before = None if account.nav is None else account.nav.par_at
    missing = missing_since(before, nav.at, account.policy.snapshot_seconds)
    value = nav.value if nav.raw == nav.explained else least(nav)
    found: list[RuleState] = []
    for own in account.rules:
        old, told = own.baseline, windows.get(own.rule_id)
        if told is not None:
            # Rules of one window that began together fall from one baseline: it is folded, and kept, once.
            window, which = told
            key = id(old), which
            new = folded.get(key)
            if new is None:
                new = folded[key] = fold_baseline(old, window, nav.at, value, missing)
            own = own if new is old else replace(own, baseline=new)
        found.append(own)
    return tuple(found)


@by_identity
def _windows(rules: tuple[Rule, ...]) -> dict[str, tuple[Window, int]]:
    """By rule its window, and which of the different windows that is."""
    own = [(rule.id, rule.window) for rule in rules if rule.window.kind != "none"]
    different = list(dict.fromkeys(window for _, window in own))
    return {name: (window, different.index(window)) for name, window in own}


def missing_since(before: datetime | None, at: datetime, every: float) -> datetime | None:
    """When a NAV was confirmed last, if reads, one each `every` seconds, are missing since; else None."""
    if before is None or (at - before).total_seconds() <= LONGEST_IN_READS * every:
        return None
    return before


def least(nav: Nav) -> float:
    """What to fall from is the less of what the two accounts tell.

    A leg that one listing lacks must not make a peak that was never there.
    """
    told = nav.explained if nav.raw is None or nav.raw >= nav.explained else nav.raw
    return float(told / nav.units)


def anew(nav: Nav | None) -> Baseline | None:
    """A window that begins with this NAV on purpose: it is whole, for nothing before it counts any more."""
    if nav is None:
        return None
    value = least(nav)
    return Baseline(((nav.at, value),), nav.at, whole=True, last=value)


def fold_baseline(
    baseline: Baseline | None, window: Window, at: datetime, nav: float, missing: datetime | None = None
) -> Baseline:
    """The baseline after one confirmed NAV; reads have been `missing` since the one before it, or none."""
    if baseline is None:
        session = local_date(at, window.tz) if window.kind == "session" else ""
        return Baseline(((at, nav),), at, session, last=nav)
    hole = None if missing is None else _hole(window, missing, at)
    if window.kind == "session":
        return _session(baseline, window, (at, nav), hole)
    start = _start(window, at)
    if start is None or window.seconds is None:
        # Of all time: below the mark nothing changes.
        below = baseline.points and nav < baseline.points[0][1]
        return baseline if below else replace(baseline, points=((at, nav),))
    grown = pushed(baseline, start, (at, nav), window.seconds / MAXIMUM_BASELINE_POINTS)
    return grown if hole is None else replace(grown, hole=hole)


def hole_within(baseline: Baseline, window: Window, now: datetime) -> Hole | None:
    """The hole of which a part is still in (now - window, now], or in the session; None without one."""
    hole = baseline.hole
    if hole is None or window.seconds is None:
        return hole
    return hole if (now - hole[1]).total_seconds() < window.seconds else None


def hole_at_opening(baseline: Baseline, window: Window) -> Hole | None:
    """The hole that a session began in, so that nobody saw what it opened with; None without one."""
    hole = baseline.hole
    if baseline.whole or hole is None or local_date(hole[0], window.tz) == baseline.session:
        return None
    return hole


def peak(baseline: Baseline, window: Window, now: datetime) -> float | None:
    """The highest confirmed NAV in (now - window, now]; None when every point has expired."""
    return first_after(baseline, _start(window, now))


def local_date(at: datetime, tz: str) -> str:
    return _text(at.astimezone(UTC if tz == "UTC" else ZoneInfo(tz)).date())


@lru_cache(maxsize=256)
def _text(day: date) -> str:
    """A day is asked for as long as it lasts."""
    return day.isoformat()


def _session(baseline: Baseline, window: Window, new: Point, hole: Hole | None) -> Baseline:
    """A new day opens with the last NAV confirmed before it, never with the first one after.

    Where that one is too old, with the less of the two: nobody knows which day's the loss between them is.
    """
    at, nav = new
    today = local_date(at, window.tz)
    if today == baseline.session:
        points = _raised(baseline.points, new)
        return replace(baseline, points=points, last=nav, hole=baseline.hole or hole)
    opened = baseline.last if baseline.last is not None else nav
    whole = hole is None or _hole(window, hole[0], _midnight(today, window.tz)) is None
    points = _raised(((at, opened if whole else min(opened, nav)),), new)
    return Baseline(points, baseline.since, today, whole, last=nav, hole=hole)


def _midnight(session: str, tz: str) -> datetime:
    return datetime.combine(date.fromisoformat(session), time.min, UTC if tz == "UTC" else ZoneInfo(tz))


def _hole(window: Window, start: datetime, end: datetime) -> Hole | None:
    """From one instant to the other, if nobody can say what the window was in between."""
    longest = LONGEST_UNSEEN_SECONDS
    if window.seconds is not None:
        longest = min(longest, LARGEST_UNSEEN_SHARE * window.seconds)
        longest = max(longest, LEAST_UNSEEN_SHARE * window.seconds)
    return (start, end) if (end - start).total_seconds() > longest else None


def _raised(points: Points, new: Point) -> Points:
    """A session's open, and after it the session's peak where that is above it."""
    return (points[0], new) if new[1] > points[-1][1] else points


def _start(window: Window, now: datetime) -> datetime | None:
    return None if window.seconds is None else now - span(window.seconds)


@lru_cache(maxsize=256)
def span(seconds: float) -> timedelta:
    """How long a window is; remembered, for rules ask for it at every look."""
    return timedelta(seconds=seconds)
