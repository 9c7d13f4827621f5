"""step(): observe, measure, judge, decide, plan, in this order, and nothing else.

Law: synchronous, total and deterministic. Time is `event.at` and never runs backwards; the same state and the
same event give the same state and the same effects, byte for byte.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, localcontext

from guardian.core import notices, observe, words
from guardian.core.breaker import OPERATOR, Demand, decide, demands
from guardian.core.effects import Effect, PrepareKeys, SetPermit
from guardian.core.events import (
    ActivityTaken,
    Armed,
    Configured,
    Demanded,
    Disarmed,
    Drilled,
    EffectReported,
    Event,
    Expected,
    KeysListed,
    MarketTaken,
    Resumed,
    SnapshotTaken,
    Started,
    TelemetryTold,
    Troubled,
    account_of,
)
from guardian.core.frozen import replace
from guardian.core.judge import judge
from guardian.core.metrics.accepted import accepted
from guardian.core.metrics.expected import announced
from guardian.core.metrics.flows import rebased_on
from guardian.core.metrics.limits import heated
from guardian.core.model import CAUTION, FLATTEN, HALT, NORMAL
from guardian.core.notices import Desk
from guardian.core.plan import plan
from guardian.core.plan.keys import plan_unfence
from guardian.core.rearm import closed, leaves_at
from guardian.core.state import AccountState, Decision, RuleState, State, owing, taken_up

Observed = tuple[AccountState, tuple[Effect, ...], tuple[Decision, ...]]


ARITHMETIC = Context(prec=28, rounding=ROUND_HALF_EVEN)
"""The core's own: what a library makes of the process's decimal context must not decide anything here."""


def step(state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """Fold one event into the state; return the new state and the effects to perform."""
    with localcontext(ARITHMETIC):
        return _step(state, event)


def _step(state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    now = event.at if state.now is None else max(state.now, event.at)
    if isinstance(event, Configured):
        return observe.configured(replace(state, now=now, decisions=()), event), ()
    accounts = list(state.accounts)
    effects: list[Effect] = []
    decisions: list[Decision] = []
    for place in state.places(account_of(event)):
        accounts[place], more, made = _one(state, accounts[place], event, now)
        effects += more
        decisions += made
    return replace(state, now=now, accounts=tuple(accounts), decisions=tuple(decisions)), tuple(effects)


def _one(state: State, account: AccountState, event: Event, now: datetime) -> Observed:
    account, first, decisions = _observe(state, account, event)
    account, then, more = _conclude(state, account, now)
    if first and account.level is not NORMAL:
        # Resumed into a breach that still holds: effects run in parallel, and nothing is lifted.
        held = ("permit", "prepare_keys", *(("unfence_key",) if account.level >= FLATTEN else ()))
        first = tuple(e for e in first if e.kind not in held)
    return account, (*first, *then), (*decisions, *more)


def _observe(state: State, account: AccountState, event: Event) -> Observed:
    match event:
        case Started():
            return observe.started(account, event), (), ()
        case SnapshotTaken():
            return observe.snapshot(state, account, event), (), ()
        case MarketTaken() | ActivityTaken() | TelemetryTold():
            return observe.beside(account, event), (), ()
        case KeysListed():
            return observe.keys_listed(account, event), (), ()
        case EffectReported():
            return observe.reported(account, event), (), ()
        case Armed():
            return _armed(state, account, event)
        case Disarmed() | Expected():
            return _loosened(state, account, event)
        case Demanded():
            demanded = max(account.demanded, event.level)
            account = replace(_proven_anew(taken_up(account, event), event), demanded=demanded)
            return account, (), (_said(account, "demanded", event.by),)
        case Resumed():
            return _resumed(state, account, event)
        case Drilled():
            decision = Decision(account.policy.name, "drilled", "", "", event.by)
            return replace(account, drilled_at=event.at), (), (decision,)
        case Troubled():
            return _troubled(state, account, event)
        case _:
            return account, (), ()


def _said(account: AccountState, what: str, by: str) -> Decision:
    return Decision(account.policy.name, what, OPERATOR, "", by)


def _conclude(state: State, account: AccountState, now: datetime) -> Observed:
    """Judge every rule, decide the level, plan what is missing, and tell people."""
    before = account
    rules = {rule.id: rule for rule in state.rules}
    known = [own for own in account.rules if own.rule_id in rules]
    account = heated(account, state.rules, now)
    judged = [judge(account, rules[own.rule_id], own, now, state.accounts) for own in known]
    account = replace(account, rules=tuple(judged))
    account, again = _rearmed(state, account, now)
    found = demands(account, state.rules, now)
    # Before the first look after a start all that is known is of the life before: it lowers nothing.
    looked = not before.rules or any(own.judged_at is not None for own in before.rules)
    account, changes = decide(account, state.rules, found, now, looked)
    account, effects, milestones = plan(account, now)
    effects = (*again, *effects)
    desk = Desk(state.instance, account)
    incident = account.incident or before.incident
    if changes and incident is not None:
        notices.tell_level(desk, before.level, incident, _worst(found), leaves_at(account, state.rules))
        effects = (*effects, *_released(desk, before))
    notices.tell_over(desk)
    notices.tell_would(desk, found)
    notices.tell_failures(desk, known)
    notices.tell_milestones(desk, milestones)
    decisions = [*notices.verdict_decisions(account.policy.name, known, judged), *changes]
    decisions += [Decision(account.policy.name, "milestone", "", "", m) for m in milestones]
    return desk.account, (*effects, *desk.effects), tuple(decisions)


def _worst(found: tuple[Demand, ...]) -> Demand | None:
    return max((d for d in found if d.acts), key=lambda d: d.level, default=None)


def _released(desk: Desk, before: AccountState) -> tuple[Effect, ...]:
    """Back to NORMAL without an operator: the permit is lifted and the hands key dropped."""
    if desk.account.level is not NORMAL or before.level is NORMAL:
        return ()
    return _normal(desk)


def _normal(desk: Desk) -> tuple[Effect, ...]:
    permit = SetPermit(desk.next_id(), desk.name, "normal", 1.0)
    return permit, PrepareKeys(desk.next_id(), desk.name, False)


def _rearmed(state: State, account: AccountState, now: datetime) -> tuple[AccountState, tuple[Effect, ...]]:
    """The disarmed time is over: guardian acts again, and people are told."""
    until = account.arming.disarmed_until
    if until is None or now < until:
        return account, ()
    desk = Desk(state.instance, replace(account, arming=replace(account.arming, disarmed_until=None)))
    _tell_armed_again(desk)
    return desk.account, tuple(desk.effects)


def _tell_armed_again(desk: Desk) -> None:
    desk.tell(desk.key("guardian", "disarmed"), HALT, words.armed_again(desk.name), "resolve")


def _armed(state: State, account: AccountState, event: Armed) -> Observed:
    desk = Desk(state.instance, observe.armed(account, event))
    if account.arming.disarmed_until is not None:
        _tell_armed_again(desk)
    return desk.account, tuple(desk.effects), (_said(account, "armed", event.by),)


def _loosened(state: State, account: AccountState, event: Disarmed | Expected) -> Observed:
    """It makes things riskier: people are told at once, and told when it ends by itself."""
    after = observe.disarmed(account, event) if isinstance(event, Disarmed) else announced(account, event)
    desk, level = Desk(state.instance, after), HALT if event.kind == "disarmed" else CAUTION
    desk.tell(desk.key("guardian", event.kind), level, words.loosened(after, event))
    return desk.account, tuple(desk.effects), (_said(account, event.kind, event.by),)


def _troubled(state: State, account: AccountState, event: Troubled) -> Observed:
    account = observe.lifted(account, event)
    if (event.subject in account.troubles) is not event.healed:
        return account, (), ()
    account = observe.troubled(account, event)
    desk = notices.tell_trouble(state, account, event.subject, event.detail, event.healed)
    what = "healed" if event.healed else "trouble"
    return desk.account, tuple(desk.effects), (Decision(account.policy.name, what, "", "", event.subject),)


def _resumed(state: State, account: AccountState, event: Resumed) -> Observed:
    """The way back: what the fence recorded is restored; baselines start anew only where asked."""
    account = accepted(replace(_rebased(account, event), resumed_at=event.at), event.rebase, state.rules)
    incident = account.incident
    if incident is None:
        return account, (), (_said(account, "resumed", event.by),)
    desk = Desk(state.instance, owing(account, event.at))
    effects = _normal(desk)
    desk.account, back = plan_unfence(desk.account, event.at)
    key = desk.key(incident.rule, incident.code)
    desk.tell(key, account.level, words.resumed(desk.name, event.by, event.reason), "resolve")
    notices.resolve_late(desk, incident, tuple(sorted(notices.PAGED_ALONE)))
    rules = tuple(_rested(r) for r in desk.account.rules)
    after = closed(replace(desk.account, rules=rules), incident)
    change = Decision(account.policy.name, "level", OPERATOR, account.level.name, NORMAL.name)
    return after, (*effects, *back, *desk.effects), (_said(account, "resumed", event.by), change)


def _proven_anew(account: AccountState, event: Demanded) -> AccountState:
    """Who asks for flat again is answered by evidence newer than the question."""
    incident = account.incident
    if incident is None or event.level < FLATTEN:
        return account
    flatness = replace(incident.flatness, first_at=None, first_asked=None, verified_at=None)
    return replace(account, incident=replace(incident, flatness=flatness))


def _rested(own: RuleState) -> RuleState:
    no = (False,) * len(own.held)
    return replace(own, held=(0.0,) * len(own.held), past=no, fired=no)


def _rebased(account: AccountState, event: Resumed) -> AccountState:
    rules = tuple(replace(r, baseline=None) if r.rule_id in event.rebase else r for r in account.rules)
    account = replace(account, rules=rules)
    wallet = account.evidence.wallet
    if "integrity" in event.rebase and account.nav is not None and wallet is not None:
        account = rebased_on(account, account.nav, wallet)
    return account
