"""Bots: ask every one to stop at HALT; force the ones under FLATTEN, after the fence and its grace.

At LOCKOUT force waits for the key's proven death as well, so that the fence, not the signal, is what stops a
bot that fights; past the flatten budget it waits for nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.effects import HaltBot
from guardian.core.events import Outcome
from guardian.core.model import LOCKOUT
from guardian.core.plan.draft import UNSENT, Draft
from guardian.core.plan.keys import deletion_wanted, fence_settled
from guardian.core.policy import HaltTarget


def plan_halt(draft: Draft) -> None:
    account = draft.account.policy.name
    for bot in draft.account.policy.halt_targets:
        draft.persist(f"halt:{bot.name}", "halt", HaltBot(UNSENT, account, bot.name, False))


def plan_force(draft: Draft) -> None:
    account = draft.account.policy.name
    bots = draft.account.policy.halt_targets
    for bot in bots:
        if _force_due(draft, bot):
            draft.persist(f"force:{bot.name}", "force", HaltBot(UNSENT, account, bot.name, True))
    answers = [t.outcome for t in draft.targets("force")]
    # A bot that cannot be forced is settled, but it has not been stopped.
    stopped = len(answers) == len(bots) and all(a in (Outcome.DONE, Outcome.GONE) for a in answers)
    if bots and stopped and draft.incident.bots_stopped_at is None:
        draft.note(bots_stopped_at=draft.now)


def _force_due(draft: Draft, bot: HaltTarget) -> bool:
    incident = draft.incident
    t0 = incident.t0 or draft.now
    if draft.now >= t0 + timedelta(seconds=draft.account.policy.flatten_deadline_seconds):
        return True
    if draft.account.level is LOCKOUT and deletion_wanted(draft):
        return False
    since = _fenced_at(draft)
    return since is not None and draft.now >= since + timedelta(seconds=bot.grace_seconds)


def _fenced_at(draft: Draft) -> datetime | None:
    """When the fence was acknowledged; t0 where it is impossible."""
    if not fence_settled(draft):
        return None
    impossible = bool(draft.incident.fence_impossible) or any(
        t.outcome is Outcome.IMPOSSIBLE for t in draft.targets("fence")
    )
    if impossible or not draft.incident.fenced:
        return draft.incident.t0
    return max(at for _, at in draft.incident.fenced)
