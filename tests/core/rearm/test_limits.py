"""Today's limit: tighter than the user's number or it, and the hotter the tighter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.config.rules import ADAPTIVE, AUTO_GAMMA, COOLDOWN_SECONDS, LARGEST_GAMMA
from guardian.core.metrics import limits
from guardian.core.metrics.limits import limit_today
from guardian.core.metrics.overheat import Overheat
from guardian.core.model import Level
from tests.core.build import LEVELS, Desk, read, rule, rung
from tests.core.rearm.desk import FULL, auto, down

GAMMAS = st.floats(0, LARGEST_GAMMA)
HEATS = st.floats(0, 1)
HARD = st.floats(0.001, 200)
LEVEL = st.sampled_from([name for name in LEVELS if name != "normal"])


def limit(hard: float, level: str, gamma: float, heat: float | None, **changes: Any) -> float:
    to = 0.5 if level == "reduce" else None
    asked = rule(rung(hard, level, to=to), gamma=gamma, **changes)
    return limit_today(asked, asked.ladder[0], heat)


@given(HARD, LEVEL, GAMMAS, HEATS)
def test_a_limit_tightens_and_never_loosens(hard: float, level: str, gamma: float, heat: float):
    assert limit(hard, level, gamma, heat) <= hard
    assert limit(hard, level, gamma, heat, direction="under") >= hard


@given(HARD, LEVEL, GAMMAS, HEATS, HEATS)
def test_a_hotter_market_never_loosens(hard: float, level: str, gamma: float, one: float, other: float):
    cool, hot = sorted((one, other))

    assert limit(hard, level, gamma, hot) <= limit(hard, level, gamma, cool)
    assert limit(hard, level, gamma, hot, direction="under") >= limit(
        hard, level, gamma, cool, direction="under"
    )


@given(HARD, GAMMAS, HEATS)
def test_flatten_and_lockout_wait_for_the_users_own_number(hard: float, gamma: float, heat: float):
    assert [hard, hard] == [limit(hard, level, gamma, heat) for level in ("flatten", "lockout")]


@pytest.mark.parametrize(
    ("gamma", "heat", "expected"),
    [
        (0.25, 0.6, 0.0425),
        (0.5, 0.6, 0.035),
        (0.5, 1, 0.025),
        (0.25, 0, 0.05),
        (0, 1, 0.05),
        (0.25, None, 0.0375),
    ],
)
def test_todays_limit_as_a_table(gamma: float, heat: float | None, expected: float):
    """The second row is metrics.md's own example; a score that nobody knows counts as the hottest."""
    assert pytest.approx(expected) == limit(0.05, "halt", gamma, heat)


@given(st.floats(0.5, 1e9))
def test_a_gamma_from_a_careless_source_is_bounded(gamma: float):
    assert 0.025 <= limit(0.05, "halt", gamma, 1.0)


@pytest.mark.parametrize(
    ("metric", "adapts"),
    [
        ("drawdown", True),
        ("leverage", True),
        ("margin_ratio", True),
        ("concentration", False),
        ("data_age", False),
    ],
)
def test_only_loss_exposure_and_margin_adapt(metric: str, adapts: bool):
    assert adapts is (limit(0.05, "halt", 0.25, 1.0, metric=metric) < 0.05)


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1, float("inf")])
def test_a_score_that_makes_no_sense_counts_as_the_hottest(monkeypatch: pytest.MonkeyPatch, score: float):
    monkeypatch.setattr(limits, "overheat", lambda account, now: Overheat(score, (), False))

    assert 1.0 == Desk(auto()).warm(FULL).account.overheat


def test_a_score_that_fails_counts_as_the_hottest_and_every_rule_is_judged(monkeypatch: pytest.MonkeyPatch):
    def broken(account: object, now: object) -> Overheat:
        raise ZeroDivisionError

    monkeypatch.setattr(limits, "overheat", broken)
    desk = Desk(auto(gamma=0.25)).warm(FULL)

    desk.see(read(0, (down(3),)))

    assert Level.HALT is desk.level, "3 % is past 0.75 x 3.75 %"


def test_the_loader_and_the_core_agree():
    assert (limits.ADAPTIVE, limits.LARGEST_GAMMA) == (ADAPTIVE, LARGEST_GAMMA)
    assert AUTO_GAMMA <= LARGEST_GAMMA
    assert rule().cooldown_seconds == COOLDOWN_SECONDS
