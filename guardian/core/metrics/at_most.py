"""A bound from above: it may prove a rule with `under` breached, and never clears one.

A measurement has no word for it, and needs none: a value that cannot be higher than a limit is past that
limit as if it were known, and one that might still be lower tells nothing.
"""

from __future__ import annotations

from guardian.core.model import Known, Measured, Rule, Unknown


def at_most(value: float, why: str, rule: Rule, *, warming: bool = False) -> Measured:
    """Known where even this bound is past one of an `under` rule's limits, else Unknown."""
    if rule.direction == "under" and any(value <= rung.limit for rung in rule.ladder):
        return Known(value)
    return Unknown(f"at most {value:.4g}: {why}", warming=warming)
