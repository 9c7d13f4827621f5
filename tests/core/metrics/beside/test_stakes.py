"""M07: what strategies hold of each pair, how far that fell within the hour, and how many fall at once."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.stake import Stake
from guardian.core.frozen import replace
from guardian.core.metrics.history import appended, unpacked
from guardian.core.metrics.pair_convergence import LEAST_HOURS
from guardian.core.metrics.stakes import MOST
from guardian.core.metrics.strategy_pnl import outlying
from guardian.core.model import AtLeast, Known, Position, Unknown
from tests.core.build import BTC, ETH, at, position
from tests.core.metrics.beside.stage import Stage, fill

STRATEGIES = ("ft-", "mm-")
HOUR = 3600


def test_vector_one_drawdown_against_a_sample():
    assert outlying(0.05, (0.01, 0.011, 0.012, 0.05)) == pytest.approx(25.97, abs=0.005)


def test_vector_equal_drawdowns_have_a_floor_of_a_tenth_of_a_percent_under_their_mad():
    equal = (0.01, 0.01, 0.01)

    assert outlying(0.01, equal) == 0
    assert outlying(0.014, equal) == pytest.approx(0.004 / (1.4826 * 0.001))


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=50), st.floats(0, 0.5))
def test_the_z_agrees_with_scipy_s_median_absolute_deviation(sample: list[float], value: float):
    stats = pytest.importorskip("scipy.stats")
    numpy = pytest.importorskip("numpy")
    spread = max(stats.median_abs_deviation(sample), 0.001)

    expected = (value - numpy.median(sample)) / (1.4826 * spread)

    assert outlying(value, sample) == pytest.approx(expected, rel=1e-9, abs=1e-12)


class Pairs(Stage):
    """Two strategies in one pair; `tick` tells fills, with the position that they leave, at a mark."""

    def __init__(self, metric: str = "pair_convergence", **changes: Any) -> None:
        super().__init__(metric, order_prefixes=STRATEGIES, **changes)
        self.count = 0

    def tick(
        self, second: float, *done: tuple[str, float], mark: float, held: float, closed: float = 0
    ) -> None:
        """`done` are (strategy, signed quantity) at the mark; the read comes a tenth of a second before."""
        legs = (position(quantity=held, mark=mark),) if held else ()
        self.read(second - 0.1, positions=legs)
        fills = []
        for name, signed in done:
            self.count += 1
            fills.append(
                fill(str(self.count), second - 0.2, signed, mark, client_id=name and f"{name}{self.count}",
                     closed=closed)
            )  # fmt: skip
        self.did(second, fills=tuple(fills))

    def stake(self, name: str, symbol: str = BTC) -> Stake:
        found = {(s.name, s.symbol): s for s in self.account.course.stakes}
        return found[name, symbol]

    def measured(self, second: float, held: float, mark: float) -> Any:
        self.read(second, positions=(position(quantity=held, mark=mark),) if held else ())
        return self.account.rules[0].measured


def test_each_strategy_s_fall_in_a_pair_is_its_own_and_the_pair_s_is_of_all():
    pairs = Pairs().watched()
    pairs.tick(10, mark=100, held=0)
    pairs.tick(20, ("ft-", 2), ("mm-", 3), mark=100, held=5)
    pairs.tick(30, mark=110, held=5)
    pairs.tick(40, ("mm-", -3), mark=105, held=2, closed=3)
    pairs.tick(50, mark=100, held=2)

    assert pairs.stake("ft-").fell == pytest.approx(20 / 1000)
    assert pairs.stake("mm-").fell == pytest.approx(15 / 1000)
    assert pairs.stake("").fell == pytest.approx((15 + 20) / 1000)


def test_a_peak_counts_for_an_hour_and_the_minute_that_it_is_in():
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 1), mark=100, held=1)
    pairs.tick(60, mark=120, held=1)
    pairs.tick(120, mark=110, held=1)
    pairs.tick(60 + HOUR, mark=110, held=1)
    assert pairs.stake("ft-").fell == pytest.approx(10 / 1000)

    pairs.tick(120 + HOUR, mark=110, held=1)

    assert pairs.stake("ft-").fell == 0


def test_while_fills_and_position_differ_nothing_is_looked_at():
    """Closed at 100 and not told yet: lots that follow the market up would make a peak that never was."""
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 1), mark=100, held=1)
    pairs.tick(10, mark=150, held=0)
    assert pairs.stake("ft-").seen_at == at(0)

    pairs.tick(20, ("ft-", -1), mark=100, held=0, closed=1)

    assert pairs.stake("ft-").fell == 0
    assert pairs.stake("").fell == 0


def test_where_they_differ_for_long_the_position_is_right_and_the_hour_is_not_known():
    pairs = Pairs("pair_drawdown").watched()
    pairs.tick(0, mark=100, held=2)
    pairs.tick(10, mark=100, held=5)
    assert pairs.stake("").quantity == 2

    pairs.tick(70, mark=100, held=5)

    assert pairs.stake("").quantity == 5
    assert pairs.measured(71, 5, 100) == AtLeast(
        0.0, f"the fills that are known do not add up to the position in {BTC}"
    )
    pairs.tick(70 + HOUR, mark=90, held=5)
    assert pairs.measured(71 + HOUR, 5, 90) == Known(pytest.approx(0.05))


def test_where_a_fill_was_never_told_no_strategy_s_lots_are_known():
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 2), mark=100, held=2)
    pairs.tick(70, mark=90, held=1)

    assert pairs.stake("ft-").lost
    why = f"what ft- earned in {BTC} within the hour is not known"
    assert pairs.measured(71, 1, 90) == AtLeast(0.0, why)


def test_what_the_bound_may_have_forgotten_is_not_cleared():
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 2), mark=100, held=2)
    full = tuple(replace(pairs.stake("ft-"), symbol=f"C{n}/USDT:USDT") for n in range(MOST))
    account = replace(pairs.account, course=replace(pairs.account.course, stakes=full))
    pairs.state = replace(pairs.state, accounts=(account,))

    why = f"more than {MOST} strategies in their pairs; the oldest are forgotten"
    assert pairs.measured(1, 2, 100) == AtLeast(0.0, why)


def test_opposed_strategies_in_one_way_mode_keep_their_own_lots():
    """The venue closes 9 of the first one's lots for the second one's sale: both have what they opened."""
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 10), mark=100, held=10)
    pairs.tick(10, ("mm-", -9), mark=100, held=1, closed=9)

    assert (pairs.stake("ft-").quantity, pairs.stake("mm-").quantity) == (10, -9)
    assert pairs.stake("mm-").doubted_at is None


def test_a_close_of_what_was_open_before_watching_is_not_known():
    pairs = Pairs().watched()
    pairs.tick(0, mark=100, held=4)
    pairs.tick(10, ("mm-", -3), mark=100, held=1, closed=3)

    assert pairs.stake("mm-").quantity == 0
    assert pairs.stake("mm-").doubted_at == at(9.8)


@pytest.mark.parametrize("hand", ["", "gdn-"])
def test_a_close_by_nobody_is_the_only_holder_s(hand: str):
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 2), mark=100, held=2)
    pairs.tick(10, (hand, -2), mark=90, held=0, closed=2)

    assert pairs.stake("ft-").quantity == 0
    assert pairs.stake("ft-").fell == pytest.approx(0.02)


def test_a_close_by_nobody_of_what_two_hold_loses_both_until_the_pair_is_flat():
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 2), ("mm-", 2), mark=100, held=4)
    pairs.tick(10, ("", -2), mark=90, held=2, closed=2)
    assert pairs.stake("ft-").lost
    assert pairs.stake("mm-").lost
    assert isinstance(pairs.measured(11, 2, 90), AtLeast)

    pairs.tick(20, ("", -2), mark=90, held=0, closed=2)

    assert (pairs.stake("ft-").quantity, pairs.stake("ft-").lost) == (0, False)
    assert isinstance(pairs.measured(21, 0, 90), AtLeast), "what they earned within the hour is not known"


# --- how many fall at once ----------------------------------------------------------------------------


def seasoned(hours: int = LEAST_HOURS, usual: float = 0.002) -> Pairs:
    """Both strategies hold 10 since the first fill, and lost about `usual` in each hour of their history."""
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 10), ("mm-", 10), mark=100, held=20)
    now, draws = int(at(0).timestamp() // HOUR), random.Random(1)
    series = ""
    for hour in range(now - hours, now):
        series = appended(series, hour, usual * draws.uniform(0.5, 1.5))
    stakes = tuple(replace(s, hourly=series) if s.name else s for s in pairs.account.course.stakes)
    account = replace(pairs.account, course=replace(pairs.account.course, stakes=stakes))
    pairs.state = replace(pairs.state, accounts=(account,))
    return pairs


def test_two_strategies_that_fall_unusually_far_in_one_pair_converge():
    pairs = seasoned()
    pairs.tick(10, mark=99.9, held=20)
    assert pairs.measured(11, 20, 99.9) == Known(0.0)

    pairs.tick(20, mark=98, held=20)

    assert pairs.measured(21, 20, 98) == Known(2.0)


def test_one_that_falls_while_the_other_gains_is_one():
    pairs = seasoned()
    pairs.tick(10, ("mm-", -10), mark=100, held=10, closed=10)
    pairs.tick(20, mark=98, held=10)

    assert pairs.measured(21, 10, 98) == Known(1.0)


def test_with_too_little_history_nothing_is_cleared():
    pairs = seasoned(LEAST_HOURS - 1)
    pairs.tick(20, mark=98, held=20)

    got = pairs.measured(21, 20, 98)

    assert got == AtLeast(0.0, f"ft- has {LEAST_HOURS - 1} of {LEAST_HOURS} hours of history", filling=True)


def test_hours_of_more_than_thirty_days_ago_do_not_count():
    pairs = seasoned()
    later = 31 * 86_400
    pairs.tick(later, mark=100, held=20)

    assert isinstance(pairs.measured(later + 1, 20, 100), AtLeast)


def test_an_hour_in_which_it_was_at_work_is_one_of_its_history():
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 10), mark=100, held=10)
    pairs.tick(30, mark=99, held=10)
    pairs.tick(HOUR, mark=99, held=10)
    assert unpacked(pairs.stake("ft-").hourly)[1] == pytest.approx([0.01])

    pairs.tick(HOUR + 60, ("ft-", -10), mark=99, held=0, closed=10)
    for hour in range(2, 6):
        pairs.tick(hour * HOUR, mark=99, held=0)

    assert len(unpacked(pairs.stake("ft-").hourly)[1]) == 2, "hours without lots or fills are none"


def test_what_guardian_did_not_see_of_an_hour_is_not_its_end():
    """Read last at ten past, then not for three hours: the hours between are none of its history."""
    pairs = Pairs().watched()
    pairs.tick(0, ("ft-", 10), mark=100, held=10)
    pairs.tick(600, mark=98, held=10)
    pairs.tick(4 * HOUR, mark=98, held=10)

    hours, values = unpacked(pairs.stake("ft-").hourly)

    assert len(hours) == 1
    assert values == pytest.approx([0.02])


@pytest.mark.parametrize("prefixes", [(), ("ft-",)])
def test_one_strategy_has_none_to_converge_with(prefixes: tuple[str, ...]):
    stage = Stage("pair_convergence", order_prefixes=prefixes).watched()
    stage.did(0)

    assert stage.now(0) == Unknown("bot.order_prefix names fewer than two strategies")
    assert all(not s.name for s in stage.account.course.stakes)


def test_a_rule_of_each_symbol_names_the_pair_at_fault():
    pairs = Pairs("pair_drawdown", scope="symbol").watched()
    far = (position(BTC, 5, mark=100), position(ETH, 5, mark=10))
    pairs.read(0, positions=far)
    pairs.did(0)
    fallen: tuple[Position, ...] = (position(BTC, 5, mark=100), position(ETH, 5, mark=4))
    for second in (10, 11):
        pairs.read(second, positions=fallen)
        pairs.did(second)
    pairs.read(12, positions=fallen)

    assert pairs.account.rules[0].measured == Known(pytest.approx(0.03))


# --- laws ---------------------------------------------------------------------------------------------

TRADES = st.lists(
    st.tuples(st.sampled_from(STRATEGIES), st.integers(-3, 3).filter(bool), st.integers(95, 105)),
    min_size=1,
    max_size=12,
)


@given(TRADES)
def test_strategies_add_up_to_their_pair(trades: list[tuple[str, int, int]]):
    pairs, held = Pairs().watched(), 0
    pairs.tick(-1, mark=100, held=0)
    for n, (name, signed, mark) in enumerate(trades):
        closed = min(abs(held), abs(signed)) if held * signed < 0 else 0
        held += signed
        pairs.tick(10 * n, (name, signed), mark=mark, held=held, closed=closed)
    stakes = pairs.account.course.stakes
    named = [s for s in stakes if s.name]

    assert not any(s.lost or s.doubted_at for s in stakes)
    assert sum(s.quantity for s in named) == held == pairs.stake("").quantity
    worth = {s: s.earned + s.quantity * (trades[-1][2] - s.entry) for s in stakes}
    assert float(sum((worth[s] for s in named), Decimal(0))) == pytest.approx(float(worth[pairs.stake("")]))


def test_bounded():
    stage = Stage("pair_drawdown", order_prefixes=STRATEGIES).watched()
    stage.did(0)
    for n in range(3 * MOST):
        symbol = f"C{n}/USDT:USDT"
        stage.read(n + 0.5, positions=(position(symbol, 1, mark=100),))
        stage.did(n + 1, fills=(fill(f"f{n}", n + 0.5, 1, symbol=symbol),))

    stakes = stage.account.course.stakes

    assert len(stakes) <= 2 * MOST
    assert max(len(s.best) for s in stakes) <= 62


def test_of_more_pairs_than_are_remembered_the_same_ones_are_in_every_process():
    """Strings hash differently in each: a replay would conclude something else."""
    legs = tuple(position(f"C{n:03}/USDT:USDT", 1, 100) for n in range(2 * MOST))
    stage = Stage("pair_drawdown", *legs, cash=10_000).watched(since=0)

    assert [p.symbol for p in legs[:MOST]] == [stake.symbol for stake in stage.account.course.stakes]
