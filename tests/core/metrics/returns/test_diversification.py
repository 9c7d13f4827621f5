"""M12, M16: how many assets, and how many bets, an account really holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.spectrum import (
    absorbed,
    diversification_ratio,
    entropy_number,
    market_shares,
    participation_number,
    portfolio_shares,
)
from guardian.core.model import Known, Unknown
from tests.core.build import BTC, ETH, position, read
from tests.core.metrics.returns.market import Market, watching

ALIKE = np.full((4, 4), 0.6) + 0.4 * np.eye(4)


def test_vectors_of_four_assets_alike_by_0_6():
    shares = market_shares(ALIKE)

    assert pytest.approx([0.1, 0.1, 0.1, 0.7]) == shares.tolist()
    assert pytest.approx(0.70) == absorbed(shares, 1)
    assert pytest.approx(2.56113, abs=5e-6) == entropy_number(shares)
    assert pytest.approx(1.92308, abs=5e-6) == participation_number(shares)


def test_vectors_of_the_equally_weighted_portfolio():
    """All of its variance is the common factor: one bet."""
    weights = np.full(4, 0.25)

    assert pytest.approx(1.0) == entropy_number(portfolio_shares(weights, ALIKE))
    assert pytest.approx(1.42857, abs=5e-6) == diversification_ratio(weights, np.ones(4), ALIKE) ** 2


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [((5, 3, 2), 2.6316), ((1, 0, 0), 1.0), ((1, 1, 1, 1), 4.0), ((5, -3, 2), 2.6316)],
)
def test_vector_effective_assets(quantities: tuple[float, ...], expected: float):
    desk = watching("effective_assets")
    desk.see(read(0, tuple(position(f"{n}/USDT:USDT", q) for n, q in zip("ABCD", quantities, strict=False))))
    own = desk.account.rule("effective_assets")

    assert own is not None
    assert Known(pytest.approx(expected, abs=5e-5)) == own.measured


@pytest.mark.parametrize("metric", ["effective_assets", "effective_bets"])
def test_an_empty_account_breaches_nothing(metric: str):
    desk = watching(metric, direction="under", limit=3)
    desk.see(read(0))
    own = desk.account.rule(metric)

    assert own is not None
    assert Known(50.0) == own.measured


def test_two_that_move_as_one_are_one_bet_and_apart_they_are_two():
    one = Market(watching("effective_bets"), {"A": 1.0, "B": 1.0}).run(80).found("effective_bets")
    two = Market(watching("effective_bets"), {"A": 0.0, "B": 0.0}).run(400).found("effective_bets")

    assert isinstance(one, Known)
    assert isinstance(two, Known)
    assert pytest.approx(1.0, abs=0.02) == one.value
    assert two.value > 1.5


def test_a_hedge_is_no_second_bet():
    """Long one and short its twin: the variance is gone, but it is one bet that they stay alike."""
    market = Market(watching("effective_bets"), {"A": 1.0, "B": 0.99})
    market.held["B"] = -1.0
    found = market.run(200).found("effective_bets")

    assert isinstance(found, Known)
    assert found.value < 1.2


def test_a_dominating_position_is_one_bet_however_many_there_are():
    market = Market(watching("effective_bets"), {"A": 0.0, "B": 0.0, "C": 0.0})
    market.held["A"] = 60.0
    found = market.run(80).found("effective_bets")

    assert isinstance(found, Known)
    assert found.value < 1.2


def test_an_unknown_pair_is_no_diversification():
    """Unknown while a pair could be any bet: neither fires nor clears."""
    market = Market(watching("effective_bets", "absorption_ratio"), {"A": 0.0}).run(80)
    assert Known(0.0) == market.found("absorption_ratio")

    market.held["B"], market.logs["B"] = 1.0, 0.0
    market.step()
    for metric in ("effective_bets", "absorption_ratio"):
        found = market.found(metric)
        assert isinstance(found, Unknown)
        assert found.warming


def test_absorption_rises_as_everything_moves_as_one():
    apart, alike = (
        Market(watching("absorption_ratio"), dict.fromkeys("ABCDE", part)).run(200).found("absorption_ratio")
        for part in (0.0, 0.95)
    )

    assert isinstance(apart, Known)
    assert isinstance(alike, Known)
    assert apart.value < 0.4 < 0.85 < alike.value


matrices = st.integers(2, 6).flatmap(
    lambda n: st.lists(st.floats(-1, 1), min_size=n * n, max_size=n * n).map(
        lambda values, n=n: np.array(values).reshape(n, n) + 0.1 * np.eye(n)
    )
)


@given(matrices)
def test_bets_lie_between_one_and_the_number_of_assets(root: np.ndarray):
    covariance = root @ root.T + 1e-6 * np.eye(len(root))
    sigmas = np.sqrt(np.diag(covariance))
    shares = market_shares(covariance / np.outer(sigmas, sigmas))

    assert 1 - 1e-9 <= participation_number(shares) <= entropy_number(shares) + 1e-9
    assert entropy_number(shares) <= len(root) + 1e-9
    assert pytest.approx(1.0) == portfolio_shares(np.ones(len(root)), covariance).sum()


def test_real_symbols_count_by_their_base():
    desk = watching("effective_assets")
    desk.see(read(0, (position(BTC), position(ETH))))
    own = desk.account.rule("effective_assets")

    assert own is not None
    assert Known(2.0) == own.measured
