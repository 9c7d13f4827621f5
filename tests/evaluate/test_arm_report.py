"""`guardian arm`: the arming report is read before the name is asked for, and refuses nothing."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from guardian.cli.act import operate
from guardian.cli.act.operate import arm
from guardian.core.events import SnapshotTaken, Tick
from guardian.core.model import Balance, Position
from guardian.evaluate.marks import largest, pieces, reads_of
from guardian.journal import SqliteJournal
from guardian.journal.archive.segment import Title, write
from guardian.journal.chain import Row
from guardian.journal.sqlite import FILE_NAME
from guardian.journal.store import Origin
from guardian.runtime.codec import encode_step
from tests.core.build import position, read, wallet
from tests.evaluate.made import BAR_MS, START_MS

CONFIG = """
instance: desk-1
state_dir: state
rules: [{pack}]
accounts:
  - name: main
    venue: bybit
    currency: USDT
    keys: {{watch: file:watch.json}}
"""
OWN = """
- id: tells
  title: t
  why: w
  metric: drawdown
  window: 1h
  ladder:
    - {over: 0.05, level: caution}
  mode: observe
- id: others
  title: t
  why: w
  metric: drawdown
  window: 1h
  only: [other]
  ladder:
    - {over: 0.05, level: caution}
  mode: armed
- id: together
  title: t
  why: w
  metric: drawdown
  window: 1h
  scope: portfolio
  ladder:
    - {over: 0.05, level: caution}
  mode: armed
- id: by-strategy
  title: t
  why: w
  metric: strategy_drawdown
  window: 1h
  scope: strategy
  ladder:
    - {over: 0.05, level: caution}
  mode: armed
"""
SECOND = """  - name: other
    venue: bybit
    currency: USDT
    keys: {watch: file:other.json}
"""
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "guardian.yaml").write_text(CONFIG.format(pack="breaker"))
    (tmp_path / "state").mkdir()
    return tmp_path


def armed(desk: Path, *more: str) -> tuple[str, str]:
    """What was said, and what became of it: nobody confirms."""
    found = CliRunner().invoke(arm, ["main", *more, "--config", str(desk / "guardian.yaml")])
    return found.output, str(found.exception)


def candles(desk: Path, *symbols: str, name: str = "candles.csv") -> str:
    """A fall of 7 % in the middle of two days."""
    rows = [
        f"{START_MS + i * BAR_MS},{symbol},100,100,90,{100 - 7 * (i > 300)},1"
        for symbol in symbols
        for i in range(600)
    ]
    (desk / name).write_text("\n".join(["ts,symbol,open,high,low,close,volume", *rows]) + "\n")
    return str(desk / name)


def leg(symbol: str, quantity: float, mark: float) -> Position:
    return position(symbol=symbol, quantity=quantity, mark=mark)


def journaled(desk: Path, reads: list[Any]) -> None:
    """A journal of these events, as the runtime writes it."""

    async def write() -> None:
        journal = SqliteJournal(desk / "state" / FILE_NAME, Origin("desk-1"))
        bodies = [(event, encode_step(event, (), ())) for event in reads]
        await asyncio.gather(*(journal.append(event.at, event.kind, body, ()) for event, body in bodies))
        await journal.close()

    asyncio.run(write())


def watched(
    hours: float, *legs: tuple[str, float], every_s: float = 900, fall_at: float = 0.5, account: str = "main"
) -> list[Any]:
    """Reads of an account that holds these legs, all of which fall by 7 % on the way."""
    count = round(hours * 3600 / every_s)
    events: list[Any] = []
    for i in range(count):
        at = BEGIN + timedelta(seconds=i * every_s)
        price = 93.0 if i > count * fall_at else 100.0
        held = tuple(leg(symbol, quantity, price) for symbol, quantity in legs)
        events.append(SnapshotTaken(at, replace(read(0, held, cash=1000), account=account)))
        events += [] if i % 10 else [Tick(at)]
    return events


def test_the_report_comes_before_the_refusal_of_a_name_that_was_not_given(desk: Path) -> None:
    said, refused = armed(desk, "--history", candles(desk, "BTC/USDT"))

    assert "breaker-dd-1h REDUCE to 0 at 5.00%" in said
    assert "not confirmed" in refused
    assert "none of these is marked as the account's own: no daemon answers" in said


def test_candles_without_btc_are_told_of_what_they_have(desk: Path) -> None:
    said, refused = armed(desk, "--history", candles(desk, "SOL/USDT", "ETH/USDT"))

    assert "days of ETH" in said
    assert "not confirmed" in refused


def test_of_several_assets_the_one_that_is_held_most_is_told(desk: Path) -> None:
    history = candles(desk, "BTC/USDT", "ETH/USDT", "SOL/USDT")
    journaled(desk, watched(1, ("BTC/USDT:USDT", 1), ("ETH/USDT:USDT", -3), ("DOGE/USDT:USDT", 9)))

    said, _ = armed(desk, "--history", history)
    asked, _ = armed(desk, "--history", history, "--symbol", "SOL")

    assert "days of ETH/USDT" not in said
    assert "days of ETH" in said, "DOGE is more, and not among the candles"
    assert "days of SOL" in asked


def test_what_the_report_lacks_refuses_no_arming(desk: Path) -> None:
    """It is a page to read: whoever must arm now arms."""
    missing, refused = armed(desk, "--history", candles(desk, "ETH/USDT"), "--symbol", "BTC")
    assert "no trips a year are shown" in missing
    assert "no candles of BTC; they have ETH/USDT" in missing
    assert "not confirmed" in refused

    (desk / "state" / FILE_NAME).write_bytes(b"SQLite format 3\0" + random.Random(1).randbytes(5000))
    damaged, refused = armed(desk)
    assert "no trips a year are shown" in damaged
    assert "not confirmed" in refused


def test_without_any_history_one_sentence_says_how_to_get_it(desk: Path) -> None:
    said, refused = armed(desk)

    (line,) = said.splitlines()
    assert "no trips a year are shown" in line
    assert "`--history candles/`" in line
    assert "not confirmed" in refused


def test_half_a_day_is_no_history(desk: Path) -> None:
    journaled(desk, watched(12, ("BTC/USDT:USDT", 10)))

    assert "less than a day of what main held is recorded" in armed(desk)[0]


def test_without_candles_the_journal_tells_what_it_recorded(desk: Path) -> None:
    """Two days, of which BTC is 1x and ETH a tenth: one fall of 7 % is 182 falls of 5 % a year."""
    journaled(desk, watched(48, ("BTC/USDT:USDT", 10), ("ETH/USDT:USDT", 1)))

    said, refused = armed(desk)

    assert "trips a year in 2.0 days of BTC/USDT:USDT" in said
    assert "breaker-dd-1h REDUCE to 0 at 5.00% (observe, 3.75% at the hottest): 182 / 182 now / 182" in said
    assert "breaker-dd-1h REDUCE to 0.5 at 3.75%" in said
    assert "REDUCE to 0 at 15.00% (observe, 11.25% at the hottest): 0.0 / 0.0 now / 0.0 / 182" in said
    assert "days are too few to speak of a year" in said
    assert "marks of BTC/USDT:USDT as guardian read them, one every 900 s" in said
    assert "no daemon answers; what is marked as now was recorded at 2026-03-03 23:45 UTC" in said
    assert "CVaR 99 % of a day at 1x was 7.0%" in said
    assert "CVaR 99 % of fewer than 100 days" in said
    assert "not confirmed" in refused


def test_prices_that_cannot_be_played_refuse_no_arming(desk: Path) -> None:
    """At 1e-25 a multiple is more contracts than any number here can count."""
    (desk / "guardian.yaml").write_text(CONFIG.format(pack="starter"))
    file = Path(candles(desk, "BTC/USDT"))
    file.write_text(
        "\n".join(
            re.sub(",100,100,.*", ",1e-25,1e-25,1e-25,1e-25,1", row) for row in file.read_text().split("\n")
        )
    )

    said, refused = armed(desk, "--history", str(file))

    assert "no trips a year are shown" in said
    assert "not confirmed" in refused


def test_the_table_says_what_cannot_act_and_what_may_come_sooner(desk: Path) -> None:
    said, _ = armed(desk, "--history", candles(desk, "BTC/USDT"))

    assert "at 5.00% (observe, 3.75% at the hottest)" in said
    assert "up to 25% nearer (gamma)" in said
    assert "observe: every rule above only tells" in said

    (desk / "pack").mkdir()
    (desk / "pack" / "rules.yaml").write_text(OWN)
    (desk / "guardian.yaml").write_text(CONFIG.format(pack="pack") + SECOND)
    said, _ = armed(desk, "--history", candles(desk, "BTC/USDT"))

    assert "observe: the rule only tells, armed or not" in said
    assert "tells CAUTION at 5.00% (observe): 175" in said
    assert "others" not in said.replace("the other rules", ""), "that rule is about another account"
    assert "together CAUTION at 5.00%: not told by prices" in said
    assert "by-strategy CAUTION at 5.00%: not told by prices" in said
    assert "hottest" not in said


class Daemon:
    """Arms whatever it is asked to."""

    async def operate(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"account": body["account"], verb: True}


def test_a_program_that_arms_gets_the_report_with_the_answer(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person reads before confirming stands in the one document too; without a history it is null."""
    monkeypatch.setattr(operate, "client_of", lambda config: Daemon())
    config = ["--confirm", "main", "--json", "--config", str(desk / "guardian.yaml")]

    told = CliRunner().invoke(arm, ["main", *config, "--history", candles(desk, "BTC/USDT")])
    without = CliRunner().invoke(arm, ["main", *config])

    assert (0, 0) == (told.exit_code, without.exit_code)
    trips = json.loads(told.stdout)["trips"]
    assert ("BTC", "candles") == (trips["symbol"], trips["source"])
    reduces = [rung["to"] for rung in trips["rungs"] if rung["level"] == "REDUCE"]
    assert {0.5, 0.0} == set(reduces)
    assert json.loads(without.stdout)["trips"] is None


def test_of_a_long_journal_some_reads_are_taken_from_all_of_it(desk: Path) -> None:
    """Reads of another account, and other records, lie in between."""
    events = [
        event
        for pair in zip(
            watched(24, ("BTC/USDT:USDT", 10), every_s=600),
            watched(24, ("SOL/USDT:USDT", 10), every_s=600, account="other"),
            strict=True,
        )
        for event in pair
    ]
    journaled(desk, events)

    reads = reads_of(desk / "state" / FILE_NAME, desk / "state" / "archive", "main", "USDT", most=40)

    assert 30 < len(reads) <= 40
    assert {name for seen in reads for name in seen.prices} == {"BTC/USDT:USDT"}
    assert reads[-1].at - reads[0].at > timedelta(hours=23)


def test_what_has_left_the_live_file_is_read_from_the_archive(desk: Path) -> None:
    """The live file holds hours; the day before lies in a segment beside it."""
    journaled(desk, watched(30, ("BTC/USDT:USDT", 10)))
    path, archive = desk / "state" / FILE_NAME, desk / "state" / "archive"
    whole = reads_of(path, archive, "main", "USDT")
    with sqlite3.connect(path) as db:
        rows = [Row(*row) for row in db.execute("SELECT seq, at, kind, body, prev, hash FROM records")]
        left = [row for row in rows if row.seq <= 100]
        db.execute("DELETE FROM records WHERE seq <= 90")
        db.execute("INSERT INTO meta VALUES ('chain', '0123456789ab')")
    title = Title(left[0].seq, left[-1].seq, left[0].prev, left[-1].hash, left[0].at, left[-1].at)
    write(archive, "0123456789ab", title, [left])

    assert reads_of(path, archive, "main", "USDT") == whole
    assert "1.2 days of BTC" in armed(desk)[0]
    (segment,) = archive.iterdir()
    segment.write_bytes(segment.read_bytes()[:-2000])
    assert "no trips a year are shown" in armed(desk)[0]


def test_what_was_not_watched_is_no_history(desk: Path) -> None:
    """A day, three days of silence, a day: two pieces, and what fell in between is nobody's loss."""
    first = watched(24, ("BTC/USDT:USDT", 10), fall_at=2)
    later = [replace(e, at=e.at + timedelta(days=4)) for e in watched(24, ("BTC/USDT:USDT", 10), fall_at=0)]
    journaled(desk, first + later)

    reads = reads_of(desk / "state" / FILE_NAME, desk / "state" / "archive", "main", "USDT")
    found = pieces(reads, largest(reads, ""))

    assert [round(piece.years * 365, 2) for piece in found] == [1.0, 1.0]
    assert [set(piece.close) for piece in found] == [{100.0}, {100.0, 93.0}]


def test_coins_count_where_nothing_else_is_held(desk: Path) -> None:
    flat = SnapshotTaken(BEGIN, read(0))
    journaled(desk, [flat])

    (seen,) = reads_of(desk / "state" / FILE_NAME, desk / "state" / "archive", "main", "USDT")

    assert (seen.prices, seen.leverage, largest((seen,), "")) == ({}, 0.0, "")


def test_dollars_beside_the_reporting_currency_are_no_asset(desk: Path) -> None:
    """A report told the trips of USDC at 1x, and the leverage counted it; one off its peg is an asset."""
    coins = [("USDT", 900, "1"), ("USDC", 500, "0.999"), ("DAI", 100, "0.8"), ("BUSD", 7, "NaN")]
    held = tuple(Balance(name, Decimal(quantity), Decimal(price)) for name, quantity, price in coins)
    journaled(desk, [SnapshotTaken(BEGIN, read(0, wallet=replace(wallet(1000, 900), balances=held)))])

    (seen,) = reads_of(desk / "state" / FILE_NAME, desk / "state" / "archive", "main", "USDT")

    assert (seen.prices, seen.leverage, largest((seen,), "")) == ({"DAI": 0.8}, 0.08, "DAI")
