"""What a snapshot records of its own requests, and how the venue's clock is kept."""

from __future__ import annotations

import asyncio

import pytest

from guardian.core.model import Call, ClockOffset
from guardian.exchanges.bybit.read import BybitReader
from guardian.exchanges.generic.clock import VenueClock
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script


def named(calls: tuple[Call, ...], endpoint: str) -> list[Call]:
    return [call for call in calls if call.endpoint == endpoint]


async def test_each_request_of_a_read_is_recorded_once_and_in_order(
    script: Script, reader: BybitReader
) -> None:
    await reader._instruments.load_if_due()
    first = await reader.snapshot()

    second = await reader.snapshot()

    assert {"instruments", "orders", "positions", "time", "transaction-log", "wallet-balance"} == {
        call.endpoint for call in first.calls
    }
    assert ["orders", "orders", "positions", "positions", "wallet-balance"] == [
        call.endpoint for call in second.calls
    ]
    assert all(call.answered and call.code == "" and 0 < call.seconds < 4 for call in second.calls)


async def test_an_audit_is_no_request_of_a_read(script: Script, reader: BybitReader) -> None:
    await reader.audit()

    snapshot = await reader.snapshot()

    assert script.sent_to(stub.QUERY_API)
    assert not named(snapshot.calls, "")
    # Five, two of positions and two of orders elsewhere, the first clock, lot sizes twice, the first ledger.
    assert len(snapshot.calls) == 13


@pytest.mark.parametrize(
    ("answer", "code", "answered"),
    [
        (Raw(b"", 429), "http-429", True),
        (Raw(b"<html>", 502), "http-502", True),
        (Raw(b"not json"), "garbage", True),
        (Raw(b"", delay=5), "timeout", False),
    ],
)
async def test_a_failed_request_is_recorded_with_its_raw_code(
    script: Script, reader: BybitReader, answer: Raw, code: str, answered: bool
) -> None:
    script.says(stub.WALLET, answer)

    snapshot = await reader.snapshot()

    (call,) = named(snapshot.calls, "wallet-balance")
    assert (code, answered) == (call.code, call.answered)
    assert answered or call.seconds == pytest.approx(1.0, abs=0.3)


async def test_the_venues_own_refusal_is_recorded(script: Script, reader: BybitReader) -> None:
    script.says(stub.WALLET, script.refusal(10006, "too many visits"))

    snapshot = await reader.snapshot()

    assert [("10006", True)] == [(c.code, c.answered) for c in named(snapshot.calls, "wallet-balance")]


@pytest.mark.parametrize(
    ("left", "limit", "budget"),
    [
        ("49", "50", (49, 50)),
        ("0", "50", (0, 50)),
        ("50", "50", (50, 50)),
        (None, "50", None),
        ("49", None, None),
        ("", "", None),
        ("-1", "50", None),
        ("49", "0", None),
        ("0", "0", None),
        ("51", "50", None),
        ("4.5", "50", None),
        ("NaN", "50", None),
        ("many", "50", None),
        ("49", "9999999999999999999", None),
    ],
)
async def test_what_an_answer_tells_of_the_allowance_is_recorded_and_nonsense_is_not(
    script: Script, reader: BybitReader, left: str | None, limit: str | None, budget: tuple[int, int] | None
) -> None:
    told = {"X-Bapi-Limit-Status": left, "X-Bapi-Limit": limit}
    headers = {name: value for name, value in told.items() if value is not None}
    script.says(stub.WALLET, Raw(script.envelope(stub.wallet()), headers=headers))

    snapshot = await reader.snapshot()

    (call,) = named(snapshot.calls, "wallet-balance")
    assert ("", budget) == (call.code, call.budget)
    assert all(call.budget is None for call in named(snapshot.calls, "orders"))


@pytest.mark.parametrize("body", ["refused", "nonsense", "failed"])
async def test_an_answer_that_is_of_no_use_still_tells_the_allowance(
    script: Script, reader: BybitReader, body: str
) -> None:
    """A refusal for asking too often is what tells that nothing is left."""
    answers = {
        "refused": (script.envelope({}, 10006, "Too many visits!"), 200, "10006"),
        "nonsense": (b"not json", 200, "garbage"),
        "failed": (b"", 429, "http-429"),
    }
    raw, status, code = answers[body]
    told = {"X-Bapi-Limit-Status": "0", "X-Bapi-Limit": "50"}
    script.says(stub.WALLET, Raw(raw, status, headers=told))

    snapshot = await reader.snapshot()

    assert [(code, (0, 50))] == [(c.code, c.budget) for c in named(snapshot.calls, "wallet-balance")]


async def test_a_request_without_an_answer_tells_no_allowance(script: Script, reader: BybitReader) -> None:
    script.says(stub.WALLET, Raw(b"", delay=5, headers={"X-Bapi-Limit-Status": "0", "X-Bapi-Limit": "50"}))

    snapshot = await reader.snapshot()

    assert [("timeout", None)] == [(c.code, c.budget) for c in named(snapshot.calls, "wallet-balance")]


async def test_a_venue_that_is_gone_leaves_calls_without_an_answer(script: Script) -> None:
    """When every read fails, the failed requests are the evidence."""
    reader = BybitReader(script.endpoint(url="http://127.0.0.1:9"), WATCH)

    snapshot = await reader.snapshot()
    await reader.close()

    assert snapshot.wallet is None
    assert len(snapshot.calls) >= 5
    assert {("network", False)} == {(call.code, call.answered) for call in snapshot.calls}


async def test_what_a_cancelled_read_asked_is_told_by_the_next(script: Script, reader: BybitReader) -> None:
    """The shell gives up on a whole read after its own deadline; its requests must not vanish with it."""
    await reader.snapshot()
    script.says(stub.WALLET, Raw(b"", delay=5))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.snapshot(), 0.2)
    script.says(stub.WALLET, stub.wallet())

    snapshot = await reader.snapshot()

    codes = [(call.code, call.answered) for call in named(snapshot.calls, "wallet-balance")]
    assert [("", True), ("timeout", False)] == codes


async def test_the_clock_is_told_with_its_error(script: Script, reader: BybitReader) -> None:
    real = script.venue_ms
    script.venue_ms = lambda: real() + 1_500

    snapshot = await reader.snapshot()

    assert snapshot.clock is not None
    assert snapshot.clock.seconds == pytest.approx(1.5, abs=snapshot.clock.error_seconds + 0.05)
    assert 0 < snapshot.clock.error_seconds < 4


async def test_the_configured_interval_is_when_the_clock_is_measured_again(script: Script) -> None:
    reader = BybitReader(script.endpoint(clock_seconds=0.05), WATCH)
    await reader.snapshot()
    await asyncio.sleep(0.1)
    await reader.snapshot()
    await asyncio.sleep(0.05)

    asked = len(script.sent_to(stub.TIME))
    await reader.close()

    assert 2 == asked


class TestClockFilter:
    def test_the_vector_of_the_reference(self) -> None:
        clock = VenueClock()

        clock.learn(1_300, asked_ms=1_000, answered_ms=1_100)

        assert ClockOffset(0.25, 0.05) == clock.offset

    def test_the_shortest_round_trip_counts(self) -> None:
        clock = VenueClock()
        for at, round_trip, late in ((0, 200, 60), (1_000, 20, 5), (2_000, 300, -80)):
            clock.learn(at + 250 + round_trip / 2 + late, at, at + round_trip)

        assert ClockOffset(0.255, 0.01) == clock.offset

    def test_a_good_sample_is_forgotten_after_twenty_more(self) -> None:
        clock = VenueClock()
        clock.learn(1_000 + 5 + 100, 1_000, 1_010)
        for number in range(20):
            clock.learn(2_000 + 50 + 110 + number, 2_000 + number, 2_100 + number)

        assert ClockOffset(0.11, 0.05) == clock.offset

    def test_a_clock_that_was_set_is_believed_at_once(self) -> None:
        """The surest old sample says nothing of a clock that was set since."""
        clock = VenueClock()
        clock.learn(1_005, 1_000, 1_010)

        clock.learn(9_000, 2_000, 2_200)

        assert ClockOffset(6.9, 0.1) == clock.offset

    def test_a_question_answered_before_it_was_asked_proves_nothing(self) -> None:
        clock = VenueClock()
        clock.learn(1_005, 1_000, 1_010)

        clock.learn(2_000, asked_ms=2_000, answered_ms=1_000)

        assert (0.0, True) == (clock.offset_ms, clock.measure_due)

    def test_an_offset_that_nobody_confirms_any_more_is_no_evidence(self) -> None:
        clock = VenueClock(refresh_seconds=0.0)

        clock.learn(1_300, asked_ms=1_000, answered_ms=1_100)

        assert None is clock.offset
