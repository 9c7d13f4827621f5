"""Bots: ask every one to stop at HALT; force the ones under FLATTEN, after the fence and its grace.

At LOCKOUT force waits for the key's proven death as well, so that the fence, not the signal, is what stops a
bot that fights; past the flatten budget it waits for nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.effects import HaltBot
from guardian.core.events import Outcome
from guardian.core.model import HaltTarget, Level
from guardian.core.plan.draft import Draft
from guardian.core.plan.keys import deletion_wanted, fence_settled


def plan_halt(draft: Draft) -> None:
    account = draft.account.policy.name
    for bot in draft.account.policy.halt_targets:
        name = bot.name
        draft.persist(f"halt:{name}", "halt", lambda id, name=name: HaltBot(id, account, name, False))  # type: ignore[misc]


def plan_force(draft: Draft) -> None:
    account = draft.account.policy.name
    bots = draft.account.policy.halt_targets
    stopped = []
    for bot in bots:
        if not _force_due(draft, bot):
            continue
        name = bot.name
        stopped.append(
            draft.persist(f"force:{name}", "force", lambda id, name=name: HaltBot(id, account, name, True))  # type: ignore[misc]
        )
    if bots and len(stopped) == len(bots) and all(stopped) and draft.incident.bots_stopped_at is None:
        draft.note(bots_stopped_at=draft.now)


def _force_due(draft: Draft, bot: HaltTarget) -> bool:
    incident = draft.incident
    t0 = incident.t0 or draft.now
    if draft.now >= t0 + timedelta(seconds=draft.account.policy.flatten_deadline_seconds):
        return True
    if draft.account.level is Level.LOCKOUT and deletion_wanted(draft):
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
