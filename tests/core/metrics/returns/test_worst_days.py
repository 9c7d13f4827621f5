"""worst_days.py: the tail of the few days that are kept is, to the bit, the tail of all of them."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.frozen import replace
from guardian.core.metrics import history, worst_days
from guardian.core.metrics.holdings import Holdings, Sigmas
from guardian.core.metrics.returns import CELLS_AN_HOUR
from guardian.core.metrics.scenarios import losses, standard_days
from guardian.core.metrics.tails import conditional, conditional_of, tail_size
from guardian.core.metrics.worst_days import KEPT, worst_losses

LEVEL = 0.99
DRAWN = np.random.default_rng(5)


def packed(hours: int, seed: int, first: int = 1000) -> str:
    values = np.random.default_rng(seed).standard_t(4, hours).astype(history.VALUE)
    return history.packed(range(first, first + hours), values.tobytes())


def held(worth: list[float], hours: tuple[int, ...] = (600, 600, 600), sigma: float = 0.002) -> Holdings:
    names = tuple(f"A{i}" for i in range(len(worth)))
    series = tuple(packed(count, seed) for seed, count in enumerate(hours))
    sigmas = np.full(len(worth), sigma)
    known = Sigmas(names, sigmas / 2, sigmas, series).learned(np.eye(len(worth)))
    return Holdings(known, np.array(worth))


def at(own: Holdings, **news: np.ndarray) -> Holdings:
    """The same at other sigmas or correlations."""
    known = own.known
    sigmas = Sigmas(
        known.assets,
        news.get("sigmas", known.sigmas),
        news.get("tail_sigmas", known.tail_sigmas),
        known.series,
    )
    return replace(own, known=sigmas.learned(news.get("correlations", known.correlations)))


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


@pytest.mark.parametrize("step", [1e-4, 0.003, 0.1, 0.5])
def test_however_sigmas_drift_what_was_remembered_changes_no_bit(step: float):
    """Cells that hardly teach anything, ordinary ones, and a crash; the marks move as well."""
    own = held([1000.0, -500.0, 250.0])
    for _ in range(60):
        moved, drift = DRAWN.standard_normal(3), DRAWN.standard_normal(3)
        sigmas = own.known.tail_sigmas * np.exp(step * drift - 0.01 * np.log(own.known.tail_sigmas / 0.002))
        own = at(replace(own, worth=own.worth * (1 + 0.002 * moved)), tail_sigmas=sigmas)
        found = worst_losses("drift", own, LEVEL)
        assert found is not None
        kept = dict(worst_days._newest)
        expected = anew(own)
        worst_days._newest.update(kept)

        assert expected.tolist() == found[0].tolist()


def test_it_is_the_tail_of_all_days():
    own = held([1000.0, -500.0, 250.0])
    found = worst_losses("all", own, LEVEL)
    every = losses(own.worth, own.known.tail_sigmas * sqrt(CELLS_AN_HOUR), standard_days(own.known.series))

    assert found is not None
    assert (len(every), tail_size(577, LEVEL)) == (found[1], len(found[0])) == (577, 6)
    assert conditional(every, LEVEL) == pytest.approx(conditional_of(*found, LEVEL), rel=1e-13)
    np.testing.assert_allclose(np.sort(every)[::-1][:6], found[0], rtol=1e-12)


def test_an_ordinary_hour_looks_at_all_days_once(monkeypatch: pytest.MonkeyPatch):
    """3,600 marks of 0.2 % a cell each: the days are news, the marks are not."""
    looked = _looks_counted(monkeypatch)
    own = held([1000.0, -500.0, 250.0])
    for _ in range(3600):
        own = replace(own, worth=own.worth * (1 + 0.002 / sqrt(300) * DRAWN.standard_normal(3)))
        worst_losses("hour", own, LEVEL)

    assert [1] == looked


def test_what_an_ordinary_cell_teaches_needs_no_look_at_all_days(monkeypatch: pytest.MonkeyPatch):
    """Twelve cells' squares, of a half-life of a day."""
    looked = _looks_counted(monkeypatch)
    own = held([1000.0, -500.0, 250.0])
    for _ in range(12):
        squares = (0.002 * DRAWN.standard_normal(3)) ** 2
        own = at(own, tail_sigmas=np.sqrt(own.known.tail_sigmas**2 * (1 - 0.0024) + 0.0024 * squares))
        worst_losses("cells", own, LEVEL)

    assert [1] == looked


def _looks_counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    looked: list[int] = []
    right = worst_days._found

    def counted(*given: Any) -> worst_days.Worst:
        looked.append(1)
        return right(*given)

    monkeypatch.setattr(worst_days, "_found", counted)
    return looked


def test_equal_days_are_no_trouble():
    """Nothing moves: every day loses the same, and any of them is the tail."""
    own = at(held([1000.0, -500.0, 250.0]), tail_sigmas=np.zeros(3))
    for worth in ([1000.0, -500.0, 250.0], [999.0, -501.0, 250.0]):
        found = worst_losses("equal", replace(own, worth=np.array(worth)), LEVEL)

        assert found is not None
        assert [0.0] * len(found[0]) == found[0].tolist()


def test_a_short_history_is_left_out_and_news_is_seen_at_once():
    short = held([1000.0, -500.0, 250.0], hours=(600, 600, 100))
    found = worst_losses("short", short, LEVEL)
    without = worst_losses("without", held([1000.0, -500.0], hours=(600, 600)), LEVEL)
    wild = worst_losses("short", at(short, tail_sigmas=short.known.tail_sigmas * 2), LEVEL)

    assert found is not None
    assert without is not None
    assert wild is not None
    assert without[0].tolist() == found[0].tolist()
    assert all(wild[0] > found[0])
    assert worst_losses("few", held([1.0], hours=(100,)), LEVEL) is None


@given(
    st.lists(st.floats(-1e5, 1e5), min_size=3, max_size=3),
    st.lists(st.floats(1e-4, 1e-2), min_size=6, max_size=6),
    st.floats(-0.4, 0.99),
)
def test_the_tail_s_sigma_is_at_least_a_day_s_of_hedges_too(
    worth: list[float], sigmas: list[float], rho: float
):
    """A hedge may look better at each asset's larger sigma than at those of a day: it does not count."""
    day, week = np.array(sigmas[:3]), np.array(sigmas[3:])
    linked = np.full((3, 3), rho) + (1 - rho) * np.eye(3)
    own = at(held(worth), sigmas=day, tail_sigmas=np.maximum(day, week), correlations=linked)

    assert own.tail_day_sigma >= own.day_sigma


def test_only_the_sigmas_of_the_tails_count():
    own = held([1000.0, -500.0, 250.0])
    found, calmer = (
        worst_losses("sigmas", each, LEVEL) for each in (own, at(own, sigmas=own.known.sigmas / 3))
    )

    assert found is not None
    assert calmer is not None
    assert calmer[0].tolist() == found[0].tolist()


def test_what_is_kept_is_bounded():
    own = held([1.0, 1.0, 1.0])
    worst_losses("kept", own, LEVEL)
    known = worst_days._newest["kept"]

    assert (KEPT, 3) == known.falls.shape
    assert worst_days.remembered_bytes("kept") == 3 * (2 * KEPT + 4) * 8
