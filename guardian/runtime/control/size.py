"""How large an account's positions are against its equity: one figure for status, metrics and commands."""

from __future__ import annotations

from datetime import datetime

from guardian.core.metrics import leverage
from guardian.core.metrics.metric import View
from guardian.core.model import AtLeast, Known, OnUnknown, Part, Rule, Window
from guardian.core.state import AccountState, RuleState

WHOLE_ACCOUNT = Rule(
    id="",
    title="",
    why="",
    metric="leverage",
    window=Window(),
    scope="account",
    direction="over",
    ladder=(),
    stale_after_seconds=0.0,
    on_unknown=OnUnknown.IGNORE,
    clears="operator",
    armed=False,
)
"""A metric is asked through a rule; this one limits nothing."""


def leverage_of(account: AccountState, now: datetime) -> float | None:
    """Gross exposure / equity, or what of it is proven; None while the account has not been read."""
    if account.evidence.asked_at(Part.POSITIONS) is None:
        return None
    measured = leverage.measure(View(account, WHOLE_ACCOUNT, RuleState(""), now))
    return measured.value if isinstance(measured, Known | AtLeast) else None
