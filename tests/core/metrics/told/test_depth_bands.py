"""M21: how far from mid the depth is looked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.market import Book
from guardian.core.metrics.book import depth_within
from guardian.core.metrics.depth_share import BANDS
from guardian.core.model import Known, Unknown
from tests.core.build import position
from tests.core.metrics.beside.stage import Stage, book
from tests.core.metrics.beside.test_liquidity import books


@pytest.mark.parametrize(("of", "share"), [("10bps", 2.0), ("25bps", 0.5), ("50bps", 0.2), ("", 0.2)])
def test_depth_share_looks_as_far_as_its_band(of: str, share: float):
    """metrics.md M21: 10, 25 and 50 bps. The edge itself is in the band."""
    stage = Stage("depth_share", position(quantity=2), of=of)
    stage.shows(0, (), (book(((99.9, 1), (99.75, 3), (99.5, 6), (99.4, 1000)), ((100.1, 1),)),))

    assert stage.now(0) == Known(pytest.approx(share))


@given(books(), st.integers(1, 50))
def test_a_narrower_band_never_holds_more(seen: Book, quantity: int):
    for side in (1, -1):
        depths = [depth_within(seen, side, band) for band in sorted(BANDS.values())]

        assert depths == sorted(depths)


def test_a_band_that_nobody_knows_is_never_a_number():
    """The configuration refuses it; what is judged must not take it for another one."""
    stage = Stage("depth_share", position(quantity=2), of="5bps")
    stage.shows(0, (), (book(((99.9, 10),), ((100.1, 1),)),))

    assert Unknown("`of` names no band of the book: 5bps") == stage.now(0)
