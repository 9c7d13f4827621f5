"""ACCOUNT.yaml, read strictly; and the simulated account, reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.config import ConfigError
from guardian.core.effects import CloseOrder, ClosePosition, SetPermit
from guardian.errors import ConfigError as Refused
from guardian.replay.account import Plan, held_in, read_plan
from guardian.replay.book import Book, Leg, targets
from guardian.replay.trading import Trading
from tests.candles.build import BTC, plan

NOW = datetime(2024, 1, 1, tzinfo=UTC)
COST = Decimal("0.001")


def write(folder: Path, text: str) -> Path:
    (folder / "account.yaml").write_text(text, encoding="utf-8")
    return folder / "account.yaml"


def test_a_plan_is_read_exactly_as_written(tmp_path: Path) -> None:
    path = write(tmp_path, 'start_equity: 10000\nhold: {"BTC/USDT": 1.1, "ETH/USDT": -0.3}\ndelay: 2\n')

    found = read_plan(path)

    assert found.hold == (("BTC/USDT", Decimal("1.1")), ("ETH/USDT", Decimal("-0.3")))
    assert (found.start_equity, found.cost, found.delay) == (Decimal(10_000), Decimal("0.0005"), 2)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("hold: {BTC/USDT: 1}\n", 1, "is missing"),
        ("start_equity: 0\nhold: {BTC/USDT: 1}\n", 1, "not above 0"),
        ("start_equity: 5%\nhold: {BTC/USDT: 1}\n", 1, "a percentage"),
        ("start_equity: 1\n", 1, "neither hold nor quantity"),
        ("start_equity: 1\nhold: {a: 1}\nquantity: {a: 1}\n", 3, "both hold and quantity"),
        ("start_equity: 1\nhold: {}\n", 2, "an empty mapping"),
        ("start_equity: 1\nhold:\n  BTC/USDT: 0\n", 3, "is zero or beyond"),
        ("start_equity: 1\nhold:\n  BTC/USDT: x\n", 3, "text where a number"),
        ("start_equity: 1\nhold: {a: 1}\ncost: 5\n", 3, "outside 0 to 0.1"),
        ("start_equity: 1\nhold: {a: 1}\ndelay: 0.5\n", 3, "not a whole number"),
        ("start_equity: 1\nhold: {a: 1}\ncosts: 0.1\n", 3, "did you mean cost?"),
        ("start_equity: 1\nhold:\n  BTC/USDT: 1\n  BTC/USDT: 2\n", 4, "BTC/USDT"),
        ("", 1, "is empty"),
    ],
)
def test_what_is_wrong_is_found_with_its_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_plan(write(tmp_path, text))

    (finding,) = refused.value.findings
    assert finding.line == line
    assert said in str(finding)


@pytest.mark.parametrize("name", ["BTC/USDT", "BTC/USDT:USDT", "BTCUSDT", "btc-usdt"])
def test_a_symbol_may_be_written_in_any_way(name: str) -> None:
    given = Plan(Decimal(1), hold=((name, Decimal(1)),))

    assert held_in(given, ("BTC/USDT:USDT", "ETH/USDT:USDT"), "a").symbols == ("BTC/USDT:USDT",)


@pytest.mark.parametrize(
    ("symbols", "currency"),
    [
        (("eth/usdt", "BTC-USDT", "ADA_USDT"), "USDT"),
        (("LTCFDUSD",), "FDUSD"),
        # AVAXUSD may be AVA/XUSD by itself; beside BTCUSD it is quoted in USD.
        (("AVAXUSD", "BTCUSD"), "USD"),
        (("BTCUSD", "AVAXUSD"), "USD"),
    ],
)
def test_the_currency_is_one_that_all_symbols_can_be_quoted_in(
    symbols: tuple[str, ...], currency: str
) -> None:
    given = Plan(Decimal(1), hold=tuple((symbol, Decimal(1)) for symbol in symbols))

    assert held_in(given, symbols, "a").currency == currency


@pytest.mark.parametrize(
    ("symbols", "said"),
    [
        (("BTD/USDT",), "did you mean BTC/USDT?"),
        (("BTC/USDT", "BTCUSDT"), "two names"),
        (("BTC/USDT", "ETH/BTC"), "is not quoted and settled in USDT"),
        (("BTC/USD:BTC",), "is not quoted and settled"),
    ],
)
def test_symbols_that_cannot_be_held_are_refused(symbols: tuple[str, ...], said: str) -> None:
    given = Plan(Decimal(1), hold=tuple((symbol, Decimal(1)) for symbol in symbols))

    with pytest.raises(ConfigError) as refused:
        held_in(given, ("BTC/USDT", "ETH/BTC", "BTC/USD:BTC"), "account.yaml")

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("start_equity: 1\nhold:\n  BTC/USDT: 1\n  BTD/USDT: 1\n", 4),
        ("start_equity: 1\nhold: {BTC/USDT: 1, ETH/BTC: 2}\n", 2),
        ("start_equity: 1\nquantity:\n  ETH/USDT: 1\n", 3),
        ("start_equity: 1\nquantity:\n  BTC/USDT: 1\n  BTCUSDT: 1\n", 4),
    ],
)
def test_a_symbol_that_cannot_be_held_is_told_with_its_line(text: str, line: int, tmp_path: Path) -> None:
    given = read_plan(write(tmp_path, text))

    with pytest.raises(ConfigError) as refused:
        held_in(given, ("BTC/USDT", "ETH/BTC"), "account.yaml")

    (finding,) = refused.value.findings
    assert (finding.file, finding.line) == ("account.yaml", line)


def test_targets_are_multiples_of_the_equity_at_the_first_close() -> None:
    given = Plan(Decimal(10_000), hold=((BTC, Decimal("-1.5")),))

    assert targets(given, {BTC: Decimal(30_000)}) == {BTC: Decimal("-0.5")}
    assert targets(Plan(Decimal(1), quantity=((BTC, Decimal(7)),)), {}) == {BTC: Decimal(7)}


@pytest.mark.parametrize("multiple", ["1e-12", "-1e-12"])
def test_a_hold_that_buys_nothing_is_no_calm_account(multiple: str) -> None:
    """Rounded to nothing it lost nothing, tripped nothing, and read as a rule that never fires."""
    given = Plan(Decimal(10_000), hold=((BTC, Decimal(multiple)),))

    with pytest.raises(Refused, match=r"hold\.BTC/USDT: 1e-08 buys nothing at a price of 30000; write more"):
        targets(given, {BTC: Decimal(30_000)})


def test_a_price_too_small_to_reckon_with_is_named() -> None:
    with pytest.raises(Refused, match=r"BTC/USDT: 1\.00e\+4 buys more at a price of 1e-40 than can be"):
        targets(plan(), {BTC: Decimal("1e-40")})


def book(quantity: str, entry: str) -> Book:
    return Book("USDT", COST, Decimal(1000), {BTC: Leg(Decimal(quantity), Decimal(entry))})


@pytest.mark.parametrize(
    ("start", "change", "price", "cash", "leg"),
    [
        ("2", "-1", "110", "1009.890", ("1", "100")),  # closes half: +10 less 0.1 % of 110
        ("2", "-2", "110", "1019.780", None),
        ("-2", "1", "110", "989.890", ("-1", "100")),  # a short loses what a long gains
        ("2", "2", "110", "999.780", ("4", "105")),  # grows: the entry is the average
        ("2", "-3", "110", "1019.670", ("-1", "110")),  # turns: what is left was opened at the price
    ],
)
def test_a_trade_reckoned_by_hand(
    start: str, change: str, price: str, cash: str, leg: tuple[str, str] | None
) -> None:
    own = book(start, "100")

    own.trade(BTC, Decimal(change), Decimal(price), NOW)

    assert own.cash == Decimal(cash)
    assert own.legs == ({BTC: Leg(Decimal(leg[0]), Decimal(leg[1]))} if leg else {})
    assert [row.change for row in own.taken()] == [Decimal(cash) - 1000]
    assert own.taken() == ()


@given(
    quantity=st.decimals("-100", "100", places=3).filter(bool),
    change=st.decimals("-100", "100", places=3),
    price=st.decimals("1", "1000", places=2),
)
def test_a_trade_costs_its_cost_and_nothing_else(quantity: Decimal, change: Decimal, price: Decimal) -> None:
    own = book(str(quantity), "100")
    before = own.equity({BTC: price})

    own.trade(BTC, change, price, NOW)

    assert abs(own.equity({BTC: price}) - (before - abs(change) * price * COST)) < Decimal("1e-12")


def test_an_account_that_is_over_holds_nothing_and_trades_nothing() -> None:
    own = book("2", "100")

    own.end(NOW)
    own.trade(BTC, Decimal(1), Decimal(100), NOW)

    assert (own.cash, own.legs, own.over) == (0, {}, True)


def trading(held: str) -> Trading:
    legs = {BTC: Leg(Decimal(held), Decimal(100))} if Decimal(held) else {}
    return Trading("a", Book("USDT", COST, Decimal(1000), legs), {BTC: Decimal(4)})


def permit(mode: str, cap: float) -> SetPermit:
    return SetPermit("a/1", "a", mode, cap)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "mode", "cap", "then"),
    [
        ("0", "normal", 1.0, "4"),
        ("0", "normal", 0.25, "1"),
        ("1", "normal", 0.5, "2"),
        ("2", "normal", 0.5, "2"),  # has what the cap allows already
        ("4", "normal", 0.5, "4"),  # a cap is no order to sell
        ("1", "reduce_only", 0.0, "1"),
        ("0", "halt", 0.0, "0"),
    ],
)
def test_the_bot_buys_back_what_its_permit_allows(held: str, mode: str, cap: float, then: str) -> None:
    own = trading(held)
    own.perform(permit(mode, cap), NOW, 0)

    own.want(due_ms=100)
    own.want(due_ms=100)
    own.trade(100, {BTC: Decimal(100)}, NOW)

    leg = own.book.legs.get(BTC)
    assert (leg.quantity if leg else 0) == Decimal(then)


def test_a_permit_that_is_taken_back_stops_what_was_ordered_before() -> None:
    own = trading("0")
    own.want(due_ms=100)
    own.perform(permit("reduce_only", 0.0), NOW, 0)

    own.trade(100, {BTC: Decimal(100)}, NOW)

    assert own.book.legs == {}


def test_a_close_waits_for_its_open_and_never_turns_the_position() -> None:
    own = trading("4")
    order = CloseOrder("gdn-1", BTC, 0, -1, Decimal(9), None)

    assert own.perform(ClosePosition("a/1", "a", order), NOW, 100) is None
    assert not own.due(99)
    (report,) = own.trade(100, {BTC: Decimal(100)}, NOW)

    assert own.book.legs == {}
    assert report.effect_id == "a/1"
