"""Verify: flat is what the venue says, twice, at least two seconds apart, by two endpoints.

A flat read has every part, was asked after everything in flight was answered and the fence settled, lists no
position above dust and no order at all, and its wallet, the second endpoint, holds no margin for positions.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.frozen import replace
from guardian.core.model import LOCKOUT, Part
from guardian.core.plan.draft import Draft
from guardian.core.plan.exposure import nothing_held
from guardian.core.plan.keys import bot_keys, fence_settled

APART = timedelta(seconds=2)


def plan_verification(draft: Draft) -> bool:
    """Fold the newest read into the flatness; true when "verified flat" was reached or lost in this pass."""
    flatness, evidence = draft.incident.flatness, draft.account.evidence
    asked, answered = evidence.complete_at, _answered_at(draft)
    if asked is None or answered is None or asked <= answered:
        return False
    if evidence.orders or not nothing_held(evidence):
        draft.note(flatness=replace(flatness, first_at=None, first_asked=None, verified_at=None))
        return flatness.verified_at is not None
    # A newer read in parts may deny that we are flat, but never confirm it.
    if flatness.verified_at is not None or evidence.asked_at(Part.POSITIONS) != asked:
        return False
    if flatness.first_asked is None or flatness.first_asked <= answered:
        draft.note(flatness=replace(flatness, first_at=draft.now, first_asked=asked))
        return False
    if asked < flatness.first_asked + APART:
        return False
    draft.note(flatness=replace(flatness, verified_at=draft.now))
    return True


def _answered_at(draft: Draft) -> datetime | None:
    """When the last answer came; None while one is awaited or the fence is unsettled: no read tells then."""
    acted = draft.targets("close", "cancel", "fence")
    if any(t.in_flight for t in acted) or not fence_settled(draft):
        return None
    return max([t.reported_at for t in acted if t.reported_at is not None] + [draft.incident.t0 or draft.now])


def overdue(draft: Draft) -> str:
    """What to page once a deadline: "not-flat", or at LOCKOUT "key-alive"; "" while in time."""
    flatness, t0 = draft.incident.flatness, draft.incident.t0
    doomed = draft.account.level is LOCKOUT and bool(bot_keys(draft))
    dying = doomed and draft.incident.key_dead_at is None
    if t0 is None or (flatness.verified_at is not None and not dying):
        return ""
    deadline = timedelta(seconds=draft.account.policy.flatten_deadline_seconds)
    since = flatness.paged_at or t0
    if draft.now < since + deadline:
        return ""
    draft.note(flatness=replace(flatness, paged_at=draft.now))
    return "not-flat" if flatness.verified_at is None else "key-alive"
