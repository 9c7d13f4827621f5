"""One rule explained: what it measures, how far it may go, and with a daemon how far it is now."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from guardian.cli.see.status import aged
from guardian.core.judge import CLEAR_BELOW
from guardian.core.metrics import BY_NAME
from guardian.core.model import Level, Rule, Rung, Window


def formula(metric: str) -> str:
    """The first sentence of the metric's own page."""
    module = sys.modules[BY_NAME[metric].measure.__module__]
    return " ".join((module.__doc__ or metric).split("\n\n")[0].split())


def window_words(window: Window) -> str:
    match window.kind:
        case "none":
            return "none: the value now"
        case "session":
            return f"since midnight {window.tz}"
        case "hwm":
            span = "ever watched" if window.seconds is None else f"of the last {span_words(window.seconds)}"
            return f"since the highest value {span}"
    return f"the last {span_words(window.seconds or 0.0)}"


def span_words(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def rung_words(rule: Rule, rung: Rung) -> str:
    to = "" if rung.to is None else f" to {rung.to:g}"
    return f"{rule.direction} {rung.limit:g} for {rung.hold_seconds:g} s: {rung.level.name}{to}"


def described(rule: Rule, pack: str) -> dict[str, Any]:
    """The rule as a JSON-ready document, limits as fractions, spans in seconds."""
    return {
        "id": rule.id,
        "pack": pack,
        "title": rule.title,
        "why": rule.why,
        "metric": rule.metric,
        "unit": BY_NAME[rule.metric].unit,
        "formula": formula(rule.metric),
        "window": window_words(rule.window),
        "scope": rule.scope,
        "direction": rule.direction,
        "ladder": [
            {"limit": r.limit, "level": r.level.name, "hold_s": r.hold_seconds, "to": r.to}
            for r in rule.ladder
        ],
        "stale_after_s": rule.stale_after_seconds,
        "on_unknown": rule.on_unknown.value,
        "clears": clears_words(rule),
        "mode": "armed" if rule.armed else "observe",
        "runbook": rule.runbook,
    }


def clears_words(rule: Rule) -> str:
    """What would end what this rule demanded."""
    lowest = rule.ladder[0].limit
    well = lowest * CLEAR_BELOW if rule.direction == "over" else lowest / CLEAR_BELOW
    side = "below" if rule.direction == "over" else "above"
    calm = f"CAUTION by itself after a minute {side} {well:g}"
    return (
        calm if rule.ladder[-1].level is Level.CAUTION else f"{calm}; above CAUTION: guardian resume ACCOUNT"
    )


def lines(rule: Mapping[str, Any], live: Sequence[Mapping[str, Any]]) -> list[str]:
    """For people: the rule, then each account's live value."""
    rows = [
        f"{rule['id']} ({rule['pack']}, mode {rule['mode']}): {rule['title']}",
        f"  why         {rule['why']}",
    ]
    rows += [f"  formula     {rule['formula']}", f"  window      {rule['window']}"]
    for rung in rule["ladder"]:
        to = "" if rung["to"] is None else f" to {rung['to']:g}"
        rows.append(
            f"  {rule['direction']} {rung['limit']:<8g}{rung['level']}{to}, held {rung['hold_s']:g} s"
        )
    rows += [
        f"  stale       after {rule['stale_after_s']:g} s without evidence: {rule['on_unknown']}",
        f"  clears      {rule['clears']}",
        f"  runbook     {rule['runbook'] or 'none'}",
    ]
    return rows + [_live(each) for each in live]


def _live(now: Mapping[str, Any]) -> str:
    if now["value"] is None:
        return f"  {now['account']:<11} {now['verdict']}: {now['why']} ({aged(now['age_s'])})"
    bound = "at least " if now["bound"] == "at_least" else ""
    place = f"{bound}{now['value']:.4g} of {now['limit']:.4g} for {now['level']}"
    hold = f"held {now['held_s']:g} of {now['hold_s']:g} s"
    far = f"{now['distance']:.4g} away"
    return f"  {now['account']:<11} {now['verdict']}: {place}, {far}, {hold} ({aged(now['age_s'])})"


def live(document: Mapping[str, Any], rule: str) -> list[dict[str, Any]]:
    """This rule's live numbers on every account of a status document."""
    found = []
    for account in document["accounts"]:
        for own in account["rules"]:
            if own["id"] == rule:
                known = own["value"] is not None
                sign = 1 if own.get("direction", "over") == "over" else -1
                away = sign * (own["limit"] - own["value"]) if known else None
                names = ("verdict", "value", "bound", "why", "limit", "level", "held_s", "hold_s", "age_s")
                numbers = {name: own[name] for name in names}
                found.append({"account": account["name"], **numbers, "distance": away})
    return found
