"""Keys: fence the bot's keys at once, prove it by a complete listing, delete at LOCKOUT, prove absence twice.

Laws: the fence touches keys, never the sub-account; guardian's own ids are refused; fenced means that a
complete listing asked *after* the fence's answer says so, or that fencing is recorded as impossible.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.effects import DeleteKey, DestroySecret, Effect, FenceKey, ListKeys, UnfenceKey
from guardian.core.events import Outcome
from guardian.core.frozen import replace
from guardian.core.model import LOCKOUT, KeyRecord
from guardian.core.plan.draft import UNSENT, Draft
from guardian.core.plan.exposure import nothing_held
from guardian.core.state import AccountState, Target

LISTING_EVERY = timedelta(seconds=0.9)
LOOK_AGAIN = timedelta(seconds=15)
APART = timedelta(seconds=2)
FENCE_PATIENCE = timedelta(seconds=5)
"""How long LOCKOUT waits for a failing fence before it deletes the key, and a hopeless try rests at first."""


REFUSALS_ARE_IMPOSSIBLE = 5
"""Refused fences of a key after which it counts as impossible to fence (and is said so); tries go on."""


def bot_keys(draft: Draft) -> tuple[str, ...]:
    """Public ids to fence: the configured ones, or every trading key on the account but guardian's own.

    A key that this incident has fenced stays one of them, although the listing no longer shows it trading.
    """
    policy = draft.account.policy
    if policy.bot_keys:
        return tuple(k for k in policy.bot_keys if k not in policy.own_keys)
    listed = (k.id for k in draft.account.evidence.keys if k.can_trade and k.id not in policy.own_keys)
    tried = (t.key.removeprefix("fence:") for t in draft.targets("fence"))
    return tuple(sorted({*listed, *tried}))


def plan_fence(draft: Draft) -> None:
    """FLATTEN: fence every bot key now; list until a complete listing proves it."""
    if not draft.account.policy.has_admin:
        if not draft.incident.fence_impossible:
            draft.note(fence_impossible="no admin key: guardian can neither fence nor delete")
        return
    account = draft.account.policy.name
    _prove_fence(draft)
    proven = dict(draft.incident.fenced)
    for key in bot_keys(draft):
        if key not in proven:
            _insist(draft, "fence", key, FenceKey(UNSENT, account, key))
    if not fence_settled(draft):
        _list(draft)
    else:
        _look_again(draft)


def _look_again(draft: Draft) -> None:
    """A fence that holds is looked at again: somebody may lift it, or make the bot a new key."""
    target = draft.target("list")
    if target is None or (not target.in_flight and draft.now >= target.sent_at + LOOK_AGAIN):
        draft.send("list", "list", ListKeys(UNSENT, draft.account.policy.name))


def _insist(draft: Draft, step: str, key: str, effect: Effect) -> bool:
    """Persist, and start again when a complete listing asked after the answer shows that it was not so.

    What was impossible is tried again now and then: the answer may have been wrong, or the permission that it
    needs given since. That nothing is left to do only a later listing proves.
    """
    name = f"{step}:{key}"
    target = draft.target(name)
    hopeless = target is not None and _hopeless(target)
    if target is not None and hopeless and _may_wait(draft, target):
        return True
    settled = draft.persist(name, step, effect)
    if not settled or target is None or target.reported_at is None:
        return settled
    record = next((k for k in draft.account.evidence.keys if k.id == key), None)
    undone = record is not None if step == "delete" else not _harmless(record)
    if not (undone if _listed_after(draft, target.reported_at) else hopeless):
        return True
    if draft.rested(target):
        draft.send(name, step, effect)
    return False


def _may_wait(draft: Draft, hopeless: Target) -> bool:
    """Tried ever more seldom, and within the budget; a fence not while two reads are about to prove flat.

    Its answers make the reads before them prove nothing. A proof that had time enough to come is no excuse.
    """
    policy, waited = draft.account.policy, draft.now - (hopeless.reported_at or draft.now)
    budget, seen = timedelta(seconds=policy.flatten_deadline_seconds), draft.account.evidence
    proving = hopeless.step == "fence" and draft.incident.flatness.verified_at is None
    if proving and not seen.orders and nothing_held(seen):
        return waited < max(budget, timedelta(seconds=3 * policy.snapshot_seconds))
    if hopeless.outcome is Outcome.REFUSED:
        return False
    return waited < min(FENCE_PATIENCE * hopeless.attempts, LOOK_AGAIN, budget / 4)


def _prove_fence(draft: Draft) -> None:
    """A key is fenced when a complete listing, asked after the fence's answer, shows it harmless."""
    listed = {k.id: k for k in draft.account.evidence.keys}
    proven = dict(draft.incident.fenced)
    facts = dict(draft.incident.fence_facts)
    for key in bot_keys(draft):
        target = draft.target(f"fence:{key}")
        if target is None or target.reported_at is None:
            continue
        if target.facts:
            # The first answer tells what was there before the fence; a repeated fence sees only the fence.
            facts.setdefault(key, target.facts)
        if not _listed_after(draft, target.reported_at):
            continue
        if not _harmless(listed.get(key)):
            proven.pop(key, None)
        elif key not in proven:
            proven[key] = target.reported_at
    if proven != dict(draft.incident.fenced) or facts != dict(draft.incident.fence_facts):
        draft.note(fenced=tuple(sorted(proven.items())), fence_facts=tuple(sorted(facts.items())))


def plan_unfence(account: AccountState, now: datetime) -> tuple[AccountState, tuple[Effect, ...]]:
    """Below FLATTEN: give back what a resume owes to the bots, each key until the venue says so.

    A fence in flight is answered first. What is impossible is tried on: people are told, and may change that.
    """
    draft, debts = Draft(account, now), []
    for debt in account.to_unfence:
        if not debt.in_flight and (debt.step == "fence" or draft.rested(debt)):
            effect = UnfenceKey(UNSENT, account.policy.name, debt.key, debt.facts)
            debt = replace(draft.sent(effect, debt.key, "unfence", debt.attempts + 1), facts=debt.facts)
        debts.append(debt)
    after = replace(account, counter=draft.counter, to_unfence=tuple(debts))
    return after, tuple(draft.effects)


def _harmless(record: KeyRecord | None) -> bool:
    return record is None or record.read_only or not record.can_trade


def _listed_after(draft: Draft, instant: datetime | None) -> bool:
    asked = draft.account.evidence.keys_asked
    return asked is not None and instant is not None and asked > instant


def _list(draft: Draft) -> None:
    """A listing now, and again about every second (with each poll) while something is unproven."""
    target = draft.target("list")
    if target is not None and (target.in_flight or draft.now < target.sent_at + LISTING_EVERY):
        pending = [t.reported_at for t in draft.targets("fence", "delete") if t.reported_at is not None]
        if target.in_flight or not pending or max(pending) < target.sent_at:
            return
    draft.send("list", "list", ListKeys(UNSENT, draft.account.policy.name))


def fence_settled(draft: Draft) -> bool:
    """Every bot key is proven fenced, or fencing is recorded as impossible."""
    if draft.incident.fence_impossible:
        return True
    keys = bot_keys(draft)
    if not keys:
        # No key known yet: only a complete listing of this incident proves that there is none to fence.
        return _listed_after(draft, draft.incident.t0)
    proven = {key for key, _ in draft.incident.fenced}
    return all(key in proven or _impossible(draft, key) for key in keys)


def _impossible(draft: Draft, key: str) -> bool:
    """Recorded as impossible to fence."""
    target = draft.target(f"fence:{key}")
    return target is not None and _hopeless(target)


def _hopeless(target: Target) -> bool:
    """It cannot be done at all, or it is a fence refused so often that trying is not fencing."""
    often = target.step == "fence" and target.attempts >= REFUSALS_ARE_IMPOSSIBLE
    return target.outcome is Outcome.IMPOSSIBLE or (often and target.outcome is Outcome.REFUSED)


def plan_deletion(draft: Draft) -> None:
    """LOCKOUT: delete once flat (or the fence fails, or the budget is over), then prove absence twice."""
    if not draft.account.policy.has_admin or not _time_to_delete(draft):
        return
    account = draft.account.policy.name
    keys = bot_keys(draft)
    _prove_absence(draft, keys)
    gone = [_insist(draft, "delete", key, DeleteKey(UNSENT, account, key)) for key in keys]
    if deletion_wanted(draft):
        _list(draft)
    ref = draft.account.policy.secret_ref
    if gone and all(gone) and ref:
        draft.persist("destroy", "destroy", DestroySecret(UNSENT, account, ref))


def _time_to_delete(draft: Draft) -> bool:
    incident = draft.incident
    if incident.flatness.verified_at is not None or draft.targets("delete"):
        return True
    t0 = incident.t0 or draft.now
    proven = {f"fence:{key}" for key, _ in incident.fenced}
    failing = any(
        t.attempts > 1 or t.outcome not in (None, Outcome.DONE)
        for t in draft.targets("fence")
        if t.key not in proven
    )
    patience = FENCE_PATIENCE if failing else timedelta(seconds=draft.account.policy.flatten_deadline_seconds)
    return draft.now >= t0 + patience


def _prove_absence(draft: Draft, keys: tuple[str, ...]) -> None:
    """Absent from two complete listings, both asked after the deletion was answered, two seconds apart."""
    asked = draft.account.evidence.keys_asked
    listed = {k.id for k in draft.account.evidence.keys}
    first = dict(draft.incident.absent_at)
    dead = set(draft.incident.dead_keys)
    for key in keys:
        target = draft.target(f"delete:{key}")
        if asked is None or target is None or target.reported_at is None or asked <= target.reported_at:
            continue
        if key in listed:
            first.pop(key, None)
            dead.discard(key)
        elif asked >= first.setdefault(key, asked) + APART:
            dead.add(key)
    draft.note(absent_at=tuple(sorted(first.items())), dead_keys=tuple(sorted(dead)))
    if keys and dead >= set(keys) and draft.incident.key_dead_at is None:
        draft.note(key_dead_at=draft.now)


def deletion_wanted(draft: Draft) -> bool:
    """LOCKOUT still has a key to prove dead."""
    return (
        draft.account.level is LOCKOUT
        and draft.account.policy.has_admin
        and draft.incident.key_dead_at is None
        and not (fence_settled(draft) and not bot_keys(draft))
    )
