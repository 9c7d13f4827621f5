"""One measurement a file; `METRICS` is the explicit list. Adding a metric adds a file and a line here."""

from guardian.core.metrics import (
    api_errors,
    api_latency,
    clock_offset,
    cluster_exposure,
    concentration,
    correlation,
    daily_loss,
    data_age,
    drawdown,
    exposure,
    leverage,
    margin_ratio,
    position_age,
    risk_per_signal,
    unexplained,
    unprotected_exposure,
    worst_case_exposure,
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
    correlation.METRIC,
    cluster_exposure.CLUSTER,
    cluster_exposure.CORRELATED,
    worst_case_exposure.METRIC,
    unprotected_exposure.METRIC,
    risk_per_signal.METRIC,
    position_age.METRIC,
    data_age.METRIC,
    unexplained.METRIC,
    api_latency.P50,
    api_latency.P95,
    api_latency.P99,
    api_errors.METRIC,
    clock_offset.METRIC,
)

BY_NAME = {metric.name: metric for metric in METRICS}

__all__ = ["BY_NAME", "CEILING", "METRICS", "Metric", "View"]
