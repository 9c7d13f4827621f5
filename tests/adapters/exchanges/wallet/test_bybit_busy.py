"""More rows of the ledger than one read has time for, or than the venue answers at once."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from guardian.core.model import Part
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script
from tests.adapters.exchanges.test_bybit_ledger import rows_of


def slow_log(rows: list[dict[str, Any]], delay: float) -> stub.Answer:
    """Answers as the venue does: the span that is asked for, a page at a time, each after `delay` seconds."""

    def answer(seen: stub.Seen) -> Raw:
        first, last = int(seen.sent["startTime"]), int(seen.sent["endTime"])
        inside = [row for row in rows if first <= int(row["transactionTime"]) <= last]
        page = stub.paged(inside[::-1], 50)(seen)
        body = {"retCode": 0, "retMsg": "OK", "result": page, "time": round(time.time() * 1000)}
        return Raw(orjson.dumps(body), delay=delay)

    return answer


async def test_an_absence_too_busy_for_one_read_is_told_part_by_part_and_named_until_then(script: Script):
    """Asked for at once it would time out at every read, for ever, and no loss could be told any more."""
    now, minutes, count = script.venue_ms(), 20, 2400
    busy = [stub.ledger_row(n, now - minutes * 60_000 + n * minutes * 60_000 // count) for n in range(count)]
    script.says(stub.LEDGER, slow_log(busy, delay=0.06))
    stopped = datetime.now(UTC) - timedelta(minutes=minutes, seconds=30)
    reader = BybitReader(script.endpoint(booked_to=stopped, timeout_s=2.0), WATCH)
    told: list[str] = []

    for _ in range(100):
        snapshot = await reader.snapshot()
        told += rows_of(snapshot.ledger or ())
        if snapshot.complete:
            break
        assert [Part.LEDGER] == [failure.part for failure in snapshot.failures]
        assert snapshot.positions is not None, "the rest of the read does not wait for it"
    await reader.close()

    assert snapshot.complete
    assert [f"row-{n}" for n in range(count)] == told


def limited(log: stub.Answer, pages: int, seconds: float) -> stub.Answer:
    """Refuses what comes sooner than so many pages in so many seconds."""
    answered: list[float] = []

    def answer(seen: stub.Seen) -> Raw:
        now = time.monotonic()
        answered[:] = [at for at in answered if now - at < seconds]
        if len(answered) >= pages:
            body = {
                "retCode": 10006,
                "retMsg": "Too many visits!",
                "result": {},
                "time": time.time_ns() // 10**6,
            }
            return Raw(orjson.dumps(body))
        answered.append(now)
        found: Raw = log(seen)
        return found

    return answer


async def test_an_absence_with_more_pages_than_the_venue_allows_at_once_is_told_part_by_part(script: Script):
    """A fast line is refused before it has waited for too long: asked for the same again, it always is."""
    now, minutes, count = script.venue_ms(), 20, 1600
    busy = [stub.ledger_row(n, now - minutes * 60_000 + n * minutes * 60_000 // count) for n in range(count)]
    script.says(stub.LEDGER, limited(slow_log(busy, delay=0), pages=12, seconds=0.4))
    stopped = datetime.now(UTC) - timedelta(minutes=minutes, seconds=30)
    reader = BybitReader(script.endpoint(booked_to=stopped), WATCH)
    told: list[str] = []

    for _ in range(40):
        snapshot = await reader.snapshot()
        told += rows_of(snapshot.ledger or ())
        if snapshot.complete:
            break
        await asyncio.sleep(0.4)
    await reader.close()

    assert snapshot.complete
    assert [f"row-{n}" for n in range(count)] == told


def absent(script: Script, count: int, delay: float) -> BybitReader:
    """A reader after an absence of twenty minutes with so many rows, its log's pages so slow."""
    now, minutes = script.venue_ms(), 20
    busy = [stub.ledger_row(n, now - minutes * 60_000 + n * minutes * 60_000 // count) for n in range(count)]
    script.says(stub.LEDGER, slow_log(busy, delay))
    stopped = datetime.now(UTC) - timedelta(minutes=minutes, seconds=30)
    return BybitReader(script.endpoint(booked_to=stopped, timeout_s=2.0), WATCH)


async def test_wallet_and_positions_do_not_wait_until_the_ledger_is_caught_up_with(script: Script):
    """What is open after a busy absence is decided on at once; each row is told once all the same."""
    reader = absent(script, count=2400, delay=0.03)
    told: list[str] = []
    took: list[float] = []

    for _ in range(60):
        began = time.monotonic()
        snapshot = await reader.snapshot()
        took.append(time.monotonic() - began)
        told += rows_of(snapshot.ledger or ())
        assert snapshot.wallet is not None
        assert snapshot.positions is not None
        if snapshot.complete:
            break
        await asyncio.sleep(0.1)
    await reader.close()

    assert snapshot.complete
    assert [f"row-{n}" for n in range(2400)] == told
    assert took[0] < 1.0, "of two seconds, a quarter of one for the ledger"
    assert sorted(took)[len(took) // 2] < 1.0


async def test_a_quiet_absence_on_a_slow_line_is_told_by_the_second_read(script: Script):
    """The question goes on where the read does not wait: asked anew each time it would never be answered."""
    reader = absent(script, count=5, delay=0.6)

    first = await reader.snapshot()
    await asyncio.sleep(0.6)
    second = await reader.snapshot()
    await reader.close()

    assert [Part.LEDGER] == [failure.part for failure in first.failures]
    assert [f"row-{n}" for n in range(5)] == rows_of(second.ledger or ())


async def test_reads_at_the_same_time_tell_what_was_caught_up_with_once(script: Script):
    reader = absent(script, count=300, delay=0.02)
    told: list[str] = []

    for _ in range(30):
        together = await asyncio.gather(reader.snapshot(), reader.snapshot())
        told += [row for snapshot in together for row in rows_of(snapshot.ledger or ())]
        if any(snapshot.complete for snapshot in together):
            break
    await reader.close()

    assert [f"row-{n}" for n in range(300)] == sorted(told, key=lambda row: int(row[4:]))


async def test_closing_ends_the_question_that_goes_on(script: Script):
    reader = absent(script, count=5, delay=1.5)
    await reader.snapshot()

    await reader.close()

    mine = asyncio.current_task()
    assert [] == [task for task in asyncio.all_tasks() if task is not mine and "ledger" in task.get_name()]


async def test_a_slow_line_is_not_behind_for_ever_once_it_has_caught_up(script: Script):
    """Cash that moves at each read makes each ask: a ledger that has caught up is waited for, as ever."""
    reader = absent(script, count=5, delay=0.4)
    cash = iter(range(10_000, 20_000))
    script.says(stub.WALLET, lambda _: stub.flat_wallet(str(next(cash))))
    script.says(stub.POSITIONS, stub.listed([]))
    complete = []

    for _ in range(6):
        complete.append((await reader.snapshot()).complete)
        await asyncio.sleep(0.1)
    await reader.close()

    assert all(complete[3:])


async def test_rows_of_a_read_that_was_given_up_are_told_by_the_next(script: Script):
    """Its rows are remembered as delivered: lost with the read, a deposit would look like a gain."""
    reader = absent(script, count=5, delay=0.4)
    told: list[str] = []

    await reader.snapshot()
    await asyncio.sleep(0.4)
    given_up = asyncio.create_task(reader.snapshot())
    script.says(stub.WALLET, stub.flat_wallet())
    await asyncio.sleep(0.1)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    for _ in range(3):
        told += rows_of((await reader.snapshot()).ledger or ())
    await reader.close()

    assert [f"row-{n}" for n in range(5)] == told
