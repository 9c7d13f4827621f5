"""M33, M37, broken hedges, foreign activity: who else is at work, and whether what is shown is true."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import MAXIMUM_MOVES
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.balance_discrepancy import discrepancies
from guardian.core.metrics.foreign_activity import strange_symbols
from guardian.core.metrics.hedge_imbalance import fold_moved, legs_before, legs_now
from guardian.core.model import AtLeast, Balance, Known, LedgerKind, Level, Measured, Part, Unknown, Verdict
from tests.core.build import BTC, ETH, Desk, at, money, order, position, read, row, rule, rung, stop, without
from tests.core.metrics.beside.stage import MINUTE, Stage, fill, past, quote

# --- balance discrepancy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "missing"), [("1019.8", None), ("1009.8", -10), ("1019.8000000003", None)]
)
def test_vector_a_ledger_explains_a_balance(reported: str, missing: int | None):
    explained = {"USDT": money(1000) + money(50) - money("0.2") - money(30)}

    found = discrepancies((Balance("USDT", Decimal(reported), Decimal(1)),), explained)

    assert found == ({} if missing is None else {"USDT": Decimal(missing)})


def halting() -> Desk:
    on = rule(rung(0.001, "halt", hold=10), id="m", metric="balance_discrepancy")
    return Desk(on).warm()


def held(second: float, cash: float, *rows: Any, **changes: Any) -> Any:
    return read(second, cash=cash, ledger=rows, **changes)


def test_a_balance_that_nobody_explains_halts_until_an_operator_has_looked():
    desk = halting()
    desk.see(held(0, 1019.8, row("1", 49.8, LedgerKind.TRADE), row("2", -30)))
    assert Known(0.0) == desk.account.rules[0].measured

    for second in range(1, 12):
        desk.see(held(second, 1009.8))
    assert desk.account.rules[0].measured == Known(pytest.approx(10 / 1019.8, rel=1e-3))
    assert Level.HALT is desk.level

    for second in range(12, 200):
        desk.see(held(second, 1019.8))
    assert Verdict.CLEAR is desk.account.rules[0].verdict
    assert Level.HALT is desk.level, "latched"
    desk.resume(200)
    assert Level.NORMAL is desk.level


def test_a_balance_that_stays_unexplained_is_accepted_by_an_operator_or_halts_again():
    desk = halting()
    for second in range(12):
        desk.see(held(second, 900))
    desk.resume(12)
    for second in range(13, 25):
        desk.see(held(second, 900))
    assert Level.HALT is desk.level

    desk.resume(25, "integrity")
    for second in range(26, 40):
        desk.see(held(second, 900))

    assert (Verdict.CLEAR, Level.NORMAL) == (desk.account.rules[0].verdict, desk.level)


def test_a_row_that_comes_late_heals_before_the_hold_is_over():
    desk = halting()
    for second in range(5):
        desk.see(held(second, 900))
    assert Verdict.PENDING is desk.account.rules[0].verdict

    for second in range(5, 30):
        desk.see(held(second, 900, *([row("1", -100)] if second == 5 else [])))

    assert (Verdict.CLEAR, Level.NORMAL) == (desk.account.rules[0].verdict, desk.level)


def test_two_errors_that_cancel_out_are_two():
    """100 fewer dollars and one more coin of 100: the total says nothing."""
    desk = Desk(rule(rung(0.1, "caution"), id="m", metric="balance_discrepancy"))
    for second in range(-5, 0):
        desk.see(read(second, cash=1000))
    balances = (Balance("USDT", Decimal(900), Decimal(1)), Balance("COIN", Decimal(1), Decimal(100)))
    seen = read(0, cash=1000)
    assert seen.wallet is not None
    desk.see(replace(seen, wallet=replace(seen.wallet, balances=balances)))

    assert desk.account.rules[0].measured == Known(pytest.approx(0.2))


@pytest.mark.parametrize("part", [Part.WALLET, Part.LEDGER])
def test_halves_of_different_reads_are_not_compared(part: Part):
    desk = halting()
    desk.see(without(held(0, 500, row("1", -100)), part))

    assert isinstance(desk.account.rules[0].measured, Unknown)


# --- prices -------------------------------------------------------------------------------------------


def priced(*quotes: Any, held: tuple[Any, ...] = (position(quantity=1),)) -> Measured:
    stage = Stage("price_deviation", *held)
    stage.shows(0, quotes, ())
    return stage.now(0)


@pytest.mark.parametrize(
    ("prices", "off"),
    [
        ({"index": 100, "other": 100}, 0.0),
        ({"index": 99, "other": 100}, 1 / 99),
        ({"index": 100, "other": 125}, 0.2),
        ({"other": 80}, 0.25),
    ],
)
def test_the_farther_of_index_and_another_venue(prices: dict[str, float], off: float):
    assert priced(quote(BTC, 100, **prices)) == Known(pytest.approx(off))


def test_a_mark_that_nothing_confirms_never_clears():
    alone = priced(quote(BTC, 100))
    partly = priced(quote(BTC, 100, index=99), quote(ETH, 10), held=(position(), position(ETH, 1)))

    assert isinstance(alone, Unknown)
    assert isinstance(partly, AtLeast)
    assert isinstance(priced(quote(BTC, 100, index=99), held=(position(), position(ETH, 1))), AtLeast)


def test_a_second_venue_that_was_asked_and_is_silent_never_clears():
    silent = quote(BTC, 100, index=99, other_venue="kraken")

    got = priced(silent)

    assert isinstance(got, AtLeast)
    assert (got.value, got.why) == (pytest.approx(1 / 99), f"no price of {BTC} from kraken")
    assert isinstance(priced(quote(BTC, 100, other_venue="kraken")), Unknown)


def test_prices_of_what_is_not_held_count_only_where_nothing_is():
    far = quote(ETH, 10, index=20)

    assert Known(0.0) == priced(quote(BTC, 100, index=100), far)
    assert Known(0.5) == priced(quote(BTC, 100, index=100), far, held=())


def test_a_feed_that_lies_is_integrity_and_a_broken_hedge_is_exposure():
    families = {
        name: BY_NAME[name].family for name in ("price_deviation", "foreign_activity", "hedge_imbalance")
    }

    assert families == {
        "price_deviation": "integrity",
        "foreign_activity": "integrity",
        "hedge_imbalance": "exposure",
    }


# --- hedges -------------------------------------------------------------------------------------------

LONG, SHORT = position(quantity=5, index=1), position(quantity=-5, index=2)


def hedge(*left: Any, fills: tuple[Any, ...] = (), **changes: Any) -> Measured:
    """Five long and five short, of which these are left."""
    stage = Stage("hedge_imbalance", LONG, SHORT, window=MINUTE, **changes).watched()
    stage.did(0, fills=fills)
    stage.positions = left
    return stage.now(0)


@pytest.mark.parametrize("cause", ["liquidation", "adl", "trade"])
def test_a_leg_that_vanishes_leaves_its_partner_bare(cause: str):
    gone = fill("1", -10, 5, 100, closed=5, cause=cause)

    assert hedge(LONG, fills=(gone,)) == Known(pytest.approx(0.5))


def test_a_hedge_that_stands_and_one_that_was_closed_whole_are_none():
    both = (fill("1", -10, 5, 100, closed=5), fill("2", -9, -5, 100, closed=5))

    assert Known(0.0) == hedge(LONG, SHORT)
    assert Known(0.0) == hedge(fills=both)


def test_a_position_that_was_never_hedged_is_no_broken_hedge():
    assert Known(0.0) == hedge(LONG, fills=(fill("1", -10, 5, 100),))


def test_a_leg_that_was_cut_in_two():
    left = replace(SHORT, quantity=Decimal(-2))

    assert hedge(LONG, left, fills=(fill("1", -10, 3, 100, closed=3),)) == Known(pytest.approx(0.3))


def test_legs_in_two_symbols_and_a_spot_holding_hedge_each_other():
    """A coin held, its future shorted, and the future is liquidated."""
    coin = Balance("BTC", Decimal(5), Decimal(100))
    seen = read(0)
    assert seen.wallet is not None
    wallet = replace(seen.wallet, balances=(*seen.wallet.balances, coin))
    now = legs_now((), wallet, "USDT")

    before = legs_before(now, (fill("1", 0, 5, 100, closed=5, cause="liquidation"),))

    assert (before["BTC"].hedged, now["BTC"].hedged, now["BTC"].net) == (True, False, Decimal(5))


def carried_off(kind: LedgerKind, second: float) -> float:
    """Five coins held and five short; then the coins leave, and no fill says so."""
    short = position(quantity=-5)
    stage = Stage("hedge_imbalance", short, window=MINUTE).watched()
    gone = replace(row("out", -5, kind, "BTC"), at=at(second))
    seen = read(-1, (short,), ledger=(gone,))
    stage.see(seen)
    stage.did(0)
    got = stage.now(0)
    assert not isinstance(got, Unknown)
    return got.value


@pytest.mark.parametrize("kind", [LedgerKind.FLOW, LedgerKind.OTHER])
def test_a_leg_that_is_withdrawn_or_converted_leaves_its_partner_bare(kind: LedgerKind):
    assert carried_off(kind, -2) > 0.3
    assert 0 == carried_off(kind, -120), "before the window"
    assert 0 == carried_off(LedgerKind.TRADE, -2), "a fill tells of that"


def test_coins_that_moved_are_remembered_once_for_a_day_and_bounded():
    out = [replace(row(f"{n:03}", -1, currency="BTC"), at=at(n)) for n in range(MAXIMUM_MOVES + 9)]
    cash = row("cash", -1)

    some = fold_moved((), read(0, ledger=(cash, *out[:3])), "USDT")
    again = fold_moved(some, read(1, ledger=tuple(out[1:3])), "USDT")
    many = fold_moved(again, read(2, ledger=tuple(out)), "USDT")

    assert some == again == tuple(out[:3])
    assert many == tuple(out[9:])
    assert fold_moved(many, read(3), "USDT") is many
    assert () == fold_moved(many, read(26 * 3600), "USDT")


LEG = st.integers(0, 20)


@given(
    LEG,
    LEG,
    st.lists(st.tuples(st.sampled_from(["open", "close"]), st.sampled_from([1, -1]), LEG), max_size=8),
)
def test_fills_undone_give_what_was_there(long: int, short: int, deeds: list[tuple[str, int, int]]):
    legs, fills = {1: long, -1: short}, []
    for n, (what, leg, size) in enumerate(deeds):
        size = size if what == "open" else min(size, legs[leg])
        if size:
            legs[leg] += size if what == "open" else -size
            side = leg if what == "open" else -leg
            fills.append(fill(str(n), n, side * size, 100, closed=size if what == "close" else 0))
    now = legs_now((position(quantity=legs[1], index=1), position(quantity=-legs[-1], index=2)), None, "USDT")

    before = legs_before(now, tuple(fills))

    assert (before["BTC"].long, before["BTC"].short) == (long, short)


# --- foreign activity -----------------------------------------------------------------------------------


def strangers(fills: Any = (), orders: Any = (), resting: Any = (), **changes: Any) -> Measured:
    stage = Stage("foreign_activity", *changes.pop("held", ()), window=MINUTE, **changes).watched()
    stage.did(0, fills=fills, orders=orders)
    return stage.now(0, *resting)


def test_what_the_bot_and_guardian_did_is_nobody_else_s():
    fills = (fill("1", -1, 1), fill("2", -1, -1, client_id="gdn-1-2"))

    assert Known(0.0) == strangers(fills, (past("1", -1),), (order("2"),))


def test_each_foreign_order_counts_once_whatever_became_of_it():
    strange = {"client_id": "hand"}
    fills = tuple(fill(str(n), -1, 1, order_id="7", **strange) for n in range(3))
    rows = (past("7", -2, -1, **strange), past("8", -2, -1, client_id=""), past("9", -200, **strange))

    assert Known(3.0) == strangers(fills, rows, (order("10", **strange),))


def test_what_the_venue_closed_is_nobody_s_order():
    assert Known(0.0) == strangers((fill("1", -1, -1, client_id="", cause="liquidation"),))


def test_a_stop_that_is_attached_to_a_position_has_no_name():
    assert Known(0.0) == strangers(resting=(stop(client_id=""),))
    assert Known(1.0) == strangers(resting=(stop(client_id="hand"),))
    assert Known(1.0) == strangers(resting=(order(client_id=""),))


@pytest.mark.parametrize("origin", ["attached", "liquidation", "adl", "delivery"])
@pytest.mark.parametrize("status", ["filled", "cancelled", "partly"])
def test_what_the_venue_placed_stays_nobody_s_when_it_is_over(origin: str, status: str):
    theirs = {"client_id": "", "origin": origin}
    ended = past("7", -30, -1, status, reduce_only=True, **theirs)

    assert Known(0.0) == strangers((fill("1", -1, -1, order_id="7", **theirs),), (ended,))
    assert Known(1.0) == strangers((), (replace(ended, client_id="hand"),)), "a name is somebody's"
    assert Known(1.0) == strangers((), (replace(ended, origin=""),))


@pytest.mark.parametrize("cause", ["BlockTrade", "MovePosition", "SomethingOfNextYear"])
def test_what_the_venue_did_not_force_is_somebody_s(cause: str):
    two = tuple(fill(str(n), -1, 1, client_id="", order_id="", cause=cause) for n in range(2))

    assert Known(2.0) == strangers(two), "without an order's id each is one"


@pytest.mark.parametrize(
    ("allowed", "strange"),
    [("", set()), ("BTC", {ETH}), ("BTC,ETH", set()), (f"{BTC}", {ETH}), ("SOL", {BTC, ETH})],
)
def test_symbols_by_whole_name_or_asset(allowed: str, strange: set[str]):
    assert strange == strange_symbols({BTC, ETH}, allowed)


def test_a_symbol_that_is_not_allowed_counts_whoever_holds_it():
    assert Known(1.0) == strangers(held=(position(ETH, 1),), of="BTC")
    assert Known(1.0) == strangers((fill("1", -1, 1, symbol=ETH),), of="BTC")


def test_without_prefixes_only_symbols_can_be_judged():
    assert isinstance(strangers(order_prefixes=()), Unknown)
    assert strangers(held=(position(ETH, 1),), of="BTC", order_prefixes=()) == AtLeast(
        1.0, "no bot.order_prefix: orders are not told apart"
    )


def test_half_an_answer_is_none():
    stage = Stage("foreign_activity", window=MINUTE)
    stage.did(0, fills=(), orders=None)

    assert isinstance(stage.now(0), Unknown)
