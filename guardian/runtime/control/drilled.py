"""How long a passed live drill counts. Pure, so that arming, the reminder and `drill due` cannot disagree."""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.model import Level, Rule
from guardian.core.state import AccountState

DRILL_DAYS = 35
"""A month, and the days by which a monthly appointment slips."""

SUBJECT = "drill"


def overdue(account: AccountState, now: datetime) -> bool:
    """Whether no live drill has passed within the last 35 days."""
    return account.drilled_at is None or lapsed(account.drilled_at, now)


def lapsed(drilled_at: datetime, now: datetime) -> bool:
    return now - drilled_at > timedelta(days=DRILL_DAYS)


def needs_drill(account: AccountState, rules: tuple[Rule, ...]) -> bool:
    """Whether guardian may act on this account, or would be asked to delete its key."""
    lockout = any(rule.armed and any(r.level is Level.LOCKOUT for r in rule.ladder) for rule in rules)
    return account.arming.armed or lockout
