"""Oracles for M21 to M23: numpy's arithmetic of whole arrays against a walk from level to level in decimals.

Same definition, to 1e-9: what is left of cumulated depth at each level gives quantities, and their weighted
mean the price, in one expression over the whole book.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.market import Book
from guardian.core.metrics.book import depth_within, mid, spread, walk
from tests.core.build import BTC


def average(rows: np.ndarray, quantity: float) -> float:
    """The mean price of the first `quantity` of these levels, by numpy."""
    prices, offered = rows.T
    taken = np.clip(quantity - (np.cumsum(offered) - offered), 0, offered)
    return float(np.average(prices, weights=taken))


def shown(folder: Path) -> Book:
    name = "microstructure/binanceusdm_btcusdt_book1000_2024-08-08.json"
    told = json.loads((folder / name).read_text(), parse_float=Decimal, parse_int=Decimal)
    bids, asks = (tuple((Decimal(p), Decimal(q)) for p, q in told[side]) for side in ("bids", "asks"))
    return Book(BTC, bids, asks)


@pytest.mark.market_data
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("quantity", [0.5, 10, 50, 100, 200, 400])
def test_a_real_book_is_walked_as_numpy_does(quantity: float, side: int, market_data: Path):
    seen = shown(market_data)
    rows = np.array(seen.asks if side > 0 else seen.bids, dtype=float)
    middle = (float(seen.bids[0][0]) + float(seen.asks[0][0])) / 2
    theirs = average(rows, quantity)

    walked = walk(seen, side, Decimal(str(quantity)))

    assert walked.average is not None
    assert float(walked.average) == pytest.approx(theirs, rel=1e-9)
    assert walked.cost == pytest.approx(side * (theirs - middle) / middle, abs=1e-9)


@pytest.mark.market_data
@pytest.mark.parametrize("bps", [1, 10, 25, 50])
def test_the_depth_of_a_real_book_is_numpy_s(bps: int, market_data: Path):
    seen = shown(market_data)
    middle = (float(seen.bids[0][0]) + float(seen.asks[0][0])) / 2
    for side, levels in ((1, seen.asks), (-1, seen.bids)):
        prices, offered = np.array(levels, dtype=float).T
        theirs = offered[np.abs(prices / middle - 1) <= bps / 1e4].sum()

        assert float(depth_within(seen, side, bps / 1e4)) == pytest.approx(theirs, rel=1e-9)
    assert spread(seen) == pytest.approx((float(seen.asks[0][0]) - float(seen.bids[0][0])) / middle, rel=1e-9)


STEPS = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 400)), min_size=1, max_size=30)


def away(first: int, steps: list[tuple[int, int]], direction: int) -> tuple[tuple[Decimal, Decimal], ...]:
    prices = first + direction * np.cumsum([step for step, _ in steps])
    return tuple((Decimal(int(p)), Decimal(q) / 10) for p, (_, q) in zip(prices, steps, strict=True))


@given(STEPS, STEPS, st.sampled_from([1, -1]), st.integers(1, 2000))
def test_any_book_is_walked_as_numpy_does(below: list, above: list, side: int, tenths: int):
    seen = Book(BTC, away(10_000, below, -1), away(10_000, above, 1))
    rows = np.array(seen.asks if side > 0 else seen.bids, dtype=float)
    there, middle = float(rows[:, 1].sum()), mid(seen)
    theirs = average(rows, min(tenths / 10, there))

    walked = walk(seen, side, Decimal(tenths) / 10)

    assert walked.average is not None
    assert middle is not None
    assert float(walked.filled) == pytest.approx(min(tenths / 10, there), rel=1e-9)
    assert float(walked.average) == pytest.approx(theirs, rel=1e-9)
    assert walked.cost == pytest.approx(side * (theirs / float(middle) - 1), abs=1e-9)
