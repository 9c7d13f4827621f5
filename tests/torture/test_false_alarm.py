"""Kills for nothing

In virtual time on the pure core, through the journal's codec.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from guardian.config import load_packs
from guardian.core.events import Armed, Configured, SnapshotTaken
from guardian.core.model import Level, Rule
from tests.core.build import (
    ACCOUNT,
    BTC,
    ETH,
    START,
    at,
    policy,
    position,
    read,
    row,
    rule,
    rung,
    says,
    wallet,
)
from tests.torture.desk import JournaledDesk
from tests.torture.failure import Failure, issue, pull, shows

HELD_AT_5 = rung(0.05, "flatten", hold=2.0)
ONLY_CAUTION = {"CAUTION", "NORMAL"}


def integrity() -> Rule:
    """The rule that is always loaded: what nothing explains stops new risk after two minutes."""
    return next(rule for pack in load_packs(("builtin",), Path()) for rule in pack.rules)


@shows(
    Failure(
        title="One bad balance read halts the account",
        project="Forven",
        sources=("Forven PR #92 (2026-07-14)",),
        happened=(
            "A single read of $945.79 was a loss of 5.2 % that never happened, and the account was halted."
        ),
        instead=(
            "A loss counts as far as the wallet *and* the positions with the ledger prove it. A wallet that "
            "alone says 945.79, once or for a minute, flattens and halts nothing; the same figure with "
            "positions that explain it flattens after its hold."
        ),
        uncovered=(
            "A wrong mark price convinces both accounts of the equity, because both are valued by it. "
            "Against that stand only the hold and the next read."
        ),
    )
)
def test_a_phantom_loss_halts_nothing_and_a_true_one_does():
    held = position(BTC, 10, 99.767, entry=99.767)
    desk = JournaledDesk(rule(HELD_AT_5), integrity())
    desk.warm(held, cash=997.67)

    desk.see(says(read(0, (held,), cash=997.67), "945.79"))
    desk.see(read(1, (held,), cash=997.67))
    after_one = desk.level
    for second in range(2, 62):
        desk.see(says(read(second, (held,), cash=997.67), "945.79"))

    assert after_one is Level.NORMAL
    assert set(desk.levels) <= ONLY_CAUTION
    assert desk.closes() == []

    for second in range(62, 66):
        desk.see(read(second, (replace(held, mark=Decimal("94.579")),), cash=997.67))
    assert desk.level is Level.FLATTEN


@shows(
    Failure(
        title="A false peak after money was moved",
        project="passivbot",
        sources=(pull("enarjord/passivbot", 839), pull("enarjord/passivbot", 843)),
        happened=(
            "A peak of 1,213 was reconstructed from an overridden balance of 1,000 plus old realised profit. "
            "The drawdown of 17.5 % from a peak that never was ended in a panic sale of 0.8 XMR."
        ),
        instead=(
            "The peak is that of a fund's unit value, from confirmed reads only and never rebuilt from "
            "settings. 213 paid out of 1,213 move equity by 17.6 % and the unit by nothing, even if the "
            "ledger's row comes three reads late."
        ),
        uncovered=(
            "A transfer whose row is more than two minutes late is HALT and a page, until a person looks."
        ),
    )
)
def test_money_that_leaves_is_no_drawdown():
    held = position("XMR/USDT:USDT", "0.8", 320)
    desk = JournaledDesk(rule(HELD_AT_5), integrity())
    desk.warm(held, cash=1213)

    for second in range(3):
        desk.see(says(read(second, (held,), cash=1213), 1000))  # the money is gone, its row is not there yet
    desk.see(read(3, (held,), cash=1000, ledger=(row("out", -213),)))
    for second in range(4, 70):
        desk.see(read(second, (held,), cash=1000))
    calm, drawdown = set(desk.levels), desk.value()
    for second in range(70, 74):
        desk.see(read(second, (replace(held, mark=Decimal(220)),), cash=1000))

    assert calm <= ONLY_CAUTION
    assert drawdown == pytest.approx(0, abs=1e-9)
    assert desk.value() == pytest.approx(0.08), "a true loss is measured from the money that is there"
    assert desk.level is Level.FLATTEN


@shows(
    Failure(
        title="A peak that follows every noisy read",
        project="prism-liquidity-agent",
        sources=(
            issue("irfndi/prism-liquidity-agent", 153),
            pull("irfndi/prism-liquidity-agent", 156),
        ),
        happened=(
            "The trailing stop measured from the last recorded peak, and each noisy read became one: 41.35, "
            "0.27, 41.28, 28.91, 41.24. In about 24 hours it demanded 215 exits, each from a loss that was "
            "not there."
        ),
        instead=(
            "Only reads whose two accounts of the equity agree raise a peak, and only losses that both show "
            "count. Twenty-four hours of those very figures, each followed by a true read, lead to no exit "
            "and leave the peak where it was; a true loss in the middle of the noise still flattens."
        ),
    )
)
def test_a_day_of_noise_raises_no_peak_and_closes_nothing():
    held = position(BTC, 1, 30)
    noise = ("41.35", "0.27", "41.28", "28.91", "41.24")
    desk = JournaledDesk(rule(HELD_AT_5), integrity())
    desk.warm(held, cash=30)

    for cycle in range(288):  # every five minutes
        second = 300 * cycle
        desk.see(says(read(second, (held,), cash=30), noise[cycle % len(noise)]))
        desk.see(read(second + 1, (held,), cash=30))
    exits, drawdown = desk.closes(), desk.value()
    for second in range(86_400, 86_410):
        loss = read(second, (replace(held, mark=Decimal(27)),), cash=30)
        desk.see(says(loss, "41.28") if second % 5 == 0 else loss)

    assert exits == []
    assert drawdown == pytest.approx(0, abs=1e-9)
    assert desk.level is Level.FLATTEN


@shows(
    Failure(
        title="One position's margin latches the whole book",
        project="go-trader",
        sources=(issue("richkuo/go-trader", 1448),),
        happened=(
            "The loss on deployed margin shared its limit with the loss of the portfolio. One position's "
            "margin, a small part of the book, could lose a large part of itself: little money, and the "
            "whole book was closed and latched."
        ),
        instead=(
            "A loss is a fraction of the account's equity: here 60 % of a margin that is 2 % of the book, "
            "which is 1.2 %, and nothing moves. An account that truly breaches is flattened alone; the "
            "account beside it keeps its positions and its permit."
        ),
        uncovered=(
            "Rules for a symbol, a strategy or the whole portfolio are not there yet; an account is the "
            "smallest thing that a rule can act on."
        ),
    )
)
def test_a_lost_margin_moves_nothing_and_a_breach_only_its_own_account():
    small = position(ETH, 20, 10)  # notional 200 of a book of 1,000; at 10x its margin is 20
    desk = JournaledDesk(rule(HELD_AT_5))
    both = (policy(), policy(name="second"))
    desk.send(Configured(START, "desk-1", "hash", both, desk.state.rules))
    desk.send(Armed(START, "second", (), "anna", "test"))

    def see(second: float, mark: float) -> None:
        legs = (replace(small, mark=Decimal(str(mark))), position(BTC, 5, 100))
        desk.see(read(second, legs, cash=1000))
        other = replace(read(second, (position(BTC, 5, 100),), cash=1000), account="second")
        desk.send(SnapshotTaken(at(second), other))

    for second in range(-5, 5):
        see(second, 10 if second < 0 else 9.4)
    measured, quiet = desk.value(), list(desk.levels)
    for second in range(5, 9):
        see(second, 6)

    beside = desk.state.account("second")
    assert measured == pytest.approx(0.012)
    assert quiet == []
    assert desk.level is Level.FLATTEN
    assert beside is not None
    assert (beside.level, beside.incident) == (Level.NORMAL, None)
    assert {close.account for close in desk.closes()} == {ACCOUNT}


@shows(
    Failure(
        title="A kill switch that fires with no trades and no position",
        project="hummingbot",
        sources=(issue("hummingbot/hummingbot", 1145), issue("hummingbot/hummingbot", 1866)),
        happened=(
            "The kill switch stopped bots at their start, without one trade, and others without a position."
        ),
        instead=(
            "Before there is a baseline of five confirmed reads a loss rule is `warming` and demands "
            "nothing. On an account without a position a wallet that suddenly says -6 % has no second "
            "account, and closes nothing."
        ),
    )
)
def test_without_trades_and_positions_nothing_fires():
    desk = JournaledDesk(rule(HELD_AT_5), integrity())

    desk.see(read(0, cash=1000))
    first = desk.verdict()
    for second in range(1, 60):
        desk.see(read(second, cash=1000, wallet=wallet(1000 if second < 30 else 940, 1000)))

    assert first == "warming"
    assert set(desk.levels) <= ONLY_CAUTION
    assert desk.value() == pytest.approx(0)
