"""What is told beside an account's reads: folded once, bounded, in any order, and never from nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.activity import Activity
from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin
from guardian.core.memory import MAXIMUM_DOINGS, MAXIMUM_GAUGES, MAXIMUM_SIGNALS, Doings, Stack
from guardian.core.metrics import METRICS, View
from guardian.core.metrics.doings import KEPT, fold_activity
from guardian.core.metrics.stack import fold_telemetry
from guardian.core.model import AtLeast, Known, Rule, Unknown, Window
from guardian.core.observe import blank
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import ACCOUNT, BTC, ETH, Desk, at, position, read, rule, rung
from tests.core.metrics.beside.stage import Stage, book, fill, past, quote, signal, twin

NAN = Decimal("NaN")


@given(st.permutations(range(6)), st.integers(1, 5))
def test_fills_and_orders_in_any_order_and_any_parts(order: list[int], cut: int):
    fills, orders = [fill(str(n), n // 2, 1) for n in range(6)], [past(str(n), -n, n // 2) for n in range(6)]
    whole = fold_activity(None, Activity(ACCOUNT, at(9), tuple(fills), tuple(orders)))
    known: Doings | None = None
    for part in (order[:cut], order[cut:], order[:2]):
        seen = Activity(ACCOUNT, at(9), tuple(fills[n] for n in part), tuple(orders[n] for n in part))
        known = fold_activity(known, seen)

    assert known == whole


@given(st.permutations([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 3.0)]))
def test_telemetry_of_one_instant_in_any_order(told: list[tuple[str, float]]):
    def message(name: str, value: float) -> Telemetry:
        shown = replace(signal(name, 0, 1, 100 + value), id="s")
        return Telemetry(ACCOUNT, "bot", signals=(shown,), twins=(twin("paper", 0, value),))

    stack = Stack()
    for name, value in told:
        stack = fold_telemetry(stack, message(name, value), at(0))

    assert [Decimal("3.0")] == [t.equity for t in stack.twins]
    assert [Decimal("103.0")] == [s.price for s in stack.signals]


RETOLD = [
    signal("s", 0, 1, 100, predicted=100.0),
    signal("s", 0, -1, 100),
    signal("s", 0, 1, 100, predicted=100.0, sigma=1.0),
    signal("s", 0, 1, 100, client_id="ft-x"),
    signal("s", 0.5, 1, 110),
]
TWINS = [twin("paper", 0, 1000, BTC=1), twin("paper", 0, 1000, BTC=9), twin("paper", 0, 1000, 2.0, BTC=1)]


@given(st.permutations(RETOLD), st.permutations(TWINS))
def test_equal_stamps_count_by_the_whole_value(signals: list[Signal], twins: list[Twin]):
    def told(signals: Sequence[Signal], twins: Sequence[Twin]) -> Stack:
        stack = Stack()
        for n in range(5):
            message = Telemetry(ACCOUNT, "bot", signals=signals[n : n + 1], twins=tuple(twins[n : n + 1]))
            stack = fold_telemetry(stack, message, at(1))
        return stack

    assert told(RETOLD, TWINS) == told(tuple(signals), tuple(twins))


def test_the_first_word_on_a_signal_counts():
    """Told again with another price after its fill it would be judged by what nobody knew then."""
    stack = Stack()
    for second, price in ((0, 100), (0.5, 110), (1, 90)):
        message = Telemetry(ACCOUNT, "bot", signals=(signal("s", second, 1, price),))
        stack = fold_telemetry(stack, message, at(1))

    assert [Decimal(100)] == [s.price for s in stack.signals]


@pytest.mark.parametrize(
    "odd",
    [{"price": NAN}, {"quantity": Decimal("Infinity")}, {"quantity": Decimal(0)}, {"fee": NAN},
     {"closed": NAN}, {"contract_size": Decimal(0)}],
)  # fmt: skip
def test_a_fill_that_is_no_number_is_none(odd: dict[str, Decimal]):
    good, bad = fill("1", 0, 1), replace(fill("2", 0, 1), **odd)

    assert (good,) == fold_activity(None, Activity(ACCOUNT, at(1), (good, bad), None)).fills


def test_a_fill_whose_pnl_is_no_number_is_one_that_told_none():
    """Left out, a loss that nobody could read would be no loss."""
    odd = replace(fill("1", 0, -1, closed=1), realised=NAN)

    (kept,) = fold_activity(None, Activity(ACCOUNT, at(1), (odd,), None)).fills

    assert kept == replace(odd, realised=None)


@pytest.mark.parametrize("odd", [{"quantity": NAN}, {"filled": NAN}, {"price": NAN}, {"average": NAN}])
def test_an_order_that_is_no_number_is_none(odd: dict[str, Decimal]):
    good, bad = past("1", 0), replace(past("2", 0), **odd)

    assert (good,) == fold_activity(None, Activity(ACCOUNT, at(1), None, (good, bad))).orders


def test_a_twin_and_a_quote_that_are_no_numbers_are_none():
    stage = Stage("paper_vs_live")
    bad = twin("paper", 0, 1000)
    odd = (
        replace(bad, multiplier=float("nan")),
        replace(bad, equity=NAN),
        replace(bad, holdings=((BTC, NAN),)),
    )
    stage.tell(0, twins=odd)
    stage.shows(0, (quote(BTC, 1, funding_hours=float("nan")), quote(ETH, 1, funding_hours=0.0)),
                (replace(book(((1, 1),), ((2, 1),)), contract_size=NAN),))  # fmt: skip

    assert ((), (), ()) == (
        stage.account.stack.twins,
        stage.account.markets.quotes,
        stage.account.markets.books,
    )


def test_a_day_and_an_hour_are_kept_and_no_more_rows_than_the_bound():
    first = fold_activity(None, Activity(ACCOUNT, at(0), (fill("1", 0, 1),), ()))
    later = at(0) + KEPT - timedelta(seconds=1)

    assert 1 == len(fold_activity(first, Activity(ACCOUNT, later, (), ())).fills)
    assert 0 == len(fold_activity(first, Activity(ACCOUNT, later + timedelta(seconds=1), (), ())).fills)
    many = tuple(fill(f"{n:05}", n, 1) for n in range(3 * MAXIMUM_DOINGS))
    assert MAXIMUM_DOINGS == len(fold_activity(first, Activity(ACCOUNT, at(9e3), many, ())).fills)


def test_an_answer_that_comes_late_forgets_nothing_and_looks_no_newer():
    now = fold_activity(None, Activity(ACCOUNT, at(100), (fill("1", 99, 1),), ()))

    late = fold_activity(now, Activity(ACCOUNT, at(50), (fill("2", 49, 1),), ()))

    assert (at(100), ["2", "1"]) == (late.filled_at, [f.id for f in late.fills])


def test_signals_are_bounded_and_the_newest_stay():
    stack = Stack()
    for n in range(2 * MAXIMUM_SIGNALS):
        told = Telemetry(ACCOUNT, "bot", signals=(signal(str(n), n, 1, 100),))
        stack = fold_telemetry(stack, told, at(n))

    assert (MAXIMUM_SIGNALS, at(2 * MAXIMUM_SIGNALS - 1)) == (len(stack.signals), stack.signals[-1].at)


def test_a_gauge_that_is_silent_for_a_day_makes_room_and_no_other_does():
    """Else a strategy that is renamed once a month could not be watched after some years."""
    stage = Stage("gauge", of="queue")
    for number in range(MAXIMUM_GAUGES):
        stage.gauge(0, number, f"g{number:02}")
    stage.gauge(1, 1, "early")
    for number in range(1, MAXIMUM_GAUGES):
        stage.gauge(2, number, f"g{number:02}")

    full = dict(stage.account.stack.gauges)
    stage.gauge(86_400, 7, "late")
    still = dict(stage.account.stack.gauges)
    # A known name that is told again beside it stays, wherever it stands in the message.
    stage.tell(86_401, gauges=(Gauge("a-new-one", at(86_401), 8.0), Gauge("g01", at(86_401), 9.0)))
    after = dict(stage.account.stack.gauges)

    assert "early" not in full
    assert still.keys() == full.keys(), "a day is not over yet"
    assert after.keys() == (full.keys() - {"g00"}) | {"a-new-one"}
    assert 9.0 == after["g01"][-1].value


def test_without_need_nothing_that_was_told_is_forgotten():
    stage = Stage("gauge", of="queue")
    stage.gauge(0, 1, "old")
    stage.gauge(86_400 * 30, 2, "new")

    assert ["new", "old"] == [name for name, _ in stage.account.stack.gauges]


def test_state_with_everything_survives_the_journal():
    stage = Stage("slippage", position(quantity=1)).watched()
    stage.tell(0, heartbeat=True, signals=(signal("a", 0, 1, 100, predicted=1.0, sigma=2.0),),
               twins=(twin("paper", 0, 1000, BTC=1),))  # fmt: skip
    stage.gauge(0, 3)
    stage.shows(0, (quote(BTC, 100, index=99),), (book(((99, 1),), ((101, 1),)),))
    stage.did(0, fills=(fill("1", 0, 1),), orders=(past("1", 0),))

    assert stage.state == decode_state(encode_state(stage.state))


# --- every metric that is told beside the reads ---------------------------------------------------------

BESIDE = [metric for metric in METRICS if metric.aged is not None]
EVENTS = st.lists(st.sampled_from(range(9)), max_size=9)


def happen(stage: Stage, what: int, second: float) -> None:
    match what:
        case 0:
            stage.did(second, fills=(fill(f"f{second}", second - 1, 1, 101, client_id="ft-a"),), orders=())
        case 1:
            stage.did(second, fills=None, orders=(past(f"o{second}", second - 2, second, "cancelled"),))
        case 2:
            stage.shows(second, (quote(BTC, 100, index=99),), None)
        case 3:
            stage.shows(second, None, (book(((99, 1),), ((101, 1),)),))
        case 4:
            stage.tell(second, heartbeat=True, twins=(twin("paper", second, 900, BTC=1),))
        case 5:
            stage.tell(second, signals=(signal("a", second, 1, 100, predicted=100.0, sigma=1.0),))
        case 6:
            stage.gauge(second, second)
        case 7:
            stage.see(read(second, (position(quantity=2),)))
        case _:
            stage.tell(second, twins=(twin("master", second, 5000, BTC=3),))


@given(EVENTS)
def test_no_evidence_makes_a_metric_fail_or_say_what_is_no_number(events: list[int]):
    stage = Stage("gauge", position(quantity=1), of="queue")
    for second, what in enumerate(events):
        happen(stage, what, float(second))

    for metric in BESIDE:
        got = metric.measure(view(stage, metric.name, metric.windows[0]))
        assert isinstance(got, Known | AtLeast | Unknown), metric.name
        value = getattr(got, "value", 0.0)
        assert abs(value) < float("inf"), metric.name


def view(stage: Stage, metric: str, kind: Any) -> View:
    window = {"sliding": Window("sliding", 60.0), "hours": Window("hours", opens=600, closes=1200)}
    of = "ft-" if metric == "strategy_drawdown" else "queue"
    asked: Rule = rule(rung(0.5, "caution"), id="m", metric=metric, window=window.get(kind, Window()), of=of)
    return View(stage.account, asked, blank(asked), at(10))


@pytest.mark.parametrize("metric", BESIDE, ids=lambda metric: metric.name)
def test_before_anything_was_told_no_verdict_is_clear(metric: Any):
    """On an account that holds something: what is not known of it must not look calm."""
    window = {"sliding": Window("sliding", 60.0), "hours": Window("hours", opens=600, closes=1200)}
    asked = rule(
        rung(0.5, "caution"),
        id="m",
        metric=metric.name,
        window=window.get(metric.windows[0], Window()),
        of="ft-",
    )
    desk = Desk(asked).warm(position(quantity=1))
    desk.see(read(0, (position(quantity=1),)))

    assert isinstance(desk.account.rules[0].measured, Unknown)
    desk.see(read(20, (position(quantity=1),)))
    assert desk.account.rules[0].stale
