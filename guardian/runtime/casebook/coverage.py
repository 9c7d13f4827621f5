"""What the cases of a pack leave unproven: that a rule fires, that it does not, and what it does when blind.

Read from the deeds alone, so that what a person reads in the file is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from guardian.core.judge import CLEAR_BELOW
from guardian.core.model import OnUnknown, Rule, Verdict

VERDICT = re.compile(r"([\w.-]+) (clear|pending|breached|unknown|warming)(?:(?: at|, at least) (\S+))?")
LEVEL = re.compile(r"[A-Z]+ -> ([A-Z]+) \(([\w.-]+)\)")
NEVER_BLIND = frozenset({"data_age", "halts"})
"""Never unknown: the first fires when it cannot see, the other counts what guardian itself has done."""


@dataclass(slots=True)
class Shown:
    """What one case shows of one rule."""

    raised: set[str] = field(default_factory=set)
    breached: bool = False
    near: bool = False
    unknown: bool = False
    raised_blind: bool = False


def gaps(rules: Sequence[Rule], cases: Iterable[Sequence[str]]) -> list[str]:
    """One sentence for each thing that no case shows; `cases` are the deeds of each."""
    known = list(cases)
    return [gap for rule in rules for gap in _gaps(rule, [_shown(rule, deeds) for deeds in known])]


def _gaps(rule: Rule, shown: Sequence[Shown]) -> Iterator[str]:
    raised = {level for each in shown for level in each.raised}
    for rung in rule.ladder:
        if rung.level.name not in raised:
            yield f"{rule.id}: no case in which it demands {rung.level.name.lower()}"
    if not any(each.near and not each.breached for each in shown):
        yield f"{rule.id}: no case in which it comes near its limit and does not fire"
    if rule.metric in NEVER_BLIND:
        return
    demands = rule.on_unknown is not OnUnknown.IGNORE
    if not any(each.raised_blind if demands else each.unknown and not each.raised_blind for each in shown):
        result = f"demands {rule.on_unknown.value}" if demands else "demands nothing"
        yield f"{rule.id}: no case in which it goes blind and {result}"


def _shown(rule: Rule, deeds: Sequence[str]) -> Shown:
    shown, standing = Shown(), ""
    for line in deeds:
        text = line.split("  ")[-1].rpartition(": ")[2]
        if (found := VERDICT.fullmatch(text)) and found[1] == rule.id:
            standing = found[2]
            shown.breached |= standing == Verdict.BREACHED
            shown.unknown |= standing == Verdict.UNKNOWN and found[3] is None
            shown.near |= standing == Verdict.PENDING or (
                standing == Verdict.CLEAR and _near(rule, float(found[3] or 0))
            )
        elif (found := LEVEL.fullmatch(text)) and found[2] == rule.id:
            # What has never been told (a heartbeat) has no verdict: what it raises then is blindness.
            if standing in (Verdict.UNKNOWN, Verdict.WARMING, ""):
                shown.raised_blind = True
            else:
                shown.raised.add(found[1])
    return shown


def _near(rule: Rule, value: float) -> bool:
    """As near as a value may be without counting as well clear."""
    limit = rule.ladder[0].limit
    return value >= CLEAR_BELOW * limit if rule.direction == "over" else value <= limit / CLEAR_BELOW
