"""Oracles for what is averaged over time or over signals, and for shares of few: numpy, pandas and scipy.

Same definition, to 1e-9: M13's mean is numpy's trapezoid over the time that was seen; M27's and M31's rate is
the lower end of scipy's Wilson interval, two-sided at 95 %, without continuity correction; M34's distance is
half of scipy's city block; M36's error is pandas' ewm of |z|.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cityblock
from scipy.stats import binomtest

from guardian.core.metrics.api_errors import wilson_lower
from guardian.core.metrics.capital_utilisation import Cells, grown, mean
from guardian.core.metrics.model_vs_fill import weighted
from guardian.core.metrics.paper_vs_live import distance
from tests.core.build import at

SAMPLES = st.lists(st.tuples(st.integers(1, 600), st.floats(0, 3)), min_size=2, max_size=200)


@given(SAMPLES)
def test_utilisation_is_numpy_s_trapezoid(told: list[tuple[int, float]]):
    seconds, used = np.cumsum([gap for gap, _ in told]), np.array([value for _, value in told])
    cells: Cells = ()
    for (a, low), (b, high) in itertools.pairwise(zip(seconds, used, strict=True)):
        cells = grown(cells, (at(int(a)), float(low)), (at(int(b)), float(high)))
    area, covered = mean(cells, at(int(seconds[-1])), 7 * 86_400)

    assert covered == seconds[-1] - seconds[0]
    assert area == pytest.approx(np.trapezoid(used, seconds), rel=1e-9, abs=1e-9)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_proven_rate_is_scipy_s_wilson(rows: tuple[int, int]):
    theirs = binomtest(*rows).proportion_ci(0.95, method="wilson").low

    assert wilson_lower(*rows) == pytest.approx(theirs, abs=1e-9)


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=100))
def test_a_model_s_error_is_pandas_ewm(scores: list[float]):
    theirs = pd.Series(scores).abs().ewm(halflife=10, adjust=True).mean().iloc[-1]

    assert weighted(scores) == pytest.approx(theirs, abs=1e-9)


WEIGHTS = st.dictionaries(st.sampled_from("ABCDEF"), st.floats(-3, 3))


@given(WEIGHTS, WEIGHTS)
def test_the_distance_to_paper_is_half_of_scipy_s_city_block(live: dict[str, float], paper: dict[str, float]):
    rows = [[own.get(name, 0.0) for name in "ABCDEF"] for own in (live, paper)]

    assert distance(live, paper) == pytest.approx(cityblock(*rows) / 2, abs=1e-9)
