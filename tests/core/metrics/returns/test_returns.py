"""M17, M19: variances, turbulence and the packed history, learned once each cell from what is over."""

from __future__ import annotations

from decimal import Decimal
from math import log, log2, sqrt

import numpy as np
import pytest

from guardian.core.memory import AssetReturns
from guardian.core.metrics.following import MAXIMUM_ASSETS
from guardian.core.metrics.history import MAXIMUM_HOURS, appended, unpacked
from guardian.core.metrics.returns import DAY, HALF_LIVES, HOUR, by_name, faded, variance
from guardian.core.metrics.turbulence import SHRINK, clipped, distance, unusual
from guardian.core.model import Balance, Known, Snapshot, Unknown
from guardian.runtime.codec import encode_state
from tests.core.build import money, position, read, wallet
from tests.core.metrics.returns.market import Market, watching

# --- vectors ------------------------------------------------------------------------------------------


def test_vector_ewma_variance():
    """lambda 0.94 is a half-life of 11.2 steps; the memory is whole, and stays so."""
    memory, found = (1e-4, 1.0), []
    for value in (0.02, -0.01, 0.03):
        memory = faded(memory, value * value, 1, 1, -1 / log2(0.94))
        found.append(memory[0])

    assert pytest.approx([1.18e-4, 1.1692e-4, 1.639048e-4], rel=1e-12) == found
    assert pytest.approx(0.0128025, abs=5e-8) == sqrt(memory[0] / memory[1])


@pytest.mark.parametrize(("returns", "expected"), [((0.04, -0.04), 16.0), ((0.04, 0.04), 16 / 3)])
def test_vector_turbulence(returns: tuple[float, float], expected: float):
    """The same magnitude is three times as unusual where it breaks the correlation.

    The vector's matrix is not shrunk: a correlation of 0.5 is one of 0.5 / 0.95 before it is.
    """
    covariance = np.array([[4e-4, 2e-4], [2e-4, 4e-4]])
    step = {name: (value, 0.02) for name, value in zip("AB", returns, strict=True)}

    assert pytest.approx(expected) == distance(np.array(returns), covariance)
    assert pytest.approx(expected / 2) == unusual(step, {("A", "B"): 0.5 / (1 - SHRINK)})


def test_turbulence_of_one_asset_is_its_square_in_variances():
    assert pytest.approx(9.0) == unusual({"A": (0.03, 0.01)}, {})
    assert unusual({}, {}) is None


def test_a_matrix_that_is_not_positive_is_mended_and_not_refused():
    """Pairs are learned on steps of their own, and need not fit together."""
    broken = np.array([[1, 0.95, -0.95], [0.95, 1, 0.95], [-0.95, 0.95, 1]])

    assert np.linalg.eigvalsh(broken)[0] < 0
    assert np.linalg.eigvalsh(clipped(broken))[0] > 0
    assert distance(np.ones(3), broken) > 0


# --- the fold -----------------------------------------------------------------------------------------


def test_gaussian_returns_are_normal_turbulence():
    market = Market(watching("turbulence"), {"A": 1.0, "B": 0.8, "C": 0.2}).run(300)
    seen = []
    for _ in range(120):
        market.run(6)
        known = market.found("turbulence")
        assert isinstance(known, Known)
        seen.append(known.value)

    assert pytest.approx(1.0, abs=0.12) == float(np.mean(seen))


def test_turbulence_compares_with_what_was_known_before():
    """A return that entered its own covariance could never be more than so unusual."""
    market = Market(watching("turbulence"), {"A": 1.0}).run(300)
    own = by_name(market.account.returns)["A"]
    before, weight = market.account.returns.turbulence
    expected = variance(own, 2)
    market.step(A=0.1).step()

    # The cell that was filling closed first, then the one with the jump: two steps of the average.
    kept, added = 2 ** (-1 / 6), 1 - 2 ** (-1 / 6)
    least = 0.9 * added * 0.1**2 / expected
    assert market.account.returns.turbulence[0] > kept * kept * before + least
    assert market.account.returns.turbulence[1] <= 1.0
    assert weight <= 1.0


def test_turbulence_is_unknown_once_nothing_is_learned():
    market = Market(watching("turbulence"), {"A": 1.0}).run(300)
    market.held = {"A": 0.0}
    for minute in range(1, 16):
        market.desk.see(read(300 * 299 + 60 * minute, ()))
    assert isinstance(market.found("turbulence"), Known)

    for minute in range(16, 32):
        market.desk.see(read(300 * 299 + 60 * minute, ()))
    assert isinstance(market.found("turbulence"), Unknown)


def test_a_sigma_needs_four_hours_or_two_half_lives():
    market = Market(watching("turbulence"), {"A": 1.0}).run(25)
    own = by_name(market.account.returns)["A"]
    assert variance(own, HOUR) is None

    own = by_name(market.run(1).account.returns)["A"]
    assert variance(own, HOUR) is not None
    assert variance(own, DAY) is None
    assert variance(by_name(market.run(24).account.returns)["A"], DAY) is not None


def test_a_price_that_hardly_moves_has_no_sigma():
    """A frozen feed must not look calm."""
    assert variance(AssetReturns("A", ((1e-12, 1.0),) * len(HALF_LIVES)), DAY) is None


def test_a_step_over_two_cells_counts_as_two():
    """A return over ten minutes has the variance of two cells."""
    dense, sparse = (Market(watching("turbulence"), {"A": 1.0}) for _ in range(2))
    for cell in range(400):
        move = 0.001 if cell % 2 else -0.001
        dense.step(A=move)
    for cell in range(200):
        sparse.step(A=0.001 * sqrt(2) * (1 if cell % 2 else -1))
        sparse.cell += 1
    one, two = (variance(by_name(m.account.returns)["A"], DAY) for m in (dense, sparse))

    assert pytest.approx(one, rel=1e-6) == two


# --- the hours ----------------------------------------------------------------------------------------


def test_an_hour_s_return_is_over_the_sigma_expected_at_its_start():
    market = Market(watching("turbulence"), {"A": 1.0}).run(96)
    first = by_name(market.account.returns)["A"]
    market.run(12)
    own = by_name(market.account.returns)["A"]
    hours, values = unpacked(own.history)

    assert own.hour == first.hour + 1
    assert hours[-1] == own.hour
    expected = (log(own.hour_mark) - log(first.hour_mark)) / first.hour_sigma
    assert pytest.approx(expected, rel=1e-6) == values[-1]


def test_an_hour_that_was_not_seen_to_its_end_is_left_out():
    market = Market(watching("turbulence"), {"A": 1.0}).run(120)
    before, _ = unpacked(by_name(market.account.returns)["A"].history)
    market.cell += 12
    market.run(36)
    after, _ = unpacked(by_name(market.account.returns)["A"].history)

    assert len(after) > len(before)
    assert max(np.diff(after)) > 1


def test_a_series_is_bounded_and_drops_its_oldest():
    series = ""
    for hour in range(MAXIMUM_HOURS + 10):
        series = appended(series, hour, hour / 7)
    hours, values = unpacked(series)

    assert MAXIMUM_HOURS == len(hours)
    assert list(range(10, MAXIMUM_HOURS + 10)) == hours.tolist()
    assert np.allclose(hours / 7, values, rtol=1e-7)


def test_an_asset_that_is_not_held_any_more_keeps_its_history():
    market = Market(watching("turbulence"), {"A": 1.0, "B": 1.0}).run(300)
    kept = by_name(market.account.returns)["B"]
    market.held = {"A": 1.0}
    market.run(600)

    before = unpacked(kept.history)[0].tolist()
    after = unpacked(by_name(market.account.returns)["B"].history)[0].tolist()
    assert 10 < len(before)
    assert before == after[: len(before)]


def coins(cell: int, price: float, dust: float = 0.01) -> Snapshot:
    """A spot account: half of its thousand in one coin, and next to nothing in another."""
    balances = (
        Balance("USDT", Decimal(500), Decimal(1)),
        Balance("BTC", Decimal(5), money(price)),
        Balance("ETH", Decimal(1), money(dust)),
    )
    equity = 500 + 5 * price + dust
    return read(cell * 300, wallet=wallet(equity, balances=balances))


def test_coins_of_the_wallet_have_returns_too():
    """By the wallet's price; dust and what is worth 1 are not followed."""
    desk = watching("volatility", "correlation")
    for cell in range(60):
        desk.see(coins(cell, 100 * (1.001 if cell % 2 else 1.0)))
    found, alike = (desk.account.rule(name) for name in ("volatility", "correlation"))

    assert desk.account.correlations is not None
    assert ["BTC"] == [f.asset for f in desk.account.correlations.followed]
    assert desk.account.correlations.clusters == ()
    assert found is not None
    assert alike is not None
    assert Known(pytest.approx(0.5 * 0.001 * sqrt(288), rel=0.01)) == found.measured
    assert Known(0.0) == alike.measured


def test_the_memory_of_assets_is_bounded():
    desk = watching("turbulence")
    for cell in range(4):
        legs = tuple(position(f"{cell}{n:02}/USDT:USDT", 1, 1 + n) for n in range(30))
        desk.see(read(cell * 300, legs))

    assert desk.account.returns is not None
    assert MAXIMUM_ASSETS == len(desk.account.returns.assets)


def test_the_same_reads_give_the_same_bytes():
    one, two = (Market(watching("cvar"), {"A": 1.0, "B": 0.6}).run(340).desk.state for _ in range(2))

    assert encode_state(one) == encode_state(two)
