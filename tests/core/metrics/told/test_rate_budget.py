"""How much of the venue's request allowance is left, as the answers to reads told it."""

from __future__ import annotations

import json

import pytest

from guardian.core.events import SnapshotTaken
from guardian.core.metrics.api_calls import SLOTS
from guardian.core.model import Call, Known, Unknown
from guardian.runtime.codec import decode_event, decode_state, encode_event, encode_state
from tests.core.build import Desk, at, read, rule, rung
from tests.core.metrics.test_api_metrics import LATE, OK, asked, measured


def desk_on_budget() -> Desk:
    return Desk(rule(rung(0.25, "caution"), id="m", metric="rate_budget", direction="under"))


def told(*budgets: tuple[int, int] | None) -> tuple[Call, ...]:
    return tuple(Call("orders", 0.05, budget=each) for each in budgets)


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ([(49, 50)], 0.98),
        ([(49, 50), (6, 10), (48, 50)], 0.6),
        ([(50, 50), None], 1.0),
        ([(0, 50), (49, 50)], 0.0),
        ([(1200, 1200)], 1.0),
    ],
)
def test_the_budget_is_the_least_that_any_answer_told(
    budgets: list[tuple[int, int] | None], expected: float
) -> None:
    desk = desk_on_budget()
    asked(desk, 0, *told(*budgets))

    assert Known(expected) == measured(desk, "rate_budget", 0)


@pytest.mark.parametrize("budget", [None, (0, 0), (5, 0), (-1, 50), (5, -50), (51, 50)])
def test_a_budget_that_is_missing_or_nonsense_is_unknown_never_zero(budget: tuple[int, int] | None) -> None:
    desk = desk_on_budget()
    asked(desk, 0, *told(budget))

    value = measured(desk, "rate_budget", 0)

    assert Unknown("no answer told a request allowance in the last 60 s") == value


def test_nonsense_beside_a_budget_does_not_hide_it() -> None:
    desk = desk_on_budget()
    asked(desk, 0, *told((0, 0), (25, 50), (60, 50)))

    assert Known(0.5) == measured(desk, "rate_budget", 0)


def test_a_budget_counts_for_a_minute_across_the_slots() -> None:
    desk = desk_on_budget()
    for second, left in ((0, 5), (1, 30), (7, 40), (58, 45)):
        asked(desk, second, *told((left, 50)))

    values = [measured(desk, "rate_budget", second) for second in (59, 60, 66, 200)]

    assert [Known(0.1), Known(0.8), Known(0.9)] == values[:3]
    assert Unknown("no request in the last 60 s") == values[3]


def test_requests_that_told_no_budget_keep_what_their_slot_knows() -> None:
    desk = desk_on_budget()
    asked(desk, 0, *told((10, 50)))
    asked(desk, 1, LATE, OK)

    assert Known(0.2) == measured(desk, "rate_budget", 1)


def test_memory_of_the_budget_is_one_number_a_slot() -> None:
    desk = desk_on_budget()
    for n in range(2000):
        asked(desk, n / 10, *told((n % 50, 50), (n % 20, 20)))

    slots = desk.account.api.slots
    assert len(slots) <= SLOTS
    assert all(slot.budget == 0.0 for slot in slots[:-1])


def test_a_budget_outlives_the_journal_and_a_checkpoint() -> None:
    desk = desk_on_budget()
    asked(desk, 0, *told((10, 50), None))
    event = SnapshotTaken(at(0), read(0, calls=told((10, 50), None)))

    assert event == decode_event(encode_event(event))
    assert desk.state == decode_state(encode_state(desk.state))


def test_journals_and_checkpoints_without_a_budget_still_load() -> None:
    """Versions before it wrote requests and slots that do not name it."""
    desk = desk_on_budget()
    asked(desk, 0, OK)
    event = encode_event(SnapshotTaken(at(0), read(0, calls=(OK,))))
    for call in event["snapshot"]["calls"]:
        del call["budget"]
    state = json.loads(encode_state(desk.state))
    for slot in state["accounts"][0]["api"]["slots"]:
        del slot["budget"]

    assert SnapshotTaken(at(0), read(0, calls=(OK,))) == decode_event(event)
    assert desk.state == decode_state(json.dumps(state))


def test_a_bot_that_eats_the_allowance_warns_and_silence_neither_warns_nor_clears() -> None:
    ladder = rung(0.25, "caution", hold=2), rung(0.1, "halt", hold=5)
    desk = Desk(rule(*ladder, id="m", metric="rate_budget", direction="under"))
    reads = ((0, (40, 50)), (5, (12, 50)), (8, (12, 50)), (9, (4, 50)), (14, (4, 50)), (80, None))
    found = []
    for second, budget in reads:
        asked(desk, second, *told(budget))
        found.append((desk.account.rules[0].verdict.value, desk.level.name))

    assert [
        ("clear", "NORMAL"),
        ("pending", "NORMAL"),
        ("breached", "CAUTION"),
        ("breached", "CAUTION"),
        ("breached", "HALT"),
        ("unknown", "HALT"),
    ] == found
