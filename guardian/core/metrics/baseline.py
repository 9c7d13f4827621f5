"""What loss rules compare with: a window's falling peaks, the high-water mark, or a session's open and peak.

Only confirmed reads (both accounts of the equity agree) may raise a peak: a phantom high would be a false
loss later. Memory is bounded: a window keeps at most `MAXIMUM_BASELINE_POINTS` buckets and their maxima
(peaks.py).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_BASELINE_POINTS, Baseline, Nav
from guardian.core.metrics.peaks import Point, Points, first_after, pushed
from guardian.core.metrics.remembered import by_identity
from guardian.core.model import Rule, Window
from guardian.core.state import AccountState, RuleState

Start = tuple[int, str, float | None, str]
"""Which baseline there was, and what of a window tells what becomes of it."""


def fold_baselines(account: AccountState, nav: Nav | None, rules: tuple[Rule, ...]) -> tuple[RuleState, ...]:
    """A newly confirmed NAV enters every one of these rules' own baseline; without one there is no baseline.

    What a group's rule falls from is the group's, and kept (subjects.py).
    """
    if nav is None:
        alone = (r.baseline is not None and r.group is None for r in account.rules)
        return tuple(
            replace(r, baseline=None) if own else r for r, own in zip(account.rules, alone, strict=True)
        )
    if not nav.agreed or (account.nav is not None and nav.at == account.nav.at):
        return account.rules
    windows, value = _windows(rules), least(nav)
    folded: dict[Start, Baseline] = {}
    return tuple(
        _falling_from(own, _shared(folded, own.baseline, windows[own.rule_id], nav.at, value))
        if own.rule_id in windows
        else own
        for own in account.rules
    )


@by_identity
def _windows(rules: tuple[Rule, ...]) -> dict[str, Window]:
    return {rule.id: rule.window for rule in rules if rule.window.kind != "none"}


def _falling_from(own: RuleState, baseline: Baseline) -> RuleState:
    return own if own.baseline is baseline else replace(own, baseline=baseline)


def _shared(
    folded: dict[Start, Baseline], old: Baseline | None, window: Window, at: datetime, nav: float
) -> Baseline:
    """Rules of one window that began together fall from one baseline: it is folded, and kept, once."""
    key = id(old), window.kind, window.seconds, window.tz
    found = folded.get(key)
    if found is None:
        found = folded[key] = fold_baseline(old, window, at, nav)
    return found


def least(nav: Nav) -> float:
    """What to fall from is the less of what the two accounts tell.

    A leg that one listing lacks must not make a peak that was never there.
    """
    return float(min(nav.explained, nav.equity if nav.raw is None else nav.raw) / nav.units)


def anew(nav: Nav | None) -> Baseline | None:
    """A window that begins with this NAV on purpose: it is whole, for nothing before it counts any more."""
    if nav is None:
        return None
    value = least(nav)
    return Baseline(((nav.at, value),), nav.at, whole=True, last=value)


def fold_baseline(baseline: Baseline | None, window: Window, at: datetime, nav: float) -> Baseline:
    """The baseline after one confirmed NAV."""
    if baseline is None:
        session = local_date(at, window.tz) if window.kind == "session" else ""
        return Baseline(((at, nav),), at, session, last=nav)
    if window.kind == "session":
        return _session(baseline, window, at, nav)
    start = _start(window, at)
    if start is None or window.seconds is None:
        # Of all time: below the mark nothing changes.
        below = baseline.points and nav < baseline.points[0][1]
        return baseline if below else replace(baseline, points=((at, nav),))
    return pushed(baseline, start, (at, nav), window.seconds / MAXIMUM_BASELINE_POINTS)


def peak(baseline: Baseline, window: Window, now: datetime) -> float | None:
    """The highest confirmed NAV in (now - window, now]; None when every point has expired."""
    return first_after(baseline, _start(window, now))


def local_date(at: datetime, tz: str) -> str:
    return at.astimezone(UTC if tz == "UTC" else ZoneInfo(tz)).date().isoformat()


def _session(baseline: Baseline, window: Window, at: datetime, nav: float) -> Baseline:
    """A new day opens with the last NAV confirmed before it, never with the first one after."""
    today = local_date(at, window.tz)
    if today == baseline.session:
        return replace(baseline, points=_raised(baseline.points, (at, nav)), last=nav)
    opened = baseline.last if baseline.last is not None else nav
    points = _raised(((at, opened),), (at, nav))
    return Baseline(points, baseline.since, today, whole=True, last=nav)


def _raised(points: Points, new: Point) -> Points:
    """A session's open, and after it the session's peak where that is above it."""
    return (points[0], new) if new[1] > points[-1][1] else points


def _start(window: Window, now: datetime) -> datetime | None:
    return None if window.seconds is None else now - _span(window.seconds)


@lru_cache(maxsize=256)
def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
