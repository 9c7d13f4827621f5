"""M12 effective_assets: how many equally large assets would be as concentrated as what is held.

Formula: 1 / sum w_a^2, w_a an asset's share of gross exposure, netted within the asset (concentration.py).
Unit: count, for rules with `under`. Needs wallet and positions. Nothing held: 50, the most that is followed,
so that an empty account breaches nothing. Never Unknown once both were read: no equity is in it.
Source: Herfindahl's index; metrics.md M12.
"""

from __future__ import annotations

from guardian.core.metrics.concentration import herfindahl, shares
from guardian.core.metrics.exposure import by_asset
from guardian.core.metrics.following import MAXIMUM_ASSETS
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Part


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    index = herfindahl(shares(by_asset(evidence.positions, evidence.wallet, view.account.policy.currency)))
    return Known(1 / index if index else float(MAXIMUM_ASSETS))


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric("effective_assets", "count", "forecast", ("none",), NEEDS, measure, reads=(), low=True)
