"""M08, M09, M10 and M12: vectors of metrics.md for linear and spot, and what a disputed equity proves."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.metrics.concentration import herfindahl, shares
from guardian.core.metrics.exposure import RUIN, by_asset
from guardian.core.metrics.margin_ratio import ratio
from guardian.core.model import AtLeast, Balance, Known, Level, Measured, Part, Snapshot, Unknown, Wallet
from tests.core.build import BTC, ETH, Desk, money, position, read, rule, rung, says, wallet, without


def measured(metric: str, *reads: Snapshot) -> Measured:
    desk = Desk(rule(rung(9e9, "caution"), id="m", metric=metric))
    for snapshot in reads:
        desk.see(snapshot)
    own = desk.account.rule("m")
    assert own is not None
    return own.measured


def spot(equity: float, **coins: tuple[float, float | str]) -> Wallet:
    """The rest of the equity is USDT; coins are (quantity, price)."""
    balances = [Balance(c, money(q), money(p)) for c, (q, p) in coins.items()]
    rest = money(equity) - sum((b.quantity * b.price for b in balances), Decimal(0))
    return wallet(equity, balances=(Balance("USDT", rest, Decimal(1)), *balances), position_margin=1)


def vector_3(equity: float = 70_000) -> Snapshot:
    """Spot 0.5 BTC at 60k and a perpetual of -0.3."""
    return replace(read(0, (position(BTC, "-0.3", 60_000),)), wallet=spot(equity, BTC=(0.5, 60_000)))


# --- M08, M09 -----------------------------------------------------------------------------------------


def test_vector_exposure_nets_spot_and_perpetual_of_one_asset():
    """n_BTC is +12 000, while 48 000 can be liquidated or hacked."""
    snapshot = vector_3()

    assert {"BTC": Decimal(12000)} == by_asset(snapshot.positions or (), snapshot.wallet, "USDT")


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("leverage", 48 / 70), ("gross_exposure", 12 / 70), ("net_exposure", 12 / 70)],
)
def test_vector_leverage_is_unnetted_and_net_is_netted(metric: str, expected: float):
    assert Known(pytest.approx(expected, rel=1e-9)) == measured(metric, vector_3())


@pytest.mark.parametrize(
    ("metric", "expected"), [("leverage", 3.0), ("gross_exposure", 3.0), ("net_exposure", 1.0)]
)
def test_long_and_short_of_two_assets(metric: str, expected: float):
    legs = (position(BTC, 2, 1000), position(ETH, -1, 1000))

    assert Known(expected) == measured(metric, read(0, legs))


def test_two_legs_of_one_asset_net_in_exposure_but_not_in_leverage():
    legs = (position(BTC, 2, 1000, index=1), position(BTC, -2, 1000, index=2))

    assert (Known(0.0), Known(4.0)) == (
        measured("gross_exposure", read(0, legs)),
        measured("leverage", read(0, legs)),
    )


def test_contracts_count_by_their_size():
    legs = (position(BTC, 100, 1000, contract_size="0.01"),)

    assert Known(1.0) == measured("gross_exposure", read(0, legs))


@pytest.mark.parametrize("metric", ["gross_exposure", "net_exposure", "leverage"])
def test_a_settle_currency_listed_without_a_price_is_not_worthless(metric: str):
    """Nothing of USDC is held, so the venue prices it at zero; the position is as large as ever."""
    legs = (position("BTC/USDC:USDC", 1, 1000, settle="USDC"),)
    balances = (Balance("USDT", money(1000), money(1)), Balance("USDC", money(0), money(0)))
    snapshot = replace(read(0, legs), wallet=wallet(1000, balances=balances, position_margin=100))

    assert Known(1.0) == measured(metric, snapshot)


IN_USDC = spot(10_000, USDC=(9000, "0.999"))


@pytest.mark.parametrize("held", [-100, 100])
@pytest.mark.parametrize("metric", ["gross_exposure", "net_exposure", "leverage"])
def test_a_dollar_beside_another_one_is_no_exposure(metric: str, held: float):
    """Counted as an asset it would hide a short of the same size, and double a long."""
    snapshot = replace(read(0, (position(BTC, held, 100),)), wallet=IN_USDC)

    assert Known(pytest.approx(1.0)) == measured(metric, snapshot)


@pytest.mark.parametrize(
    ("coin", "price", "currency"), [("USDC", "0.9", "USDT"), ("XRP", 1, "USDT"), ("USDT", 1, "EUR")]
)
def test_what_is_worth_no_dollar_or_is_none_is_an_exposure(coin: str, price: str, currency: str):
    balances = (Balance(coin, money(1000), money(price)),)

    assert {coin: 1000 * money(price)} == by_asset((), wallet(1000, balances=balances), currency)


@pytest.mark.parametrize("metric", ["gross_exposure", "net_exposure", "leverage", "concentration"])
def test_no_positions_is_zero_and_not_nan(metric: str):
    assert Known(0.0) == measured(metric, read(0))


@pytest.mark.parametrize(
    "metric", ["gross_exposure", "net_exposure", "leverage", "margin_ratio", "unexplained"]
)
def test_nothing_read_is_unknown(metric: str):
    assert Unknown("not read yet", warming=True) == measured(metric, without(read(0), Part.WALLET))


@pytest.mark.parametrize("metric", ["gross_exposure", "net_exposure", "leverage"])
def test_a_disputed_equity_proves_the_smaller_multiple(metric: str):
    """A phantom -60 % would show 2.5 times the leverage; proven is less than what the larger equity gives:
    the difference of 600 may as well be a mark that is 300 too high."""
    legs = (position(BTC, 2, 1000),)

    found = measured(metric, read(0, legs), says(read(1, legs), 400))

    assert isinstance(found, AtLeast)
    assert 1.4 == found.value


@pytest.mark.parametrize(
    "metric",
    ["gross_exposure", "net_exposure", "leverage", "unprotected_exposure", "worst_case_exposure"],
)
@pytest.mark.parametrize("mark", [1300.0, 1600.0, 5000.0])
def test_a_mark_that_lies_makes_no_position_larger_than_it_is(metric: str, mark: float):
    """A short at a phantom price: positions explain less than the wallet says, by what the price is off."""
    honest, phantom = (position(BTC, -2, 1000),), (position(BTC, -2, mark, entry=1000),)

    found = measured(metric, read(0, honest), says(read(1, phantom), 1000))

    assert isinstance(found, AtLeast)
    assert found.value <= 2.0


def test_an_equity_older_than_the_positions_is_no_second_account():
    """The wallet fails, and a coin that nothing marks keeps the NAV of the read before: a phantom price of
    the positions, which nothing contradicts any more, made any exposure a reason to flatten."""
    desk = Desk(rule(rung(2.0, "flatten"), id="m", metric="gross_exposure"))
    for seconds in range(6):
        desk.see(replace(read(seconds, (position(BTC, -1, 1000),)), wallet=spot(1000, SOL=(1, 100))))
    desk.see(without(read(6, (position(BTC, -1, 2500, entry=1000),)), Part.WALLET))

    assert desk.level < Level.FLATTEN


def test_without_equity_any_exposure_is_ruin():
    legs = (position(BTC, 2, 1000),)
    ruined = (position(BTC, 2, 400, entry=1000),)

    assert Known(RUIN) == measured("leverage", read(0, legs), read(1, ruined))


# --- M10 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maintenance", "balance", "expected"),
    [(200, 5000, 0.04), (200, 200, 1.0), (200, 0, RUIN), (200, -1, RUIN), (0, 0, 0.0)],
)
def test_margin_ratio_vectors(maintenance: float, balance: float, expected: float):
    assert pytest.approx(expected) == ratio(money(maintenance), money(balance))


def with_margin(seconds: float, maintenance: float, **changes: Any) -> Snapshot:
    snapshot = read(seconds, **changes)
    assert snapshot.wallet is not None
    return replace(snapshot, wallet=replace(snapshot.wallet, maintenance_margin=money(maintenance)))


def test_margin_ratio_of_an_honest_and_of_a_disputed_wallet():
    honest, disputed = with_margin(0, 200), says(with_margin(1, 200), 250)

    assert Known(0.2) == measured("margin_ratio", honest)
    assert isinstance(found := measured("margin_ratio", honest, disputed), AtLeast)
    assert 0.2 == found.value


# --- M12 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "hhi"), [((0.5, 0.3, 0.2), 0.38), ((1.0,), 1.0), ((0.25,) * 4, 0.25)])
def test_herfindahl_vectors(weights: tuple[float, ...], hhi: float):
    assert pytest.approx(hhi) == herfindahl(weights)
    assert pytest.approx(1 / hhi) == 1 / herfindahl(weights)


def test_concentration_is_the_largest_share_of_gross():
    legs = (
        position("A/USDT:USDT", 5, 100),
        position("B/USDT:USDT", -3, 100),
        position("C/USDT:USDT", 2, 100),
    )
    assets = by_asset(legs, None, "USDT")

    assert pytest.approx([0.5, 0.3, 0.2]) == list(shares(assets))
    assert Known(0.5) == measured("concentration", read(0, legs))


# --- blindness and integrity as numbers ---------------------------------------------------------------


def test_data_age_counts_from_the_question_of_the_newest_whole_read():
    desk = Desk(rule(rung(10, "caution"), id="m", metric="data_age"))
    desk.see(read(3), arrives=4)
    desk.see(without(read(5), Part.ORDERS), arrives=6)
    desk.tick(12)
    own = desk.account.rule("m")

    assert own is not None
    assert Known(9.0) == own.measured


def test_data_age_with_no_read_at_all_is_the_time_since_watching_began():
    desk = Desk(rule(rung(10, "caution"), id="m", metric="data_age"))

    desk.tick(30)

    assert 1 == desk.level


@pytest.mark.parametrize(("claimed", "expected"), [(1000, 0.0), (400, 0.6), (2000, 0.5)])
def test_unexplained_is_the_gap_over_the_larger(claimed: float, expected: float):
    assert Known(expected) == measured("unexplained", read(0), says(read(1), claimed))


def test_unexplained_without_a_wallet_is_unknown():
    assert Unknown("wallet unread") == measured("unexplained", read(0), without(read(1), Part.WALLET))
