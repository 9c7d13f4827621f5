"""M18, the named scenarios: each takes what repricing the whole account contract by contract says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.stress import SCENARIOS, STABLE_FALL
from guardian.core.metrics.stress_loss import METRIC, by_scenario
from guardian.core.model import AtLeast, Balance, Known, LedgerKind, Level, Measured, Position, Unknown
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import BTC, ETH, Desk, at, money, policy, position, read, row, rule, rung, says, wallet

USDC_LEG = "BTC/USDC:USDC"
INVERSE = "BTC/USD:BTC"
FALLS = {"btc-30": (0.7, 0.5), "btc+30": (1.3, 1.5), "alts-50": (1.0, 0.5), "alts+50": (1.0, 1.5)}


def holding(*legs: Position, cash: float = 1000, coins: tuple[Balance, ...] = ()) -> AccountState:
    desk = Desk()
    whole = read(0, legs, cash=cash)
    worth = sum((b.quantity * b.price for b in coins), Decimal(0))
    if coins and whole.wallet is not None:
        balances = (*whole.wallet.balances, *coins)
        whole = replace(whole, wallet=replace(whole.wallet, balances=balances))
        whole = says(whole, money(cash) + worth + sum(p.open_pnl * _price(p, coins) for p in legs))
    desk.see(whole)
    return desk.account


def _price(leg: Position, coins: tuple[Balance, ...]) -> Decimal:
    return next((b.price for b in coins if b.currency == leg.settle), Decimal(1))


def found(account: AccountState, of: str = "", **changes: Any) -> Measured:
    own = rule(rung(0.2, "halt"), metric="stress_loss", of=of, **changes)
    return METRIC.measure(View(account, own, blank(own), at(0)))


@pytest.mark.parametrize(
    ("of", "lost"),
    [
        ("btc-30", 0.3 * 2 + 0.5 * 1.5),
        ("alts-50", 0.5 * 1.5),
        ("btc+30", 0.0),
        ("alts+50", 0.0),
        ("funding-spike", 0.009 * 3.5),
        ("stable-5", 0.0),
        ("worst", 1.35),
        ("", 1.35),
    ],
)
def test_vectors_of_a_long_book(of: str, lost: float) -> None:
    """Two in BTC and one and a half in ETH, over the equity."""
    account = holding(position(BTC, 20, 100), position(ETH, 15, 100))

    assert Known(pytest.approx(lost)) == found(account, of)


def test_a_short_book_loses_in_the_mirror() -> None:
    account = holding(position(BTC, -20, 100), position(ETH, -15, 100))

    assert Known(0.0) == found(account, "btc-30")
    assert Known(pytest.approx(1.35)) == found(account, "btc+30")
    assert Known(pytest.approx(1.35)) == found(account)


def test_a_hedge_of_bitcoin_and_others_loses_where_they_part() -> None:
    """Long BTC and short ETH: all correlations at 1 do not mean that all move as far."""
    account = holding(position(BTC, 10, 100), position(ETH, -10, 100))

    assert Known(pytest.approx(0.2)) == found(account, "btc+30")
    assert Known(pytest.approx(0.5)) == found(account, "alts+50")
    assert Known(pytest.approx(0.5)) == found(account)


def value(legs: tuple[Position, ...], coins: dict[str, Decimal], prices: dict[str, Decimal]) -> Decimal:
    """What an account is worth in USDT: coins, and each contract's gain in what it settles in.

    `prices` are in USDT; a contract's own mark is its asset's in its quote currency.
    """
    total = sum((n * prices[name] for name, n in coins.items()), Decimal(0))
    for leg in legs:
        quote = leg.symbol.partition("/")[2].partition(":")[0]
        mark = prices[leg.base] / prices[quote]
        total += leg.gain(leg.quantity, leg.entry, mark) * prices[leg.settle]
    return total


LEGS = (
    position(BTC, 3, 100, entry=90),
    position(ETH, -2, 50, entry=55),
    position(USDC_LEG, -4, 100, entry=110, settle="USDC"),
    position(INVERSE, -150, 100, entry=80, settle="BTC", inverse=True),
)
COINS = {"USDT": money(1000), "USDC": money(300), "BTC": money(2), "ETH": money(1)}
PRICES = {name: money(p) for name, p in {"USDT": 1, "USDC": 1, "USD": 1, "BTC": 100, "ETH": 50}.items()}


def mixed() -> AccountState:
    """Linear in two dollars, inverse, spot, and a loan's worth of each."""
    coins = tuple(Balance(name, n, PRICES[name]) for name, n in COINS.items() if name != "USDT")
    return holding(*LEGS, cash=1000, coins=coins)


def repriced(**moves: float) -> float:
    """What the account loses, as a fraction of what it was, when these prices in USDT are so many times."""
    prices = {name: p * money(moves.get(name, 1)) for name, p in PRICES.items()}
    before = value(LEGS, COINS, PRICES)
    return float((before - value(LEGS, COINS, prices)) / before)


@pytest.mark.parametrize("name", FALLS)
def test_a_move_of_prices_takes_what_repricing_every_contract_says(name: str) -> None:
    lead, others = FALLS[name]

    assert max(0.0, repriced(BTC=lead, ETH=others)) == pytest.approx(by_scenario(mixed())[name])


def test_a_stablecoin_s_fall_takes_what_repricing_every_contract_says() -> None:
    """A short contract in USDC was paid in what falls; either the others fall, or the one that counts."""
    rise = 1 / (1 - STABLE_FALL)
    others = repriced(USDC=1 - STABLE_FALL)
    own = repriced(USDC=rise, USD=rise, BTC=rise, ETH=rise)

    assert others > 0 > own
    assert others == pytest.approx(by_scenario(mixed())["stable-5"])


def test_a_short_book_costs_more_of_a_reporting_currency_that_falls() -> None:
    account = holding(position(BTC, -20, 100))

    assert pytest.approx(2 * (1 / 0.95 - 1)) == by_scenario(account)["stable-5"]


def test_a_loan_in_another_dollar_costs_more_of_a_reporting_currency_that_falls() -> None:
    owed = holding(cash=2000, coins=(Balance("USDC", money(-1000), money(1)),))
    held = holding(cash=1000, coins=(Balance("USDC", money(1000), money(1)),))

    assert pytest.approx(1 / 0.95 - 1) == by_scenario(owed)["stable-5"]
    assert pytest.approx(0.025) == by_scenario(held)["stable-5"]


def test_dollars_in_a_bank_do_not_lose_their_peg() -> None:
    """Of a reporting currency that is no stablecoin only the others can fall."""
    desk = Desk(currency="USD")
    usual = wallet(1000)
    coins = (Balance("USD", money(500), money(1)), Balance("USDT", money(500), money(1)))
    desk.see(read(0, wallet=replace(usual, balances=coins)))

    assert pytest.approx(0.025) == by_scenario(desk.account)["stable-5"]


def test_a_dollar_that_has_lost_its_peg_is_an_asset_like_any_other() -> None:
    account = holding(cash=600, coins=(Balance("USDC", money(500), money("0.8")),))

    assert pytest.approx(0.5 * 400 / 1000) == by_scenario(account)["btc-30"]
    assert 0.0 == by_scenario(account)["stable-5"]


def test_a_contract_on_a_dollar_moves_only_with_dollars() -> None:
    account = holding(position("USDC/USDT:USDT", 500, 1))

    assert 0.0 == by_scenario(account)["btc-30"]
    assert pytest.approx(0.025) == by_scenario(account)["stable-5"]


def test_funding_is_paid_by_both_sides_of_a_hedge_and_by_no_spot_or_dated_contract() -> None:
    dated = "BTC/USDT:USDT-260626"
    account = holding(position(BTC, 10, 100), position(ETH, -10, 100), position(dated, 50, 100))
    legs = holding(position(BTC, 10, 100, index=1), position(BTC, -10, 100, index=2))

    assert pytest.approx(3 * 0.003 * 2) == by_scenario(account)["funding-spike"]
    assert 0.0 == by_scenario(legs)["funding-spike"]


def test_nothing_held_loses_nothing() -> None:
    assert Known(0.0) == found(holding())


def test_it_is_unknown_without_equity_and_a_bound_while_that_is_disputed() -> None:
    desk = Desk()
    assert isinstance(found(desk.account), Unknown)

    desk.warm(position())
    desk.see(says(read(0, (position(),)), 1500))

    assert isinstance(found(desk.account, "btc-30"), AtLeast)


def test_a_name_that_is_none_is_unknown_and_never_nothing() -> None:
    """The configuration refuses it; a rule out of an older journal may still have it."""
    assert Unknown("there is no scenario btc-31") == found(holding(position()), "btc-31")


def test_a_forecast_moves_no_position() -> None:
    assert Level.HALT == BY_NAME["stress_loss"].ceiling


def test_a_deposit_makes_the_loss_a_smaller_part_and_takes_nothing() -> None:
    """Twice the money under the same book: half the loss, which is no gain and no loss of anybody's."""
    desk = Desk(rule(rung(9e9, "caution"), metric="stress_loss", id="worst"))
    desk.warm(position(quantity=20))
    before = desk.account.rules[0].measured
    desk.see(read(1, (position(quantity=20),), cash=2000, ledger=(row("in", 1000, LedgerKind.FLOW),)))

    assert Known(pytest.approx(0.6)) == before
    assert Known(pytest.approx(0.3)) == desk.account.rules[0].measured


def test_accounts_hedge_each_other_in_a_rule_of_all() -> None:
    """Long in one and short in the other: the portfolio stands what neither stands alone."""
    from guardian.core.events import Configured, SnapshotTaken
    from tests.core.build import START

    together = rule(rung(9e9, "caution"), metric="stress_loss", id="all", scope="portfolio", of="btc-30")
    desk = Desk()
    both = (policy(), policy(name="other"))
    desk.send(Configured(START, "desk-1", "hash", both, (together,)))
    for seconds in range(1, 7):
        desk.see(read(seconds, (position(BTC, 20, 100),)))
        other = replace(read(seconds, (position(BTC, -15, 100),)), account="other")
        desk.send(SnapshotTaken(at(seconds), other))
    desk.tick(7)

    assert Known(pytest.approx(0.3 * 500 / 2000)) == desk.account.rules[0].measured


amounts = st.floats(-50, 50).map(lambda n: round(n, 3))


@given(btc=amounts, eth=amounts, sol=amounts)
def test_the_worst_is_the_largest_and_nothing_is_below_nothing(btc: float, eth: float, sol: float) -> None:
    legs = [
        position(s, n, 100) for s, n in ((BTC, btc), (ETH, eth), ("SOL/USDT:USDT", sol)) if abs(n) >= 0.001
    ]
    account = holding(*legs)
    each = {name: found(account, name) for name in SCENARIOS}
    worst = found(account)

    assert all(isinstance(own, Known) and own.value >= 0 for own in each.values())
    assert isinstance(worst, Known)
    assert worst.value == max(own.value for own in each.values() if isinstance(own, Known))
    gross = (abs(btc) + abs(eth) + abs(sol)) * 100 / 1000
    assert worst.value <= 0.5 * gross + 1e-9


@given(btc=amounts, eth=amounts)
def test_a_book_turned_round_loses_what_the_mirror_took(btc: float, eth: float) -> None:
    def of(sign: int) -> dict[str, float]:
        legs = [position(s, sign * n, 100) for s, n in ((BTC, btc), (ETH, eth)) if abs(n) >= 0.001]
        return by_scenario(holding(*legs))

    assert of(1)["btc-30"] == pytest.approx(of(-1)["btc+30"])
    assert of(1)["alts-50"] == pytest.approx(of(-1)["alts+50"])
