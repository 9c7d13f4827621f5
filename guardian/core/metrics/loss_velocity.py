"""M06 loss_velocity: the fraction of the NAV lost per minute, over the rule's window (1, 5 or 15 minutes).

Formula: v = max(0, N_(t - W) - N_t) / N_(t - W) / W, W in minutes; N_(t - W) is the newest confirmed NAV at
the window's beginning (track.py). Unlike drawdown it looks at two instants, not at the peak between them.

Unit: fraction (of the NAV, per minute). Needs the positions. Unknown while warming, until the track is as
long as the window, where it has a hole of a tenth of the window there, and for windows over 15 minutes;
AtLeast while the two accounts of the equity differ (the larger shows the smaller fall).
Its family is forecast: a speed is not a loss yet, and projecting it did not beat a lower threshold at
matched cost (metrics.md section 2.6). Source: metrics.md M06; velocity logic of CME Group.
"""

from __future__ import annotations

from guardian.core.metrics.baseline import span
from guardian.core.metrics.drawdown import disputed, fraction_lost
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.track import LONGEST, nav_at
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

LONGEST_HOLE = 0.1
LEAST_HOLE_SECONDS = 5.0


def velocity(before: float, now: float, seconds: float) -> float:
    """The fraction lost per minute; a gain is no speed of loss."""
    return fraction_lost(now, before) / (seconds / 60) if seconds > 0 else 0.0


def speed_over(view: View, seconds: float) -> Measured:
    """The velocity over the last `seconds`."""
    nav, track = view.account.nav, view.account.course.track
    if nav is None or nav.warming or not track:
        return Unknown("waiting for five confirmed reads", warming=True)
    if seconds > LONGEST.total_seconds():
        return Unknown(f"the track holds {LONGEST.total_seconds() / 60:.0f} minutes")
    start = view.now - span(seconds)
    found = nav_at(track, start)
    if found is None:
        return Unknown(f"watched for less than {seconds:.0f} s", warming=True)
    hole = (start - found[0]).total_seconds()
    if hole > max(LONGEST_HOLE * seconds, LEAST_HOLE_SECONDS):
        return Unknown(f"no confirmed NAV of {seconds:.0f} s ago")
    fallen = velocity(found[1], nav.value, seconds)
    return Known(fallen) if nav.agreed else AtLeast(fallen, disputed(nav))


def measure(view: View) -> Measured:
    return speed_over(view, view.rule.window.seconds or 0.0)


METRIC = Metric(
    "loss_velocity", "fraction", "forecast", ("sliding",), (Part.POSITIONS,), measure, reads=("track",)
)
