"""worst_days.py: the tail of the few days that are kept is, to the bit, the tail of all of them."""

from __future__ import annotations

from base64 import b64encode
from math import sqrt
from typing import Any

import numpy as np
import pytest

from guardian.core.frozen import replace
from guardian.core.metrics import worst_days
from guardian.core.metrics.history import RECORD
from guardian.core.metrics.holdings import Holdings
from guardian.core.metrics.returns import CELLS_AN_HOUR
from guardian.core.metrics.scenarios import losses, standard_days
from guardian.core.metrics.tails import conditional, conditional_of, tail_size
from guardian.core.metrics.worst_days import KEPT, worst_losses

LEVEL = 0.99
DRAWN = np.random.default_rng(5)


def packed(hours: int, seed: int, first: int = 1000) -> str:
    records = np.zeros(hours, RECORD)
    records["hour"] = first + np.arange(hours)
    records["value"] = np.random.default_rng(seed).standard_t(4, hours)
    return b64encode(records.tobytes()).decode()


def held(worth: list[float], hours: tuple[int, ...] = (600, 600, 600), sigma: float = 0.002) -> Holdings:
    names = tuple(f"A{i}" for i in range(len(worth)))
    series = tuple(packed(count, seed) for seed, count in enumerate(hours))
    sigmas = np.full(len(worth), sigma)
    return Holdings(names, np.array(worth), sigmas, series, np.eye(len(worth)), (), unpaired=False)


def anew(own: Holdings) -> np.ndarray:
    """As if nothing had been remembered."""
    worst_days._newest.clear()
    found = worst_losses("other", own, LEVEL)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("step", [1e-5, 0.01, 0.5, 20.0])
def test_however_exposures_move_what_was_remembered_changes_no_bit(step: float):
    """Marks that hardly move, that move a lot, and positions that are turned round."""
    own = held([1000.0, -500.0, 250.0])
    for _ in range(60):
        own = replace(own, worth=own.worth * (1 + step * DRAWN.standard_normal(3)))
        found = worst_losses("one", own, LEVEL)
        assert found is not None
        kept = dict(worst_days._newest)
        expected = anew(own)
        worst_days._newest.update(kept)

        assert expected.tolist() == found[0].tolist()


def test_it_is_the_tail_of_all_days():
    own = held([1000.0, -500.0, 250.0])
    found = worst_losses("all", own, LEVEL)
    every = losses(own.worth, own.sigmas * sqrt(CELLS_AN_HOUR), standard_days(own.series))

    assert found is not None
    assert (len(every), tail_size(577, LEVEL)) == (found[1], len(found[0])) == (577, 6)
    assert conditional(every, LEVEL) == pytest.approx(conditional_of(*found, LEVEL), rel=1e-13)
    np.testing.assert_allclose(np.sort(every)[::-1][:6], found[0], rtol=1e-12)


def test_an_ordinary_hour_looks_at_all_days_once(monkeypatch: pytest.MonkeyPatch):
    """3,600 marks of 0.2 % a cell each: the days are news, the marks are not."""
    looked: list[int] = []
    right = worst_days._found

    def counted(*given: Any) -> worst_days.Worst:
        looked.append(1)
        return right(*given)

    monkeypatch.setattr(worst_days, "_found", counted)
    own = held([1000.0, -500.0, 250.0])
    for _ in range(3600):
        own = replace(own, worth=own.worth * (1 + 0.002 / sqrt(300) * DRAWN.standard_normal(3)))
        worst_losses("hour", own, LEVEL)

    assert [1] == looked


def test_equal_days_are_no_trouble():
    """Nothing moves: every day loses the same, and any of them is the tail."""
    own = replace(held([1000.0, -500.0, 250.0]), sigmas=np.zeros(3))
    for worth in ([1000.0, -500.0, 250.0], [999.0, -501.0, 250.0]):
        found = worst_losses("equal", replace(own, worth=np.array(worth)), LEVEL)

        assert found is not None
        assert [0.0] * len(found[0]) == found[0].tolist()


def test_a_short_history_is_left_out_and_news_is_seen_at_once():
    short = held([1000.0, -500.0, 250.0], hours=(600, 600, 100))
    found = worst_losses("short", short, LEVEL)
    without = worst_losses("without", held([1000.0, -500.0], hours=(600, 600)), LEVEL)
    wild = worst_losses("short", replace(short, sigmas=short.sigmas * 2), LEVEL)

    assert found is not None
    assert without is not None
    assert wild is not None
    assert without[0].tolist() == found[0].tolist()
    assert all(wild[0] > found[0])
    assert worst_losses("few", held([1.0], hours=(100,)), LEVEL) is None


def test_what_is_kept_is_bounded():
    own = held([1.0, 1.0, 1.0])
    worst_losses("kept", own, LEVEL)
    known = worst_days._newest["kept"]

    assert (KEPT, 3) == known.falls.shape
    assert worst_days.remembered_bytes("kept") == 600 * (8 + 3 * 4) + 3 * (KEPT + 2) * 8
