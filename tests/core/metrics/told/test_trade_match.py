"""M34: the trades that live and paper both made, and what they cost more live."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.telemetry import TwinFill
from guardian.core.memory import MAXIMUM_DOINGS
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.trade_match import match
from guardian.core.model import AtLeast, Known, Level, Measured, Unknown, Window
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import BTC, ETH, at, money, rung
from tests.core.metrics.beside.stage import HOUR, Stage, fill, twin

METRICS = ["trade_match", "fill_price_gap"]
BAR = 300


def papers(second: float, signed: float, price: float = 100, symbol: str = BTC) -> TwinFill:
    return TwinFill(at(second), symbol, 1 if signed > 0 else -1, abs(money(signed)), money(price))


class Both(Stage):
    """Live and paper are told up to the same second, since two hours before."""

    def __init__(self, metric: str = "trade_match", since: float = -7200, **changes: Any) -> None:
        given = {"window": HOUR, "stale_after_seconds": 600.0, **changes}
        if metric == "trade_match":
            given = {"direction": "under", **given}
        super().__init__(metric, **given)
        self.watched()
        self.paper(since)

    def paper(self, second: float, *fills: TwinFill, arrives: float | None = None) -> None:
        self.tell(
            second if arrives is None else arrives, twins=(twin("paper", second, 1000),), fills=tuple(fills)
        )

    def both(self, second: float, live: Any, paper: Any) -> Measured:
        self.did(second, fills=tuple(live))
        self.paper(second, *paper)
        return self.now(second)


def bars(*numbers: int, side: int = 1, price: float = 100) -> list[Any]:
    return [fill(f"f{n}", n * BAR + 60, side, price) for n in numbers]


def of_paper(*numbers: int, side: int = 1, price: float = 100) -> list[TwinFill]:
    return [papers(n * BAR + 90, side, price) for n in numbers]


# --- the match ----------------------------------------------------------------------------------------


def test_vector_of_jaccard():
    """metrics.md M34: {A, B, C} against {B, C, D} is a half, also as it is judged."""
    keys = {name: (BTC, 1, ord(name)) for name in "ABCD"}
    live, paper = ({keys[n] for n in names} for names in ("ABC", "BCD"))

    assert 0.5 == match(live, paper)
    assert Known(0.5) == Both().both(2400, bars(1, 2, 3), of_paper(2, 3, 4))


def test_the_same_trades_are_one_whatever_their_size():
    live = [fill("a", 60, 1, 100), fill("b", 61, 2, 101), fill("c", 1000, -3)]

    assert Known(1.0) == Both().both(2400, live, [papers(200, 5), papers(1100, -5)])


@pytest.mark.parametrize("other", [{"side": -1}, {"symbol": ETH}, {"second": 360}])
def test_a_trade_is_a_symbol_a_side_and_a_bar(other: dict[str, Any]):
    side, symbol, second = other.get("side", 1), other.get("symbol", BTC), other.get("second", 60)
    same = [papers(n * BAR + 90, 1) for n in (2, 3)]
    got = Both().both(2400, bars(0, 2, 3), [papers(second, side, symbol=symbol), *same])

    assert got == Known(pytest.approx(2 / 4))


@pytest.mark.parametrize(("of", "matched"), [("1m", 0.0), ("5m", 1.0), ("", 1.0), ("15m", 1.0)])
def test_the_bar_is_the_rules(of: str, matched: float):
    live = [fill(f"f{n}", n * BAR + 30, 1) for n in range(1, 6)]
    paper = [papers(n * BAR + 90, 1) for n in range(1, 6)]

    assert Known(matched) == Both(of=of).both(2700, live, paper)


ROWS = st.lists(st.tuples(st.integers(0, 2399), st.sampled_from([1, -1]), st.sampled_from([BTC, ETH])))


@given(ROWS, ROWS)
def test_it_is_the_jaccard_of_the_sets_in_any_order(live: list[Any], paper: list[Any]):
    """An oracle of its own: sets of what each row says, without what the metric builds."""
    mine, theirs = ({(symbol, side, s // BAR) for s, side, symbol in rows} for rows in (live, paper))
    fills = [fill(f"f{n}", s, side, symbol=symbol) for n, (s, side, symbol) in enumerate(live)]
    told = [papers(s, side, symbol=symbol) for s, side, symbol in paper]
    random.Random(0).shuffle(told)
    got = Both().both(2400, fills, told)

    union = len(mine | theirs)
    if union >= 4 or mine == theirs:
        assert got == Known(pytest.approx(len(mine & theirs) / union if union else 1.0))
    else:
        assert isinstance(got, Unknown)


# --- the price ----------------------------------------------------------------------------------------


def test_what_live_paid_more():
    """Bought at 100.1 on average where paper paid 100: ten basis points; a sale at less is the same."""
    live = [fill("a", 60, 1, 100.0), fill("b", 61, 1, 100.2)]
    sold = [fill("c", 400, -2, 99.9)]

    assert Both("fill_price_gap").both(2400, live, [papers(90, 1)]) == Known(pytest.approx(0.001))
    assert Both("fill_price_gap").both(2400, sold, [papers(390, -1)]) == Known(pytest.approx(0.001))


def test_the_gap_is_by_worth_and_only_of_what_both_traded():
    live = [fill("a", 60, 3, 101), fill("b", 400, 1, 100), fill("c", 1000, 100, 200)]
    paper = [papers(60, 1), papers(400, 1), papers(2000, 5, 50)]

    assert Both("fill_price_gap").both(2400, live, paper) == Known(pytest.approx(3.03 / 403))


def test_inverse_contracts_are_averaged_as_they_are_paid():
    live = [fill("a", 60, 100, 100, inverse=True)]
    paper = [papers(60, 100, 100), papers(61, 100, 300)]

    assert Both("fill_price_gap").both(2400, live, paper) == Known(pytest.approx(100 / 150 - 1))


def test_without_a_trade_of_both_nothing_is_known_of_the_price():
    assert isinstance(Both("fill_price_gap").both(2400, bars(1), of_paper(3)), Unknown)


# --- what is not known --------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_a_paper_that_tells_no_fills_is_unknown_and_stale(metric: str):
    stage = Stage(metric, window=HOUR, direction="under").watched()
    stage.tell(0, twins=(twin("paper", 0, 1000),))
    stage.did(1, fills=tuple(bars(0)))

    assert isinstance(stage.now(62), Unknown)
    assert stage.account.rules[0].stale


@pytest.mark.parametrize("metric", METRICS)
def test_silence_of_either_goes_stale(metric: str):
    for silent in ("live", "paper"):
        stage = Both(metric, stale_after_seconds=60.0)
        stage.both(2400, bars(1, 2, 3), of_paper(1, 2, 3))
        if silent == "live":
            stage.paper(2461)
        else:
            stage.did(2461)

        assert isinstance(stage.now(2461), Unknown)
        assert stage.account.rules[0].stale


def test_what_the_other_had_no_time_to_tell_is_no_mismatch():
    """Live is known to now, paper to a quarter of an hour ago: the newest bars wait."""
    stage = Both()
    stage.both(1500, bars(1, 2, 3, 4), of_paper(1, 2, 3, 4))
    stage.did(2000, fills=tuple(bars(5, 6)))

    assert Known(1.0) == stage.now(2000)
    stage.paper(2100)
    assert stage.now(2100) == Known(pytest.approx(4 / 5)), "the bar that live is in is not over"
    stage.did(2101)
    assert stage.now(2102) == Known(pytest.approx(4 / 6))


def test_a_window_that_paper_has_not_told_wholly_is_warming():
    stage = Both(since=0)
    found = stage.both(1800, bars(1, 2, 3, 4), of_paper(3, 4))

    assert isinstance(found, Unknown)
    assert found.warming
    gap = Both("fill_price_gap", since=0).both(1800, bars(1), of_paper(1, price=99))
    assert isinstance(gap, AtLeast)
    assert gap.filling


def test_few_trades_prove_no_mismatch_but_a_match():
    assert isinstance(Both().both(2400, bars(1, 2), of_paper(1)), Unknown)
    assert Known(1.0) == Both().both(2400, bars(1, 2), of_paper(1, 2))
    assert Known(1.0) == Both().both(2400, (), ())


def test_more_fills_than_are_remembered_tell_nothing_of_the_match():
    stage = Both()
    for lot in range(6):
        rows = (papers(lot * BAR + n, 1, price=50 + n) for n in range(100))
        stage.paper((lot + 1) * BAR, *rows)
    stage.did(2400, fills=tuple(bars(1)))
    stage.paper(2400)
    found = stage.now(2400)

    traded = stage.account.stack.traded
    assert traded is not None
    assert MAXIMUM_DOINGS == len(traded.rows)
    assert isinstance(found, Unknown)
    assert "forgotten" in found.why


@pytest.mark.parametrize("metric", METRICS)
def test_an_unknown_bar_is_never_a_number(metric: str):
    found = Both(metric, of="7m").both(2400, bars(1, 2, 3), of_paper(1, 2, 3))

    assert Unknown("`of` names no bar: 7m") == found


def test_what_guardian_or_the_venue_closed_is_no_trade_of_the_strategy():
    live = [
        *bars(1, 2, 3, 4),
        fill("g", 1600, -1, client_id="gdn-1"),
        fill("l", 1700, -1, cause="adl"),
    ]

    assert Known(1.0) == Both().both(2400, live, of_paper(1, 2, 3, 4))


# --- memory -------------------------------------------------------------------------------------------


def test_a_fill_that_is_told_again_counts_once_and_late_ones_count():
    stage = Both("fill_price_gap")
    stage.did(2400, fills=(fill("a", 60, 1, 101),))
    stage.paper(400, papers(60, 1, 100))
    stage.paper(500, papers(60, 1, 100), papers(61, 1, 102))
    stage.paper(450, papers(62, 2, 100), arrives=520)
    stage.paper(2400)

    traded = stage.account.stack.traded
    assert traded is not None
    assert 3 == len(traded.rows)
    assert at(2400) == traded.told_at
    assert stage.now(2400) == Known(pytest.approx(101 / 100.5 - 1))


@pytest.mark.parametrize("nonsense", [{"price": 0}, {"signed": 0}, {"price": float("nan")}])
def test_nonsense_is_no_fill(nonsense: dict[str, Any]):
    stage = Both()
    row = {"signed": 1, "price": 100, **nonsense}
    stage.paper(400, papers(60, row["signed"], row["price"]))

    traded = stage.account.stack.traded
    assert traded is not None
    assert () == traded.rows


def test_a_fill_of_the_future_is_of_its_arrival():
    stage = Both()
    stage.paper(400, papers(9000, 1))

    traded = stage.account.stack.traded
    assert traded is not None
    assert (at(400),) == tuple(row.at for row in traded.rows)


def test_where_no_fills_are_told_nothing_is_kept():
    stage = Stage("trade_match", window=HOUR, direction="under").watched()
    for second in range(10):
        stage.tell(second, twins=(twin("paper", second, 1000),))

    assert None is stage.account.stack.traded


def test_a_checkpoint_keeps_it():
    stage = Both()
    stage.both(2400, bars(1, 2), of_paper(1))

    assert stage.state == decode_state(encode_state(stage.state))


# --- what it may demand -------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_what_is_told_by_the_watched_halts_at_most(metric: str):
    assert Level.HALT is BY_NAME[metric].ceiling


def test_a_bot_that_trades_without_its_paper_halts():
    stage = Both(ladder=(rung(0.5, "halt"),), window=Window("sliding", 3600.0))
    stage.both(2400, bars(1, 2, 3, 4, 5), of_paper(1))

    assert Level.HALT is stage.level
