"""Decide: from verdicts and operators to one level per account. The whole policy is on this page.

Laws: levels are goals and the worst demand wins, up at once. Down: CAUTION by itself after a dwell of calm,
HALT and REDUCE by an operator or as rearm.py says, FLATTEN and LOCKOUT only by an operator. Unknown never
lowers. A rule acts only where the rule *and* the account are armed; else it says what it would have done.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import compress
from typing import Literal

from guardian.core.effects import base36
from guardian.core.frozen import dataclass, replace
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.corroboration import corroborated, told, told_of_all
from guardian.core.metrics.group import GROUPS
from guardian.core.metrics.growth import fold_growth, grown
from guardian.core.metrics.limits import limit_today, within
from guardian.core.metrics.metric import SCOPE_CEILING
from guardian.core.metrics.reopened import reopened
from guardian.core.model import CAUTION, FLATTEN, HALT, LOCKOUT, NORMAL, REDUCE, Level, OnUnknown, Rule, Rung
from guardian.core.rearm import (
    JOURNAL_TROUBLE,
    Eased,
    Scene,
    closed,
    eased,
    halted,
    partial,
    reasked,
    relapsed,
    size_cap,
)
from guardian.core.state import KEPT_HALTS, AccountState, Decision, Incident, RuleState

Mode = Literal["normal", "reduce_only", "halt"]


@dataclass(frozen=True, slots=True)
class Law:
    """What holds at a level: who may end it (`rule`: as its `clears` says), and what the bot may do."""

    leaves: Literal["auto", "rule", "operator"]
    permit: Mode
    size_cap: float


LAWS: dict[Level, Law] = {
    NORMAL: Law("auto", "normal", 1.0),
    CAUTION: Law("auto", "normal", 0.5),
    HALT: Law("rule", "reduce_only", 0.0),
    REDUCE: Law("rule", "reduce_only", 0.0),
    FLATTEN: Law("operator", "halt", 0.0),
    LOCKOUT: Law("operator", "halt", 0.0),
}

BLIND_LEVEL = {OnUnknown.IGNORE: NORMAL, OnUnknown.CAUTION: CAUTION, OnUnknown.HALT: HALT}

CAUTION_DWELL = timedelta(seconds=60)
OPERATOR = "operator"
IGNORED = "bot-ignores-halt"


@dataclass(frozen=True, slots=True)
class Demand:
    """One rule's (or operator's) wish, for these symbols `only` or for all of the account.

    `acts` is false where guardian only observes.
    """

    rule: str
    level: Level
    acts: bool
    cause: Literal["breach", "stale", "operator", "ignored", "trial"]
    to: float | None = None
    value: float | None = None
    limit: float | None = None
    only: tuple[str, ...] = ()


Demands = tuple[Demand, ...]


def demands(account: AccountState, rules: tuple[Rule, ...], now: datetime) -> Demands:
    """Every demand above NORMAL, in the order of the rules, the operator's and the ignored halt's last."""
    known = {own.rule_id: own for own in account.rules if own.stale or True in own.fired}
    asked = [rule for rule in rules if rule.id in known] if known else []
    found = [d for rule in asked for d in _demand(account, rule, known[rule.id], now)]
    for rule, value, limit, only in relapsed(account, rules):
        found.append(Demand(rule.id, HALT, acts(account, rule, now), "trial", None, value, limit, only))
    if account.demanded is not NORMAL:
        found.append(Demand(OPERATOR, account.demanded, True, "operator"))
    if ignores_halt(account):
        # Whoever halted it: positions are moved by guardian alone only on an account that is armed.
        acting = _may_act(account, now)
        # Whoever ignores the halt of some symbols is halted as a whole before anything is flattened.
        scoped = account.incident is not None and account.incident.only
        found.append(Demand(IGNORED, HALT if scoped else FLATTEN, acting, "ignored"))
    return tuple(found)


def _demand(account: AccountState, rule: Rule, own: RuleState, now: datetime) -> Iterator[Demand]:
    acting = acts(account, rule, now)
    if True in own.fired:
        highest, value = ceiling(account, rule, own), getattr(own.measured, "value", None)
        fired = [(rung, _within(rung, highest)) for rung in compress(rule.ladder, own.fired)]
        # Each symbol is dealt with as far as it went: one past a lower rung does not wait for the worst one.
        if len(fired) > 1 and not own.fault:
            fired = [max(fired, key=lambda each: (each[1].level, -(each[1].to or 0.0)))]
        for written, rung in fired:
            limit = limit_today(rule, written, account.overheat)
            only = tuple([symbol for symbol, its in own.fault if not within(its, rule, limit)])
            yield Demand(rule.id, rung.level, acting, "breach", rung.to, value, limit, only)
    if own.stale and BLIND_LEVEL[rule.on_unknown] is not NORMAL and account.nav is not None:
        yield Demand(rule.id, BLIND_LEVEL[rule.on_unknown], acting, "stale")


def _within(rung: Rung, highest: Level) -> Rung:
    """A rung beyond what the evidence may demand still stops new risk: HALT until it may demand more."""
    return rung if rung.level <= highest else replace(rung, level=min(HALT, highest), to=None)


def ceiling(account: AccountState, rule: Rule, own: RuleState) -> Level:
    """How far this rule may go now: by its metric, by its scope, and by the accounts of its loss.

    FLATTEN and LOCKOUT for a loss, or for a multiple or a share of the equity, need a second account of it;
    with only one, nothing beyond REDUCE.
    """
    metric = BY_NAME[rule.metric]
    highest = min(metric.ceiling, SCOPE_CEILING[rule.scope])
    # An exposure is told by the equity, unless it is a time: one that is too small makes any size look large.
    doubtful = metric.corroborated or (metric.family == "exposure" and metric.unit != "seconds")
    if not doubtful or highest <= REDUCE:
        return highest
    if rule.scope in GROUPS:
        second = told_of_all(own.measured)
    elif metric.corroborated:
        second = corroborated(account, getattr(own.measured, "value", 0.0))
    else:
        second = told(account)
    return highest if second else REDUCE


def acts(account: AccountState, rule: Rule, now: datetime) -> bool:
    """A rule acts where its YAML says armed, the account is armed now, and guardian has hands."""
    return _named(account, rule) and _may_act(account, now)


def acting_of(account: AccountState, rules: tuple[Rule, ...], now: datetime) -> set[str]:
    """The ids of those that act."""
    return {rule.id for rule in rules if _named(account, rule)} if _may_act(account, now) else set()


def _named(account: AccountState, rule: Rule) -> bool:
    chosen = account.arming.rules
    return rule.armed and (not chosen or rule.id in chosen)


def _may_act(account: AccountState, now: datetime) -> bool:
    return account.arming.armed and account.policy.has_hands and not disarmed(account, now)


def disarmed(account: AccountState, now: datetime) -> bool:
    until = account.arming.disarmed_until
    return until is not None and now < until


def decide(
    account: AccountState, rules: tuple[Rule, ...], found: Demands, now: datetime, settles: bool = True
) -> tuple[AccountState, tuple[Decision, ...]]:
    """The account at its new level, and what changed; nothing is lowered unless it `settles`."""
    acting = [d for d in found if d.acts]
    account = fold_growth(account)
    changes: tuple[Decision, ...] = ()
    rising = [demand for demand in acting if _rises(account, demand)]  # almost always none
    for demand in sorted(acting, key=lambda d: (-d.level, d.to or 0.0)) if rising else ():  # the worst first
        if _rises(account, demand):
            account, made = _raise(account, demand, now)
            account, changes = fold_growth(account), changes + made
    if settles and not changes and account.incident is not None:
        account, changes = _settle(scene(account, account.incident, rules, found, now))
    return _joined(account, acting), changes


def scene(
    account: AccountState, incident: Incident, rules: tuple[Rule, ...], found: Demands, now: datetime
) -> Scene:
    """What the way down depends on. Busy: something is demanded, or an acting rule was past a limit when it
    last could tell."""
    acting = acting_of(account, rules, now)
    past = (own.rule_id for own in account.rules if True in own.past)
    busy = True in [d.acts for d in found] or not acting.isdisjoint(past)
    return Scene(account, incident, rules, acting, busy, now)


def _joined(account: AccountState, acting: list[Demand]) -> AccountState:
    """Whoever demands HALT or more in an incident must agree before it ends by itself."""
    incident = account.incident
    if not acting or incident is None or account.level < HALT:
        return account
    more = {d.rule for d in acting if d.level >= HALT}.difference(incident.causes)
    if not more:
        return account
    return replace(account, incident=replace(incident, causes=(*incident.causes, *sorted(more))))


def _rises(account: AccountState, demand: Demand) -> bool:
    incident = account.incident
    if incident is None or demand.level > account.level:
        return demand.level > account.level
    if not HALT <= account.level < FLATTEN or demand.level < HALT:
        return False
    wider = incident.only and not (demand.only and set(demand.only) <= set(incident.only))
    if wider or (demand.level is HALT and demand.cause != "operator" and partial(account)):
        return True  # who asks for a halt of what was only made smaller shuts the bot out
    return demand.level is REDUCE and _tighter(incident, demand)


def _tighter(incident: Incident, demand: Demand) -> bool:
    """Whether REDUCE is to go further than it does for anything that this demand is about."""
    whole = 1.0 if incident.reduce_to is None else incident.reduce_to
    known = [min(whole, dict(incident.goals).get(symbol, 1.0)) for symbol in demand.only] or [whole]
    return (demand.to or 0.0) < max(known)


def _raise(account: AccountState, demand: Demand, now: datetime) -> tuple[AccountState, tuple[Decision, ...]]:
    before = account.level
    code, cause = base36(int(now.timestamp())), demand.cause
    incident = account.incident or Incident(code, now, demand.rule, cause, demand.level, now)
    if incident.trial is not None:
        incident = replace(incident, trial=None, targets=reasked(incident))
    incident = _scoped(incident, before, demand)
    level = max(before, demand.level)
    incident = replace(incident, level=level, entered_at=now, calm_since=None)
    incident = _entered(incident, account, demand, now)
    if _halts(account, demand):
        account = replace(account, halts=(*account.halts, now)[-KEPT_HALTS:])
    decision = Decision(
        account.policy.name, "level", demand.rule, before.name, level.name, demand.value, demand.limit
    )
    return replace(account, level=level, incident=incident), (decision,)


def _halts(account: AccountState, demand: Demand) -> bool:
    """Whether a rule shuts the bot out by this, and it was not shut out yet."""
    smaller = demand.level is REDUCE and bool(demand.to) and not halted(account)
    if demand.level < HALT or smaller or demand.cause == "operator":
        return False
    return account.level < HALT or partial(account)


def _scoped(incident: Incident, before: Level, demand: Demand) -> Incident:
    """Which symbols are halted from now on; once all of the account is, it stays so. A wider halt is a new
    one for who must heed it: whether exposure grows is looked at anew."""
    if demand.level < HALT or (before >= HALT and not incident.only):
        return incident
    only = tuple(sorted({*incident.only, *demand.only})) if demand.only else ()
    wider = replace(incident, only=only)
    if before < HALT or only == incident.only:
        return wider
    return replace(wider, halted_at=None, grown_from=None, margin_from=None, watched=(), watched_at=None)


def _entered(incident: Incident, account: AccountState, demand: Demand, now: datetime) -> Incident:
    """Remember what the goals refer to: the legs at REDUCE, the prices at HALT, t0 at FLATTEN."""
    positions = account.evidence.positions
    if demand.level >= HALT and incident.halted_at is None:
        prices = tuple((p.leg, p.unit) for p in positions)
        incident = replace(incident, halted_at=now, prices=prices)
    if demand.level is REDUCE:
        legs, to = incident.legs or tuple((p.leg, p.quantity) for p in positions), demand.to or 0.0
        goals = dict(incident.goals)
        goals |= {symbol: min(to, goals.get(symbol, 1.0)) for symbol in demand.only}
        whole = incident.reduce_to if demand.only else to
        incident = replace(incident, legs=legs, reduce_to=whole, goals=tuple(sorted(goals.items())))
    if demand.level >= FLATTEN and incident.t0 is None:
        incident = replace(incident, t0=now)
    return incident


def permit_of(account: AccountState) -> tuple[Mode, float, tuple[str, ...]]:
    """What the bot may do: mode, share of normal size, and the symbols in which it may only reduce."""
    law, incident = LAWS[account.level], account.incident
    if incident is not None and incident.only and HALT <= account.level < FLATTEN:
        return "normal", LAWS[CAUTION].size_cap, incident.only
    return law.permit, size_cap(account, law.size_cap), ()


def _settle(scene: Scene) -> Eased:
    """CAUTION ends by itself after a dwell of proven calm; what is above it, as rearm.py says."""
    account, incident, now = scene.account, scene.incident, scene.now
    if account.level is not CAUTION or incident.trial is not None:
        return eased(scene)
    if JOURNAL_TROUBLE in account.troubles:
        return account, ()  # with the journal down, escalation continues and de-escalation is refused
    if scene.busy or not _calm(account, incident):
        if incident.calm_since is not None:
            account = replace(account, incident=replace(incident, calm_since=None))
        return account, ()
    since = incident.calm_since or now
    if now - since < CAUTION_DWELL:
        return replace(account, incident=replace(incident, calm_since=since)), ()
    decision = Decision(account.policy.name, "level", incident.rule, account.level.name, NORMAL.name)
    return closed(account, incident), (decision,)


def _calm(account: AccountState, incident: Incident) -> bool:
    own = account.rule(incident.rule)
    if own is None:
        return True
    return not own.stale if incident.cause == "stale" else own.below_since is not None


def ignores_halt(account: AccountState) -> bool:
    """Exposure still growing ten seconds after HALT, or opened anew as often as it is closed: it does not
    listen."""
    incident = account.incident
    if incident is None or not HALT <= account.level < FLATTEN:
        return False
    return grown(account) or reopened(incident)
