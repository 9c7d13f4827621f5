"""M02, M03 and M04: vectors of metrics.md through observing and measuring, and what evidence may say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import MAXIMUM_BASELINE_POINTS, Baseline
from guardian.core.metrics.baseline import fold_baseline, peak
from guardian.core.model import AtLeast, Known, LedgerKind, Measured, Part, Unknown, Verdict, Window
from tests.core.build import DAY, SLIDING_HOUR, Desk, at, read, row, rule, rung, says, without

HWM = Window("hwm")


def watch(window: Window, *points: tuple[float, float], metric: str = "drawdown") -> list[Measured]:
    """The measurement after each (second, NAV); five reads at the first NAV warm up before.

    As rarely as these points come the account is read: between two of them nothing is missing.
    """
    own = rule(rung(0.99, "caution"), id="r", metric=metric, window=window)
    desk = Desk(own, snapshot_seconds=86_400.0)
    first = points[0]
    cash, count = first[1] * 10, 0
    for i in range(5):
        desk.see(read(first[0] - 5 + i, cash=cash))
    found = []
    for second, nav in points:
        change, cash, count = nav * 10 - cash, nav * 10, count + 1
        desk.see(read(second, cash=cash, ledger=(row(f"t{count}", change, LedgerKind.TRADE),)))
        measured = desk.account.rule("r")
        assert measured is not None
        found.append(measured.measured)
    return found


def values(found: list[Measured]) -> list[float]:
    return [m.value if isinstance(m, Known | AtLeast) else -1.0 for m in found]


# --- vectors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("navs", "expected"),
    [
        ((100, 110, 104.5, 120, 90, 99, 130), (0, 0, 0.05, 0, 0.25, 0.175, 0)),
        ((100, 99, 98), (0, 0.01, 0.02)),
        ((100,), (0,)),
    ],
)
def test_drawdown_from_the_high_water_mark(navs: tuple[float, ...], expected: tuple[float, ...]):
    found = watch(HWM, *((i * 10, nav) for i, nav in enumerate(navs)))

    assert pytest.approx(list(expected), abs=1e-12) == values(found)
    assert all(isinstance(m, Known) for m in found)


def test_drawdown_of_a_window_is_left_open_and_falls_when_its_peak_expires():
    """W = 60 min: at 70 the peak of minute 10 has just expired, so 104 no longer counts."""
    minutes = [(0, 100), (10, 104), (30, 100), (60, 99), (70, 98), (75, 97)]

    found = values(watch(SLIDING_HOUR, *((m * 60, nav) for m, nav in minutes)))

    assert pytest.approx([1 - 99 / 104, 0.02, 0.03], abs=1e-12) == found[3:]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("daily_loss", [0, 0, 0.015, 0]), ("daily_drawdown", [0, 0, 0.052885, 0])],
)
def test_a_day_counts_from_the_last_nav_before_midnight(metric: str, expected: list[float]):
    """Noon is second 0. Yesterday's last is 100; 104 at 10 h, 98.5 at 15 h; the next day opens at 98.5."""
    midnight = 12 * 3600
    points = [
        (midnight - 60, 100),
        (midnight + 36000, 104),
        (midnight + 54000, 98.5),
        (midnight + 86400, 98.5),
    ]

    found = watch(DAY, *points, metric=metric)

    assert pytest.approx(expected, abs=5e-7) == values(found)


def test_a_day_s_peak_may_be_its_open_and_is_of_that_day_only():
    """It falls from the open at once, rises above it, and yesterday's peak is forgotten at midnight."""
    midnight = 12 * 3600
    navs = [(-60, 100), (60, 98), (120, 100), (180, 105), (240, 84), (86_400, 84), (86_460, 63)]

    found = watch(DAY, *((midnight + second, nav) for second, nav in navs), metric="daily_drawdown")

    assert pytest.approx([0, 0.02, 0, 0, 0.2, 0, 0.25], abs=1e-12) == values(found)
    assert isinstance(found[0], AtLeast), "that day was not watched from its beginning"


@given(st.lists(st.integers(1, 200), min_size=1, max_size=40))
def test_of_one_day_the_drawdown_is_that_of_all_time_and_no_less_than_its_loss(navs: list[int]):
    points = [(60 * n, float(nav)) for n, nav in enumerate(navs)]
    day, whole, loss = (
        values(watch(window, *points, metric=metric))
        for window, metric in ((DAY, "daily_drawdown"), (HWM, "drawdown"), (DAY, "daily_loss"))
    )

    assert pytest.approx(whole, abs=1e-12) == day
    assert all(fallen >= lost for fallen, lost in zip(day, loss, strict=True))


FLOW, TRADE = LedgerKind.FLOW, LedgerKind.TRADE


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (((FLOW, 500), (TRADE, -150)), 0.10),
        (((TRADE, 100), (FLOW, 1100), (TRADE, -220)), 0.10),
        (((FLOW, -400),), 0.0),
    ],
    ids=["deposit", "deposit after a gain", "withdrawal"],
)
@pytest.mark.parametrize(("metric", "window"), [("drawdown", HWM), ("daily_drawdown", DAY)])
def test_vectors_of_m01_as_drawdowns(
    rows: tuple[tuple[LedgerKind, int], ...], expected: float, metric: str, window: Window
):
    """Of an equity of 1000; what came and went neither made the fall nor hid it."""
    desk, cash = Desk(rule(rung(0.99, "caution"), id="r", metric=metric, window=window)).warm(), 1000
    for second, (kind, change) in enumerate(rows):
        cash += change
        desk.see(read(second, cash=cash, ledger=(row(f"x{second}", change, kind),)))
    own = desk.account.rule("r")

    assert own is not None
    assert values([own.measured]) == [pytest.approx(expected, abs=1e-12)]


@pytest.mark.parametrize("nav", [90, 95, 98, 97.5, 96.25, 93])
def test_a_loss_of_exactly_the_limit_is_past_it(nav: float):
    """1 - 90/100 is 0.09999999999999998: the user's number must be exact."""
    limit = round((100 - nav) / 100, 6)

    found = values(watch(HWM, (0, 100), (10, nav)))

    assert found[-1] >= limit


def test_a_local_day_starts_at_local_midnight():
    """23:00 UTC is midnight in Berlin in winter."""
    berlin = Window("session", tz="Europe/Berlin")
    eleven = 11 * 3600

    found = watch(berlin, (eleven - 60, 100), (eleven + 60, 90), (eleven + 120, 99), metric="daily_loss")

    assert pytest.approx([0, 0.1, 0.01], abs=1e-12) == values(found)
    assert [AtLeast, Known, Known] == [type(m) for m in found]


# --- how much the evidence allows ---------------------------------------------------------------------


def measured_after(*reads: Any, window: Window = HWM) -> Measured:
    desk = Desk(rule(window=window))
    for snapshot in reads:
        desk.see(snapshot)
    own = desk.account.rule("dd")
    assert own is not None
    return own.measured


HONEST = [read(i) for i in range(5)]


@pytest.mark.parametrize(
    ("reads", "expected", "warming"),
    [
        ([], Unknown, True),
        (HONEST[:4], Unknown, True),
        (HONEST, Known, False),
        ([says(r, 700) for r in HONEST], Unknown, True),
        ([*HONEST[:4], says(read(4), 700)], Unknown, True),
        ([*HONEST, says(read(5), 400)], AtLeast, False),
        ([*HONEST, without(read(5), Part.WALLET)], AtLeast, False),
        ([*HONEST, without(read(5), Part.POSITIONS)], Known, False),
        ([*HONEST, without(read(5), Part.ORDERS, Part.LEDGER)], Known, False),
    ],
)
def test_what_the_evidence_allows(reads: list[Any], expected: type, warming: bool):
    """Warming until five confirmed reads; a bound while one account is silent or both differ."""
    measured = measured_after(*reads) if reads else Unknown("no evidence yet", warming=True)

    assert isinstance(measured, expected)
    assert warming is getattr(measured, "warming", False)


def test_reads_without_orders_still_build_a_baseline():
    """Open orders say nothing about equity: with their endpoint down the rule still finishes warming."""
    measured = measured_after(
        *(without(r, Part.ORDERS) for r in [read(0), *(read(i) for i in range(1, 8))][1:])
    )

    assert isinstance(measured_after(read(0), *(without(read(i), Part.ORDERS) for i in range(1, 8))), Known)
    assert isinstance(measured, Unknown), "the very first read must be whole"


def test_a_filling_window_gives_a_bound_and_says_so():
    measured = measured_after(*HONEST, window=SLIDING_HOUR)

    assert isinstance(measured, AtLeast)
    assert measured.filling


@pytest.mark.parametrize("after", [5000, 1500])
def test_a_disputed_high_raises_no_peak(after: float):
    """A phantom or a late deposit that became the peak would be a false loss a minute later."""
    desk = Desk(rule())
    for snapshot in (*HONEST, says(read(5), after), read(6)):
        desk.see(snapshot)

    own = desk.account.rule("dd")

    assert own is not None
    assert Verdict.CLEAR is own.verdict
    assert Known(0.0) == own.measured


# --- the bound on memory ------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [3600.0, 604800.0, 60.0])
def test_ten_thousand_falling_points_stay_within_the_bound_and_keep_the_peak(seconds: float):
    """A strictly falling NAV is the worst case: no point makes another obsolete."""
    window = Window("sliding", seconds)
    baseline: Baseline | None = None
    for i in range(10_000):
        baseline = fold_baseline(baseline, window, at(i), 1e6 - i)
    assert baseline is not None

    top = peak(baseline, window, at(9_999))

    oldest = max(0, 10_000 - int(seconds))
    width = max(1, seconds / MAXIMUM_BASELINE_POINTS)
    assert len(baseline.points) <= MAXIMUM_BASELINE_POINTS + 1
    assert top is not None
    assert 1e6 - oldest - width <= top <= 1e6 - oldest + width


def test_a_bucket_keeps_its_highest_point():
    window = Window("sliding", 604800.0)
    baseline: Baseline | None = None
    for i, nav in enumerate((100.0, 99.0, 105.0, 90.0)):
        baseline = fold_baseline(baseline, window, at(i), nav)
    assert baseline is not None

    assert 105.0 == peak(baseline, window, at(10))


def test_a_high_water_mark_needs_one_point():
    baseline: Baseline | None = None
    for i in range(1000):
        baseline = fold_baseline(baseline, HWM, at(i), 100 + i % 7)
    assert baseline is not None

    assert (1, 106.0) == (len(baseline.points), baseline.points[0][1])


def test_a_peak_expires_by_time_and_not_by_count():
    baseline = fold_baseline(None, SLIDING_HOUR, at(0), 100.0)

    assert 100.0 == peak(baseline, SLIDING_HOUR, at(3599))
    assert None is peak(baseline, SLIDING_HOUR, at(0) + timedelta(hours=1))
