"""M18 value_at_risk: the loss that 99 % of days do not exceed at the exposures of now, over equity.

Formula: the larger of the 99 % quantile of the simulated days and of 2.32635 normal standard deviations of a
day, both as in cvar.py; the quantile is the smallest loss that at least 99 % of the days do not exceed, not
an interpolated one. It says nothing about how bad the other 1 % are: prefer `cvar`.

Unit: fraction of equity, positive = bad. Needs, Unknown and AtLeast as in cvar.py. A forecast.
Source: RiskMetrics 1996; metrics.md M18.
"""

from __future__ import annotations

from guardian.core.metrics.cvar import LEVEL, tail_of
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.tails import normal_quantile, value_at_risk_of
from guardian.core.model import Measured, Part

QUANTILE = normal_quantile(LEVEL)


def measure(view: View) -> Measured:
    return tail_of(view, value_at_risk_of, QUANTILE)


NEEDS, READS = (Part.WALLET, Part.POSITIONS), ("correlations", "returns")
METRIC = Metric("value_at_risk", "fraction", "forecast", ("none",), NEEDS, measure, reads=READS)
