"""Rules wider and narrower than one account: groups act on each member, symbols only on themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.breaker import permit_of
from guardian.core.events import Tick
from guardian.core.model import (
    AtLeast,
    Known,
    Level,
)
from tests.core.build import (
    BTC,
    ETH,
    Desk,
    at,
    kinds,
    order,
    position,
    read,
    rule,
    rung,
)
from tests.core.groups.office import GROUP, Office, fallen

# --- groups -------------------------------------------------------------------------------------------


def test_a_portfolio_that_loses_halts_each_of_its_accounts():
    office = Office((GROUP,), "a", "b").warm(("a", 1000), ("b", 1000))

    office.see("a", fallen(0, 1000, 880))
    office.see("b", read(0.5, (position(mark=1000),), cash=1000))
    office.see("a", fallen(1, 1000, 880))
    assert {"a": "HALT", "b": "NORMAL"} == office.levels  # each account judges for itself, at its own read

    office.see("b", read(1.5, (position(mark=1000),), cash=1000))
    assert {"a": "HALT", "b": "HALT"} == office.levels


def test_an_account_whose_loss_the_others_make_up_for_is_left_alone():
    office = Office((GROUP,), "a", "b").warm(("a", 1000), ("b", 9000))

    office.see("a", fallen(0, 1000, 880))
    office.see("b", read(0.5, (position(mark=1000),), cash=9000))

    assert {"a": "NORMAL", "b": "NORMAL"} == office.levels


def test_a_blind_member_leaves_what_is_proven_and_nothing_is_flattened_for_it():
    office = Office((GROUP,), "a", "b").warm(("a", 1000), ("b", 1000))

    for second in range(24):
        office.see("a", fallen(second, 1000, 750 if second > 14 else 1000))

    own = office.account("a").rule("all")
    assert own is not None
    assert AtLeast(pytest.approx(0.125), "not seen for 5 s: b") == own.measured
    assert "HALT" == office.levels["a"]


def test_a_group_that_everybody_has_seen_is_flattened():
    office = Office((GROUP,), "a", "b").warm(("a", 1000), ("b", 1000))

    for second in range(3):
        office.see("a", fallen(second, 1000, 750))
        office.see("b", read(second + 0.5, (position(mark=1000),), cash=1000))

    assert {"a": "FLATTEN", "b": "FLATTEN"} == office.levels


def test_the_slow_account_of_a_group_delays_no_other():
    """A member that is not read any more is waited for while it counts as seen; then the others go on."""
    office = Office((GROUP,), "a", "b").warm(("a", 1000), ("b", 1000))

    levels = []
    for second in range(14):
        office.see("a", fallen(second, 1000, 800))
        levels.append(office.levels["a"])

    assert "NORMAL" == levels[3]
    assert "HALT" == levels[-1]


def test_a_mandate_is_judged_apart_from_other_clients_money():
    own = replace(GROUP, scope="mandate")
    changes = {"a": {"mandate": "x"}, "b": {"mandate": "y"}, "c": {}}
    office = Office((own,), "a", "b", "c", **changes).warm(("a", 1000), ("b", 1000), ("c", 1000))

    office.see("a", fallen(0, 1000, 930))
    office.send(Tick(at(1)))

    assert {"a": "HALT", "b": "NORMAL", "c": "NORMAL"} == office.levels
    assert () == office.account("c").rules  # without a mandate nobody's


def test_a_rule_that_names_accounts_concerns_no_other():
    own = rule(rung(0.02, "halt"), id="r", only=("a",))
    office = Office((own,), "a", "b").warm(("a", 1000), ("b", 1000))

    for name in ("a", "b"):
        office.see(name, fallen(0, 1000, 900))

    assert {"a": "HALT", "b": "NORMAL"} == office.levels


# --- symbols ------------------------------------------------------------------------------------------

LADDER = (rung(0.5, "caution"), rung(1.0, "halt"), rung(1.5, "reduce", to=0.5))
SYMBOL = rule(*LADDER, id="size", metric="gross_exposure", scope="symbol")


def book(desk: Desk, second: float, btc: float, eth: float, **changes: Any) -> None:
    legs = (position(BTC, btc, 1000), position(ETH, eth, 100))
    desk.see(read(second, legs, **changes))


def symbols() -> Desk:
    return Desk(SYMBOL).warm(position(BTC, "0.1", 1000), position(ETH, 1, 100))


def test_a_symbol_past_its_limit_halts_that_symbol_only():
    desk = symbols()
    book(desk, 0, 1.2, 1)

    assert Level.HALT is desk.level
    assert (BTC,) == desk.incident.only
    assert ("normal", 0.5, (BTC,)) == permit_of(desk.account)
    permits = kinds(desk.effects, "permit")
    assert ("normal", 0.5, (BTC,)) == (permits[-1].mode, permits[-1].size_cap, permits[-1].symbols)
    assert [] == kinds(desk.effects, "halt_bot")


def test_only_orders_of_the_halted_symbol_are_cancelled():
    desk = symbols()
    orders = (order(id="b", symbol=BTC), order(id="e", symbol=ETH))
    book(desk, 0, 1.2, 1, orders=orders)

    assert ["b"] == [cancel.order_id for cancel in kinds(desk.effects, "cancel_order")]


def test_a_symbol_is_reduced_and_the_others_are_not_touched():
    desk = symbols()
    book(desk, 0, 1.6, 3)

    closes = kinds(desk.effects, "close_position")
    assert Level.REDUCE is desk.level
    assert [(BTC, 0.8)] == [(close.order.symbol, float(close.order.quantity)) for close in closes]


def test_a_second_symbol_joins_and_each_goes_to_its_own_goal():
    desk = symbols()
    book(desk, 0, 1.6, 1)
    book(desk, 1, 0.8, 11)

    assert Level.REDUCE is desk.level
    assert (BTC, ETH) == desk.incident.only
    assert ((BTC, 0.5),) == desk.incident.goals  # ETH is halted, and not reduced

    book(desk, 2, 0.8, 16)
    assert ((BTC, 0.5), (ETH, 0.5)) == desk.incident.goals


def test_a_symbol_past_a_lower_rung_is_halted_while_another_is_reduced():
    """Its new risk does not wait until the worst symbol has been dealt with."""
    desk = symbols()
    book(desk, 0, 1.6, 11)

    assert Level.REDUCE is desk.level
    assert (BTC, ETH) == desk.incident.only
    assert ((BTC, 0.5),) == desk.incident.goals


def test_a_symbol_that_goes_to_nothing_is_not_let_off_when_another_goes_to_half():
    deep = rule(*LADDER, rung(2.0, "reduce", to=0.0), id="size", metric="gross_exposure", scope="symbol")
    desk = Desk(deep).warm(position(BTC, "0.1", 1000), position(ETH, 1, 100))
    book(desk, 0, 2.1, 1)
    book(desk, 1, 1.6, 16)

    assert ((BTC, 0.0), (ETH, 0.5)) == desk.incident.goals


def test_a_halt_of_the_account_is_wider_than_one_of_a_symbol():
    desk = symbols()
    book(desk, 0, 1.6, 1)
    desk.demand(1, "halt")

    assert Level.REDUCE is desk.level
    assert () == desk.incident.only
    assert ("reduce_only", 0.0, ()) == permit_of(desk.account)
    assert 1 == len(kinds(desk.effects, "halt_bot"))


def test_a_symbols_halt_does_not_narrow_one_of_the_account():
    desk = symbols()
    desk.demand(0, "halt")
    book(desk, 1, 1.2, 1)

    assert () == desk.incident.only
    assert "reduce_only" == permit_of(desk.account)[0]


def test_a_bot_that_ignores_a_symbols_halt_is_halted_as_a_whole_and_then_flattened():
    desk = symbols()
    levels = []
    for second in range(40):
        book(desk, second, 1.1 + second / 200, 1, cash=1000 - second / 1000)
        levels.append((desk.level, desk.incident.only))

    assert (Level.HALT, (BTC,)) == levels[9]
    assert (Level.HALT, ()) == levels[13]
    assert Level.FLATTEN is levels[-1][0]


def test_the_worst_symbol_is_the_value_and_known_only_when_all_are():
    desk = symbols()
    book(desk, 0, 0.3, 4)
    own = desk.account.rule("size")

    assert own is not None
    assert Known(pytest.approx(0.4)) == own.measured
    assert () == own.fault
