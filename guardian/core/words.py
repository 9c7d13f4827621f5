"""What people read: titles and lines. Who is told, when, how loudly and under which key is in notices.py.

Law: nothing here decides. A text is made of values that are given, and nobody branches on a text.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.breaker import Demand
from guardian.core.events import Disarmed, Expected
from guardian.core.facts.transfers import Expectation
from guardian.core.model import CAUTION, FLATTEN, HALT, LOCKOUT, NORMAL, REDUCE, Level
from guardian.core.rearm import Hindrance
from guardian.core.state import AccountState, Incident, Trial

Text = tuple[str, tuple[str, ...]]
"""A title and the lines under it."""

ONE_TRANSFER = "One transfer like it does not count as foreign; everything else is judged as ever."

GOALS = {
    NORMAL: "nothing to do",
    CAUTION: "new size is capped by permit; keys for acting are being checked",
    HALT: "bots told to pause, risk-increasing orders are cancelled; positions and stops untouched",
    REDUCE: "positions are being reduced",
    FLATTEN: "keys are being fenced, orders cancelled, positions closed",
    LOCKOUT: "keys are being fenced, orders cancelled, positions closed; then the key is deleted",
}

MILESTONES = {
    "verified-flat": "Verified flat: two reads by two endpoints agree, no positions, no orders",
    "flat-lost": "No longer flat: positions or orders came back; closing again",
    "key-dead": "Execution key deleted: absent from two complete listings",
    "bots-stopped": "Bots stopped",
    "not-flat": "NOT FLAT past the deadline; guardian keeps trying. Look at the account now",
    "key-alive": "KEY NOT PROVEN DEAD past the deadline; guardian keeps trying. Delete it by hand now",
}


def rose(name: str, level: Level, incident: Incident, demand: Demand | None, leaves: datetime | None) -> Text:
    """Why, what guardian does now, what it leaves alone, and the way back."""
    why = reason(demand) if demand else f"demanded by {incident.rule}"
    scope = f"Scope: account {name} only; other accounts are not affected."
    if incident.only and level < FLATTEN:
        scope = f"Scope: {', '.join(incident.only)} of account {name} only."
    to = " to nothing" if demand and demand.to == 0 and level is REDUCE else ""
    lines: tuple[str, ...] = (why, f"Now: {GOALS[level]}{to}.", scope)
    if leaves is not None:
        lines += (f"By itself not before {leaves:%Y-%m-%d %H:%M} UTC, and only when it is calm.",)
    back = (f"To end it: guardian resume {name} (typed confirmation)",)
    return f"{level.name}: {name}", lines if level < HALT else lines + back


def calmed(name: str, before: Level, incident: Incident) -> Text:
    why = "The cause has been calm for a minute."
    if incident.trial is not None:
        why = "Re-armed by itself: the trial was clean. New size is no longer capped."
    return f"{NORMAL.name}: {name} is back from {before.name}", (why,)


def lowered(name: str, before: Level) -> Text:
    lines = ("It has been calm for half an hour. New size stays halved until the cause is over.",)
    return f"{CAUTION.name}: {name} is back from {before.name}", lines


def half_open(name: str, before: Level, trial: Trial) -> Text:
    """On the way back by itself: what is allowed now, and what comes next."""
    came = f" after {before.name}" if before > CAUTION else ""
    lines = (
        f"Re-arming by itself: new size is capped at {trial.cap:.0%} until an hour has been clean.",
        "Past half of a limit it goes back to HALT, and the cooldown doubles.",
    )
    return f"HALF-OPEN at {trial.cap:.0%}: {name}{came}", lines


def hindrance(hindrance: Hindrance, account: AccountState, value: str, side: str) -> str:
    """What is still waited for on the way down; `value` is that of its rule, `side` where it should be."""
    until = f"{hindrance.until:%Y-%m-%d %H:%M} UTC" if hindrance.until else ""
    heat = "unknown" if account.overheat is None else f"{account.overheat:.2f}"
    return {
        "operator": f"an operator: guardian resume {account.policy.name}",
        "cooldown": f"cooldown until {until}",
        "overheat": f"overheat below {hindrance.bound} (now {heat}), or {until}",
        "value": f"value of {hindrance.rule} {side} {hindrance.bound or 0:.4g} (now {value})",
        "armed": "every rule that halted it to be able to act again",
        "evidence": "a whole read on which both accounts of the equity agree",
        "integrity": "no breach of integrity",
        "journal": "a journal that writes",
        "demand": "every rule to be within its limits",
    }[hindrance.why]


def reason(demand: Demand) -> str:
    if demand.cause == "operator":
        return "Demanded by an operator"
    if demand.cause == "ignored":
        return "The bot ignores HALT: exposure still grows ten seconds after"
    if demand.cause == "stale":
        return f"Rule {demand.rule} is blind: its evidence is older than it allows"
    if demand.value is None or demand.limit is None:
        return f"Rule {demand.rule} is breached"
    if demand.cause == "trial":
        return f"Half-open, and rule {demand.rule}: {demand.value:.4g} is past half of its limit"
    return f"Rule {demand.rule}: {demand.value:.4g} is past its limit {demand.limit:.4g}"


def reached(account: AccountState, incident: Incident, milestone: str) -> Text:
    return f"{account.policy.name}: {MILESTONES[milestone]}", (*_progress(incident), *_dust(account))


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


def answered(name: str, page: str) -> Text:
    return f"{name}: {page} is over", ()


def would(name: str, demand: Demand) -> Text:
    title = f"Would have: {demand.level.name} on {name}"
    return title, (reason(demand), "Observing only: nothing was done.")


def clear_again(name: str, rule: str) -> Text:
    return f"Clear again: {rule} on {name}", ("The value is well below its limits.",)


def trouble(subject: str, detail: str, healed: bool) -> Text:
    return f"Healed: {subject}" if healed else f"Guardian itself: {subject}", (detail,)


def failed(rule: str, why: str) -> Text:
    if not why:
        return f"Judged again: {rule}", ("Its metric no longer fails.",)
    return f"Guardian cannot judge {rule}", (f"{why}. Every other rule is judged as ever.",)


def armed_again(name: str) -> Text:
    return f"Armed again: {name}", ("The disarmed time is over.",)


def loosened(account: AccountState, event: Disarmed | Expected) -> Text:
    """What an operator has done that makes things riskier; the account is as it is now."""
    name = account.policy.name
    if isinstance(event, Disarmed):
        until = account.arming.disarmed_until or event.until
        lines = f"By {event.by}: {event.reason}.", f"Re-arms itself at {until:%Y-%m-%d %H:%M} UTC."
        return f"Disarmed: {name}", lines
    what = f"{event.amount:f} {event.currency}, {event.tolerance:.1%} more or less"
    lines = f"By {event.by}: {event.reason}.", f"Until {event.until:%Y-%m-%d %H:%M} UTC. {ONE_TRANSFER}"
    return f"Expected to leave {name}: {what}", lines


def ended(name: str, expectation: Expectation) -> Text:
    what, met_at = f"{expectation.amount:f} {expectation.currency}", expectation.met_at
    if met_at is None:
        return f"Expected no more to leave {name}: {what}", ("Nothing like it left in time.",)
    return f"Left {name} as expected: {what}", (f"At {met_at:%H:%M:%S} UTC. Another one is not expected.",)


def resumed(name: str, by: str, why: str) -> Text:
    return f"Resumed: {name} by {by}", (f"Reason: {why}.",)
