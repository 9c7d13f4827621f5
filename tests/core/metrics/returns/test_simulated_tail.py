"""simulated_tail.py: whether the simulated days were asked or not, the tail is the same to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from guardian.core.frozen import replace
from guardian.core.metrics import simulated_tail, worst_days
from guardian.core.metrics.holdings import Holdings
from guardian.core.metrics.remembered import OWNERS
from guardian.core.metrics.simulated_tail import Tail, at_least
from guardian.core.metrics.tails import conditional_of, value_at_risk_of
from tests.core.metrics.returns.test_worst_days import DRAWN, LEVEL, at, held

TAILS = (conditional_of, value_at_risk_of)
SHORT_LAST = (600, 600, 100)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    simulated_tail._looks.clear()
    worst_days._newest.clear()
    yield
    simulated_tail._looks.clear()


def plain(amount: float, own: Holdings, tail: Tail) -> float:
    worst = worst_days.worst_losses("plain", own, LEVEL)
    assert worst is not None
    return max(amount, tail(*worst, LEVEL))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each time that the simulated days were asked."""
    found: list[int] = []
    right = simulated_tail.worst_losses

    def counted(*given: Any) -> Any:
        found.append(1)
        return right(*given)

    monkeypatch.setattr(simulated_tail, "worst_losses", counted)
    return found


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("step", [1e-9, 1e-4, 0.01, 0.5, 20.0])
@pytest.mark.parametrize("hours", [(600, 600, 600), SHORT_LAST])
def test_however_exposures_move_the_tail_is_the_same(
    tail: Tail, step: float, hours: tuple[int, ...], asked: list[int]
):
    """The amount it is compared with runs from far under the tail, over the tail itself, to far above."""
    own = held([1000.0, -500.0, 250.0], hours)
    first = plain(0.0, own, tail)
    for share in [0.2, 0.999, 1.0, 1 + 1e-12, 1.001, 1.1, 3.0] * 20:
        own = replace(own, worth=own.worth * (1 + step * DRAWN.standard_normal(3)))

        assert at_least(first * share, "one", own, tail, LEVEL) == plain(first * share, own, tail)
    assert asked


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("step", [1e-4, 0.1, 0.5])
def test_however_sigmas_drift_the_tail_is_the_same(tail: Tail, step: float):
    own = held([1000.0, -500.0, 250.0])
    first = plain(0.0, own, tail)
    for _ in range(60):
        sigmas = own.known.tail_sigmas * np.exp(step * DRAWN.standard_normal(3))
        own = at(replace(own, worth=own.worth * (1 + 0.002 * DRAWN.standard_normal(3))), tail_sigmas=sigmas)

        for share in (0.5, 1.0, 1.2):
            assert at_least(first * share, "drift", own, tail, LEVEL) == plain(first * share, own, tail)


def test_the_days_are_asked_once_while_the_normal_tail_is_clearly_the_larger(asked: list[int]):
    own = held([1000.0, -500.0, 250.0])
    amount = 1.1 * plain(0.0, own, conditional_of)
    for _ in range(300):
        own = replace(own, worth=own.worth * (1 + 0.002 / np.sqrt(300) * DRAWN.standard_normal(3)))
        at_least(amount, "calm", own, conditional_of, LEVEL)

    assert [1] == asked


def test_news_are_seen_at_once(asked: list[int]):
    """Another amount, a wilder cell, a position turned round, one more of another account or another tail."""
    own = held([1000.0, -500.0, 250.0])
    amount = 1.1 * plain(0.0, own, conditional_of)
    wilder, turned = at(own, tail_sigmas=own.known.tail_sigmas * 2), replace(own, worth=-3 * own.worth)
    for given in ((amount, "a", own), (0.0, "a", own), (amount, "a", wilder), (amount, "b", own)):
        at_least(*given, conditional_of, LEVEL)
    at_least(amount, "a", own, value_at_risk_of, LEVEL)
    at_least(amount, "b", turned, conditional_of, LEVEL)

    assert 6 == len(asked)
    assert at_least(amount, "a", wilder, conditional_of, LEVEL) == plain(amount, wilder, conditional_of)


def test_too_few_days_are_no_tail():
    assert at_least(1.0, "few", held([1.0], hours=(100,)), conditional_of, LEVEL) is None


def test_what_is_remembered_is_bounded():
    own = held([1.0, 1.0, 1.0])
    for i in range(OWNERS + 2):
        at_least(1e9, f"account-{i}", own, conditional_of, LEVEL)

    assert len(simulated_tail._looks) == OWNERS
