"""One design over one account: when it acts, what that costs, and that nothing is seen early."""

from __future__ import annotations

import numpy as np
import pytest

from guardian.evaluate.accounts import Account, accounts
from guardian.evaluate.bars import five_minutes
from guardian.evaluate.designs.fixed_halt import FixedHalt
from guardian.evaluate.designs.freqtrade_maxdrawdown import FreqtradeMaxDrawdown
from guardian.evaluate.designs.none import Unprotected
from guardian.evaluate.designs.passivbot_tiers import PassivbotTiers
from guardian.evaluate.designs.volatility_targeting import VolatilityTargeting
from guardian.evaluate.play import play
from guardian.replay.candles import Candles
from tests.evaluate.made import START_MS, Script, bars, held, random_walk

DESIGNS = (
    FixedHalt("fixed_24h", 24),
    FixedHalt("fixed_4h", 4),
    FreqtradeMaxDrawdown(),
    PassivbotTiers(),
    VolatilityTargeting(),
)


def test_a_decision_is_traded_one_bar_later_and_earns_from_there() -> None:
    found = play(held([100, 90, 81, 72.9]), Script([0.0]))
    # Decided at close 0, sold at close 1: the first fall is suffered whole, the others not at all.
    assert found.held.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert found.equity == pytest.approx([1.0, 0.9 * 0.9995, 0.9 * 0.9995, 0.9 * 0.9995])


def test_a_trade_costs_five_points_and_a_tenth_of_the_bars_range_of_what_is_traded() -> None:
    found = play(held([100, 100, 100], multiple=2.0, span=0.03), Script([0.5]))
    assert found.equity[-1] == pytest.approx(1 - 0.5 * 2.0 * (0.0005 + 0.1 * 0.03))


def test_turning_ones_side_costs_both_legs_to_the_unprotected_account_too() -> None:
    account = held([100, 100, 100, 100])
    account = Account("made", account.bars, np.array([[1.0], [-1.0], [-1.0], [-1.0]]))
    assert play(account, Unprotected()).equity[-1] == pytest.approx(1 - 2 * 0.0005)


def test_a_halt_counts_once_where_it_begins() -> None:
    found = play(held([100] * 6), Script([1, 0, 0, 1, 0, 1], halted=(1, 2, 4)))
    assert found.halts == (1, 4)


def test_equity_never_falls_below_ruin() -> None:
    assert play(held([100, 40, 10, 5], multiple=3.0), Unprotected()).equity.min() > 0


@pytest.mark.parametrize("design", DESIGNS, ids=lambda d: d.name)
def test_no_design_looks_ahead(design: object) -> None:
    """What was held up to a bar is the same when the future is another one."""
    first, second = random_walk(1, 700), random_walk(2, 700)
    second[:400] = first[:400]
    before, after = (play(held(list(w), 2.0), design.at(1.0, held(list(w), 2.0))) for w in (first, second))
    assert before.held[:400].tolist() == after.held[:400].tolist()
    assert before.equity[:400].tolist() == after.equity[:400].tolist()


def test_five_one_minute_candles_make_one_bar_known_at_its_end() -> None:
    ts = START_MS + 60_000 * np.arange(11)
    close = 100.0 + np.arange(11.0)[:, None]
    made = Candles(ts, ("BTC/USDT",), close, close + 1, close - 2, close, close, seconds=60)
    found = five_minutes(made, "made")
    assert found.known_ms.tolist() == [START_MS + 300_000, START_MS + 600_000]  # the third is not over yet
    assert found.close[:, 0].tolist() == [104.0, 109.0]
    assert found.span[:, 0] == pytest.approx([(105 - 98) / 104, (110 - 103) / 109])


def test_the_accounts_of_a_file() -> None:
    walk, other = random_walk(3, 600), random_walk(4, 600)
    found = {a.name: a for a in accounts(bars([walk, other], ("BTC/USDT", "ETH/USDT")))}
    assert list(found) == ["btc_2x", "basket_1.5x", "btc_momentum_2x"]
    assert found["btc_2x"].weights[0].tolist() == [2.0, 0.0]
    assert found["basket_1.5x"].weights[0].tolist() == [0.75, 0.75]
    momentum = found["btc_momentum_2x"].weights[:, 0]
    assert not momentum[:288].any()
    assert set(np.abs(momentum[288:])) == {2.0}
    changed = np.flatnonzero(np.diff(momentum[289:])) + 290
    assert (found["btc_2x"].bars.known_ms[changed] % 3_600_000 == 0).all()
    assert [a.name for a in accounts(bars([other], ("ETH/USDT",)))] == []
