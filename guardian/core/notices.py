"""What people are told, and when: level changes, milestones, "would have", troubles, the way back.

`key` is guardian/{instance}/{account}/{rule}/{episode}: one incident is one page, however often it worsens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from guardian.core.breaker import Demand
from guardian.core.effects import Effect, Notify
from guardian.core.model import AtLeast, Known, Level, Unknown, Verdict
from guardian.core.state import AccountState, Decision, Incident, RuleState, State

GOALS = {
    Level.NORMAL: "nothing to do",
    Level.CAUTION: "new size is capped by permit; keys for acting are being checked",
    Level.HALT: "bots told to pause, risk-increasing orders are cancelled; positions and stops untouched",
    Level.REDUCE: "positions are being reduced",
    Level.FLATTEN: "keys are being fenced, orders cancelled, positions closed",
    Level.LOCKOUT: "keys are being fenced, orders cancelled, positions closed; then the key is deleted",
}

MILESTONES = {
    "verified-flat": "Verified flat: two reads by two endpoints agree, no positions, no orders",
    "flat-lost": "No longer flat: positions or orders came back; closing again",
    "key-dead": "Execution key deleted: absent from two complete listings",
    "bots-stopped": "Bots stopped",
    "not-flat": "NOT FLAT past the deadline; guardian keeps trying. Look at the account now",
    "key-alive": "KEY NOT PROVEN DEAD past the deadline; guardian keeps trying. Delete it by hand now",
}


PAGED_ALONE = {"not-flat", "key-alive"}
"""Milestones that are a page of their own, because they ask a person to act now."""

RESOLVES = {"verified-flat": "not-flat", "key-dead": "key-alive"}


class Desk:
    """Builds the notifications of one account in one step; counts effect ids from the account's counter."""

    def __init__(self, instance: str, account: AccountState) -> None:
        self.instance = instance
        self.account = account
        self.effects: list[Effect] = []

    def key(self, rule: str, episode: str) -> str:
        return f"guardian/{self.instance}/{self.account.policy.name}/{rule}/{episode}"

    def tell(
        self,
        key: str,
        level: Level,
        title: str,
        lines: tuple[str, ...],
        kind: Literal["trigger", "resolve", "would"] = "trigger",
    ) -> None:
        counter = self.account.counter + 1
        name = self.account.policy.name
        self.account = replace(self.account, counter=counter)
        notification: Literal["trigger", "resolve"] = "resolve" if kind == "resolve" else "trigger"
        self.effects.append(
            Notify(f"{name}/{counter}", name, key, notification, level, title, lines, would=kind == "would")
        )


def tell_level(desk: Desk, before: Level, incident: Incident, demand: Demand | None) -> None:
    """The level rose (or CAUTION ended): one message, keyed by the incident."""
    account = desk.account
    name, level = account.policy.name, account.level
    key = desk.key(incident.rule, incident.code)
    if level < before:
        title = f"{level.name}: {name} is back from {before.name}"
        desk.tell(key, before, title, ("The cause has been calm for a minute.",), "resolve")
        return
    title = f"{level.name}: {name}"
    reason = _reason(demand) if demand else f"demanded by {incident.rule}"
    scope = f"Scope: account {name} only; other accounts are not affected."
    back = "" if level < Level.HALT else f"To end it: guardian resume {name} (typed confirmation)"
    desk.tell(key, level, title, tuple(x for x in (reason, f"Now: {GOALS[level]}.", scope, back) if x))


def _reason(demand: Demand) -> str:
    if demand.cause == "operator":
        return "Demanded by an operator"
    if demand.cause == "ignored":
        return "The bot ignores HALT: exposure still grows ten seconds after"
    if demand.cause == "stale":
        return f"Rule {demand.rule} is blind: its evidence is older than it allows"
    if demand.value is None or demand.limit is None:
        return f"Rule {demand.rule} is breached"
    return f"Rule {demand.rule}: {demand.value:.4g} is past its limit {demand.limit:.4g}"


def tell_milestones(desk: Desk, milestones: tuple[str, ...]) -> None:
    incident = desk.account.incident
    if incident is None:
        return
    for milestone in milestones:
        # Not being flat in time is a page of its own; everything else belongs to the incident's page.
        rule = milestone if milestone in PAGED_ALONE else incident.rule
        lines = (*_progress(incident), *_dust(desk.account))
        title = f"{desk.account.policy.name}: {MILESTONES[milestone]}"
        desk.tell(desk.key(rule, incident.code), desk.account.level, title, lines)
        if milestone in RESOLVES:
            resolve_late(desk, incident, (RESOLVES[milestone],))


def resolve_late(desk: Desk, incident: Incident, pages: tuple[str, ...]) -> None:
    """End the pages of their own that a milestone, or the operator, has answered."""
    if incident.flatness.paged_at is None:
        return
    for page in pages:
        title = f"{desk.account.policy.name}: {page} is over"
        desk.tell(desk.key(page, incident.code), desk.account.level, title, (), "resolve")


def _progress(incident: Incident) -> tuple[str, ...]:
    t0 = incident.t0 or incident.opened_at
    lines = [f"Incident {incident.code}, opened by {incident.rule} at {incident.opened_at:%H:%M:%S} UTC."]
    if incident.fence_impossible:
        lines.append(f"Fence impossible: {incident.fence_impossible}.")
    for key, at in incident.fenced:
        lines.append(f"Key {key} fenced {(at - t0).total_seconds():.1f} s after the breach.")
    if incident.flatness.verified_at:
        took = (incident.flatness.verified_at - t0).total_seconds()
        lines.append(f"Verified flat {took:.1f} s after the breach.")
    return tuple(lines)


def _dust(account: AccountState) -> tuple[str, ...]:
    """Positions below the venue's minimum, which no order can close: listed, never hidden."""
    left = (p for p in account.evidence.positions if 0 < abs(p.quantity) < p.minimum)
    return tuple(f"Dust left: {p.quantity} of {p.leg}." for p in left)


def tell_would(desk: Desk, found: tuple[Demand, ...]) -> None:
    """What rules that only observe would have done: told once per rise, resolved when proven clear."""
    would = {d.rule: d for d in found if not d.acts}
    for own in desk.account.rules:
        told = _tell_would_rule(desk, own, would.get(own.rule_id))
        if told is not own:
            rules = tuple(told if r.rule_id == own.rule_id else r for r in desk.account.rules)
            desk.account = replace(desk.account, rules=rules)


def _tell_would_rule(desk: Desk, own: RuleState, demand: Demand | None) -> RuleState:
    key = desk.key(own.rule_id, f"o{own.episode}")
    if demand is not None and demand.level > own.told:
        title = f"Would have: {demand.level.name} on {desk.account.policy.name}"
        desk.tell(key, demand.level, title, (_reason(demand), "Observing only: nothing was done."), "would")
        return replace(own, told=demand.level)
    if demand is None and own.told is not Level.NORMAL and own.below_since is not None:
        title = f"Clear again: {own.rule_id} on {desk.account.policy.name}"
        desk.tell(key, own.told, title, ("The value is well below its limits.",), "resolve")
        return replace(own, told=Level.NORMAL, episode=own.episode + 1)
    return own


def verdict_decisions(
    account: str, before: tuple[RuleState, ...], after: tuple[RuleState, ...]
) -> list[Decision]:
    """Verdicts that changed, for the journal."""
    old = {r.rule_id: r.verdict for r in before}
    return [
        Decision(
            account, "verdict", r.rule_id, str(old.get(r.rule_id, Verdict.WARMING)), str(r.verdict), number(r)
        )
        for r in after
        if old.get(r.rule_id) is not r.verdict
    ]


def number(own: RuleState) -> float | None:
    match own.measured:
        case Known(value) | AtLeast(value):
            return value
        case Unknown():
            return None


def tell_trouble(state: State, account: AccountState, subject: str, detail: str, healed: bool) -> Desk:
    """Guardian's own parts: a page for people, never a level."""
    desk = Desk(state.instance, account)
    key = desk.key("guardian", subject)
    if healed:
        desk.tell(key, Level.HALT, f"Healed: {subject}", (detail,), "resolve")
    else:
        desk.tell(key, Level.HALT, f"Guardian itself: {subject}", (detail,))
    return desk
