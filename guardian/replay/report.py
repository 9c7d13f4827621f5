"""The JSON of a replay (CONTRACTS, "guardian replay and evaluate"), and the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guardian.core.model import Level
from guardian.replay.account import Plan
from guardian.replay.candles import Candles
from guardian.replay.drive import Course, Transition
from guardian.replay.rules import Cast
from guardian.replay.worth import Crash, crashes, exposure_given_up, fall, false_halts, loss_avoided


def document(
    course: Course, candles: Candles, plan: Plan, cast: Cast, picture: Path | None
) -> dict[str, Any]:
    """What CONTRACTS promises, and what it was computed from."""
    found = crashes(course.closed, course.unprotected)
    start, end = int(course.closed[0]), int(course.closed[-1])
    return {
        "bars": len(course.closed),
        "from": stamp(start - candles.seconds * 1000),
        "to": stamp(end),
        "transitions": told(course.transitions),
        "time_in_level_s": times_in_level(course.transitions, start, end),
        "loss_avoided": loss_avoided(found, course.protected, course.unprotected),
        "exposure_given_up": exposure_given_up(found, course.held, course.wanted),
        "false_halts": false_halts(found, halts(course.transitions)),
        "picture": None if picture is None else str(picture),
        "bar_s": candles.seconds,
        "account": {
            "symbols": list(plan.symbols),
            "start_equity": float(plan.start_equity),
            "cost": float(plan.cost),
            "delay_bars": plan.delay,
        },
        "acts": acts_in_words(plan, candles.seconds),
        "equity": {
            "protected": float(course.protected[-1]),
            "unprotected": float(course.unprotected[-1]),
        },
        "trades": course.trades,
        "crashes": [_crash(course, crash) for crash in found],
        "rules": [rule.id for rule in cast.rules],
        "left_out": [{"rule": rule, "why": why} for rule, why in cast.left_out],
        "findings": findings(candles),
    }


def acts_in_words(plan: Plan, bar_s: int) -> str:
    """When and at what price guardian's acts and the bot's re-entries are traded."""
    late = f"{plan.delay * bar_s} s after the close at which they were decided"
    at = f"at the open of the bar that begins {late}" if plan.delay else "at the open of the next bar"
    cost = f"{float(plan.cost) * 100:g} % of what is traded"
    return f"acts and re-entries are traded {at}, whole, at a cost of {cost}"


def told(transitions: Sequence[Transition]) -> list[dict[str, Any]]:
    return [
        {
            "at": _instant(t.at),
            "account": t.account,
            "from": t.before.name,
            "level": t.after.name,
            "rule": t.rule,
            "value": t.value,
            "limit": t.limit,
            "to": t.to,
        }
        for t in transitions
    ]


def halts(transitions: Sequence[Transition]) -> list[int]:
    """When the account was stopped (ms): HALT, REDUCE to nothing or worse. A part reduced is no halt yet.

    It stays stopped until the level is below HALT again, so that one incident is one halt.
    """
    found, stopped = [], False
    for change in transitions:
        if change.after < Level.HALT:
            stopped = False
        elif not stopped and (change.after is not Level.REDUCE or change.to == 0):
            stopped = True
            found.append(_ms(change.at))
    return found


def times_in_level(transitions: Sequence[Transition], start_ms: int, end_ms: int) -> dict[str, float]:
    """Seconds in each level from start to end; they add up to that time. NORMAL before the first change."""
    seconds = dict.fromkeys((level.name for level in Level), 0.0)
    level, since = transitions[0].before if transitions else Level.NORMAL, start_ms
    for change in transitions:
        at = min(max(_ms(change.at), start_ms), end_ms)
        seconds[level.name] += (at - since) / 1000
        level, since = change.after, at
    seconds[level.name] += (end_ms - since) / 1000
    return seconds


def text(document: dict[str, Any]) -> str:
    """For people: what happened, what it was worth, and what was not played."""
    lines = [f"{document['bars']} bars of {document['bar_s']} s, {document['from']} to {document['to']}"]
    lines += transitions_in_words(document["transitions"])
    spent = {name: s for name, s in document["time_in_level_s"].items() if s}
    lines.append("time: " + ", ".join(f"{name} {hours(s)}" for name, s in spent.items()))
    lines += [_worth_in_words(document), document["acts"]]
    lines += [f"not played: {each['rule']}: {each['why']}" for each in document["left_out"]]
    lines += findings_in_words(document["findings"])
    if document["picture"]:
        lines.append(f"picture: {document['picture']}")
    return "\n".join(lines)


def findings(candles: Candles) -> list[dict[str, Any]]:
    """What is wrong with the rows of the data."""
    return [asdict(finding) for finding in candles.findings]


def findings_in_words(found: Sequence[dict[str, Any]]) -> list[str]:
    return [f"candles: {_place(each)}{each['message']}. {each['fix']}" for each in found]


def _place(finding: dict[str, Any]) -> str:
    """The file and the first row that it is about; "" for what is about all of them."""
    return f"{finding['file']}, row {finding['line']}: " if finding["line"] else ""


def transitions_in_words(changes: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for change in changes:
        why = change["rule"]
        if change["value"] is not None and change["limit"] is not None:
            why += f": {change['value']:.4g} is past {change['limit']:.4g}"
        lines.append(f"  {change['at']}  {change['from']:>7} -> {change['level']:<7}  {why}")
    return lines or ["  no change of level"]


def _worth_in_words(document: dict[str, Any]) -> str:
    ended = document["equity"]
    lines = [f"equity: {ended['protected']:,.2f} with guardian, {ended['unprotected']:,.2f} without"]
    if document["loss_avoided"] is None:
        lines.append("no crash (10 % within six hours): no loss to avoid")
    else:
        count = len(document["crashes"])
        lines.append(f"{count} crashes: {document['loss_avoided']:.1%} of their loss avoided")
    if document["exposure_given_up"] is not None:
        lines.append(f"outside crashes {document['exposure_given_up']:.1%} of the exposure given up")
    lines.append(f"false halts: {document['false_halts']}")
    return "\n".join(lines)


def hours(seconds: float) -> str:
    whole, rest = divmod(round(seconds), 3600)
    return f"{whole} h {rest // 60} min" if whole else f"{rest // 60} min {rest % 60} s"


def _crash(course: Course, crash: Crash) -> dict[str, Any]:
    return {
        "from": stamp(crash.onset_ms),
        "to": stamp(crash.end_ms),
        "unprotected_loss": fall(course.unprotected, crash),
        "protected_loss": fall(course.protected, crash),
    }


def stamp(ms: int) -> str:
    return _instant(datetime.fromtimestamp(ms / 1000, UTC))


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
