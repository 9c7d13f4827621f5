"""The course's laws, and how long a drill counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from guardian.core.policy import AccountPolicy
from guardian.core.state import AccountState, Arming
from guardian.drill.course import Course, Failed, Step
from guardian.runtime.control.drilled import lapsed, needs_drill, overdue

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def fine() -> str:
    return "fine"


async def broken() -> str:
    raise Failed("broken")


async def slow() -> str:
    await asyncio.sleep(5)
    return "too late"


def found(course: Course) -> list[tuple[str, str, bool]]:
    return [(step.name, step.outcome, step.cleanup) for step in course.steps]


async def test_what_lacks_its_ground_is_skipped_and_what_is_late_has_failed() -> None:
    course = Course()

    await course.take("a", 1, broken)
    await course.take("b", 1, fine, ("a",))
    await course.take("c", 0.05, slow)
    course.measured("d", 1.0, None, "never")

    assert [
        ("a", "failed", False),
        ("b", "skipped", False),
        ("c", "failed", False),
        ("d", "failed", False),
    ] == found(course)
    assert not course.passed


async def test_cleaning_up_goes_on_past_a_failure_the_last_begun_first() -> None:
    course = Course()
    course.later("first", 1, fine)
    course.later("second", 1, broken)

    await course.clean_up()

    assert [("second", "failed", True), ("first", "ok", True)] == found(course)


async def test_an_interrupted_step_is_recorded_and_the_interruption_goes_on() -> None:
    course = Course()
    work = asyncio.create_task(course.take("a", 9, slow))
    await asyncio.sleep(0.02)

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert [("a", "failed", False)] == found(course)
    assert "interrupted" == course.steps[0].why


async def test_a_defect_is_told_by_its_kind_only() -> None:
    async def defect() -> str:
        raise ValueError("a-secret")

    course = Course()

    await course.take("a", 1, defect)

    assert "unexpected ValueError" == course.steps[0].why


def test_a_drill_counts_for_35_days() -> None:
    assert not lapsed(NOW, NOW + timedelta(days=35))
    assert lapsed(NOW, NOW + timedelta(days=35, seconds=1))


def account(armed: bool = False, drilled_at: datetime | None = None) -> AccountState:
    policy = AccountPolicy("a", "bybit", "USDT", True, True, (), (), "", (), (), 60.0, 0.02, 1.0)
    return AccountState(policy, NOW, arming=Arming(armed, (), None, "x"), drilled_at=drilled_at)


def test_only_what_may_act_needs_a_drill() -> None:
    assert not needs_drill(account(), ())
    assert needs_drill(account(armed=True), ())
    assert overdue(account(armed=True), NOW)
    assert not overdue(account(armed=True, drilled_at=NOW), NOW)


async def test_a_dead_terminal_does_not_keep_anything_from_being_undone() -> None:
    """`guardian drill live 2>&1 | tee log` and Ctrl-C: tee dies first, and telling raises."""
    undone = []

    def deaf(step: Step) -> None:
        raise BrokenPipeError

    async def undo(what: str) -> str:
        undone.append(what)
        return what

    course = Course(deaf)
    for what in ("order", "key"):
        course.later(what, 5.0, partial(undo, what))

    await course.clean_up()

    assert undone == ["key", "order"]
    assert [step.outcome for step in course.steps] == ["ok", "ok"]
