"""What an account's stack has told, as status shows it, with the age of everything; and what rules wait for.

Law: what was never told is absent or null here, never zero.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guardian.core.metrics import BY_NAME
from guardian.core.metrics.metric import View
from guardian.core.model import Rule
from guardian.core.state import AccountState, RuleState
from guardian.runtime.stack.counts import SourceCount, StackCounts


def stack_document(counts: StackCounts, account: AccountState, now: datetime) -> dict[str, Any]:
    """The newest of everything that the stack told, and how its sources do."""
    name, stack = account.policy.name, account.stack
    signals = stack.signals
    return {
        "listening": counts.listening,
        "heartbeat_at": _iso(stack.heartbeat_at),
        "heartbeat_age_s": _age(stack.heartbeat_at, now),
        "gauges": [
            {"name": gauge, "value": newest.value, **_when(newest.at, now)}
            for gauge, readings in stack.gauges
            for newest in readings[-1:]
        ],
        "signals": len(signals),
        "signals_age_s": _age(signals[-1].at, now) if signals else None,
        "twins": [
            {"kind": twin.kind, "equity": float(twin.equity), **_when(twin.at, now)} for twin in stack.twins
        ],
        "accepted": counts.accepted[name],
        "dropped": counts.dropped[name],
        "sources": [
            _source(source, count, now)
            for (account_name, source), count in counts.sources.items()
            if account_name == name
        ],
    }


def _source(name: str, count: SourceCount, now: datetime) -> dict[str, Any]:
    return {
        "name": name,
        "asked_age_s": _age(count.asked_at, now),
        "told_age_s": _age(count.told_at, now),
        "silent": [{"gauge": gauge, "why": why} for gauge, why in count.silent],
    }


def waiting(account: AccountState, rules: dict[str, Rule], now: datetime) -> list[dict[str, Any]]:
    """The rules whose evidence beside the account's own reads has never come: nothing limits there yet."""
    return [
        {
            "rule": rule.id,
            "metric": rule.metric,
            "of": rule.of,
            "mode": "armed" if rule.armed else "observe",
        }
        for own in account.rules
        if (rule := rules.get(own.rule_id)) is not None and _never_told(account, rule, own, now)
    ]


def _never_told(account: AccountState, rule: Rule, own: RuleState, now: datetime) -> bool:
    metric = BY_NAME[rule.metric]
    return metric.aged is not None and metric.aged(View(account, rule, own, now)) is None


def _when(at: datetime, now: datetime) -> dict[str, Any]:
    return {"at": _iso(at), "age_s": _age(at, now)}


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round((now - at).total_seconds(), 3)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
