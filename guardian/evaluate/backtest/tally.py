"""How often each rung came to be fired while a history was played, and for how long its rule knew its value.

A trip is a rung that fires, its hold run out, as it would act: counted once in 24 hours. It goes on until
the value is proven within the limit; not knowing ends none. A rung that was past its limit at every look at
which its rule knew anything is past it *always*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from guardian.core.judge import past_limit
from guardian.core.metrics import BY_NAME
from guardian.core.model import Known, Rule
from guardian.core.state import AccountState, RuleState
from guardian.evaluate.trips import DAY_MS


@dataclass(slots=True)
class Steps:
    """The rungs of one rule: trips so far, when the next may count, which are past and which never were not.

    `known_ms` is the time with a value, `why` what was said last where there was none.
    """

    rule: Rule
    trips: list[int] = field(init=False)
    free_ms: list[int] = field(init=False)
    inside: list[bool] = field(init=False)
    always: list[bool] = field(init=False)
    known_ms: int = 0
    why: str = ""

    def __post_init__(self) -> None:
        count = len(self.rule.ladder)
        self.trips, self.free_ms = [0] * count, [0] * count
        self.inside, self.always = [False] * count, [True] * count

    def trip(self, i: int, at_ms: int) -> None:
        if at_ms >= self.free_ms[i]:
            self.trips[i] += 1
            self.free_ms[i] = at_ms + DAY_MS


class Tally:
    """All rules of a play; one look after the other, `begin` where a new account begins."""

    def __init__(self, rules: tuple[Rule, ...], bar_ms: int) -> None:
        self.rules = tuple(Steps(rule) for rule in rules)
        self._bar_ms = bar_ms
        self._last_ms = 0

    def begin(self, at_ms: int) -> None:
        """Nothing of a new account, whose first bar opens then, is past a limit."""
        self._last_ms = at_ms
        for steps in self.rules:
            steps.inside = [False] * len(steps.inside)

    def look(self, account: AccountState, at: datetime) -> None:
        at_ms = round(at.timestamp() * 1000)
        seen_ms = min(max(at_ms - self._last_ms, 0), self._bar_ms)  # nothing is seen of what lies in a hole
        self._last_ms = at_ms
        for steps, own in zip(self.rules, account.rules, strict=True):
            self._rule(steps, own, at_ms, seen_ms)

    def lost(self, at_ms: int) -> None:
        """Whoever has lost everything was past every limit of its margin on the way."""
        margins = (steps for steps in self.rules if BY_NAME[steps.rule.metric].family == "margin")
        for steps in margins:
            for i in (i for i, inside in enumerate(steps.inside) if not inside):
                steps.trip(i, at_ms)

    def _rule(self, steps: Steps, own: RuleState, at_ms: int, seen_ms: int) -> None:
        # A bound tells where it is past the limit, or where all that it lacks is a past.
        known = past_limit(own.measured, steps.rule, steps.rule.ladder[0].limit) is not None
        if known:
            steps.known_ms += seen_ms
        elif not isinstance(own.measured, Known):
            steps.why = own.measured.why
        for i, (past, fired) in enumerate(zip(own.past, own.fired, strict=True)):
            if fired and not steps.inside[i]:
                steps.trip(i, at_ms)
            steps.inside[i] = fired or (steps.inside[i] and past)
            steps.always[i] = steps.always[i] and (past or not known)
