"""A drill as a course of steps: each is timed against its own budget and ends ok, failed or skipped.

Laws: a step that took longer than its budget has failed, whatever it proved; what could not be tried is
skipped and says what it lacked; what a drill has begun is undone, however it ends, and the undoing is a step.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from guardian.errors import GuardianError

Outcome = Literal["ok", "failed", "skipped"]
Work = Callable[[], Awaitable[str]]
Tell = Callable[["Step"], None]


class Failed(Exception):
    """A step has shown that something does not work; the sentence never holds a secret."""


@dataclass(frozen=True, slots=True)
class Step:
    """`why` says what was seen, or why there is nothing to see. Seconds; `took_s` is None when skipped."""

    name: str
    outcome: Outcome
    why: str
    budget_s: float
    took_s: float | None = None
    cleanup: bool = False


@dataclass
class Course:
    """The steps so far. `undo` holds what must be looked after at the end, the last begun first."""

    tell: Tell = lambda step: None
    steps: list[Step] = field(default_factory=list)
    undo: list[tuple[str, float, Work]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return bool(self.steps) and all(step.outcome != "failed" for step in self.steps)

    def ok(self, *names: str) -> bool:
        good = {step.name for step in self.steps if step.outcome == "ok"}
        return good.issuperset(names)

    async def take(self, name: str, budget_s: float, work: Work, needs: tuple[str, ...] = ()) -> None:
        """Do one step. Cancelled in the middle, it is recorded as failed and the cancellation goes on."""
        lacking = [need for need in needs if not self.ok(need)]
        if lacking:
            self.skip(name, budget_s, f"needs: {', '.join(lacking)}")
            return
        self._add(await _timed(name, budget_s, work, self._add))

    def measured(self, name: str, budget_s: float, took_s: float | None, why: str) -> None:
        """A step that was timed by others, since its own beginning; None: it never happened."""
        good = took_s is not None and took_s <= budget_s
        self._add(Step(name, "ok" if good else "failed", why, budget_s, took_s))

    def skip(self, name: str, budget_s: float, why: str) -> None:
        self._add(Step(name, "skipped", why, budget_s))

    def later(self, name: str, budget_s: float, work: Work) -> None:
        """Register what must be made good at the end, before the act that makes it necessary."""
        self.undo.append((name, budget_s, work))

    async def clean_up(self) -> None:
        """Undo everything; one that fails does not keep the others from being tried."""
        while self.undo:
            name, budget_s, work = self.undo.pop()
            step = await _timed(name, budget_s, work, self._add)
            self._add(Step(step.name, step.outcome, step.why, budget_s, step.took_s, cleanup=True))

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        with contextlib.suppress(OSError):
            # Whoever watches may be gone (a closed terminal, a dead pipe); the undoing goes on.
            self.tell(step)


async def _timed(name: str, budget_s: float, work: Work, interrupted: Tell) -> Step:
    began = time.monotonic()
    outcome: Outcome = "failed"
    try:
        async with asyncio.timeout(budget_s):
            why = await work()
        outcome = "ok"
    except TimeoutError:
        why = f"not done within its {budget_s:g} s"
    except (Failed, GuardianError) as error:
        why = str(error)
    except asyncio.CancelledError:
        interrupted(Step(name, "failed", "interrupted", budget_s, _since(began)))
        raise
    except Exception as error:
        # A defect or a broken disk: told by its kind only, because a foreign message may hold a secret.
        why = f"unexpected {type(error).__name__}"
    return Step(name, outcome, why, budget_s, _since(began))


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
