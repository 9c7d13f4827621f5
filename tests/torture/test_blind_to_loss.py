"""Limits that do not see the loss

In virtual time on the pure core, through the journal's codec; the freqtrade case on the wire.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.core.model import Level
from tests.core.build import BTC, ETH, position, read, rule, rung
from tests.torture.desk import JournaledDesk
from tests.torture.failure import Failure, issue, pull, shows, source
from tests.torture.stage import staged

FLATTEN_AT_5 = rung(0.05, "flatten")


@shows(
    Failure(
        title="A drawdown limit that closes nothing without new targets",
        project="LEAN",
        sources=(
            pull("QuantConnect/Lean", 8096),
            source("QuantConnect/Lean", "Algorithm.Framework/Risk/MaximumDrawdownPercentPortfolio.py"),
        ),
        happened=(
            "The risk model liquidates only the targets that the portfolio model hands it in the same step. "
            "With no new targets a loss of 50 % closes nothing; with a target for ETH only, BTC is kept."
        ),
        instead=(
            "What is closed is what the venue lists, not what the bot wants now. An account that has sent no "
            "order at all loses half: FLATTEN, and every position gets its reduce-only close."
        ),
    )
)
def test_a_loss_without_any_new_order_closes_every_position():
    desk = JournaledDesk(rule(FLATTEN_AT_5))
    desk.warm(position(BTC, 10, 100), position(ETH, -5, 20), cash=1000)

    desk.see(read(0, (position(BTC, 10, 50, entry=100), position(ETH, -5, 20)), cash=1000))

    assert desk.value() == pytest.approx(0.5)
    assert desk.level is Level.FLATTEN
    assert {(close.order.symbol, close.order.side) for close in desk.closes()} == {(BTC, -1), (ETH, 1)}


@shows(
    Failure(
        title="A drawdown limit that never latches",
        project="LEAN",
        sources=(issue("QuantConnect/Lean", 4846), pull("QuantConnect/Lean", 4847)),
        happened=(
            "So that trading could start again after a trip, the peak was set back to the equity of that "
            "moment. In a reproduction forty steps of -2 % tripped the limit ten times and ended at 45 % of "
            "the money."
        ),
        instead=(
            "One breach, one incident. The level is left by an operator only, the baseline is kept, and "
            "neither a fall further, nor a restart, nor a full recovery re-anchors it or ends it."
        ),
    )
)
def test_forty_falls_of_two_percent_trip_once_and_stay_tripped():
    desk = JournaledDesk(rule(FLATTEN_AT_5))
    desk.warm(position(BTC, 10, 100), cash=1000)

    for fall in range(1, 41):
        mark = 100 * 0.98**fall
        desk.see(read(fall, (position(BTC, 10, round(mark, 6), entry=100),), cash=1000))
        if fall == 20:
            desk.restart(20.5)
    bottom = desk.value()
    for second in range(41, 400):
        desk.see(read(second, (position(BTC, 10, 100),), cash=1000))  # all of it comes back

    assert desk.levels == ["FLATTEN"]
    assert desk.permit == "halt"
    assert bottom == pytest.approx(1 - 0.98**40, rel=1e-3), "still measured from the first peak"
    assert desk.pages().count("FLATTEN: main") == 1


@shows(
    Failure(
        title="A kill switch on the unweighted mean of all pairs",
        project="hummingbot",
        sources=(source("hummingbot/hummingbot", "hummingbot/core/trading_core.py"),),
        happened=(
            "The kill switch compares the plain mean of each pair's return with its limit. One pair of ten "
            "at -60 %, the others at zero, is -6 %: a limit of -10 % does not fire, however much money is in "
            "that pair."
        ),
        instead=(
            "The account's equity is judged. Where the one pair holds the money, its loss is the account's "
            "loss."
        ),
    )
)
def test_a_loss_is_weighed_by_the_money_that_is_in_it():
    def legs(mark: float) -> tuple:
        small = [position(f"C{n}/USDT:USDT", 1, 10) for n in range(9)]
        return (position(BTC, 9, mark, entry=100), *small)

    desk = JournaledDesk(rule(rung(0.10, "flatten")))
    desk.warm(*legs(100), cash=1000)

    desk.see(read(0, legs(40), cash=1000))

    returns = [float(leg.mark / leg.entry - 1) for leg in legs(40)]
    assert sum(returns) / len(returns) == pytest.approx(-0.06), "the mean that did not fire"
    assert desk.value() == pytest.approx(0.54)
    assert desk.level is Level.FLATTEN


@shows(
    Failure(
        title="A restart forgets what was lost",
        project="hummingbot",
        sources=(
            source("hummingbot/hummingbot", "hummingbot/core/trading_core.py"),
            issue("hummingbot/hummingbot", 620),
        ),
        happened=(
            "Profit is counted from the fills of this start. Whoever restarts after -4 % may lose 4 % again, "
            "and after a kill a restart was the only way on."
        ),
        instead=(
            "Peaks and baselines come back from the journal: 4 % before and 4 % after the restart are the "
            "7.8 % that they are."
        ),
    )
)
def test_losses_before_and_after_a_restart_are_one_loss():
    desk = JournaledDesk(rule(FLATTEN_AT_5))
    desk.warm(position(BTC, 10, 100), cash=1000)

    desk.see(read(0, (position(BTC, 10, 96, entry=100),), cash=1000))
    before = desk.level
    desk.restart(3600)
    desk.see(read(3601, (position(BTC, 10, 92.2, entry=100),), cash=1000))

    assert before is Level.NORMAL
    assert desk.value() == pytest.approx(0.078)
    assert desk.level is Level.FLATTEN


@shows(
    Failure(
        title="A drawdown protection that sees closed trades only",
        project="freqtrade",
        sources=(
            issue("freqtrade/freqtrade", 9977),
            issue("freqtrade/freqtrade", 4837),
            source("freqtrade/freqtrade", "freqtrade/plugins/protections/max_drawdown_protection.py"),
        ),
        happened=(
            "MaxDrawdown is computed when a trade closes, from closed trades, and then stops entries only. "
            "In #4837 the log said that trading had stopped at 10 %; the account was 40 % down when a person "
            "stopped it."
        ),
        instead=(
            "Equity at mark, open profit and loss included, is judged on every read. With not one trade "
            "closed since the start the breach is seen within two reads and the positions are closed."
        ),
    )
)
async def test_an_open_loss_of_twelve_percent_acts_with_no_trade_closed(tmp_path: Path):
    async with staged(tmp_path) as stage:
        trades = len(stage.books["executions"])

        fell_at = stage.now()
        stage.crash(0.12)
        await stage.until(lambda: not stage.sizes, "flat")

        closed_by = {row["role"] for row in stage.books["executions"][trades:]}
        assert 1 <= stage.reads_to_breach(fell_at) <= 2
        assert closed_by == {"hands"}, "not one trade of the bot was closed by the bot"
