"""The way back from HALT and REDUCE that needs no operator: a cooldown, calm, and then a trial (half-open).

Laws: only what rules that all say `clears: auto` have demanded, and that would act again at once, ends by
itself. Unknown is neither calm nor clean. What stands in the way is listed (`hindrances`), and that list
decides as well as explains. Source: metrics.md section 2; why it is so, docs/decisions/0015.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from guardian.core.frozen import dataclass, replace
from guardian.core.judge import CLEAR_BELOW, past_limit
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.baseline import anew
from guardian.core.metrics.limits import limit_today, share_of, within
from guardian.core.model import CAUTION, HALT, NORMAL, REDUCE, Known, Rule
from guardian.core.state import AccountState, Decision, Incident, Target, Trial

DAY = timedelta(hours=24)
"""The longest cooldown, how far back halts make it longer, and after how long heat alone holds nothing up."""

PARTIAL_DWELL = timedelta(minutes=30)
"""How long a REDUCE that leaves something open is kept: nobody is shut out by it, so it is no halt."""

COOL = 0.3
CLEAN = timedelta(minutes=60)
CAPS = (0.25, 0.5)
TRIAL_SHARE = 0.5
"""In the trial, past this share of its limit a value is too much."""

LONGEST_SILENCE = timedelta(minutes=10)
"""Between two looks; after a longer one nobody can say that it was clean."""

KEPT_INCIDENTS = 5
JOURNAL_TROUBLE = "journal"
REASKED = ("permit", "prepare", "halt")

Eased = tuple[AccountState, tuple[Decision, ...]]
Relapse = tuple[Rule, float, float, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Scene:
    """An account in an incident, all rules, the ids of those that act now, and if anything is demanded."""

    account: AccountState
    incident: Incident
    rules: tuple[Rule, ...]
    acting: Collection[str]
    busy: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What stands in the way down: operator, cooldown, overheat, value, armed, evidence, integrity, journal
    or demand; with the rule it is about, the bound that its value must be within, or when it is over."""

    why: str
    rule: str = ""
    bound: float | None = None
    until: datetime | None = None


def hindrances(scene: Scene) -> Iterator[Hindrance]:
    """Everything that still stands in the way of the next step down; nothing: it is taken.

    One after the other: who asks only whether there is any looks no further than the first.
    """
    account, incident, causes = scene.account, scene.incident, causes_of(scene.incident, scene.rules)
    if not causes:
        yield Hindrance("operator")
        return
    if incident.trial is None:
        yield from _too_early(scene)
    for rule in causes:
        bound = calm_bound(account, incident, rule)
        if not _calm(account, rule, bound):
            yield Hindrance("value", rule.id, bound)
    barred = {
        "armed": any(rule.id not in scene.acting for rule in causes),
        "evidence": not _fresh(scene, causes),
        "integrity": _unsound(scene),
        "journal": JOURNAL_TROUBLE in account.troubles,
        "demand": scene.busy,
    }
    yield from (Hindrance(why) for why, bars in barred.items() if bars)


def causes_of(incident: Incident, rules: tuple[Rule, ...]) -> list[Rule]:
    """The rules that have halted it, if every one of them says auto; else none: an operator ends it."""
    found = [rule for rule in rules if rule.id in incident.causes and rule.clears == "auto"]
    return found if len(found) == len(incident.causes) and incident.level <= REDUCE else []


def _too_early(scene: Scene) -> Iterator[Hindrance]:
    until, cold = leaves_at(scene.account, scene.rules), scene.incident.entered_at + DAY
    if until is None or scene.now < until:
        yield Hindrance("cooldown", until=until)
    if partial(scene.account):
        return
    heat = scene.account.overheat
    if (heat is None or heat >= COOL) and scene.now < cold:
        yield Hindrance("overheat", bound=COOL, until=cold)


def leaves_at(account: AccountState, rules: tuple[Rule, ...]) -> datetime | None:
    """The end of the cooldown, None where only an operator ends it: cooldown * 2^n from the last rise on, at
    most a day. n counts the halts of the day before this one. What is only smaller waits for its dwell."""
    incident = account.incident
    if incident is None or not (causes := causes_of(incident, rules)):
        return None
    if partial(account):
        return incident.entered_at + PARTIAL_DWELL
    *before, last = account.halts or (incident.entered_at,)
    again = sum(halt > last - DAY for halt in before)
    seconds = max(rule.cooldown_seconds for rule in causes) * 2**again
    return incident.entered_at + min(timedelta(seconds=seconds), DAY)


def partial(account: AccountState) -> bool:
    """At REDUCE, with something left to every leg, and never halted in this incident."""
    incident = account.incident
    if incident is None or account.level is not REDUCE:
        return False
    return not halted(account)


def halted(account: AccountState) -> bool:
    """Whether this incident has shut the bot out before."""
    incident = account.incident
    return incident is not None and any(halt >= incident.opened_at for halt in account.halts)


def calm_bound(account: AccountState, incident: Incident | None, rule: Rule) -> float:
    """0.7 x its entry rung; in the trial, and where nothing begins anew, no more than half of its limit."""
    governed = [g for g in rule.ladder if HALT <= g.level <= REDUCE] or rule.ladder[-1:]
    entry, limit = (limit_today(rule, rung, account.overheat) for rung in (governed[0], governed[-1]))
    calm, half = share_of(entry, rule, CLEAR_BELOW), share_of(limit, rule, TRIAL_SHARE)
    if incident is not None and incident.trial is not None:
        return half
    strict = min if rule.direction == "over" else max
    return calm if _restarts(rule) else strict(calm, half)


def _restarts(rule: Rule) -> bool:
    """A sliding loss of the account begins anew, unless it may flatten; a day's and a peak's do not."""
    sliding = rule.window.kind == "sliding" and BY_NAME[rule.metric].family == "loss"
    own = rule.scope == "account" and rule.clears == "auto"
    return sliding and own and rule.ladder[-1].level <= REDUCE


def _calm(account: AccountState, rule: Rule, bound: float) -> bool:
    own = account.rule(rule.id)
    return own is not None and isinstance(own.measured, Known) and within(own.measured.value, rule, bound)


def _fresh(scene: Scene, causes: list[Rule]) -> bool:
    """Both accounts of the equity agree, and the newest whole read is no older than every cause allows."""
    read, nav = scene.account.evidence.complete_at, scene.account.nav
    allowed = timedelta(seconds=min(rule.stale_after_seconds for rule in causes))
    return nav is not None and nav.agreed and read is not None and scene.now - read <= allowed


def _unsound(scene: Scene) -> bool:
    checks = {rule.id for rule in scene.rules if BY_NAME[rule.metric].family == "integrity"}
    return any(any(own.past) for own in scene.account.rules if own.rule_id in checks)


def eased(scene: Scene) -> Eased:
    """One step down, if nothing stands in its way: into the trial, on in it, or out of it."""
    account, incident, now = scene.account, scene.incident, scene.now
    # What is demanded stands in the way whatever else does: almost always nothing more is looked at.
    hindered, trial, name = scene.busy or any(hindrances(scene)), incident.trial, account.policy.name
    if trial is None and hindered:
        return account, ()
    if trial is None:
        return _lowered(scene) if partial(account) else _half_open(scene)
    kept = trial.clean_since if now - trial.seen_at <= LONGEST_SILENCE else None
    since = None if hindered else kept or now
    if since is None or now - since < CLEAN:
        trial = replace(trial, seen_at=now, clean_since=since)
        return replace(account, incident=replace(incident, trial=trial)), ()
    if trial.cap == CAPS[-1]:
        decision = Decision(name, "level", incident.rule, account.level.name, NORMAL.name)
        return closed(account, incident), (decision,)
    wider = replace(incident, trial=Trial(CAPS[-1], now, now, now, trial.only), targets=reasked(incident))
    decision = Decision(name, "half-open", incident.rule, f"{trial.cap:g}", f"{CAPS[-1]:g}")
    return replace(account, incident=wider), (decision,)


def _lowered(scene: Scene) -> Eased:
    """From a smaller book to CAUTION, which has a dwell of its own; windows go on."""
    account, was, level = scene.account, scene.incident, CAUTION
    incident = Incident(was.code, was.opened_at, was.rule, was.cause, level, scene.now, targets=reasked(was))
    decision = Decision(account.policy.name, "level", was.rule, account.level.name, level.name)
    return replace(account, level=level, incident=incident), (decision,)


def _half_open(scene: Scene) -> Eased:
    """CAUTION at a quarter of the size. What its goals referred to is forgotten, and loss windows restart."""
    account, was, now = scene.account, scene.incident, scene.now
    trial, level = Trial(CAPS[0], now, now, now, was.only), CAUTION
    incident = Incident(was.code, was.opened_at, was.rule, was.cause, level, now, targets=reasked(was))
    incident = replace(incident, causes=was.causes, trial=trial)
    restarted = {rule.id for rule in scene.rules if rule.id in scene.acting and _restarts(rule)}
    rules = tuple(
        replace(own, baseline=anew(account.nav)) if own.rule_id in restarted else own for own in account.rules
    )
    decision = Decision(account.policy.name, "level", was.rule, account.level.name, level.name)
    return replace(account, level=level, incident=incident, rules=rules), (decision,)


def reasked(incident: Incident) -> tuple[Target, ...]:
    """What was asked for the level before must be asked again; orders keep their count of attempts."""
    return tuple(t for t in incident.targets if t.step not in REASKED)


def relapsed(account: AccountState, rules: tuple[Rule, ...]) -> Iterator[Relapse]:
    """Causes that are past half of their limit in the trial, each with its value, that bound, and what is
    halted by it."""
    incident = account.incident
    if incident is None or incident.trial is None:
        return
    for rule in (rule for rule in rules if rule.id in incident.causes):
        own, bound = account.rule(rule.id), calm_bound(account, incident, rule)
        if own is not None and past_limit(own.measured, rule, bound):
            yield rule, getattr(own.measured, "value", bound), bound, incident.trial.only


def size_cap(account: AccountState, usual: float) -> float:
    """The share of normal size that the permit allows: the level's, or the trial's."""
    trial = account.incident.trial if account.incident else None
    return min(usual, trial.cap) if trial else usual


def closed(account: AccountState, incident: Incident) -> AccountState:
    """Back to NORMAL; the incident is kept for people to look at."""
    past = (*account.past, incident)[-KEPT_INCIDENTS:]
    return replace(account, level=NORMAL, incident=None, past=past, demanded=NORMAL)
