"""Plan: what is still missing to reach the level's goal. Each level contains the goals of those above it."""

from __future__ import annotations

from datetime import datetime

from guardian.core.breaker import permit_of
from guardian.core.effects import Effect, PrepareKeys, SetPermit
from guardian.core.model import FLATTEN, HALT, LOCKOUT, REDUCE, Level
from guardian.core.plan.bots import plan_force, plan_halt
from guardian.core.plan.draft import UNSENT, Draft
from guardian.core.plan.exposure import plan_cancels, plan_closes, plan_read, plan_reduction
from guardian.core.plan.keys import plan_deletion, plan_fence, plan_unfence
from guardian.core.plan.verify import overdue, plan_verification
from guardian.core.state import AccountState


def plan(account: AccountState, now: datetime) -> tuple[AccountState, tuple[Effect, ...], tuple[str, ...]]:
    """The account after planning, its effects, and the milestones reached in this pass.

    Milestones: "verified-flat", "flat-lost", "key-dead", "bots-stopped", "not-flat", "key-alive".
    """
    owes = bool(account.to_unfence) and account.level < FLATTEN
    account, back = plan_unfence(account, now) if owes else (account, ())
    before, level = account.incident, account.level
    if before is None:
        return account, back, ()
    draft = Draft(account, now)
    milestones: list[str] = []
    _plan_caution(draft)
    if level >= FLATTEN:
        # What the newest read proves is concluded before anything is sent because of it.
        plan_fence(draft)
        milestones += _verified(draft)
    if level >= HALT:
        if not before.only:
            plan_halt(draft)  # no bot can be asked to pause some of its symbols; the permit names them
        plan_cancels(draft)
    if level >= REDUCE:
        _plan_exposure(draft, level)
        if draft.incident.key_dead_at and not before.key_dead_at:
            milestones.append("key-dead")
        if draft.incident.bots_stopped_at and not before.bots_stopped_at:
            milestones.append("bots-stopped")
    after, effects = draft.finish()
    return after, (*back, *effects), tuple(milestones)


def _plan_exposure(draft: Draft, level: Level) -> None:
    """Less or nothing held, and proof of it; from LOCKOUT on no key either, from FLATTEN on no bot."""
    if level is REDUCE:
        plan_reduction(draft)
    else:
        plan_closes(draft)
        if level is LOCKOUT:
            plan_deletion(draft)
        plan_force(draft)
    plan_read(draft)


def _plan_caution(draft: Draft) -> None:
    """The permit of this level, and the keys for acting: proven fetchable at CAUTION, held from HALT on."""
    name, level = draft.account.policy.name, draft.account.level
    permit, hold = permit_of(draft.account), level >= HALT
    allowed = ":".join(("permit", level.name, *permit[2]))
    # What is done is not even drafted: both are done at almost every look.
    if not draft.settled(allowed):
        draft.persist(allowed, "permit", SetPermit(UNSENT, name, *permit))
    if not draft.settled(prepared := f"prepare:{hold}"):
        draft.persist(prepared, "prepare", PrepareKeys(UNSENT, name, hold))


def _verified(draft: Draft) -> list[str]:
    had = draft.incident.flatness.verified_at
    changed = plan_verification(draft)
    milestones = []
    if changed:
        milestones.append("flat-lost" if had else "verified-flat")
    if late := overdue(draft):
        milestones.append(late)
    return milestones


__all__ = ["plan"]
