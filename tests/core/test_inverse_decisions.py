"""Accounts that hold coins: what NAV explains, what is growth, what is closed first, what is nonsense."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.model import Balance, LedgerKind, Level, Part, Position, Snapshot, Wallet
from tests.core.build import BTC, Desk, at, kinds, money, position, row, rule, rung, without
from tests.core.coins import INVERSE, coins, guard, leg, seen

# --- NAV ----------------------------------------------------------------------------------------------


def test_both_accounts_of_a_coin_margined_equity_follow_the_market_together():
    """1 BTC and long 10,000 at 50,000; at 40,000: (1 - 0.05) x 40,000 = 38,000 of 50,000."""
    desk = Desk(rule())
    for seconds in range(5):
        desk.see(seen(seconds, 50_000, leg(10_000, 50_000)))
    desk.see(seen(5, 40_000, leg(10_000, 40_000, entry=50_000)))

    nav = desk.account.nav
    assert nav is not None
    assert nav.agreed
    assert pytest.approx(76.0) == nav.value
    assert pytest.approx(38_000) == float(nav.explained)


def test_a_phantom_fall_of_a_coin_margined_wallet_proves_no_loss():
    desk = Desk(rule())
    for seconds in range(5):
        desk.see(seen(seconds, 50_000, leg(10_000, 50_000)))
    honest = seen(5, 50_000, leg(10_000, 50_000))
    phantom = replace(honest, wallet=coins(1, 50_000, leg(10_000, 50_000), equity=20_000))

    desk.see(phantom)

    assert Level.NORMAL is desk.level
    assert pytest.approx(100.0) == desk.nav


@pytest.mark.parametrize("price", [50_000, 40_000, 60_000])
def test_coins_that_come_and_go_move_no_nav_whatever_they_are_worth(price):
    """Half a coin is deposited after the market moved: units are bought at the price of then."""
    desk = Desk(rule())
    for seconds in range(5):
        desk.see(seen(seconds, 50_000))
    desk.see(seen(5, price))
    moved = desk.nav
    desk.see(seen(6, price, btc="1.5", ledger=(row("in", "0.5", LedgerKind.FLOW, "BTC"),)))

    nav = desk.account.nav
    assert nav is not None
    assert nav.agreed
    assert pytest.approx(moved) == desk.nav
    assert pytest.approx(price / 500) == desk.nav


def test_what_a_closed_inverse_leg_gained_stays_explained():
    """The gain moves from the leg to the ledger, in coins, and the coin's price moves on."""
    desk = Desk(rule())
    for seconds in range(5):
        desk.see(seen(seconds, 50_000, leg(10_000, 50_000, entry=40_000)))
    closed = row("t", "0.05", LedgerKind.TRADE, "BTC")
    desk.see(seen(5, 50_000, btc="1.05", ledger=(closed,)))
    desk.see(seen(6, 55_000, btc="1.05"))

    nav = desk.account.nav
    assert nav is not None
    assert nav.agreed
    assert pytest.approx(110.0) == desk.nav


def test_several_coins_with_moving_prices_are_explained_together():
    """1,000 USDT, 1 BTC, 10 ETH, a linear and an inverse leg; all prices fall by a tenth."""

    def world(seconds: float, fall: float) -> Snapshot:
        bitcoin, ether = money(50_000 * fall), money(4_000 * fall)
        linear = position("ETH/USDT:USDT", 5, ether, entry=4_000)
        inverse = leg(-20_000, bitcoin, entry=50_000)
        balances = (
            Balance("USDT", money(1_000), Decimal(1)),
            Balance("BTC", money(1), bitcoin),
            Balance("ETH", money(10), ether),
        )
        equity = 1_000 + bitcoin + 10 * ether + linear.open_pnl + inverse.open_pnl * bitcoin
        wallet = Wallet(equity, balances, equity, *[Decimal(1)] * 3)
        return Snapshot("main", at(seconds), wallet, (linear, inverse), (), ())

    desk = Desk(rule())
    for seconds in range(5):
        desk.see(world(seconds, 1))
    desk.see(world(5, 0.9))

    nav = desk.account.nav
    assert nav is not None
    assert nav.raw is not None
    assert nav.agreed
    assert float(nav.raw) == pytest.approx(float(nav.explained))
    # 1,000 + 45,000 + 36,000 - 2,000, and the short gains 20,000 (1/45,000 - 1/50,000) x 45,000 = 2,000.
    assert pytest.approx(82_000) == float(nav.explained)


# --- the wallet is missing ---------------------------------------------------------------------------


def blind_to_the_wallet(hedge: Position, moved: Position, **changes: Any) -> Desk:
    """Five whole reads at 50,000, then one at another price whose wallet failed."""
    desk = Desk(rule(rung(0.05, "reduce", to=0.5)))
    for seconds in range(5):
        desk.see(seen(seconds, 50_000, hedge, **changes))
    desk.see(without(seen(5, moved.mark, moved, **changes), Part.WALLET))
    return desk


@pytest.mark.parametrize("mark", [30_000, 100_000])
def test_a_hedge_is_no_loss_while_the_wallet_that_holds_its_other_half_cannot_be_read(mark):
    """One bitcoin and a short of as much: with an old price for the coin only the short would move."""
    linear = position(BTC, -1, 50_000)
    inverse = leg(-50_000, 50_000)

    spot_hedge = blind_to_the_wallet(linear, replace(linear, mark=money(mark)))
    coin_hedge = blind_to_the_wallet(inverse, replace(inverse, mark=money(mark)))

    assert pytest.approx(100.0) == spot_hedge.nav == coin_hedge.nav
    assert (Level.NORMAL, Level.NORMAL) == (spot_hedge.level, coin_hedge.level)


def test_a_fall_of_coins_is_seen_through_the_marks_when_the_wallet_is_not():
    held = leg(10_000, 50_000)

    desk = blind_to_the_wallet(held, replace(held, mark=money(40_000)))

    assert pytest.approx(76.0) == desk.nav
    assert Level.REDUCE is desk.level


def test_coins_that_nothing_marks_make_the_equity_unknown_and_not_a_loss():
    """Half of the account is a coin without a position: without the wallet its price is anyone's guess."""
    ether = position("ETH/USDT:USDT", -10, 4_000)
    desk = blind_to_the_wallet(ether, replace(ether, mark=money(8_000)))

    nav = desk.account.nav
    assert nav is not None
    assert at(4) == nav.at
    assert Level.NORMAL is desk.level


# --- decisions ----------------------------------------------------------------------------------------


def test_an_inverse_leg_does_not_drown_the_growth_of_a_linear_one_under_halt():
    """Contracts weigh what they are worth: ten thousand of one dollar are not ten thousand bitcoin."""
    desk = Desk(rule())
    inverse, linear = leg(10_000, 50_000), position(BTC, "0.2", 50_000)
    for seconds in range(5):
        desk.see(seen(seconds, 50_000, inverse, linear))
    desk.demand(5, "halt")
    for seconds in (16, 17):
        desk.see(seen(seconds, 50_000, inverse, linear))
    for seconds in (18, 19):
        grown = replace(linear, quantity=Decimal("0.4"))
        desk.see(seen(seconds, 50_000, inverse, grown, btc="0.9999"))

    assert Level.FLATTEN is desk.level


def test_the_move_of_a_market_is_no_growth_of_an_inverse_leg():
    desk = Desk(rule(rung(9e9, "caution"), metric="leverage"))
    for seconds in range(5):
        desk.see(seen(seconds, 50_000, leg(10_000, 50_000)))
    desk.demand(5, "halt")
    for seconds, mark in ((16, 50_000), (17, 60_000), (18, 30_000), (19, 30_000)):
        desk.see(seen(seconds, mark, leg(10_000, mark, entry=50_000)))

    assert Level.HALT is desk.level


def test_the_largest_risk_is_closed_first_whatever_it_settles_in():
    """20,000 dollars of bitcoin contracts are 0.4 coins: they still come before 10,000 USDT."""
    desk = Desk(rule())
    legs = (position("ETH/USDT:USDT", "2.5", 4_000), leg(20_000, 50_000))
    for seconds in range(5):
        desk.see(seen(seconds, 50_000, *legs))

    effects = desk.demand(5, "flatten")

    assert [INVERSE, "ETH/USDT:USDT"] == [e.order.symbol for e in kinds(effects, "close_position")]


def test_dust_of_an_inverse_leg_may_hold_its_margin_and_the_account_is_flat():
    """Half a contract of margin in the wallet is no second opinion that positions are open."""
    desk = Desk(rule(), bot_keys=(), has_admin=False)
    dust = leg("0.5", 50_000, minimum=1)
    desk.see(seen(0, 50_000, dust))
    desk.demand(1, "flatten")
    for effect in list(desk.effects):
        desk.report(1.5, effect)
    for seconds in (2, 3, 5, 8, 11, 14):
        desk.see(seen(seconds, 50_000, dust))
        for effect in kinds(desk.effects, "close_position"):
            desk.report(seconds + 0.1, effect)

    assert desk.incident.flatness.verified_at is not None


# --- nonsense -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["mark", "entry", "contract_size"])
@pytest.mark.parametrize("value", ["0", "-1"])
@pytest.mark.parametrize("inverse", [True, False])
def test_a_price_that_is_not_above_zero_is_nonsense_and_not_evidence(field, value, inverse):
    """A mark of zero would be a total loss, or a division by zero."""
    sound = leg(10_000, 50_000) if inverse else position(BTC, 1, 50_000)
    desk = Desk(rule())
    desk.see(seen(0, 50_000, sound))

    desk.see(replace(seen(1, 50_000, sound), positions=(replace(sound, **{field: Decimal(value)}),)))

    assert [(Part.POSITIONS, "nonsense")] == [(f.part, f.code) for f in desk.account.evidence.failures]
    assert (sound,) == desk.account.evidence.positions


prices = st.decimals("0.0001", "1000000", places=4)


@given(quantity=st.integers(-(10**6), 10**6), entry=prices, mark=prices, trigger=prices, limit=st.booleans())
def test_every_metric_is_total_on_an_inverse_leg(quantity, entry, mark, trigger, limit):
    """Whatever a venue answers, one step ends in a decision and in no exception."""
    names = ("gross_exposure", "leverage", "risk_per_signal", "unprotected_exposure", "worst_case_exposure")
    desk = Desk(*(rule(rung(0.5, "flatten"), id=name, metric=name) for name in names))
    held = leg(quantity, mark, entry=entry)
    resting = guard(float(trigger), price=Decimal(0) if limit else None)

    desk.see(seen(0, mark, held, orders=(resting,)))

    assert [at(0)] * len(names) == [own.judged_at for own in desk.account.rules]
