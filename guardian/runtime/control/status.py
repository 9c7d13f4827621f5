"""The status document: what guardian knows, with the age of what it knows beside every number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guardian import __version__
from guardian.core.breaker import acts, disarmed
from guardian.core.facts.transfers import Expectation
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.cvar_error import standard_error
from guardian.core.metrics.metric import View
from guardian.core.metrics.stress_loss import METRIC as STRESS_LOSS
from guardian.core.metrics.stress_loss import by_scenario
from guardian.core.metrics.tail_methods import TAILS, by_method
from guardian.core.model import AtLeast, Known, Level, Position, Rule, Unknown
from guardian.core.state import AccountState, Incident, RuleState, Target
from guardian.runtime.control import leaving
from guardian.runtime.control.beside import activity_document, market_document
from guardian.runtime.control.size import leverage_of
from guardian.runtime.loop import Runtime
from guardian.runtime.stack.shown import stack_document, waiting


def document(runtime: Runtime) -> dict[str, Any]:
    """One JSON-ready document of everything, levels in UPPERCASE, times in ISO 8601."""
    now = runtime.parts.clock.now()
    state = runtime.state
    return {
        "instance": state.instance,
        "at": iso(now),
        "version": __version__,
        "started_at": iso(runtime.started_at),
        "rules_hash": state.pack_hash,
        "accounts": [_account(runtime, a, now) for a in state.accounts],
        "journal": {
            "records": runtime.committer.records,
            "ok": runtime.committer.ok,
            "gap": runtime.committer.lost,
        },
        "sanity": runtime.counters.sanity.document(now),
        "notifications": {
            "queued": max(0, runtime.told - runtime.courier.sent),
            "sent": runtime.courier.sent,
            "failed": runtime.courier.failed,
        },
    }


def _account(runtime: Runtime, account: AccountState, now: datetime) -> dict[str, Any]:
    name = account.policy.name
    nav, evidence = account.nav, account.evidence
    rules = {rule.id: rule for rule in runtime.state.rules}
    last = account.incident or (account.past[-1] if account.past else None)
    return {
        "name": name,
        "venue": account.policy.venue,
        "level": account.level.name,
        "armed": account.arming.armed and not disarmed(account, now),
        "armed_rules": list(account.arming.rules),
        "disarmed_until": iso(account.arming.disarmed_until),
        "expected": [_expected(each) for each in account.course.expected],
        "can_act": account.policy.has_hands,
        "can_fence": account.policy.has_admin,
        "equity": float(nav.equity) if nav else None,
        "equity_age_s": _age(nav.at, now) if nav else None,
        "nav": nav.value if nav else None,
        "leverage": leverage_of(account, now),
        "agreed": nav.agreed if nav else False,
        "warming": nav is None or nav.warming,
        "data_age_s": _age(evidence.complete_at, now),
        "failures": [{"part": f.part.value, "code": f.code, "why": f.why} for f in evidence.failures],
        "troubles": list(account.troubles),
        "to_unfence": [_owed(debt) for debt in account.to_unfence],
        "drilled_at": iso(account.drilled_at),
        "permit": runtime.parts.permits.document(name),
        "positions": [_position(p) for p in evidence.positions],
        "orders": len(evidence.orders),
        "market": market_document(account, now),
        "activity": activity_document(account, now),
        "rules": [_rule(account, rules[r.rule_id], r, now) for r in account.rules if r.rule_id in rules],
        "stack": stack_document(runtime.counters.stack, account, now),
        "waiting": waiting(account, rules, now),
        "overheat": leaving.hot(account, now),
        "leaves": leaving.leaves(account, runtime.state.rules, now),
        "incident": _incident(account.incident, now) if account.incident else None,
        "last_incident": _incident(last, now) if last and not account.incident else None,
    }


def _expected(each: Expectation) -> dict[str, Any]:
    """A transfer that is announced and has not left."""
    return {
        "amount": f"{each.amount:f}",
        "currency": each.currency,
        "tolerance": float(each.tolerance),
        "since": iso(each.since),
        "until": iso(each.until),
        "by": each.by,
    }


def _owed(debt: Target) -> dict[str, Any]:
    """A key that a resume gives back to its bot, until the venue has said so; `outcome`: the last."""
    tried = debt.step == "unfence"
    return {
        "key": debt.key,
        "attempts": debt.attempts,
        "tried_at": iso(debt.sent_at) if tried else None,
        "outcome": str(debt.outcome) if tried and debt.outcome else None,
        "code": debt.code if tried else "",
    }


def _position(position: Position) -> dict[str, Any]:
    return {
        "symbol": position.symbol,
        "index": position.index,
        "quantity": float(position.quantity),
        "mark": float(position.mark),
        "notional": float(position.worth),
    }


def _rule(account: AccountState, rule: Rule, own: RuleState, now: datetime) -> dict[str, Any]:
    rung, rungs = _next_rung(rule, own), leaving.ladder(account, rule, own)
    reached = [r.level for r, fired in zip(rule.ladder, own.fired, strict=True) if fired]
    value, bound, why = _measured(own)
    return {
        "id": rule.id,
        "title": rule.title,
        "metric": rule.metric,
        "verdict": own.verdict.value,
        "value": value,
        "bound": bound,
        "why": why,
        "limit": rungs[rung]["limit"],
        "hard": rule.ladder[rung].limit,
        "gamma": rule.gamma,
        "level": rule.ladder[rung].level.name,
        "hold_s": rule.ladder[rung].hold_seconds,
        "held_s": own.held[rung],
        "error": standard_error(account) if rule.metric == "cvar" and value is not None else None,
        "methods": _methods(account, rule) if value is not None else {},
        "age_s": _age(_evidence_at(account, rule, own, now), now),
        "stale_after_s": rule.stale_after_seconds,
        "direction": rule.direction,
        "armed": acts(account, rule, now),
        "mode": "armed" if rule.armed else "observe",
        "worst": max(reached, default=Level.NORMAL).name,
        "ladder": rungs,
        "calm": leaving.calm(account, rule),
    }


def _methods(account: AccountState, rule: Rule) -> dict[str, float]:
    """The same number in other ways; of a group's rule only the group could tell."""
    if rule.metric == STRESS_LOSS.name and rule.scope == "account":
        return by_scenario(account)
    return by_method(account, rule.metric) if rule.metric in TAILS else {}


def _evidence_at(account: AccountState, rule: Rule, own: RuleState, now: datetime) -> datetime | None:
    """The question behind the oldest evidence that the rule needs; None while one was never answered."""
    metric = BY_NAME[rule.metric]
    asked = [account.evidence.asked_at(part) for part in metric.needs]
    if metric.aged is not None:
        asked.append(metric.aged(View(account, rule, own, now)))
    if metric.dated is not None:
        asked.append(metric.dated(View(account, rule, own, now)))
    asked = asked or [account.evidence.complete_at]
    if metric.corroborated:
        asked.append(account.nav.at if account.nav else None)
    known = [at for at in asked if at is not None]
    return min(known) if len(known) == len(asked) else None


def _next_rung(rule: Rule, own: RuleState) -> int:
    """The rung to look at: the first that has not fired, or the last."""
    return next((i for i, fired in enumerate(own.fired) if not fired), len(rule.ladder) - 1)


def _measured(own: RuleState) -> tuple[float | None, str, str]:
    match own.measured:
        case Known(value):
            return value, "known", ""
        case AtLeast(value, why):
            return value, "at_least", why
        case Unknown(why):
            return None, "unknown", why


def _incident(incident: Incident, now: datetime) -> dict[str, Any]:
    return {
        "id": incident.code,
        "opened_at": iso(incident.opened_at),
        "t0": iso(incident.t0),
        "level": incident.level.name,
        "rule": incident.rule,
        "cause": incident.cause,
        "trial": leaving.trial(incident.trial, now),
        "steps": [_step(t) for t in sorted(incident.targets, key=lambda t: (t.sent_at, t.effect_id))],
        "fenced": [{"key": key, "at": iso(at)} for key, at in incident.fenced],
        "fence_impossible": incident.fence_impossible,
        "fenced_at": iso(max((at for _, at in incident.fenced), default=None)),
        "flat_at": iso(incident.flatness.first_at),
        "verified_flat_at": iso(incident.flatness.verified_at),
        "key_dead_at": iso(incident.key_dead_at),
        "bots_stopped_at": iso(incident.bots_stopped_at),
    }


def _step(target: Target) -> dict[str, Any]:
    took = (target.reported_at - target.sent_at).total_seconds() * 1000 if target.reported_at else None
    return {
        "at": iso(target.sent_at),
        "step": target.step,
        "target": target.key.partition(":")[2],
        "outcome": target.outcome.value if target.outcome else "sent",
        "code": target.code,
        "detail": target.detail,
        "attempts": target.attempts,
        "took_ms": took,
    }


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round((now - at).total_seconds(), 3)


def iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
