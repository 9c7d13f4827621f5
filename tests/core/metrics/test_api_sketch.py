"""DDSketch against exact quantiles, on made-up and on recorded latencies."""

from __future__ import annotations

import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.sketch import (
    LONGEST,
    RELATIVE_ERROR,
    SHORTEST,
    added,
    at_rank,
    bucket,
    estimate,
    merged,
    total,
)

SECONDS = st.floats(min_value=SHORTEST, max_value=LONGEST)


def quantile(values: list[float], q: float) -> float:
    index = at_rank(added((), values), math.ceil(q * len(values)))
    assert index is not None
    return estimate(index)


@given(SECONDS)
def test_a_bucket_is_within_one_percent_of_what_it_counts(value: float) -> None:
    assert estimate(bucket(value)) == pytest.approx(value, rel=RELATIVE_ERROR * 1.0001)


@given(st.lists(SECONDS, min_size=1, max_size=200), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_any_quantile_is_within_one_percent_of_the_exact_one(values: list[float], q: float) -> None:
    exact = sorted(values)[math.ceil(q * len(values)) - 1]

    assert quantile(values, q) == pytest.approx(exact, rel=RELATIVE_ERROR * 1.0001)


@given(st.lists(SECONDS), st.lists(SECONDS))
def test_merged_sketches_are_the_sketch_of_everything(first: list[float], second: list[float]) -> None:
    both = merged((added((), first), added((), second)))

    assert added((), first + second) == both
    assert len(first) + len(second) == total(both)


def test_the_vector_of_the_reference() -> None:
    """20,000 log-normal(3, 0.6) values: the p99 is told as 80.65 where it is 80.33, out of 209 buckets."""
    values = np.random.default_rng(0).lognormal(3, 0.6, 20_000)
    buckets = added((), values.tolist())
    index = at_rank(buckets, 19_800)

    assert index is not None
    assert estimate(index) == pytest.approx(80.65, abs=0.005)
    assert float(np.quantile(values, 0.99)) == pytest.approx(80.33, abs=0.005)
    assert 209 == len(buckets)


def test_what_is_no_number_or_endless_is_the_longest_and_memory_is_bounded() -> None:
    buckets = added((), [math.nan, math.inf, 1e9, -1.0, 0.0])

    assert [(bucket(SHORTEST), 2), (bucket(LONGEST), 3)] == list(buckets)
    assert bucket(LONGEST) - bucket(SHORTEST) + 1 <= 871


def test_a_recorded_feed_has_the_quantiles_of_the_reference(market_data: Path) -> None:
    """6,000 messages whose sender's clock is 1.2712 s ahead: skew by the one-way minimum, then quantiles."""
    (file,) = (market_data / "microstructure").glob("binanceusdm_feed_timestamps_*.csv.gz")
    with gzip.open(file, "rt") as rows:
        delays = [
            int(row["local_us"]) / 1e6 - int(row["exch_event_ms"]) / 1e3 for row in csv.DictReader(rows)
        ]
    skew = min(delays)

    latencies = [delay - skew for delay in delays]

    assert 6000 == len(delays)
    assert skew == pytest.approx(-1.2712, abs=5e-5)
    got = [quantile(latencies, q) * 1000 for q in (0.5, 0.9, 0.99, 0.999)]
    assert got == pytest.approx([2.09, 7.42, 21.9, 31.1], rel=0.0101 + 0.003), "1 %, and the digits printed"
    exact = np.quantile(latencies, [0.5, 0.9, 0.99, 0.999]) * 1000
    assert exact == pytest.approx([2.09, 7.42, 21.9, 31.1], rel=0.003)
