"""The graded breaker in a page of arithmetic: one rule of `rules/breaker` as core.py plays it through the
core.

It is no design of the evaluation but its cross-check: written from the definitions (docs/decisions/0015), it
must change level at the same bars as the core does; and it is a fast way to look at a parameter. Its window,
limits and waits are those of one loss rule `drawdown` over an hour with `clears: auto`. The overheat score of
every bar is given to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from guardian.evaluate.accounts import Account
from guardian.evaluate.designs.window import HOUR_MS, Window
from guardian.evaluate.play import Seen, Wish

DAY_MS = 24 * HOUR_MS
CALM, COOL, TRIAL_SHARE = 0.7, 0.3, 0.5
CAPS = (0.25, 0.5)
PARTIAL_MS = HOUR_MS // 2
AGAIN_MS = 1000
"""The core looks at a close once more, a second later: while a hold fills, and in the trial."""
NORMAL, CAUTION, HALT, REDUCE = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Ladder:
    """Limits of CAUTION and of each REDUCE with what it keeps; how long the first cooldown is."""

    caution: float = 0.025
    reduce: tuple[tuple[float, float], ...] = ((0.0375, 0.5), (0.05, 0.0))
    cooldown_ms: int = HOUR_MS // 2
    gamma: float = 0.25
    hold_ms: int = 2000


@dataclass(frozen=True, slots=True)
class Graded:
    """`heat` holds the overheat score of every bar of the account that it is played on."""

    heat: Sequence[float]
    ladder: Ladder = field(default_factory=Ladder)
    name: str = "graded"

    def at(self, scale: float, account: Account) -> Steps:
        return Steps(self.heat, self.ladder, scale)


class Steps:
    def __init__(self, heat: Sequence[float], ladder: Ladder, scale: float) -> None:
        self._heat, self._ladder, self._scale = heat, ladder, scale
        self._window, self._index = Window(), -1
        self.level, self.cap = NORMAL, 1.0
        self.kept, self._before, self._to = 1.0, 1.0, 1.0
        self._halts: list[int] = []
        self._entered_ms = self._clean_ms = 0
        self._trial = self._calm = self._shut = False
        self._over = 0

    def decide(self, seen: Seen) -> Wish:
        self._index += 1
        fallen = self._window.fallen(seen.at_ms, seen.equity)
        pull = self._scale * (1.0 - self._ladder.gamma * self._heat[self._index])
        limits = [(limit * pull, to) for limit, to in self._ladder.reduce]
        lasting = self._window.staying(self._ladder.hold_ms)
        past = [to for limit, to in limits if lasting > limit]
        over = sum(fallen > limit for limit in (self._ladder.caution * pull, *(at for at, _ in limits)))
        if over > self._over or self._trial:
            self._window.later(AGAIN_MS)
        self._over = over
        if past and (self.level < REDUCE or min(past) < self._to):
            self._reduce(seen.at_ms, min(past))
        elif self._trial and fallen > TRIAL_SHARE * limits[-1][0]:
            self._rise(seen.at_ms, HALT)
        elif self.level >= HALT:
            self._rearm(seen, fallen, over, limits[0][0], self._ladder.caution * pull)
        elif self._trial:
            self._on_trial(seen.at_ms, fallen, self._ladder.caution * pull, limits[-1][0])
        else:
            self._caution(fallen, self._ladder.caution * pull)
        return Wish(self.kept, halted=self.level == REDUCE and self._to == 0.0)

    def _reduce(self, at_ms: int, to: float) -> None:
        """`to` is of what was held when the level first became REDUCE."""
        if self.level < REDUCE:
            self._before = self.kept
        self._to = to
        self.kept = min(self.kept, to * self._before)
        self._rise(at_ms + self._ladder.hold_ms, REDUCE)

    def _rise(self, at_ms: int, level: int) -> None:
        """Shut out is who is halted or left with nothing; a smaller book is not."""
        shut = self._shut if self.level >= HALT else False
        self._shut = shut or level == HALT or self._to == 0.0
        if self._shut and not shut:
            self._halts.append(at_ms)
        self.level, self._trial, self._entered_ms = level, False, at_ms
        if level < REDUCE:
            self._to = 1.0

    def _rearm(self, seen: Seen, fallen: float, over: int, first: float, caution: float) -> None:
        if not self._shut:
            if not over and fallen < CALM * first and seen.at_ms - self._entered_ms >= PARTIAL_MS:
                # The step down is decided on twice in one look: its calm counts from there.
                self.level, self._to, self._calm = CAUTION, 1.0, fallen < CALM * caution
            return
        *before, last = self._halts
        again = sum(at > last - DAY_MS for at in before)
        waited = seen.at_ms - self._entered_ms
        cool = self._heat[self._index] < COOL or waited >= DAY_MS
        if over or not cool or fallen >= CALM * first:
            return
        if waited < min(self._ladder.cooldown_ms * 2**again, DAY_MS):
            return
        self.level, self._trial, self.cap, self._clean_ms, self._to = CAUTION, True, CAPS[0], seen.at_ms, 1.0
        self._window.restart()
        self._window.fallen(seen.at_ms, seen.equity)
        self.kept = max(self.kept, self.cap)

    def _on_trial(self, at_ms: int, fallen: float, caution: float, last: float) -> None:
        if fallen > caution or fallen >= TRIAL_SHARE * last:
            self._clean_ms = at_ms
        elif at_ms - self._clean_ms >= HOUR_MS:
            self._clean_ms = at_ms
            if self.cap == CAPS[-1]:
                self.level, self._trial, self.cap = NORMAL, False, 1.0
            else:
                self.cap = CAPS[-1]
        self.kept = max(self.kept, self.cap)

    def _caution(self, fallen: float, limit: float) -> None:
        """No trade is forced at CAUTION; its dwell of a minute is over at the bar after the first calm
        one."""
        if fallen > limit:
            self.level, self._calm = CAUTION, False
        elif fallen >= CALM * limit:
            self._calm = False
        elif self._calm:
            self.level, self.kept = NORMAL, 1.0
        else:
            self._calm = self.level == CAUTION
