"""A scenario of the simulator as a golden case: what guardian was told above the line, what it did below.

A case knows one kind of account and no disk, network or process: not every incident can be told whole.
Law: a case is no likeness. It is played before it is given away, and ends where it would begin to differ.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile, zip_longest
from pathlib import Path
from typing import Any

from guardian.config.shapes import ConfigError
from guardian.core.effects import CancelOrder, DeleteKey, Effect, FenceKey, UnfenceKey
from guardian.core.events import Configured, Event, KeysListed, SnapshotTaken
from guardian.runtime.casebook.account import BOT_KEY
from guardian.runtime.casebook.book import Outcome, played, rewritten
from guardian.runtime.casebook.deed import symbol
from guardian.runtime.casebook.tell import Step, tell
from guardian.runtime.casebook.write import written
from guardian.sim.checkers.checker import Violation
from guardian.sim.play.incident import START, Incident
from guardian.sim.scenario.shapes import Scenario

MOMENT = re.compile(r"-?[\d.]*\d")


@dataclass(frozen=True, slots=True)
class Golden:
    """`text` is "" where nothing can be told; `until` is the last second told of `seconds`, `why` its reason.

    Seconds are the world's; those in `text` are by guardian's clock, as in any case.
    """

    text: str
    until: float
    seconds: float
    why: str
    violations: tuple[Violation, ...]

    @property
    def whole(self) -> bool:
        return not self.why

    @property
    def sentence(self) -> str:
        """What the case leaves out, for people."""
        if self.whole:
            return "the case tells the whole incident"
        lost = [v.checker for v in self.violations if v.at > self.until]
        found = f"; not in it: {', '.join(dict.fromkeys(lost))}" if lost else ""
        how = f"the case ends at {self.until:g} s of {self.seconds:g}" if self.text else "no case can tell it"
        return f"{how}: {self.why}{found}"


def golden(scenario: Scenario) -> Golden:
    """Play the scenario and tell as much of it as a case can. Raises what stops a play."""
    incident = Incident(scenario, told=True)
    result = incident.run()
    steps, why, outcome = _in_its_words(incident.panel.steps), "", None
    while outcome is None and any(not isinstance(step.event, Configured) for step in steps):
        outcome, second, problem = _tried(written(_title(scenario, result.violations), steps, START), steps)
        if outcome is None:
            why = problem
            steps = _before(second, steps)
    told = () if outcome is None else (outcome,)
    until = incident.panel.moments[len(steps) - 1] if steps else 0.0
    found = Golden("", until, result.seconds, why, tuple(result.violations))
    return replace(found, text=_noted(rewritten(told), found)) if told else found


def _title(scenario: Scenario, violations: Sequence[Violation]) -> str:
    found = f"{violations[0].checker}: {violations[0].text}" if violations else "no law is broken"
    return f"Seed {scenario.seed} of the simulator: {found}"


def _noted(text: str, found: Golden) -> str:
    """The title, then what is left out, so that nobody takes the case for more than it is."""
    if found.whole:
        return text
    title, rest = text.split("\n", 1)
    return f"{title}\n# Ends at {found.until:g} s of {found.seconds:g}: {found.why}\n{rest}"


def _before(second: float, steps: Iterable[Step]) -> list[Step]:
    return list(takewhile(lambda step: _second(step) < second, steps))


def _second(step: Step) -> float:
    return (step.event.at - START).total_seconds()


def _tried(text: str, steps: Sequence[Step]) -> tuple[Outcome | None, float, str]:
    """The case if guardian does the same in it; else the second from which it does not, and why."""
    with tempfile.TemporaryDirectory(prefix="gdn-") as folder:
        file = Path(folder) / "seed.txt"
        file.write_text(text, encoding="utf-8")
        try:
            outcome = next(played([file]))
        except ConfigError as error:
            first = min(error.findings, key=lambda finding: finding.line)
            moment = MOMENT.match(text.splitlines()[first.line - 1])
            return None, float(moment[0]) if moment else float("-inf"), first.message
    told = tell(steps, START, facts=False)
    for mine, theirs in zip_longest(told, outcome.deeds):
        if mine != theirs:
            second = min(float(line.split()[0]) for line in (mine, theirs) if line)
            return None, second - 0.05, f"guardian did `{_deed(mine)}`, and in the case `{_deed(theirs)}`"
    return outcome, 0.0, ""


def _deed(line: str | None) -> str:
    return line[9:] if line else "nothing"


def _in_its_words(steps: Iterable[Step]) -> list[Step]:
    """The same steps with the ids that a case gives to orders and keys, and without guardian's own keys."""
    orders: dict[tuple[str, str], str] = {}
    own: set[str] = set()
    told = []
    for event, decisions, effects in steps:
        if isinstance(event, Configured):
            own |= {key for policy in event.accounts for key in policy.own_keys}
        if isinstance(event, SnapshotTaken):
            orders |= _orders(event)
        told.append(Step(_without(event, own), decisions, tuple(_named(each, orders) for each in effects)))
    return told


def _orders(event: SnapshotTaken) -> dict[tuple[str, str], str]:
    """What a case calls each order of this read: by kind and symbol, counted where there are several."""
    known, count = {}, Counter[str]()
    for order in event.snapshot.orders or ():
        noun = "order" if order.trigger is None else "stop"
        name = f"{noun}-{symbol(order.symbol, order.index)}"
        count[name] += 1
        known[event.snapshot.account, order.id] = name + (f"-{count[name]}" if count[name] > 1 else "")
    return known


def _without(event: Event, own: set[str]) -> Event:
    if not isinstance(event, KeysListed):
        return event
    return replace(event, keys=tuple(key for key in event.keys if key.id not in own))


def _named(effect: Effect, orders: dict[tuple[str, str], str]) -> Any:
    match effect:
        case CancelOrder():
            return replace(effect, order_id=orders.get((effect.account, effect.order_id), effect.order_id))
        case FenceKey() | UnfenceKey() | DeleteKey():
            return replace(effect, key_id=BOT_KEY)
        case _:
            return effect
