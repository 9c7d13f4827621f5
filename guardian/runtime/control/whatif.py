"""What would happen now: from measured (or supposed) values to the level, and to everything it would do.

Pure: a function of the state. The breaker says the level and whether guardian may act, the core's own
planning says what it would do; nothing here decides by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from guardian.core.breaker import Demand, acts, decide, demands, disarmed, permit_of
from guardian.core.effects import Effect, Notify
from guardian.core.judge import past_limit
from guardian.core.metrics.limits import limit_today
from guardian.core.model import Known, Level, Rule, Verdict
from guardian.core.notices import Desk, number, tell_level, tell_would
from guardian.core.plan import plan
from guardian.core.state import AccountState, RuleState, State
from guardian.notify.routing import Router
from guardian.runtime.control.beside import activity_document, market_document
from guardian.runtime.control.rehearse import rehearsed
from guardian.runtime.control.status import iso

ORDERS_PER_SECOND = 10
"""The order pace that venues publish for one endpoint; `flatten.orders_per_second` replaces it."""

CLOSE_ENDPOINTS = 2
"""Closes go out on two order endpoints at once, cancels on one of their own."""

VERIFICATION_SECONDS = 2.0
"""Two flat reads lie at least this far apart."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: supposed values by metric, and what the estimate needs of this account.

    `read_seconds` is the measured time of one read, None where it could not be measured.
    """

    as_if: Mapping[str, float]
    read_seconds: float | None = None
    orders_per_second: int | None = None


def what_if(state: State, account: AccountState, router: Router, question: Question) -> dict[str, Any]:
    """The plan of one account as a JSON-ready document. Never changes `state`."""
    now = state.now or account.watched_since
    supposed = replace(account, rules=tuple(_supposed(state, account, r, question) for r in account.rules))
    found = demands(supposed, state.rules, now)
    worst = _worst(found)
    goes = _worst([d for d in found if d.acts])
    after, effects = _effects(state, supposed, worst, now)
    acting = max(account.level, goes.level if goes else Level.NORMAL)
    level = max(account.level, worst.level if worst else Level.NORMAL)
    told = _told(state, supposed, found, now)
    return {
        "account": account.policy.name,
        "at": iso(now),
        "as_if": dict(question.as_if),
        "as_if_unused": sorted(set(question.as_if) - {rule.metric for rule in state.rules}),
        "level_now": account.level.name,
        "level": level.name,
        "rule": worst.rule if worst else None,
        "acting_level": acting.name,
        "would_act": _would_act(account, goes, worst, effects),
        "why_not": _why_not(supposed, state.rules, worst, now),
        "demands": [_demand(d, supposed, state.rules) for d in found],
        "permit": dict(zip(("mode", "size_cap", "reduce_only_symbols"), permit_of(after), strict=True)),
        **_deeds_document(after, effects),
        "tell": [
            {"channel": channel, "title": message.title, "would": message.would}
            for notify in told
            for channel, message in router.route(notify, now)
        ],
        "expected": _expected(after, effects, question),
        "evidence_at": iso(account.evidence.complete_at),
        "data_age_s": _age(account, now),
        "market": market_document(account, now),
        "activity": activity_document(account, now),
    }


def _supposed(state: State, account: AccountState, own: RuleState, question: Question) -> RuleState:
    """The rule with the supposed value in place of the measured one, its holds run out."""
    rule = next((r for r in state.rules if r.id == own.rule_id), None)
    if rule is None or rule.metric not in question.as_if:
        return own
    measured = Known(question.as_if[rule.metric])
    today = (limit_today(rule, rung, account.overheat) for rung in rule.ladder)
    past = tuple(past_limit(measured, rule, limit) is True for limit in today)
    held = tuple(rung.hold_seconds if over else 0.0 for rung, over in zip(rule.ladder, past, strict=True))
    verdict = Verdict.BREACHED if any(past) else Verdict.CLEAR
    return replace(
        own,
        measured=measured,
        past=past,
        fired=past,
        held=held,
        verdict=verdict,
        stale=False,
        told=Level.NORMAL,
    )


def _worst(found: Sequence[Demand]) -> Demand | None:
    return max(found, key=lambda d: (d.level, -(d.to or 0.0)), default=None)


def _effects(
    state: State, account: AccountState, worst: Demand | None, now: datetime
) -> tuple[AccountState, tuple[Effect, ...]]:
    """The account at the level that is demanded, acting or not, and all that is still missing to its goal."""
    if worst is not None:
        account, _ = decide(account, state.rules, (replace(worst, acts=True),), now)
    planned, first, _ = plan(account, now)
    if planned.incident is None:
        return planned, ()
    return planned, rehearsed(state, planned, first)


def _told(state: State, account: AccountState, found: Sequence[Demand], now: datetime) -> list[Notify]:
    """The message of the level that guardian itself would go to, and those that say "would have"."""
    desk = Desk(state.instance, account)
    goes = _worst([d for d in found if d.acts])
    if goes is not None and goes.level > account.level:
        desk.account, _ = decide(account, state.rules, (goes,), now)
        if desk.account.incident is not None:
            tell_level(desk, account.level, desk.account.incident, goes)
    tell_would(desk, tuple(found))
    return [e for e in desk.effects if isinstance(e, Notify) and e.notification == "trigger"]


def _why_not(account: AccountState, rules: Sequence[Rule], worst: Demand | None, now: datetime) -> list[str]:
    """Why the worst demand would only be told; empty when it would be acted on."""
    if worst is None or worst.acts:
        return []
    rule = next((r for r in rules if r.id == worst.rule), None)
    why = []
    if rule is not None and not rule.armed:
        why.append(f"rule {rule.id} says mode: observe")
    if disarmed(account, now):
        why.append(f"{account.policy.name} is disarmed until {iso(account.arming.disarmed_until)}")
    elif not account.arming.armed:
        why.append(f"{account.policy.name} is not armed")
    elif rule is not None and rule.armed and not acts(account, rule, now) and account.policy.has_hands:
        why.append(f"{account.policy.name} is armed for {', '.join(account.arming.rules)} only")
    if not account.policy.has_hands:
        why.append(f"{account.policy.name} has no hands key")
    return why


def _would_act(
    account: AccountState, goes: Demand | None, worst: Demand | None, effects: Sequence[Effect]
) -> bool:
    """Guardian would do something by itself now: a higher level, or what its level is still missing."""
    if goes is not None and goes.level > account.level:
        return True
    missing = account.level > Level.NORMAL and bool(_deeds(effects))
    return missing and (worst is None or worst.level <= account.level)


def _demand(demand: Demand, account: AccountState, rules: Sequence[Rule]) -> dict[str, Any]:
    rule = next((r for r in rules if r.id == demand.rule), None)
    own = account.rule(demand.rule)
    asked = demand.level
    if rule is not None and own is not None and demand.cause == "breach":
        rungs = zip(rule.ladder, own.fired, strict=True)
        asked = max((rung.level for rung, fired in rungs if fired), default=demand.level)
    return {
        "rule": demand.rule,
        "cause": demand.cause,
        "level": demand.level.name,
        "asked_level": asked.name,
        "acts": demand.acts,
        "to": demand.to,
        "value": number(own) if own is not None else demand.value,
        "limit": demand.limit,
    }


def _deeds(effects: Sequence[Effect]) -> list[Effect]:
    """Effects on the world outside guardian; what only looks or tells is none."""
    return [e for e in effects if e.kind not in ("notify", "read_now", "list_keys", "prepare_keys")]


def _deeds_document(account: AccountState, effects: Sequence[Any]) -> dict[str, Any]:
    orders = {o.id: o for o in account.evidence.orders}
    kinds: dict[str, list[Any]] = {}
    for effect in effects:
        kinds.setdefault(effect.kind, []).append(effect)
    impossible = account.incident.fence_impossible if account.incident else ""
    return {
        "cancel": [_cancel(e, orders) for e in kinds.get("cancel_order", ())],
        "close": [_close(e, account) for e in kinds.get("close_position", ())],
        "fence": _unique(e.key_id for e in kinds.get("fence_key", ())),
        "fence_note": impossible or _key_note(account, kinds),
        "delete": _unique(e.key_id for e in kinds.get("delete_key", ())),
        "destroy_secret": bool(kinds.get("destroy_secret")),
        "stop": [_stop(t.name, kinds) for t in account.policy.halt_targets if "halt_bot" in kinds],
    }


def _key_note(account: AccountState, kinds: Mapping[str, Sequence[Any]]) -> str:
    unlisted = not account.policy.bot_keys and not account.evidence.keys
    if "list_keys" in kinds and unlisted:
        return "every trading key on the account but guardian's own; their ids are listed when it happens"
    return ""


def _cancel(effect: Any, orders: Mapping[str, Any]) -> dict[str, Any]:
    order = orders.get(effect.order_id)
    return {
        "symbol": effect.symbol,
        "order_id": effect.order_id,
        "conditional": effect.conditional,
        "side": None if order is None else ("buy" if order.side > 0 else "sell"),
        "remaining": None if order is None else float(order.remaining),
        "reduce_only": None if order is None else order.reduce_only,
    }


def _close(effect: Any, account: AccountState) -> dict[str, Any]:
    order = effect.order
    held = next(
        (p for p in account.evidence.positions if (p.symbol, p.index) == (order.symbol, order.index)), None
    )
    quantity = order.quantity if order.quantity is not None else abs(held.quantity) if held else None
    notional = None if held is None or quantity is None else float(quantity * held.unit)
    return {
        "symbol": order.symbol,
        "index": order.index,
        "side": "buy" if order.side > 0 else "sell",
        "quantity": None if quantity is None else float(quantity),
        "notional": notional,
    }


def _stop(name: str, kinds: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    forced = any(e.force and e.target == name for e in kinds["halt_bot"])
    return {"target": name, "forced": forced}


def _unique(names: Any) -> list[str]:
    return list(dict.fromkeys(names))


def _expected(account: AccountState, effects: Sequence[Effect], question: Question) -> dict[str, Any] | None:
    """An estimate of the time to flat, undisturbed: pace, reads, and the two seconds of the proof."""
    if account.level < Level.REDUCE:
        return None
    closes = sum(e.kind == "close_position" for e in effects)
    cancels = sum(e.kind == "cancel_order" for e in effects)
    pace = question.orders_per_second or ORDERS_PER_SECOND
    sending = max(closes / (pace * CLOSE_ENDPOINTS), cancels / ORDERS_PER_SECOND)
    read = question.read_seconds
    # The order's own round trip is taken to last as long as a read, then come the two reads of the proof.
    proof = VERIFICATION_SECONDS if account.level >= Level.FLATTEN else 0.0
    flat = None if read is None else round(sending + 3 * read + proof, 2)
    return {
        "estimate": True,
        "seconds": flat,
        "closes": closes,
        "cancels": cancels,
        "sending_s": round(sending, 2),
        "read_s": None if read is None else round(read, 3),
        "verification_s": proof,
        "deadline_s": account.policy.flatten_deadline_seconds,
    }


def _age(account: AccountState, now: datetime) -> float | None:
    at = account.evidence.complete_at
    return None if at is None else round((now - at).total_seconds(), 3)
