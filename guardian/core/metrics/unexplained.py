"""M33 (first form) unexplained: how far the wallet's equity is from what ledger and positions explain.

Formula: |raw - explained| / max of both. A transfer that the ledger shows late, or a phantom read, appears
here and heals; a rest that stays is an integrity breach.
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    nav = view.account.nav
    if nav is None:
        return Unknown("no equity read yet", warming=True)
    if nav.raw is None:
        return Unknown("wallet unread")
    larger = max(abs(nav.raw), abs(nav.explained))
    return Known(float(abs(nav.raw - nav.explained) / larger) if larger else 0.0)


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric("unexplained", "fraction", "integrity", ("none",), NEEDS, measure, reads=())
