"""One rule explained: what it measures, how far it may go, and with a daemon how far it is now."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from guardian.cli.see.names import aged
from guardian.core.judge import CLEAR_BELOW
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.limits import HOTTEST, limit_today, share_of
from guardian.core.model import Level, Rule, Rung, Window
from guardian.core.rearm import PARTIAL_DWELL


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
        case "hours":
            opens, closes = (f"{m // 60:02}:{m % 60:02}" for m in (window.opens, window.closes))
            return f"since {opens} {window.tz}, until {closes}"
    return f"the last {span_words(window.seconds or 0.0)}"


def span_words(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


SIDES = {"over": "below", "under": "above"}
"""Where the value is well, by the direction of the rule."""

WHOSE = {
    "portfolio": "all accounts together",
    "mandate": "all accounts of each mandate",
    "venue": "all accounts at each venue",
}


def measures_words(rule: Rule) -> str:
    """The metric, of what, and whose: two rules of one metric differ in nothing else."""
    of = f" of {', '.join(rule.of.split(','))}" if rule.of else ""
    only = f": {', '.join(rule.only)}" if rule.only else ""
    return f"{rule.metric}{of}, {WHOSE.get(rule.scope, f'each {rule.scope}')}{only}"


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
        "of": rule.of,
        "only": list(rule.only),
        "measures": measures_words(rule),
        "direction": rule.direction,
        "ladder": [
            {"limit": r.limit, "level": r.level.name, "hold_s": r.hold_seconds, "to": r.to}
            for r in rule.ladder
        ],
        "stale_after_s": rule.stale_after_seconds,
        "on_unknown": rule.on_unknown.value,
        "clears": clears_words(rule),
        "clears_by": rule.clears,
        "cooldown_s": rule.cooldown_seconds,
        "gamma": rule.gamma,
        "mode": "armed" if rule.armed else "observe",
        "runbook": rule.runbook,
    }


def clears_words(rule: Rule) -> str:
    """What would end what this rule demanded; of limits that adapt at no heat, the widest."""
    widest, tightest = (limit_today(rule, rule.ladder[0], heat) for heat in (0.0, HOTTEST))
    adapts = ", tighter as its limits adapt" if tightest != widest else ""
    well = share_of(widest, rule, CLEAR_BELOW)
    calm = f"CAUTION by itself after a minute {SIDES[rule.direction]} {well:g}{adapts}"
    levels = {rung.level for rung in rule.ladder}
    if levels == {Level.CAUTION}:
        return calm
    if rule.clears == "operator":
        return f"{calm}; above CAUTION: guardian resume ACCOUNT"
    wait = f"calm and a cooldown of {span_words(rule.cooldown_seconds)}, doubled by each halt of a day"
    auto = f"{calm}; HALT and REDUCE by itself: {wait}, then half-open"
    if any(rung.to for rung in rule.ladder):
        auto += f"; a REDUCE to a part: calm and {span_words(PARTIAL_DWELL.total_seconds())}"
    return f"{auto}; above REDUCE: guardian resume ACCOUNT" if max(levels) > Level.REDUCE else auto


def lines(rule: Mapping[str, Any], live: Sequence[Mapping[str, Any]]) -> list[str]:
    """For people: the rule, then each account's live value."""
    rows = [
        f"{rule['id']} ({rule['pack']}, mode {rule['mode']}): {rule['title']}",
        f"  why         {rule['why']}",
    ]
    rows += [
        f"  measures    {rule['measures']}",
        f"  formula     {rule['formula']}",
        f"  window      {rule['window']}",
    ]
    for rung in rule["ladder"]:
        to = "" if rung["to"] is None else f" to {rung['to']:g}"
        rows.append(
            f"  {rule['direction']} {rung['limit']:<8g}{rung['level']}{to}, held {rung['hold_s']:g} s"
        )
    if rule["gamma"]:
        most = f"{1 - rule['gamma']:.0%}" if rule["direction"] == "over" else f"{1 + rule['gamma']:.0%}"
        rows.append(f"  adapts      up to REDUCE: {most} of these where the market is wholly overheated")
    rows += [
        f"  stale       after {rule['stale_after_s']:g} s without evidence: {rule['on_unknown']}",
        f"  clears      {rule['clears']}",
        f"  runbook     {rule['runbook'] or 'none'}",
    ]
    return rows + [line for each in live for line in _live(each)]


def _live(now: Mapping[str, Any]) -> list[str]:
    """Value and limit, today's ladder with its holds, the market's heat, and what would end the level."""
    name, age = f"  {now['account']:<11}", aged(now["age_s"])
    if now["value"] is None:
        rows = [f"{name} {now['verdict']}: {now['why']} ({age})"]
    else:
        bound = "at least " if now["bound"] == "at_least" else ""
        place = f"{bound}{now['value']:.4g} of {now['limit']:.4g} for {now['level']}"
        hold = f"held {now['held_s']:g} of {now['hold_s']:g} s"
        why = f": {now['why']}" if now["why"] else ""
        rows = [f"{name} {now['verdict']}: {place}, {now['distance']:.4g} away, {hold} ({age}){why}"]
    if now["error"] is not None:
        rows.append(f"    give or take {now['error']:.2g} (standard error of the simulated days)")
    if now["methods"]:
        told = ", ".join(f"{name} {value:.4g}" for name, value in sorted(now["methods"].items()))
        rows.append(f"    by {'scenario' if now['metric'] == 'stress_loss' else 'method'}: {told}")
    rows += [f"    {_today(rung)}" for rung in now["ladder"]]
    if now["calm"]:
        rows.append(f"    calm today: {_calm(now)}")
    if now["overheat"]:
        rows.append(f"    overheat {_heat(now['overheat'])}")
    rows.append(f"    account at {now['account_level']}{_trial(now['trial'])}")
    leaves = now["leaves"] or {"waits_for": []}
    return rows + [f"    waits for {what}" for what in leaves["waits_for"]]


def _today(rung: Mapping[str, Any]) -> str:
    to = "" if rung["to"] is None else f" to {rung['to']:g}"
    hard = "" if rung["limit"] == rung["hard"] else f" (hard {rung['hard']:.4g})"
    state = "fired" if rung["fired"] else "past" if rung["past"] else "not past"
    held = f", held {rung['held_s']:.3g} of {rung['hold_s']:g} s" if rung["hold_s"] else ""
    return f"{rung['level']}{to} at {rung['limit']:.4g} today{hard}: {state}{held}"


def _calm(now: Mapping[str, Any]) -> str:
    """Half-open a CAUTION has no minute of its own."""
    side, bounds = SIDES[now["direction"]], now["calm"]
    above = "" if bounds["above"] is None else f"{side} {bounds['above']:.4g}"
    if now["trial"] and above:
        return f"half-open {above}"
    caution = f"CAUTION {side} {bounds['caution']:.4g}"
    return f"{caution}, HALT and REDUCE {above}" if above else caution


def _heat(heat: Mapping[str, Any]) -> str:
    known = [f"{c['name']} {c['value']:.2f}" for c in heat["components"] if c["value"] is not None]
    lacking = [c["name"] for c in heat["components"] if c["value"] is None]
    told = "; ".join([*known, *([f"not known: {', '.join(lacking)}"] if lacking else [])])
    return f"{heat['value']:.2f} ({told})"


def _trial(trial: Mapping[str, Any] | None) -> str:
    if not trial:
        return ""
    clean = f"clean for {trial['clean_s'] / 60:.0f} of {trial['needs_s'] / 60:.0f} min"
    return f", half-open: new size capped at {trial['size_cap']:.0%}, {clean}"


def live(document: Mapping[str, Any], rule: str) -> list[dict[str, Any]]:
    """This rule's live numbers on every account of a status document."""
    found = []
    for account in document["accounts"]:
        for own in account["rules"]:
            if own["id"] == rule:
                known = own["value"] is not None
                sign = 1 if own.get("direction", "over") == "over" else -1
                away = sign * (own["limit"] - own["value"]) if known else None
                found.append({"account": account["name"], **_numbers(own, account), "distance": away})
    return found


def _numbers(own: Mapping[str, Any], account: Mapping[str, Any]) -> dict[str, Any]:
    """What the status tells of the rule, and of the account around it."""
    names = ("verdict", "value", "bound", "why", "limit", "level", "held_s", "hold_s", "age_s")
    rung = {"to": None, "held_s": 0.0, "past": False, "fired": False}
    return {name: own[name] for name in names} | {
        "metric": own.get("metric"),
        "hard": own.get("hard", own["limit"]),
        "direction": own.get("direction", "over"),
        "calm": own.get("calm"),
        "armed": own.get("armed"),
        "error": own.get("error"),
        "methods": own.get("methods") or {},
        "ladder": [{**rung, "hard": each["limit"], **each} for each in own.get("ladder", ())],
        "account_level": account.get("level", "NORMAL"),
        "overheat": account.get("overheat"),
        "leaves": account.get("leaves"),
        "trial": (account.get("incident") or {}).get("trial"),
    }
