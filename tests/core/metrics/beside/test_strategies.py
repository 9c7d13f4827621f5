"""M07: whose fills they are, what they earned, and what a strategy has given back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics import BY_NAME
from guardian.core.metrics.strategy_course import traded_by
from guardian.core.metrics.strategy_pnl import NOBODY, StrategyBook, by_strategy, whose
from guardian.core.model import AtLeast, Known, Level, Unknown, Verdict
from tests.core.build import BTC, ETH, at, kinds, money, position, rung
from tests.core.metrics.beside.stage import MINUTE, Stage, fill, quote

PREFIXES = ("ft-", "ft-grid-", "mm-")


@pytest.mark.parametrize(
    ("client_id", "owner"),
    [("ft-1", "ft-"), ("ft-grid-1", "ft-grid-"), ("mm-1", "mm-"), ("hand", NOBODY), ("", NOBODY)],
)
def test_the_longest_prefix_owns_a_fill(client_id: str, owner: str):
    assert owner == whose(client_id, PREFIXES)


def taken(*fills: Any) -> StrategyBook:
    return by_strategy(fills, ("ft-",))["ft-"]


def test_realised_and_open_profit_less_fees():
    """2 at 100, 1 more at 106: 3 at 102. One sold at 110 earns 8; two are worth 4 more each at 106."""
    book = taken(
        fill("1", 0, 2, 100, fee=0.5), fill("2", 1, 1, 106), fill("3", 2, -1, 110, closed=1, fee=0.5)
    )

    assert {BTC: (Decimal(2), Decimal(102))} == book.lots
    assert Decimal(7) == book.realised
    assert Decimal(15) == book.pnl({BTC: Decimal(106)})


def test_a_flip_closes_and_opens():
    book = taken(fill("1", 0, 1, 100), fill("2", 1, -3, 110, closed=1))

    assert {BTC: (Decimal(-2), Decimal(110))} == book.lots
    assert Decimal(10) == book.realised


def test_two_legs_of_hedge_mode_are_closed_each_by_itself():
    """Long and short 10 at 100; the long closed at 90, then the short at 95."""
    both = (fill("1", 0, 10, 100), fill("2", 1, -10, 100))

    book = taken(*both, fill("3", 2, -10, 90, closed=10))
    over = taken(*both, fill("3", 2, -10, 90, closed=10), fill("4", 3, 10, 95, closed=10))

    assert (0, 100) == (book.unattributed, book.pnl({BTC: money(80)}))
    assert (0, -50, {}) == (over.unattributed, over.pnl({}), over.lots)


def test_closing_what_it_is_not_known_to_have_opened_is_nobody_s_gain():
    book = taken(fill("1", 0, 1, 100), fill("2", 1, -3, 110, closed=3))

    assert {} == book.lots
    assert (Decimal(10), Decimal(220)) == (book.realised, book.unattributed)


def test_fees_in_the_coin_count_at_its_price_and_others_are_left_out():
    assert Decimal(-1) == taken(fill("1", 0, 1, 100, fee=0.01, fee_currency="BTC")).realised
    assert Decimal(0) == taken(fill("1", 0, 1, 100, fee=5, fee_currency="BNB")).realised


def test_other_quote_currencies_count_at_their_rate():
    fills = (
        fill("1", 0, 1, 100, symbol="BTC/EUR:EUR"),
        fill("2", 1, -1, 110, symbol="BTC/EUR:EUR", closed=1),
    )

    book = by_strategy(fills, ("ft-",), {"EUR": money("1.1")})["ft-"]

    assert Decimal(11) == book.realised


def test_an_inverse_contract_earns_coins_at_the_price_of_its_close():
    """100 dollars from 100 to 125: 0.2 coins, worth 25."""
    symbol = "BTC/USD:BTC"
    fills = (fill("1", 0, 100, 100, symbol=symbol, inverse=True),
             fill("2", 1, -100, 125, symbol=symbol, inverse=True, closed=100))  # fmt: skip

    assert Decimal(25) == taken(*fills).realised


TRADES = st.lists(
    st.tuples(st.sampled_from(["ft-", "ft-grid-", "mm-", "x"]), st.integers(-5, 5), st.integers(90, 110)),
    max_size=20,
)


@given(TRADES)
def test_strategies_and_nobody_add_up_to_what_the_account_did(trades: list[tuple[str, int, int]]):
    """Netted in one book or kept apart, cash and lots at one price are the same money."""
    fills = [
        fill(str(n), n, size, price, client_id=f"{prefix}{n}")
        for n, (prefix, size, price) in enumerate(trades)
        if size
    ]
    now = {BTC: Decimal(100)}

    apart, together = by_strategy(fills, PREFIXES), by_strategy(fills, ())

    assert {NOBODY, *PREFIXES} == set(apart)
    total = sum(book.pnl(now) for book in apart.values())
    assert float(total) == pytest.approx(float(together[NOBODY].pnl(now)))
    assert sum(f.side * f.quantity * (100 - f.price) for f in fills) == pytest.approx(total)


# --- the metric ---------------------------------------------------------------------------------------


def strategy(*fills: Any, held: float = 0, mark: float = 100) -> Stage:
    positions = (position(quantity=held, mark=mark),) if held else ()
    stage = Stage("strategy_drawdown", *positions, window=MINUTE, of="ft-").watched()
    stage.did(0, fills=fills)
    return stage


def test_what_was_given_back_since_the_best_fill():
    """Up 20 at the second fill, and 30 less at the mark of now, of 1000."""
    stage = strategy(fill("1", -20, 2, 100), fill("2", -10, 1, 110), held=3, mark=100)

    got = stage.now(0)

    assert isinstance(got, AtLeast), "between two fills it may have been worth more"
    assert got.value == pytest.approx(0.03)
    assert Verdict.CLEAR is not stage.account.rules[0].verdict


def test_in_hedge_mode_the_loss_of_a_leg_that_was_closed_counts():
    legs = (fill("1", -30, 10, 100), fill("2", -20, -10, 100), fill("3", -10, -10, 98, closed=10))
    stage = Stage("strategy_drawdown", position(quantity=-10, mark=103, index=2), window=MINUTE, of="ft-")
    stage.watched()
    stage.did(0, fills=legs)

    assert stage.now(0) == AtLeast(pytest.approx(0.05), UNWATCHED)


def test_only_the_window_counts_and_it_begins_where_the_strategy_stood():
    """It lost 20 an hour ago and 5 since."""
    lost = (fill("1", -3600, 2, 100), fill("2", -3500, -2, 90, closed=2))
    stage = strategy(*lost, fill("3", -30, 1, 100), fill("4", -20, -1, 95, closed=1))

    assert stage.now(0) == AtLeast(pytest.approx(0.005), "what it was worth between its fills is not known")


UNWATCHED = "what it was worth between its fills is not known"


def test_what_open_lots_were_worth_when_the_window_began_is_not_known():
    """Bought at 100 ten hours ago, at 80 all minute: in this minute it lost nothing that is known."""
    assert strategy(fill("1", -36_000, 2, 100), held=2, mark=80).now(0) == AtLeast(0.0, UNWATCHED)


def test_the_best_moment_is_one_at_which_all_its_prices_are_known():
    """BTC is sold with a gain of 20 while the price of its ETH is an hour old."""
    fills = (
        fill("1", -3700, 1, 100),
        fill("2", -3600, 1, 100, symbol=ETH),
        fill("3", -10, -1, 120, closed=1),
    )
    stage = Stage("strategy_drawdown", position(ETH, 1, mark=10), window=MINUTE, of="ft-").watched()
    stage.did(0, fills=fills)

    assert stage.now(0) == AtLeast(0.0, UNWATCHED)


@pytest.mark.parametrize("client_id", ["", "gdn-1-2"])
def test_a_close_by_nobody_is_of_the_strategy_whose_lots_are_the_only_ones(client_id: str):
    """Stopped out at 99; what the price did afterwards is no loss of it."""
    fills = (fill("1", -1000, 2, 100), fill("2", -30, -2, 99, closed=2, client_id=client_id))
    stage = strategy(*fills)
    stage.shows(0, (quote(BTC, 50),), ())

    assert stage.now(0) == AtLeast(0.0, UNWATCHED)


def test_a_close_by_nobody_of_what_two_may_have_opened_is_unknown():
    theirs = fill("2", -900, 2, 100, client_id="mm-1")
    fills = (fill("1", -1000, 2, 100), theirs, fill("3", -30, -2, 99, closed=2, client_id=""))

    got = strategy(*fills, held=2, mark=50).now(0)

    assert got == Unknown(f"nobody knows whose lots in {BTC} were closed")


@pytest.mark.parametrize("held", [0, 1, 3, -2])
def test_lots_that_are_not_the_position_are_worth_nobody_knows_what(held: float):
    got = strategy(fill("1", -1000, 2, 100), held=held, mark=50).now(0)

    assert got == Unknown(f"the fills that are known do not add up to the position in {BTC}")


def test_what_another_strategy_closes_of_the_position_is_not_of_this_one():
    """In one way 10 long and 9 sold by another are 1: this one still has its 10."""
    theirs = fill("2", -10, -9, 100, closed=9, client_id="mm-1")

    got = strategy(fill("1", -20, 10, 100), theirs, held=1, mark=98).now(0)

    assert got == AtLeast(pytest.approx(0.02, rel=0.01), UNWATCHED)


def test_two_legs_of_one_symbol_add_up_each_by_itself():
    long, short = position(quantity=2, index=1), position(quantity=-3, index=2)
    theirs = fill("2", -900, -5, 100, client_id="mm-1"), fill("3", -800, 2, 100, client_id="mm-2", closed=2)
    stage = Stage("strategy_drawdown", long, short, window=MINUTE, of="ft-").watched()
    stage.did(0, fills=(fill("1", -1000, 2, 100), *theirs))

    assert stage.now(0) == AtLeast(0.0, UNWATCHED)


def test_a_symbol_that_only_others_trade_says_nothing_of_it():
    stage = Stage("strategy_drawdown", position(quantity=2), position(ETH, 5), window=MINUTE, of="ft-")
    stage.watched().did(0, fills=(fill("1", -1000, 2, 100),))

    assert stage.now(0) == AtLeast(0.0, UNWATCHED)


def test_a_strategy_that_did_nothing_is_known_to_have_lost_nothing():
    theirs = fill("1", -20, 1, 100, client_id="mm-1")

    assert Known(0.0) == strategy(theirs, held=1).now(0)
    assert isinstance(strategy(held=1).now(0), AtLeast), "who opened this is not known"


def test_closing_what_was_opened_before_is_unknown():
    assert isinstance(strategy(fill("1", -20, -1, 100, closed=1)).now(0), Unknown)


def test_a_loss_of_one_strategy_needs_a_second_account_of_it_as_every_loss():
    metric = BY_NAME["strategy_drawdown"]

    assert ("loss", True) == (metric.family, metric.corroborated)


# --- each strategy by itself ---------------------------------------------------------------------------


def each_strategy(*rungs: Any, only: tuple[str, ...] = (), **changes: Any) -> Stage:
    how = {"window": MINUTE, "scope": "strategy", "only": only, "order_prefixes": ("ft-", "mm-"), **changes}
    return Stage("strategy_drawdown", **how, ladder=rungs or (rung(0.5, "caution"),)).watched()


SOL = "SOL/USDT:USDT"
LOSING = (
    fill("1", -20, 2, 100),
    fill("2", -20, 50, 10, symbol=ETH, client_id="mm-1"),
    fill("3", -10, -20, 5, symbol=SOL, client_id="mm-2"),
)
HELD = (position(BTC, 2, mark=99), position(ETH, 50, mark=9), position(SOL, -20, mark=5))


def test_of_each_strategy_the_worst_counts_and_its_symbols_are_at_fault():
    stage = each_strategy(rung(0.04, "caution"))
    stage.positions = HELD
    stage.did(0, fills=LOSING)

    got = stage.now(0)

    assert got == AtLeast(pytest.approx(0.05), UNWATCHED)
    assert [(ETH, pytest.approx(0.05)), (SOL, pytest.approx(0.05))] == list(stage.account.rules[0].fault)


def test_what_a_longer_prefix_names_neither_hides_nor_makes_the_loss_of_a_shorter_one():
    """ft- has lost 50 of 1000 and ft-2- has won as much; what they have in common has lost nothing."""
    stage = each_strategy(rung(0.04, "caution"), order_prefixes=("ft-", "ft-2-"))
    stage.positions = (position(BTC, 10, mark=95), position(ETH, 10, mark=15))
    won = fill("2", -20, 10, 10, symbol=ETH, client_id="ft-2-1")
    stage.did(0, fills=(fill("1", -20, 10, 100), won))

    assert stage.now(0) == AtLeast(pytest.approx(0.05), UNWATCHED)
    assert [BTC] == [symbol for symbol, _ in stage.account.rules[0].fault]
    assert [BTC] == list(traded_by(stage.account, "ft-", at(-60)))
    assert [BTC, ETH] == list(traded_by(stage.account, "ft", at(-60)))


def test_only_selects_strategies():
    stage = each_strategy(only=("ft-",))
    stage.positions = HELD
    stage.did(0, fills=LOSING)

    assert stage.now(0) == AtLeast(pytest.approx(0.002), UNWATCHED)


def test_a_strategy_that_did_nothing_does_not_clear_what_another_one_may_have_lost():
    """Nothing is known of mm- beyond a bound; that ft- did nothing says nothing about it."""
    stage = each_strategy()
    stage.positions = (position(ETH, 50, mark=10),)
    stage.did(0, fills=(fill("2", -20, 50, 10, symbol=ETH, client_id="mm-1"),))

    assert stage.now(0) == AtLeast(pytest.approx(0.0), UNWATCHED)
    assert Verdict.UNKNOWN is stage.account.rules[0].verdict


def test_reduce_of_one_strategy_leaves_the_symbols_of_the_others():
    stage = each_strategy(rung(0.04, "reduce", to=0))
    stage.positions = HELD
    stage.did(0, fills=LOSING)
    stage.read(0)
    stage.read(1)

    assert stage.account.level is Level.REDUCE
    incident = stage.account.incident
    assert incident is not None
    assert {ETH, SOL} == {symbol for symbol, _ in incident.goals} == set(incident.only)
    assert {ETH, SOL} == {effect.order.symbol for effect in kinds(stage.effects, "close_position")}


# --- what is no strategy's ------------------------------------------------------------------------------


def shares(*fills: Any, prefixes: tuple[str, ...] = PREFIXES, since: float = -86_400) -> Any:
    stage = Stage("unattributed_share", order_prefixes=prefixes).watched(since)
    stage.did(0, fills=fills)
    return stage.now(0)


def test_the_share_of_what_no_strategy_owns_is_by_worth():
    hand = fill("2", -10, -1, 50, client_id="x")

    assert shares(fill("1", -20, 3, 50), hand) == Known(0.25)
    assert shares(fill("1", -20, 3, 50)) == Known(0.0)
    assert shares() == Known(0.0)


@pytest.mark.parametrize(
    "changes", [{"client_id": "gdn-1"}, {"cause": "liquidation"}, {"client_id": "", "origin": "attached"}]
)
def test_neither_guardian_s_own_nor_the_venue_s_is_anybody_s(changes: dict[str, str]):
    assert shares(fill("1", -20, 3, 50), fill("2", -10, -1, 50, **changes)) == Known(0.0)


def test_of_a_part_nobody_knows_the_rest():
    assert shares(fill("1", -20, 3, 50), since=-30) == Unknown("watching since 11:59 UTC", warming=True)
    assert shares(prefixes=()) == Unknown("no bot.order_prefix says which fills are a strategy's")
