"""Coin-margined contracts: notional and P&L are coins, exposure is the coins of the wallet and of the leg.

Worked by hand: 1 BTC in the wallet, contracts of one dollar, and the vectors of metrics.md M08 first.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.events import SnapshotTaken
from guardian.core.metrics.exposure import by_asset
from guardian.core.metrics.risk_per_signal import risk
from guardian.core.model import Balance, Known, Measured, Snapshot, Wallet
from guardian.runtime.codec import decode_event, encode_event
from tests.core.build import BTC, Desk, money, order, position, rule, rung
from tests.core.coins import INVERSE, coins, guard, leg, seen


def measured(metric: str, *reads: Snapshot) -> Measured:
    desk = Desk(rule(rung(9e9, "caution"), id="m", metric=metric))
    for snapshot in reads:
        desk.see(snapshot)
    own = desk.account.rule("m")
    assert own is not None
    return own.measured


# --- the leg itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "entry", "mark", "notional", "gained"),
    [
        ("10000", "50000", "50000", "0.2", "0"),
        ("10000", "40000", "50000", "0.2", "0.05"),  # 10,000 x (1/40,000 - 1/50,000)
        ("10000", "50000", "40000", "0.25", "-0.05"),
        ("-10000", "40000", "50000", "-0.2", "-0.05"),
        ("-10000", "40000", "32000", "-0.3125", "0.0625"),
    ],
)
def test_notional_and_gain_are_coins(quantity, entry, mark, notional, gained):
    held = leg(quantity, mark, entry=entry)

    assert (Decimal(notional), Decimal(gained)) == (held.notional, held.open_pnl)
    assert Decimal(quantity) == held.worth


def test_contracts_of_a_hundred_dollars_count_a_hundred_fold():
    held = leg(100, 50_000, contract_size=100)

    assert (Decimal("0.2"), Decimal(10_000)) == (held.notional, held.worth)


@pytest.mark.parametrize(
    ("symbol", "settle", "worth"),
    [
        ("BTC/USD:BTC", "BTC", "0.02"),
        ("BTC/USD:BTC-260327", "BTC", "0.02"),
        ("BTC/USDT:USDT-260327", "USDT", "50000000"),
    ],
)
def test_a_dated_contract_settles_in_the_same_coin(symbol: str, settle: str, worth: str):
    resting = order(symbol=symbol, remaining=Decimal(1_000))

    assert (settle, Decimal(worth)) == (resting.settle, resting.notional(Decimal(50_000)))


def test_a_linear_leg_is_worth_its_notional():
    held = position(BTC, -2, 110, entry=100)

    assert (Decimal(-220), Decimal(-220), Decimal(-20)) == (held.notional, held.worth, held.open_pnl)


def test_a_leg_written_before_there_were_inverse_ones_is_linear():
    """Journals of earlier versions name no such field."""
    desk = Desk()
    raw = encode_event(_taken(seen(0, 50_000, position(BTC, 1, 50_000))))
    del raw["snapshot"]["positions"][0]["inverse"]

    event = decode_event(raw)
    desk.send(event)

    assert [False] == [p.inverse for p in desk.account.evidence.positions]


def _taken(snapshot: Snapshot) -> Any:
    return SnapshotTaken(snapshot.asked_at, snapshot)


# --- exposure -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "entry", "price", "delta"),
    [
        ("10000", "50000", "50000", "1.2"),  # M08 vector 1
        ("-50000", "50000", "50000", "0"),  # M08 vector 2: the coins are hedged
        ("-50000", "50000", "40000", "0"),  # and stay so wherever the price goes
        ("10000", "40000", "50000", "1.25"),  # B + Q/e
    ],
)
def test_vector_exposure_is_the_coins_of_the_wallet_and_of_the_leg(quantity, entry, price, delta):
    held = leg(quantity, price, entry=entry)

    assets = by_asset((held,), coins(1, price, held), "USDT")

    assert pytest.approx(float(Decimal(delta) * Decimal(price)), abs=1e-9) == float(assets["BTC"])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("gross_exposure", 1.2),
        ("net_exposure", 1.2),
        ("leverage", 1.2),  # 50,000 of coins and 10,000 of contracts over 50,000
        ("concentration", 1.0),
        ("unprotected_exposure", 0.2),  # the leg; holdings carry no stops
    ],
)
def test_multiples_of_a_coin_margined_account(metric, expected):
    assert Known(pytest.approx(expected)) == measured(metric, seen(0, 50_000, leg(10_000, 50_000)))


def test_a_short_of_all_its_coins_is_no_exposure_but_leverage():
    snapshot = seen(0, 50_000, leg(-50_000, 50_000))

    assert (Known(0.0), Known(pytest.approx(2.0))) == (
        measured("gross_exposure", snapshot),
        measured("leverage", snapshot),
    )


def test_a_coin_that_no_wallet_lists_is_priced_by_the_mark_of_its_contract():
    """At one dollar a coin the leg would vanish from every limit."""
    held = leg(10_000, 50_000)
    dollars = Wallet(money(50_000), (Balance("USDT", money(50_000), Decimal(1)),), *[money(1)] * 4)

    snapshot = replace(seen(0, 50_000, held), wallet=dollars)

    assert Known(pytest.approx(0.2)) == measured("gross_exposure", snapshot)


@pytest.mark.parametrize(("side", "expected"), [(1, 1.4), (-1, 1.2)])
def test_the_worst_case_counts_an_inverse_order_in_dollars(side, expected):
    """1.2 held; a buy of 10,000 dollars adds 0.2, a sale of as much would only reduce."""
    resting = order(symbol=INVERSE, side=side, remaining=Decimal(10_000), price=Decimal(50_000))
    snapshot = seen(0, 50_000, leg(10_000, 50_000), orders=(resting,))

    assert Known(pytest.approx(expected)) == measured("worst_case_exposure", snapshot)


# --- stops --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "orders", "lost"),
    [
        (leg(10_000, 50_000), (guard(40_000),), "0.05"),  # 0.25 - 0.20
        (leg(-10_000, 40_000), (guard(50_000, side=1),), "0.05"),
        (leg(10_000, 50_000), (), "0.05"),  # a stress move of 20 %, to 40,000
        (leg(10_000, 50_000, liquidation=Decimal(25_000)), (), "0.2"),  # 0.40 - 0.20
        (leg(10_000, 50_000, liquidation=Decimal(0)), (), "0.05"),  # never liquidated: no distance
    ],
)
def test_what_a_stop_loses_is_coins(held, orders, lost):
    assert Decimal(lost) == risk(held, orders)


def test_risk_over_equity_counts_coins_at_their_price():
    held = leg(10_000, 50_000)
    snapshot = seen(0, 50_000, held, orders=(guard(40_000),))

    assert Known(pytest.approx(0.05)) == measured("risk_per_signal", snapshot)
