"""M02 and M03 drawdown: the fraction lost since the highest NAV of the window or of all time.

Formula: 1 - N_now / max N over (now - W, now]; for `hwm` over everything watched. It is the fall from the
trailing peak to *now*, not the worst fall inside the window. Deposits and withdrawals do not move it.
Unit: fraction of the peak. Needs the positions.

Unknown while warming, and where no confirmed read is in the window; AtLeast while the window is not full, has
a hole in which nobody watched (baseline.py), or the two accounts of the equity differ.

Source: metrics.md M02, M03; Magdon-Ismail & Atiya 2004; Chekhlov, Uryasev & Zabarankin 2005.
"""

from __future__ import annotations

from guardian.core.memory import Baseline, Nav
from guardian.core.metrics.baseline import Hole, hole_within, peak
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    nav, baseline = view.account.nav, view.own.baseline
    if nav is None or nav.warming or baseline is None:
        return Unknown("waiting for five confirmed reads", warming=True)
    top = peak(baseline, view.rule.window, view.now)
    if top is None:
        return Unknown("no confirmed read within the window")
    return loss(nav, baseline, top, view)


def loss(nav: Nav, baseline: Baseline, top: float, view: View) -> Measured:
    """The fall from `top` to now, as strong as the evidence allows."""
    fallen = fraction_lost(nav.value, top)
    if not nav.agreed:
        return AtLeast(fallen, disputed(nav))
    hole = hole_within(baseline, view.rule.window, view.now)
    if hole is not None:
        return AtLeast(fallen, unwatched(hole), unseen=True)
    seconds = view.rule.window.seconds
    if seconds is None or baseline.whole:
        return Known(fallen)
    watched = (view.now - baseline.since).total_seconds()
    if watched < seconds:
        return AtLeast(fallen, f"window filled {watched:.0f} s of {seconds:.0f} s", filling=True)
    return Known(fallen)


def fraction_lost(value: float, top: float) -> float:
    """Subtracted before divided: 1 - 90/100 is a little less than the 0.1 that a limit says."""
    return (top - value) / top if 0 < top > value else 0.0


def unwatched(hole: Hole) -> str:
    return f"no confirmed read from {hole[0]:%m-%d %H:%M:%S} to {hole[1]:%m-%d %H:%M:%S} UTC"


def disputed(nav: Nav) -> str:
    if nav.raw is None:
        return "wallet unread: only positions at mark tell"
    return f"wallet says {nav.raw:.2f}, ledger and positions explain {nav.explained:.2f}"


METRIC = Metric(
    "drawdown",
    "fraction",
    "loss",
    ("sliding", "hwm"),
    (Part.POSITIONS,),
    measure,
    corroborated=True,
    scopes=TOGETHER,
    baseline=True,
    reads=(),
)
