"""A time in which nobody watched: what was seen around it proves a loss, and nothing proves calm."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.memory import Baseline
from guardian.core.metrics.baseline import fold_baseline
from guardian.core.model import AtLeast, Known, LedgerEntry, LedgerKind, Level, Measured, Part, Window
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import DAY, SLIDING_HOUR, Desk, at, read, row, rule, rung, says, without
from tests.core.groups.office import GROUP, Office

HOUR, MIDNIGHT = 3600, 12 * 3600  # noon is second 0
HWM = Window("hwm")
LADDER = (rung(0.03, "caution"), rung(0.05, "halt"), rung(0.08, "flatten"))


class Watch:
    """A desk whose reads tell NAVs; the first is 100."""

    def __init__(self, metric: str, window: Window, first: float = -5, **changes: Any) -> None:
        own = rule(*LADDER, id="r", metric=metric, window=window)
        self.desk, self.cash = Desk(own, **changes), 1000.0
        for i in range(5):
            self.desk.see(read(first + i))

    def see(self, second: float, nav: float) -> Measured:
        """What was lost since the read before was booked just before this one."""
        change, self.cash = nav * 10 - self.cash, nav * 10
        made = LedgerEntry(f"t{second}", at(second - 0.5), LedgerKind.TRADE, "USDT", row("", change).change)
        self.desk.see(read(second, cash=self.cash, ledger=(made,) if change else ()))
        return self.measured

    def stay(self, since: float, until: float) -> Measured:
        second = since
        while second <= until:
            self.see(second, self.cash / 10)
            second += 30
        return self.measured

    @property
    def measured(self) -> Measured:
        own = self.desk.account.rule("r")
        assert own is not None
        return own.measured

    @property
    def level(self) -> Level:
        return self.desk.level


def bound(measured: Measured) -> float:
    """The value of a bound that a hole alone weakens."""
    assert isinstance(measured, AtLeast)
    assert measured.unseen
    assert not measured.filling
    return measured.value


# --- a window -----------------------------------------------------------------------------------------


def test_an_hour_that_nobody_saw_does_not_clear_what_was_past_its_limit():
    watch = Watch("drawdown", SLIDING_HOUR)
    watch.stay(0, 7200)
    watch.see(7201, 96)
    after = watch.see(7201 + 3660, 90)

    assert 0 == bound(after), "the peak is out of the window: that it was lost within the hour, nobody saw"
    assert Level.CAUTION is watch.level

    watch.stay(10_862, 10_862 + HOUR - 60)
    assert Level.CAUTION is watch.level
    assert Known(0.0) == watch.stay(10_862 + HOUR - 30, 10_862 + HOUR + 120)
    assert Level.NORMAL is watch.level


def test_what_the_window_still_holds_proves_the_loss_over_the_hole():
    watch = Watch("drawdown", SLIDING_HOUR)
    watch.stay(0, 7200)

    assert pytest.approx(0.15) == bound(watch.see(7200 + HOUR - 60, 85))
    assert Level.FLATTEN is watch.level, "both accounts tell it"


@pytest.mark.parametrize(
    ("window", "poll", "gap", "seen"),
    [
        (HOUR, 1, 60, True),
        (HOUR, 1, 61, False),
        (24 * HOUR, 1, 864, True),
        (24 * HOUR, 1, 865, False),
        (300, 1, 30, True),
        (300, 1, 31, False),
        (10, 1, 5, True),
        (10, 1, 6, False),
        (HOUR, 60, 300, True),
        (HOUR, 60, 301, False),
    ],
)
def test_how_long_nobody_may_have_looked(window: int, poll: float, gap: float, seen: bool):
    """A minute, of a short window a tenth, of a long one a hundredth, and no less than five reads."""
    whole = Watch("drawdown", Window("sliding", float(window)), first=-window - 5, snapshot_seconds=poll)
    last = -window
    for last in range(-window, 0, min(50, max(1, window // 10))):
        whole.see(last, 100)

    found = whole.see(last + gap, 100)

    assert seen is isinstance(found, Known)
    assert seen or 0 == bound(found)


def test_the_high_water_mark_is_the_highest_of_what_was_watched():
    watch = Watch("drawdown", HWM)

    assert Known(0.15) == watch.see(5 * HOUR, 85)


def test_equities_that_differ_for_long_leave_a_hole_and_so_does_half_a_read():
    for odd in (lambda r: says(r, 700), lambda r: without(r, Part.WALLET)):
        watch = Watch("drawdown", SLIDING_HOUR)
        watch.stay(0, 7200)
        for second in range(7201, 7300):
            watch.desk.see(odd(read(second)))

        assert 0 == bound(watch.see(7300, 100))


def test_a_restart_leaves_the_hole_that_it_took():
    for away, kind in ((30, Known), (90, AtLeast)):
        watch = Watch("drawdown", SLIDING_HOUR)
        watch.stay(0, 7200)
        watch.desk.state = decode_state(encode_state(watch.desk.state))
        watch.desk.restart(7199 + away)

        assert kind is type(watch.see(7200 + away, 100))


def test_a_journal_that_tells_of_no_last_confirmed_read_tells_of_no_hole():
    watch = Watch("drawdown", SLIDING_HOUR)
    watch.stay(0, 7200)
    account = watch.desk.account
    assert account.nav is not None
    old = replace(account, nav=replace(account.nav, par=None, par_at=None))
    watch.desk.state = replace(watch.desk.state, accounts=(old,))

    assert Known(0.0) == watch.see(7300, 100)


# --- a day --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["daily_loss", "daily_drawdown"])
def test_another_day_s_loss_is_none_of_today_s(metric: str):
    """Down from Monday 18:00 to Wednesday 09:00: nobody knows when it was lost."""
    watch = Watch(metric, DAY)
    watch.stay(0, 6 * HOUR)

    assert 0 == bound(watch.see(MIDNIGHT + 33 * HOUR, 92))
    assert Level.NORMAL is watch.level
    assert pytest.approx(1 - 89.7 / 92) == bound(watch.see(MIDNIGHT + 33 * HOUR + 1, 89.7))
    watch.stay(MIDNIGHT + 33 * HOUR + 30, MIDNIGHT + 48 * HOUR - 1)
    assert Known(0.0) == watch.see(MIDNIGHT + 48 * HOUR + 1, 89.7), "the next day was watched"


def test_what_came_back_before_anybody_looked_may_be_today_s_gain():
    watch = Watch("daily_loss", DAY)
    watch.stay(0, 6 * HOUR)
    watch.see(MIDNIGHT + 9 * HOUR, 110)

    assert 0 == bound(watch.see(MIDNIGHT + 9 * HOUR + 1, 100))
    watch = Watch("daily_drawdown", DAY)
    watch.stay(0, 6 * HOUR)
    watch.see(MIDNIGHT + 9 * HOUR, 110)
    assert pytest.approx(10 / 110) == bound(watch.see(MIDNIGHT + 9 * HOUR + 1, 100))


def test_a_caution_outlasts_a_midnight_that_nobody_saw():
    watch = Watch("daily_loss", DAY)
    watch.stay(0, 11 * HOUR)
    watch.see(11 * HOUR + 1, 96)
    watch.stay(MIDNIGHT + 9 * HOUR, MIDNIGHT + 10 * HOUR)

    assert (Level.CAUTION, 0) == (watch.level, bound(watch.measured))


def test_a_day_that_was_seen_to_open_counts_from_there_and_only_its_peak_may_be_missing():
    loss, fallen = Watch("daily_loss", DAY), Watch("daily_drawdown", DAY)
    for watch in (loss, fallen):
        watch.stay(0, MIDNIGHT - 30)
        watch.see(MIDNIGHT + HOUR, 96)

    assert Known(0.04) == loss.measured
    assert pytest.approx(0.04) == bound(fallen.measured)


@pytest.mark.parametrize(("metric", "kind"), [("daily_loss", Known), ("daily_drawdown", AtLeast)])
def test_a_hole_within_the_day_hides_its_peak_and_not_its_opening(metric: str, kind: type):
    watch = Watch(metric, DAY)
    watch.stay(0, MIDNIGHT + HOUR)
    watch.see(MIDNIGHT + 2 * HOUR, 99)
    watch.stay(MIDNIGHT + 2 * HOUR + 1, MIDNIGHT + 24 * HOUR - 1)

    assert kind is type(watch.measured)
    assert Known(0.0) == watch.see(MIDNIGHT + 24 * HOUR + 1, 99)


def test_a_realised_loss_of_a_day_that_opened_unseen_is_no_larger_than_proven():
    """Half was lost while nobody looked; of what the ledger booked today, a part of the larger opening."""
    watch = Watch("realised_loss", DAY)
    watch.stay(0, 6 * HOUR)
    found = watch.see(MIDNIGHT + 9 * HOUR, 50)

    assert pytest.approx(0.5) == bound(found)


# --- several accounts ---------------------------------------------------------------------------------


def test_a_group_s_window_has_the_same_law_and_its_proven_loss_still_flattens():
    hedged = ("a", "b")
    for gap, kind in ((50, Known), (100, AtLeast)):
        office = Office((GROUP,), *hedged)
        for second in range(0, 3700, 4):
            for name in hedged:
                office.see(name, read(second))
        for second in range(3696 + gap, 3700 + gap):
            for name in hedged:
                office.see(name, read(second, cash=880, ledger=(row("l", -120, LedgerKind.TRADE),)))
        own = office.account("a").rule("all")

        assert own is not None
        assert kind is type(own.measured)
        assert "FLATTEN" == office.levels["a"]


# --- any pattern --------------------------------------------------------------------------------------

Story = list[tuple[float, float]]


def stories(*gaps: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """How long after the read before, and the NAV that it tells."""
    return st.lists(st.tuples(st.sampled_from(gaps), st.integers(50, 150)), min_size=1, max_size=30)


def holes(reads: Story, longest: float) -> Story:
    return [(a, b) for (a, _), (b, _) in pairwise(reads) if b - a > longest]


@settings(max_examples=60, deadline=None)
@given(stories(1, 1, 3, 5, 6, 29, 60, 61, 400), st.sampled_from([30.0, 300.0, 900.0]))
def test_what_is_known_of_a_window_was_seen_whole(story: list[tuple[int, int]], seconds: float):
    """In a hole, and before the first read, the NAV may have been anything."""
    longest = max(5.0, min(60.0, seconds / 10))
    watch, now = Watch("drawdown", Window("sliding", seconds)), -1.0
    reads: Story = [(float(i), 100.0) for i in range(-5, 0)]
    for gap, nav in story:
        now += gap
        found = watch.see(now, nav)
        reads.append((now, nav))
        begin = now - seconds
        top = max(value for second, value in reads if second > begin)
        whole = reads[0][0] <= begin and not any(end > begin for _, end in holes(reads, longest))

        assert whole is isinstance(found, Known)
        assert isinstance(found, Known | AtLeast)
        assert pytest.approx((top - nav) / top, abs=1e-9) == found.value


def fold(reads: Story) -> Baseline:
    """The day's baseline, each read told as the account's own NAV tells it."""
    known: Baseline | None = None
    before: datetime | None = None
    for second, nav in reads:
        now = at(0) + timedelta(seconds=second)
        late = before is not None and (now - before).total_seconds() > 5
        known, before = fold_baseline(known, DAY, now, nav, before if late else None), now
    assert known is not None
    return known


@settings(max_examples=60, deadline=None)
@given(stories(1, 30, 60, 61, 3600, 40_000, 43_170, 100_000))
def test_what_is_known_of_a_day_was_seen(story: list[tuple[int, int]]):
    loss, fallen, now = Watch("daily_loss", DAY), Watch("daily_drawdown", DAY), -1.0
    reads: Story = [(float(i), 100.0) for i in range(-5, 0)]
    for gap, nav in story:
        now += gap
        found, drawn = loss.see(now, nav), fallen.see(now, nav)
        reads.append((now, nav))
        begin = (now + MIDNIGHT) // 86_400 * 86_400 - MIDNIGHT
        before = [(second, value) for second, value in reads if second < begin]
        today = [value for second, value in reads if second >= begin]
        late = [(a, b) for a, b in holes(reads, 60) if b >= begin]
        opened = bool(before) and not any(a < begin and begin - a > 60 for a, _ in late)

        assert opened is isinstance(found, Known)
        assert (opened and not late) is isinstance(drawn, Known)
        assert isinstance(found, Known | AtLeast)
        assert isinstance(drawn, Known | AtLeast)
        top = before[-1][1] if opened else min([*[value for _, value in before[-1:]], today[0]])
        assert pytest.approx(max(0.0, (top - nav) / top), abs=1e-9) == found.value
        peak = max(top, *today)
        assert pytest.approx((peak - nav) / peak, abs=1e-9) == drawn.value
        assert (peak, nav) == (fold(reads).points[-1][1], fold(reads).last)
