"""Each baseline does what its page says, on paths that can be followed by hand."""

from __future__ import annotations

import pytest

from guardian.evaluate.designs.fixed_halt import FixedHalt
from guardian.evaluate.designs.freqtrade_maxdrawdown import FreqtradeMaxDrawdown
from guardian.evaluate.designs.passivbot_tiers import PassivbotTiers
from guardian.evaluate.designs.volatility_targeting import VolatilityTargeting
from guardian.evaluate.designs.window import HOUR_MS, Window
from guardian.evaluate.play import play
from tests.evaluate.made import held, random_walk


def test_the_fixed_rule_is_flat_for_its_hours_and_then_starts_anew() -> None:
    account = held([100, 94] + [94] * 60)
    found = play(account, FixedHalt("fixed_4h", 4).at(1.0, account))
    assert found.halts == (1,)
    assert found.held[:2].tolist() == [1.0, 1.0]
    assert not found.held[2:50].any()  # 48 bars of five minutes, from the close after the decision
    assert found.held[50:].all()


def test_a_fall_below_the_scaled_limit_does_nothing() -> None:
    account = held([100, 94] + [94] * 10)
    assert play(account, FixedHalt("fixed_4h", 4).at(1.3, account)).halts == ()


def test_freqtrade_sees_no_open_loss() -> None:
    """9 % lost in one open trade: no lock, for the trade is not closed; everything is held."""
    account = held([100, 91] + [91] * 20)
    assert play(account, FreqtradeMaxDrawdown().at(0.2, account)).held.all()


def test_freqtrade_locks_after_a_closed_loss_and_not_before() -> None:
    """The stop closes the trade at -11 %; 11 % of closed losses are past 10 %: locked for twelve hours."""
    account = held([100, 89] + [89] * 160)
    found = play(account, FreqtradeMaxDrawdown().at(0.5, account))
    assert found.halts == (1,)
    assert found.held[:2].all()
    assert not found.held[2:146].any()
    assert found.held[146]


def test_passivbots_score_waits_for_the_smoothed_drawdown() -> None:
    account = held([100] * 12 + [70] * 30)
    found = play(account, PassivbotTiers().at(1.0, account))
    assert found.halts
    assert 12 < found.halts[0] < 42  # not at once, although the raw drawdown is 30 %


def test_volatility_targeting_shrinks_when_it_moves_more_and_never_grows_beyond_the_account() -> None:
    calm, wild = random_walk(5, 400, 0.0003), random_walk(6, 400, 0.02)
    quiet, stormy = (play(a, VolatilityTargeting().at(1.0, a)) for a in (held(list(calm)), held(list(wild))))
    assert quiet.held.min() == 1.0
    assert stormy.held[50:].max() < 0.5
    assert stormy.halts == ()


def test_a_peak_that_leaves_the_window_while_a_hold_fills_counts_no_more() -> None:
    """The hour is left-open: a peak of exactly an hour ago does not count any more."""
    window = Window()
    window.fallen(0, 100.0)
    window.fallen(60_000, 99.0)

    assert pytest.approx(0.1) == window.fallen(HOUR_MS - 2000, 90.0)
    assert pytest.approx(0.1) == window.staying(1999)
    assert pytest.approx(1 / 11) == window.staying(2000)
    assert window.staying(HOUR_MS) == 0
