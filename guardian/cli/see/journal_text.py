"""A journal record in one line for people. Pure, and total: a body of any shape gives some line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from guardian.core.model import Level
from guardian.ports import Record

# Fields that say what happened, in the order in which people ask for them.
_TOLD = (
    "account",
    "subject",
    "outcome",
    "code",
    "level",
    "target",
    "key_id",
    "symbol",
    "by",
    "reason",
    "detail",
)
_WIDEST_SUMMARY = 160
_SEEN = ("snapshot", "activity", "market")
"""Fields of an event that hold what was seen of one account."""


def stamp(at: datetime) -> str:
    """ISO 8601 UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lines(records: Sequence[Record]) -> Iterator[str]:
    """Time, sequence number, kind and summary, aligned."""
    widest_kind = max((len(record.kind) for record in records), default=0)
    widest_seq = max((len(str(record.seq)) for record in records), default=0)
    for record in records:
        place = f"{record.seq:>{widest_seq}}  {record.kind:<{widest_kind}}"
        yield f"{stamp(record.at)}  {place}  {summary(record)}".rstrip()


def parsed(body: str) -> Any:
    """The body as JSON, or as its text where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return body


def summary(record: Record) -> str:
    """What was decided first, then what happened and what is to be done, cut to a terminal's width."""
    body = parsed(record.body)
    if not isinstance(body, dict):
        return _cut(str(body))
    if record.kind == "checkpoint":
        return f"state of {len(record.body)} bytes"
    if isinstance(body.get("direct"), dict):
        return _cut(_direct(body["direct"]))
    event = body.get("event")
    parts = [*map(_decision, _listed(body, "decisions")), _event(event if isinstance(event, dict) else body)]
    effects = [str(effect.get("kind", "?")) for effect in _listed(body, "effects")]
    if effects:
        parts.append("-> " + ", ".join(_counted(effects)))
    return _cut("; ".join(part for part in parts if part))


def accounts(body: Any) -> set[str]:
    """Every account that a body names."""
    if not isinstance(body, dict):
        return set()
    if isinstance(body.get("direct"), dict):
        return accounts(parsed(str(body["direct"].get("body"))))
    parts: list[dict[str, Any]] = [*_listed(body, "decisions"), *_listed(body, "effects")]
    event = body.get("event")
    if isinstance(event, dict):
        parts += [event, *(event[name] for name in _SEEN if isinstance(event.get(name), dict))]
    return {str(part["account"]) for part in parts if part.get("account")}


def _listed(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _direct(direct: dict[str, Any]) -> str:
    inner = parsed(str(direct.get("body")))
    event = inner.get("event") if isinstance(inner, dict) else None
    told = _event(event) if isinstance(event, dict) else ""
    doubt = "" if direct.get("verified", True) else " (its own chain does not hold)"
    return f"{direct.get('kind')} {told} from {direct.get('source')}{doubt}".replace("  ", " ")


def _decision(decision: dict[str, Any]) -> str:
    was = level(decision.get("from", decision.get("before")))
    now = level(decision.get("level", decision.get("after")))
    step = f"{was} -> {now}" if was and now else was or now
    words = [
        decision.get("account"),
        decision.get("what"),
        step,
        decision.get("rule") and f"by {decision['rule']}",
    ]
    if isinstance(decision.get("value"), float) and isinstance(decision.get("limit"), float):
        words.append(f"({decision['value']:.4g} against {decision['limit']:.4g})")
    return " ".join(str(word) for word in words if word)


def _event(event: dict[str, Any]) -> str:
    snapshot = event.get("snapshot")
    if isinstance(snapshot, dict):
        return _snapshot(snapshot)
    activity = event.get("activity")
    if isinstance(activity, dict):
        return _activity(activity)
    told = ((name, event.get(name)) for name in _TOLD)
    return " ".join(
        level(value) if name == "level" else str(value) for name, value in told if value not in (None, "")
    )


def _snapshot(snapshot: dict[str, Any]) -> str:
    parts = [str(snapshot.get("account", ""))]
    wallet = snapshot.get("wallet")
    if isinstance(wallet, dict):
        parts.append(f"equity {wallet.get('equity')}")
    for name in ("positions", "orders"):
        if isinstance(snapshot.get(name), list):
            parts.append(f"{len(snapshot[name])} {name}")
    failures = [f"{failure.get('part')} {failure.get('code')}" for failure in _listed(snapshot, "failures")]
    if failures:
        parts.append("failed: " + ", ".join(failures))
    return " ".join(parts)


def _activity(activity: dict[str, Any]) -> str:
    counts = [f"{len(activity[name])} {name}" for name in ("fills", "orders") if activity.get(name)]
    return " ".join([str(activity.get("account", "")), *counts, str(activity.get("problem", ""))]).rstrip()


def level(value: object) -> str:
    """A level's NAME, from its number or its name in any case."""
    if isinstance(value, int) and value in Level._value2member_map_:
        return Level(value).name
    return "" if value is None else str(value).upper()


def _counted(names: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        count = names.count(name)
        yield name if count == 1 else f"{count} {name}"


def _cut(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _WIDEST_SUMMARY else one_line[: _WIDEST_SUMMARY - 1] + "…"
