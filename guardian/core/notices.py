"""Who is told what, and when: level changes, milestones, "would have", troubles, the way back (words.py).

`key` is guardian/{instance}/{account}/{rule}/{episode}: one incident is one page, however often it worsens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from guardian.core import words
from guardian.core.breaker import Demand
from guardian.core.effects import Effect, Notify
from guardian.core.frozen import replace
from guardian.core.metrics.expected import over
from guardian.core.metrics.fresh import FAILED
from guardian.core.model import CAUTION, HALT, NORMAL, AtLeast, Known, Level, Unknown
from guardian.core.state import AccountState, Decision, Incident, RuleState, State

PAGED_ALONE = {"not-flat", "key-alive"}
"""Milestones that are a page of their own, because they ask a person to act now."""

RESOLVES = {"verified-flat": "not-flat", "key-dead": "key-alive"}

Kind = Literal["trigger", "resolve", "would"]
Rules = Sequence[RuleState]


class Desk:
    """Builds the notifications of one account in one step; counts effect ids from the account's counter."""

    def __init__(self, instance: str, account: AccountState) -> None:
        self.instance = instance
        self.account = account
        self.effects: list[Effect] = []

    @property
    def name(self) -> str:
        return self.account.policy.name

    def key(self, rule: str, episode: str) -> str:
        return f"guardian/{self.instance}/{self.name}/{rule}/{episode}"

    def next_id(self) -> str:
        self.account = replace(self.account, counter=self.account.counter + 1)
        return f"{self.name}/{self.account.counter}"

    def tell(self, key: str, level: Level, text: words.Text, kind: Kind = "trigger") -> None:
        notification: Literal["trigger", "resolve"] = "resolve" if kind == "resolve" else "trigger"
        self.effects.append(
            Notify(self.next_id(), self.name, key, notification, level, *text, would=kind == "would")
        )


def tell_level(
    desk: Desk, before: Level, incident: Incident, demand: Demand | None, leaves: datetime | None = None
) -> None:
    """The level changed, or how far REDUCE goes, or the trial: one message, keyed by the incident."""
    level, key = desk.account.level, desk.key(incident.rule, incident.code)
    if desk.account.incident is None:
        desk.tell(key, before, words.calmed(desk.name, before, incident), "resolve")
    elif incident.trial is not None:
        desk.tell(key, before, words.half_open(desk.name, before, incident.trial), "resolve")
    elif level < before:
        desk.tell(key, before, words.lowered(desk.name, before), "resolve")
    else:
        desk.tell(key, level, words.rose(desk.name, level, incident, demand, leaves))


def tell_milestones(desk: Desk, milestones: tuple[str, ...]) -> None:
    incident = desk.account.incident
    if incident is None:
        return
    for milestone in milestones:
        # Not being flat in time is a page of its own; everything else belongs to the incident's page.
        rule = milestone if milestone in PAGED_ALONE else incident.rule
        text = words.reached(desk.account, incident, milestone)
        desk.tell(desk.key(rule, incident.code), desk.account.level, text)
        if milestone in RESOLVES:
            resolve_late(desk, incident, (RESOLVES[milestone],))


def resolve_late(desk: Desk, incident: Incident, pages: tuple[str, ...]) -> None:
    """End the pages of their own that a milestone, or the operator, has answered."""
    if incident.flatness.paged_at is None:
        return
    for page in pages:
        key, text = desk.key(page, incident.code), words.answered(desk.name, page)
        desk.tell(key, desk.account.level, text, "resolve")


def tell_over(desk: Desk) -> None:
    """Transfers that were announced and have left, or have not in time."""
    desk.account, ended = over(desk.account)
    for each in ended:
        desk.tell(desk.key("guardian", "expected"), CAUTION, words.ended(desk.name, each), "resolve")


def tell_would(desk: Desk, found: tuple[Demand, ...]) -> None:
    """What rules that only observe would have done: told once per rise, resolved when proven clear."""
    demanded = {d.rule: d for d in found if not d.acts}
    if not demanded and not [own for own in desk.account.rules if own.told]:
        return  # nobody was told and nobody is to be: almost always
    rules = tuple(_tell_would_rule(desk, own, demanded.get(own.rule_id)) for own in desk.account.rules)
    if rules != desk.account.rules:
        desk.account = replace(desk.account, rules=rules)


def _tell_would_rule(desk: Desk, own: RuleState, demand: Demand | None) -> RuleState:
    if demand is not None and demand.level > own.told:
        desk.tell(_would_key(desk, own), demand.level, words.would(desk.name, demand), "would")
        return replace(own, told=demand.level)
    if demand is None and own.told is not NORMAL and own.below_since is not None:
        desk.tell(_would_key(desk, own), own.told, words.clear_again(desk.name, own.rule_id), "resolve")
        return replace(own, told=NORMAL, episode=own.episode + 1)
    return own


def _would_key(desk: Desk, own: RuleState) -> str:
    return desk.key(own.rule_id, f"o{own.episode}")


def verdict_decisions(account: str, before: Rules, after: Rules) -> list[Decision]:
    """Verdicts that changed, for the journal; of the same rules in the same order."""
    return [
        Decision(account, "verdict", own.rule_id, str(before[i].verdict), str(own.verdict), number(own))
        for i, own in enumerate(after)
        if own.verdict is not before[i].verdict
    ]


def number(own: RuleState) -> float | None:
    match own.measured:
        case Known(value) | AtLeast(value):
            return value
        case Unknown():
            return None


def tell_failures(desk: Desk, before: Rules) -> None:
    """A rule whose metric raises is a blind rule by a defect: a page of its own, once, until it is judged.

    `before` are the same rules in the same order, as they were.
    """
    for i, own in enumerate(desk.account.rules):
        if type(own.measured) is not Unknown and type(before[i].measured) is not Unknown:
            continue  # almost always
        why = _failure(own)
        if bool(why) is not bool(_failure(before[i])):
            key, text = desk.key("guardian", f"rule {own.rule_id}"), words.failed(own.rule_id, why)
            desk.tell(key, HALT, text, "trigger" if why else "resolve")


def _failure(own: RuleState) -> str:
    measured = own.measured
    return measured.why if type(measured) is Unknown and measured.why.startswith(FAILED) else ""


def tell_trouble(state: State, account: AccountState, subject: str, detail: str, healed: bool) -> Desk:
    """Guardian's own parts: a page, never a level. What a daily check found is told by its one report."""
    desk, level = Desk(state.instance, account), NORMAL if subject.startswith("sanity ") else HALT
    key, text = desk.key("guardian", subject), words.trouble(subject, detail, healed)
    desk.tell(key, level, text, "resolve" if healed else "trigger")
    return desk
