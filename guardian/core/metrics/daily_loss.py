"""M04 daily_loss: the fraction lost since the session opened at local midnight.

Formula: max(0, 1 - N_now / N_open); N_open is the last NAV confirmed before midnight. On the first day it is
the first NAV seen, and the value is AtLeast ("watching since"). A new day never clears a latched level.
"""

from __future__ import annotations

from collections.abc import Callable

from guardian.core.memory import Baseline
from guardian.core.metrics.drawdown import disputed, fraction_lost
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def opened(baseline: Baseline) -> float:
    return baseline.points[0][1]


def measure(view: View) -> Measured:
    return of_today(view, view.own.baseline, opened)


def of_today(view: View, baseline: Baseline | None, top: Callable[[Baseline], float]) -> Measured:
    """The fall from a session's `top` to now, as strong as the evidence allows."""
    nav = view.account.nav
    if nav is None or nav.warming or baseline is None:
        return Unknown("waiting for five confirmed reads", warming=True)
    fallen = fraction_lost(nav.value, top(baseline))
    if not nav.agreed:
        return AtLeast(fallen, disputed(nav))
    if not baseline.whole:
        return AtLeast(fallen, f"watching since {baseline.since:%H:%M} UTC", filling=True)
    return Known(fallen)


METRIC = Metric(
    "daily_loss",
    "fraction",
    "loss",
    ("session",),
    (Part.POSITIONS,),
    measure,
    corroborated=True,
    scopes=TOGETHER,
    baseline=True,
    reads=(),
)
