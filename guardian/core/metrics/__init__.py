"""One measurement a file; `METRICS` is the explicit list. Adding a metric adds a file and a line here."""

from guardian.core.metrics import (
    concentration,
    daily_loss,
    data_age,
    drawdown,
    exposure,
    leverage,
    margin_ratio,
    unexplained,
)
from guardian.core.metrics.metric import CEILING, Metric, View

METRICS: tuple[Metric, ...] = (
    drawdown.METRIC,
    daily_loss.METRIC,
    exposure.GROSS,
    exposure.NET,
    leverage.METRIC,
    margin_ratio.METRIC,
    concentration.METRIC,
    data_age.METRIC,
    unexplained.METRIC,
)

BY_NAME = {metric.name: metric for metric in METRICS}

__all__ = ["BY_NAME", "CEILING", "METRICS", "Metric", "View"]
