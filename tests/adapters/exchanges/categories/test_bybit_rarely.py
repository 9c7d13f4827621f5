"""Fills and past orders of inverse contracts and options: asked about rarely, and none is lost."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guardian.core.facts.activity import Activity
from guardian.core.metrics.foreign_activity import LATE
from guardian.exchanges.bybit.beside import history as asked_of
from guardian.exchanges.bybit.beside import trail
from guardian.exchanges.bybit.beside.history import RARELY_S, BybitHistory
from guardian.exchanges.generic.venue import Heard
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script, listed
from tests.adapters.exchanges.test_bybit_beside import EXECUTIONS, fill, now_ms, past

OPTION = "BTC-27MAR26-70000-C"


class Clock:
    """The monotonic clock of the lists that are followed."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(trail, "time", clock)
    return clock


@pytest.fixture
async def history(script: Script) -> AsyncIterator[BybitHistory]:
    script.says(EXECUTIONS, listed([]))
    opened = BybitHistory(script.endpoint(), WATCH)
    yield opened
    await opened.close()


def asked(script: Script, path: str = EXECUTIONS) -> list[int]:
    """How often of linear contracts, of inverse ones, of options."""
    return [len(script.asked_of(category, path)) for category in ("linear", "inverse", "option")]


def ids(activity: Activity) -> list[str]:
    return [row.id for row in (*(activity.fills or ()), *(activity.orders or ()))]


async def test_an_account_without_them_is_asked_once_a_minute(
    script: Script, history: BybitHistory, clock: Clock
) -> None:
    """Six questions a minute, as `poll.activity` has them: six of each list, and one of these."""
    for _ in range(6):
        await history.recent()
        clock.now += 10

    assert asked(script) == asked(script, stub.HISTORY) == [6, 1, 1]

    await history.recent()

    assert asked(script) == asked(script, stub.HISTORY) == [7, 2, 2]


@pytest.mark.parametrize(("category", "venue_id"), [("inverse", "BTCUSD"), ("option", OPTION)])
async def test_what_was_done_meanwhile_is_told_once_and_then_followed_closely(
    script: Script, history: BybitHistory, clock: Clock, category: str, venue_id: str
) -> None:
    begun = await history.recent()
    row = fill(symbol=venue_id, execTime=str(now_ms() + 2_000), orderLinkId="thief-1")
    script.says_of(category, EXECUTIONS, listed([row]))
    clock.now += 10
    unasked = await history.recent()
    clock.now += RARELY_S
    told, again = await history.recent(), await history.recent()

    assert (ids(begun), ids(unasked), ids(told), ids(again)) == ([], [], ["e1"], [])
    ((found,), place) = (told.fills or (), ["linear", "inverse", "option"].index(category))
    assert (found.client_id, found.inverse) == ("thief-1", category == "inverse")
    assert asked(script)[place] == 3, "each question, now that it trades them"

    clock.now += 3_601
    await history.recent()
    await history.recent()

    assert asked(script)[place] == 4, "and not for ever"


async def test_the_next_question_goes_on_where_the_last_answer_ended(
    script: Script, history: BybitHistory, clock: Clock
) -> None:
    for _ in range(3):
        await history.recent()
        clock.now += RARELY_S

    windows = [(int(s["startTime"]), int(s["endTime"])) for s in script.asked_of("inverse", EXECUTIONS)]
    assert len(windows) == 3
    assert all(later[0] <= earlier[1] for earlier, later in itertools.pairwise(windows))


async def test_one_that_failed_is_asked_again_at_once_and_nothing_counts_as_told(
    script: Script, history: BybitHistory, clock: Clock
) -> None:
    await history.recent()
    clock.now += RARELY_S
    row = fill(execTime=str(now_ms() + 2_000))
    script.says(EXECUTIONS, lambda seen: listed([row] if seen.sent["category"] == "linear" else []))
    script.says_of("option", EXECUTIONS, script.refusal(10005, "Permission denied"))
    failed = await history.recent()
    clock.now += 1
    script.says_of("option", EXECUTIONS, listed([]))

    after = await history.recent()

    assert (failed.fills, failed.orders) == (None, ())
    assert failed.problem == "executions (option): 10005 Permission denied"
    assert ids(after) == ["e1"]


async def test_a_restart_goes_on_before_what_was_asked_last(script: Script, clock: Clock) -> None:
    """The last life asked of options up to a minute before its last answer: since then nobody has."""
    script.says(EXECUTIONS, listed([]))
    done = datetime.now(UTC) - timedelta(hours=1)
    history = BybitHistory(script.endpoint(done_to=Heard(done, done)), WATCH)
    await history.recent()
    await history.close()

    def start(category: str, path: str) -> float:
        return int(script.asked_of(category, path)[0]["startTime"]) / 1000 - done.timestamp()

    for path in (EXECUTIONS, stub.HISTORY):
        gaps = [start("linear", path) - start(other, path) for other in ("inverse", "option")]
        assert gaps == pytest.approx([RARELY_S, RARELY_S])


def test_the_pace_is_within_what_waits_for_a_fill() -> None:
    """A row of the ledger without a client id counts as a stranger's after two minutes without its fill."""
    rare = [listed.rarely_s for listed in (*asked_of.ALL_FILLS, *asked_of.ALL_ORDERS) if listed.rarely_s]
    assert len(rare) == 4
    assert 2 * max(rare) <= LATE.total_seconds()


@pytest.mark.parametrize("answer", [Raw(b"", 503), {"list": [{"symbol": "BTCUSD"}], "nextPageCursor": ""}])
async def test_a_part_without_an_answer_about_them_is_missing(
    script: Script, history: BybitHistory, answer: Any
) -> None:
    script.says_of("inverse", stub.HISTORY, answer)

    activity = await history.recent()

    assert (activity.fills, activity.orders) == ((), None)
    assert activity.problem.startswith("order-history (inverse): ")


async def test_a_past_order_of_an_option_is_told(script: Script, history: BybitHistory) -> None:
    row = past(symbol=OPTION, updatedTime=str(now_ms() + 2_000), orderStatus="Filled")
    script.says_of("option", stub.HISTORY, listed([row]))

    (order,) = (await history.recent()).orders or ()

    assert (order.symbol, order.status) == (OPTION, "filled")


async def test_what_the_account_cannot_trade_is_never_asked_about(script: Script) -> None:
    script.says(EXECUTIONS, listed([]))
    history = BybitHistory(script.endpoint(contracts=("linear", "inverse")), WATCH)

    activity = await history.recent()
    await history.close()

    assert not activity.problem
    assert [1, 1, 0] == asked(script)
