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
    script.says(stub.LEDGER, slow_log(busy, delay=0.03))
    stopped = datetime.now(UTC) - timedelta(minutes=minutes, seconds=30)
    reader = BybitReader(script.endpoint(booked_to=stopped), WATCH)
    told: list[str] = []

    for _ in range(20):
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
