"""M17: bars are kept where a rule asks for them, a day of fifty assets at most."""

from __future__ import annotations

from dataclasses import replace

from guardian.bench.metrics.memory import size_of
from guardian.core.events import Configured
from guardian.core.metrics.bars import MAXIMUM_BARS, RECORD, fold_bars, unpacked
from guardian.core.metrics.following import MAXIMUM_ASSETS
from guardian.core.model import Window
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import START, Desk, at, policy, position, read
from tests.core.metrics.risk.walk import CELL, DAY, Walk, asking


def test_no_bar_is_kept_where_no_rule_asks_and_none_after_it_asks_no_more() -> None:
    other = asking("volatility", Window())
    assert () == Walk(other).run(3).desk.account.bars

    walk = Walk(asking("range_volatility")).run(3)
    assert walk.desk.account.bars
    walk.desk.send(Configured(at(walk.now), "desk-1", "hash", (policy(),), (other,)))
    walk.run(1)

    assert () == walk.desk.account.bars


def test_only_the_account_that_a_rule_names_keeps_them() -> None:
    from guardian.core.events import SnapshotTaken

    desk = Desk()
    rules = (asking("range_volatility", only=("main",)),)
    desk.send(Configured(START, "desk-1", "hash", (policy(), policy(name="other")), rules))
    for seconds in range(3):
        seen = read(seconds, (position(),))
        desk.see(seen)
        desk.send(SnapshotTaken(seen.asked_at, replace(seen, account="other")))
    other = desk.state.account("other")

    assert other is not None
    assert desk.account.bars
    assert () == other.bars


def test_a_read_that_comes_twice_is_counted_once() -> None:
    walk = Walk(asking("range_volatility")).run(1)
    book, bars = walk.desk.account.correlations, walk.desk.account.bars

    assert bars == fold_bars(bars, book)


def test_a_day_of_fifty_assets_is_all_that_is_kept() -> None:
    desk = Desk(asking("range_volatility", DAY))
    for cell in range(MAXIMUM_BARS + 12):
        legs = tuple(
            position(f"A{n:02}/USDT:USDT", 1, round(100 + (cell * (n + 3) % 17) / 10, 3), entry=100)
            for n in range(MAXIMUM_ASSETS + 3)
        )
        if cell in (0, MAXIMUM_BARS + 10, MAXIMUM_BARS + 11):
            desk.see(read(cell * CELL + 1, legs, cash=100_000))
        else:
            desk.see(read(cell * CELL + 1, legs[:2], cash=100_000))
    bars = desk.account.bars
    full = bars[0]

    assert len(bars) == MAXIMUM_ASSETS
    assert len(unpacked(full.packed)) == MAXIMUM_BARS
    assert len(full.packed) * MAXIMUM_ASSETS < 430_000
    assert size_of(full) < MAXIMUM_BARS * RECORD.itemsize * 4 / 3 + 1000


def test_a_checkpoint_brings_them_back() -> None:
    walk = Walk(asking("range_volatility")).run(4)

    assert decode_state(encode_state(walk.desk.state)) == walk.desk.state
