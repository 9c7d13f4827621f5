"""heartbeat_age: seconds since the stack last said that it lives.

Formula: now - arrival of the newest heartbeat. Unit: seconds. It is measured, not merely stale, for as long
as nothing comes. Unknown until the first one: a stack that never tells is not known to live, nor to be dead.
Its family is behaviour: a dead bot may be halted; its positions are judged by what they are.
Source: metrics.md M25 (the bot's heartbeat), M31 (staleness).
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Unknown


def measure(view: View) -> Measured:
    beat = view.account.stack.heartbeat_at
    if beat is None:
        return Unknown("no heartbeat yet", warming=True)
    return Known(max(0.0, (view.now - beat).total_seconds()))


def _aged(view: View) -> datetime | None:
    """Silence after the first heartbeat is what is measured, so that only its absence ages."""
    return None if view.account.stack.heartbeat_at is None else view.now


METRIC = Metric("heartbeat_age", "seconds", "behaviour", ("none",), (), measure, aged=_aged)
