"""Observe: fold one event into what is known. Nothing is judged here and nothing is sent.

Law: a part that failed keeps its old value *and its old age*; an answer older than what we have is ignored;
all positions vanishing at once must be confirmed by the wallet of the same read. Positions that failed and
were told in part replace the value, so that they are acted on, and keep the old age: they judge nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.events import (
    RESTART,
    UNFENCE,
    ActivityTaken,
    Armed,
    Configured,
    Disarmed,
    EffectReported,
    KeysListed,
    MarketTaken,
    Outcome,
    SnapshotTaken,
    Started,
    TelemetryTold,
    Troubled,
)
from guardian.core.frozen import replace
from guardian.core.metrics.baseline import fold_baselines
from guardian.core.metrics.correlation import fold_quotes
from guardian.core.metrics.done import after_answer, before_answer, fold_done
from guardian.core.metrics.folds import completed, falling, remembered, wanted
from guardian.core.metrics.foreign_keys import fold_keys
from guardian.core.metrics.group import GROUPS, concerns
from guardian.core.metrics.heat import fold_quoted
from guardian.core.metrics.markets import fold_market
from guardian.core.metrics.nav import fold_nav
from guardian.core.metrics.plausible import partial, plausible
from guardian.core.metrics.reopened import fold_reopened
from guardian.core.metrics.twins import fold_told
from guardian.core.model import FLATTEN, Part, Rule, Snapshot
from guardian.core.state import AccountState, Arming, Evidence, RuleState, State, Target

LEDGER, ORDERS, POSITIONS, WALLET = sorted(Part)
LONGEST_DISARM = timedelta(hours=4)


def configured(state: State, event: Configured) -> State:
    """New accounts and rules; what is known about the ones that stay is kept."""
    accounts = []
    before = {rule.id: rule for rule in state.rules}
    for policy in sorted(event.accounts, key=lambda p: p.name):
        known = state.account(policy.name)
        account = replace(known, policy=policy) if known else AccountState(policy, event.at)
        concern = (rule for rule in event.rules if concerns(rule, policy))
        rules = tuple(_rule_state(account, rule, before.get(rule.id)) for rule in concern)
        accounts.append(replace(account, rules=rules))
    return replace(
        state,
        instance=event.instance,
        pack_hash=event.pack_hash,
        rules=event.rules,
        accounts=tuple(accounts),
        folds=event.folds,
    )


def _rule_state(account: AccountState, rule: Rule, before: Rule | None) -> RuleState:
    """What a rule has gathered is kept as far as it still means the same under the new text."""
    known = account.rule(rule.id)
    if known is None or before is None or _subject(before) != _subject(rule):
        return replace(blank(rule), episode=known.episode + 1) if known else blank(rule)
    if before.ladder == rule.ladder and before.direction == rule.direction:
        return known
    return emptied(known, rule)


def _subject(rule: Rule) -> tuple[object, ...]:
    return rule.metric, rule.window, rule.of, rule.scope, rule.only if rule.scope in GROUPS else ()


def emptied(known: RuleState, rule: Rule) -> RuleState:
    kept = replace(blank(rule), baseline=known.baseline, group=known.group)
    return replace(kept, episode=known.episode, told=known.told)


def blank(rule: Rule) -> RuleState:
    rungs = len(rule.ladder)
    return RuleState(rule.id, held=(0.0,) * rungs, past=(False,) * rungs, fired=(False,) * rungs)


def started(account: AccountState, event: Started) -> AccountState:
    """After a restart nothing that was in flight is known, and the time we were away fills no hold.

    Nor was it clean: an hour of a trial begins anew.
    """
    rules = tuple(replace(r, judged_at=None) for r in account.rules)
    debts = tuple(_lost(t, event.at) for t in account.to_unfence)
    incident = account.incident
    if incident is not None:
        lost = tuple(_lost(t, event.at) for t in incident.targets if t.step not in ("permit", "prepare"))
        trial = incident.trial and replace(incident.trial, clean_since=None)
        incident = replace(incident, targets=lost, trial=trial)
    return replace(account, rules=rules, incident=incident, to_unfence=debts)


def _lost(target: Target, at: datetime) -> Target:
    if not target.in_flight:
        return target
    detail = "asked before a restart"
    return replace(target, reported_at=at, outcome=Outcome.UNKNOWN, code=RESTART, detail=detail)


def snapshot(state: State, account: AccountState, event: SnapshotTaken) -> AccountState:
    seen, evidence = _news(plausible(event.snapshot, account.evidence), account.evidence)
    if account.incident is not None:
        account = fold_reopened(account, seen, evidence.positions)
    nav = fold_nav(account.nav, seen, evidence.wallet)
    rules = fold_baselines(account, nav, falling(state.rules))
    news = remembered(account, seen, nav, event.at, wanted(state, account))
    account = replace(account, evidence=evidence, nav=nav, rules=rules, **news)
    return completed(account, seen.asked_at, state.folds)


def beside(account: AccountState, event: MarketTaken | ActivityTaken | TelemetryTold) -> AccountState:
    """Evidence that comes apart from the account's own snapshots."""
    match event:
        case MarketTaken(market=market):
            account = before_answer(replace(account, markets=fold_market(account.markets, market)), event.at)
            correlations = fold_quotes(account.correlations, account.markets)
            return fold_quoted(after_answer(replace(account, correlations=correlations)), event.at)
        case ActivityTaken(activity=activity):
            return fold_done(account, activity, event.at)
        case TelemetryTold(telemetry=telemetry):
            return fold_told(account, telemetry, event.at)


def _news(seen: Snapshot, old: Evidence) -> tuple[Snapshot, Evidence]:
    """What of a read is news, and the evidence with it."""
    for _, asked in old.asked:
        if seen.asked_at <= asked:
            # Overtaken by a newer read: of this one only the ledger rows are news, for they come once.
            return replace(seen, wallet=None, positions=None, orders=None), old
    return replace(seen, positions=None) if partial(seen, POSITIONS) else seen, _merged(old, seen)


def _merged(old: Evidence, seen: Snapshot) -> Evidence:
    moved = seen.wallet is not None and old.wallet is not None and seen.wallet.cash != old.wallet.cash
    return replace(
        old,
        wallet=old.wallet if seen.wallet is None else seen.wallet,
        positions=old.positions if seen.positions is None else seen.positions,
        orders=old.orders if seen.orders is None else seen.orders,
        asked=_asked(old, seen),
        complete_at=seen.asked_at if seen.complete else old.complete_at,
        failures=seen.failures,
        cash_moved_at=seen.asked_at if moved else old.cash_moved_at,
    )


def _asked(old: Evidence, seen: Snapshot) -> tuple[tuple[Part, datetime], ...]:
    """When each part was asked for whose answer is kept, in the order of their names."""
    parts = (LEDGER, seen.ledger), (ORDERS, seen.orders), (POSITIONS, seen.positions), (WALLET, seen.wallet)
    asked = []
    for part, answer in parts:
        if at := old.asked_at(part) if answer is None or partial(seen, part) else seen.asked_at:
            asked.append((part, at))
    return tuple(asked)


def keys_listed(account: AccountState, event: KeysListed) -> AccountState:
    """Only a complete and newer listing replaces what is known: a missing page proves nothing."""
    if not event.complete or event.asked_at < (account.evidence.keys_asked or event.asked_at):
        return account
    course = replace(account.course, keys=fold_keys(account.course.keys, event.keys, account.policy))
    evidence = replace(account.evidence, keys=event.keys, keys_asked=event.asked_at)
    return replace(account, evidence=evidence, course=course)


def reported(account: AccountState, event: EffectReported) -> AccountState:
    if account.to_unfence:
        debts = _settled(account.to_unfence, event)
        account = replace(account, to_unfence=tuple(debt for debt in debts if not debt.given_back))
    incident = account.incident
    if incident is None:
        return account
    return replace(account, incident=replace(incident, targets=_settled(incident.targets, event)))


def _settled(targets: tuple[Target, ...], event: EffectReported) -> tuple[Target, ...]:
    """The targets with this answer. What is to be restored stays what the first fence has recorded."""
    return tuple(
        replace(
            t,
            reported_at=event.at,
            outcome=event.outcome,
            code=event.code,
            detail=event.detail,
            facts=t.facts or event.facts,
        )
        if t.effect_id == event.effect_id and t.in_flight
        else t
        for t in targets
    )


def armed(account: AccountState, event: Armed) -> AccountState:
    return replace(account, arming=Arming(True, event.rules, None, event.by))


def disarmed(account: AccountState, event: Disarmed) -> AccountState:
    """Disarming is bounded: at most four hours, then guardian re-arms itself."""
    until = min(event.until, event.at + LONGEST_DISARM)
    return replace(account, arming=replace(account.arming, disarmed_until=until, by=event.by))


def lifted(account: AccountState, event: Troubled) -> AccountState:
    """The way back of the incident before was slow: what it lifted is fenced when a new listing says so."""
    incident = account.incident
    if incident is None or account.level < FLATTEN or not event.subject.startswith(UNFENCE):
        return account
    evidence = replace(account.evidence, keys_asked=None)
    return replace(account, evidence=evidence, incident=replace(incident, fenced=()))


def troubled(account: AccountState, event: Troubled) -> AccountState:
    known = set(account.troubles)
    if event.healed:
        known.discard(event.subject)
    else:
        known.add(event.subject)
    return replace(account, troubles=tuple(sorted(known)))
