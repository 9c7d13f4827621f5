"""Which rules a replay can tell, and as what they are played: armed, unless they are taken as written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from guardian.config import Pack
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.group import GROUPS
from guardian.core.model import Part, Rule

NOT_IN_CANDLES = {
    "position_age": "the account holds its positions all the time; a bot's are younger",
    "clock_offset": "candles have no clock of a venue",
    "api_latency_p50": "candles have no requests",
    "api_latency_p95": "candles have no requests",
    "api_latency_p99": "candles have no requests",
    "api_error_rate": "candles have no requests",
    "rate_budget": "candles have no requests",
    "loop_lag": "candles have no daemon",
    "disk_free": "candles have no daemon",
    "venue_concentration": "it is about several accounts, and here is one",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """The rules that are played, and those that are not with the reason."""

    rules: tuple[Rule, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def all_rules(packs: tuple[Pack, ...]) -> tuple[Rule, ...]:
    return tuple(rule for pack in packs for rule in pack.rules)


def armed(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """As if every rule said `mode: armed`: what would it have done?"""
    return tuple(replace(rule, armed=True) for rule in rules)


def cast(rules: tuple[Rule, ...]) -> Cast:
    """The rules that candles can tell; one that names its accounts is played for this one all the same.

    A rule whose evidence never comes would be blind all the time, and CAUTION all the time tells nothing.
    """
    played, left_out = [], []
    for rule in rules:
        why = _untold(rule)
        if why:
            left_out.append((rule.id, why))
        else:
            played.append(replace(rule, only=()) if rule.scope == "account" else rule)
    return Cast(tuple(played), tuple(left_out))


def _untold(rule: Rule) -> str:
    """Why candles of one account cannot tell this rule; "" where they can."""
    if rule.scope in GROUPS:
        return f"a rule of scope {rule.scope} is about several accounts together, and here is one"
    metric = BY_NAME[rule.metric]
    if metric.aged is not None:
        return f"{metric.name} needs evidence that candles do not hold"
    for part in (Part.ORDERS, Part.LEDGER):
        if part in metric.needs:
            return f"{metric.name} needs the account's {part.value}"
    return NOT_IN_CANDLES.get(metric.name, "")
