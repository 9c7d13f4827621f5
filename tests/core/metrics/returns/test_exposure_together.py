"""M15: exposure as if what moves together were one asset, with the vectors of metrics.md."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.cluster_exposure import adjusted, correlation_adjusted
from guardian.core.metrics.clusters import partition
from guardian.core.metrics.correlation import known_rhos
from guardian.core.metrics.pairs import Pair, together
from guardian.core.model import Known
from tests.core.build import at, position, read
from tests.core.metrics.returns.market import watching

HEDGED = (1000.0, 800.0, -500.0)
MEASURED = ((1, 0.9, 0.85), (0.9, 1, 0.8), (0.85, 0.8, 1))
AS_ONE = ((1, 1, 1), (1, 1, 1), (1, 1, 1))
APART = ((1, 0, 0), (0, 1, 0), (0, 0, 1))

Matrix = tuple[tuple[float, ...], ...]


@pytest.mark.parametrize(
    ("correlations", "expected"),
    [(MEASURED, 1356.47), (AS_ONE, 1300), (APART, 1374.77)],
    ids=["as measured", "all as one", "all apart"],
)
def test_vector_correlation_adjusted_exposure(correlations: Matrix, expected: float):
    """Of a hedged book the hedge breaking is the worst, and is what counts."""
    assert adjusted(HEDGED, correlations) == pytest.approx(expected, abs=0.005)
    assert correlation_adjusted(HEDGED, MEASURED) == pytest.approx(1374.77, abs=0.005)


@pytest.mark.parametrize(
    ("metric", "expected"), [("correlated_exposure", 1.37477), ("cluster_exposure", 2.3)]
)
def test_vector_of_an_account_that_knows_these_correlations(metric: str, expected: float):
    """Over an equity of 1000; all three are one cluster, whose gross notional is 2300."""
    desk = watching(metric)
    held = zip("ABC", HEDGED, strict=True)
    desk.see(read(0, tuple(position(f"{name}/USDT:USDT", n / 100, 100) for name, n in held)))
    told = {("A", "B"): 0.9, ("A", "C"): 0.85, ("B", "C"): 0.8}
    pairs = together(Pair(a, b, (1.0, 1.0, rho, 1.0), (1.0, 1.0, rho, 1.0)) for (a, b), rho in told.items())
    assert desk.account.correlations is not None
    book = replace(desk.account.correlations, moments=pairs, clusters=partition("ABC", told))
    account = replace(desk.account, correlations=book)

    found = BY_NAME[metric].measure(View(account, desk.state.rules[0], account.rules[0], at(0)))

    assert told == known_rhos(book)
    assert found == Known(pytest.approx(expected, abs=5e-6))


def test_a_long_book_counts_as_if_all_moved_as_one():
    assert correlation_adjusted((1000.0, 800.0), ((1, 0.2), (0.2, 1))) == pytest.approx(1800)


def test_a_matrix_that_is_not_positive_leaves_no_less_than_all_apart():
    """Pairs are measured on steps of their own, and need not fit together."""
    broken = ((1, 0.95, -0.95), (0.95, 1, 0.95), (-0.95, 0.95, 1))
    notionals = (1.0, -1.0, 1.0)

    assert np.array(notionals) @ np.array(broken) @ np.array(notionals) < 0
    assert adjusted(notionals, broken) == 0.0
    assert correlation_adjusted(notionals, broken) == pytest.approx(3**0.5)
