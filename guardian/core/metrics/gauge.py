"""gauge: a number that the stack tells under the name in the rule's `of`; its newest reading.

Formula: the last reading of the gauge. Unit: count, whatever the stack counts. It comes by `POST
/v1/telemetry` or from a Prometheus query, and ages by its own stamp. Unknown until told; never zero for want
of it. Its family is behaviour: what is being watched may stop new risk by what it says, and nothing more.
Source: metrics.md M25 (what the bot pushes).
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.facts.telemetry import Gauge
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Unknown


def readings(view: View) -> tuple[Gauge, ...]:
    """Of the gauge that the rule names, oldest first."""
    return dict(view.account.stack.gauges).get(view.rule.of, ())


def told_at(view: View) -> datetime | None:
    """`Metric.aged` of what reads the gauge."""
    known = readings(view)
    return known[-1].at if known else None


def measure(view: View) -> Measured:
    known = readings(view)
    return Known(known[-1].value) if known else Unknown("never told", warming=True)


METRIC = Metric("gauge", "count", "behaviour", ("none",), (), measure, aged=told_at, of="a gauge")
