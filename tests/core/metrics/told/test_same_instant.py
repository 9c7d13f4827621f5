"""Of events that share one instant it makes no difference which came first: all metrics measure the same.

Left out is what an order does tell, and docs/metrics.md says so: a quote that is told before a flow prices
what is no position, and one account's flow that is told before another account's read weighs in their NAV.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guardian.core.events import Event, SnapshotTaken, Tick
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_READINGS
from guardian.core.metrics.group import GROUPS
from guardian.core.model import AtLeast, LedgerKind, Part
from guardian.core.state import AccountState, State
from tests.core.build import BTC, ETH, at
from tests.core.metrics.beside.stage import MINUTE, Stage
from tests.core.metrics.told.story import KINDS, MAIN, MOMENTS, SUB, Moment, begun, told_in

REMEMBERED = ("nav", "api", "correlations", "lots", "markets", "doings", "returns")
Found = dict[tuple[str, str], Any]


def known(state: State) -> Found:
    """What every rule measured, and all that is remembered after the instant is over."""
    return {
        (account.policy.name, name): value
        for account in state.accounts
        for name, value in _of(account).items()
    }


def _of(account: AccountState) -> dict[str, Any]:
    measured: dict[str, Any] = {own.rule_id: own.measured for own in account.rules}
    course, heat = replace(account.course, answer=None), account.heat
    remembered = {name: getattr(account, name) for name in REMEMBERED}
    told = {"course": course, "stack": account.stack, "heat": heat and replace(heat, looked=None)}
    return measured | {"overheat": account.overheat} | remembered | told


def differences(one: State, other: State, flowed: bool) -> Found:
    mine, theirs = known(one), known(other)
    left_out = tuple(GROUPS) if flowed else ()
    return {
        key: (mine[key], theirs[key])
        for key in mine
        if not key[1].endswith(left_out) and not same(key[1], mine[key], theirs[key])
    }


def same(rule_id: str, one: Any, other: Any) -> bool:
    """To the bit; the NAV of a group but for its last digits, for it is chained from look to look."""
    if type(one) is type(other) and rule_id.endswith(tuple(GROUPS)) and hasattr(one, "value"):
        close = math.isclose(one.value, other.value, rel_tol=1e-9, abs_tol=1e-12)
        return close and (not isinstance(one, AtLeast) or one.why == other.why)
    return bool(one == other)


def tells_of_a_flow(events: dict[str, Event]) -> bool:
    reads = [event.snapshot for event in events.values() if isinstance(event, SnapshotTaken)]
    return any(row.kind is LedgerKind.FLOW for read in reads for row in read.ledger or ())


def in_order(events: dict[str, Event], kinds: list[str]) -> list[Event]:
    """By these kinds; a look at the market stays first where a read tells of a flow."""
    if tells_of_a_flow(events):
        kinds = ["market", *(kind for kind in kinds if kind != "market")]
    return [events[kind] for kind in kinds if kind in events]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(MOMENTS, min_size=1, max_size=5))
@example([Moment(gap=1, kinds=["did", "read", "did sub", "read sub"], btc=-0.02)])
@example([Moment(gap=1800, kinds=["did", "read"], btc=-0.02, trades=[(MAIN, BTC, "ft-", 2)])])
@example([Moment(gap=1, kinds=["told", "read"], btc=-0.02, paper=0.03, master=12)])
@example([Moment(gap=1, kinds=["told too", "told", "read"], btc=-0.02, master=12)])
@example([Moment(gap=7, kinds=["keys", "market", "read"], trades=[(MAIN, ETH, "gdn-", -6)])])
@example([Moment(gap=7, kinds=["did", "market", "read"], failed=[Part.POSITIONS], btc=-0.02)])
@example([Moment(gap=7, kinds=["read sub", "read", "did"], flows=[(SUB, -200)], btc=-0.02)])
@example([Moment(gap=300, kinds=["told too", "told"]), Moment(gap=1, kinds=["told", "told too"])])
def test_no_order_of_one_instant_changes_a_measurement(story: list[Moment]) -> None:
    one, world = begun()
    other, flowed = one, False
    for moment in story:
        events = world.moment(moment)
        flowed = flowed or tells_of_a_flow(events)
        one = told_in(one, in_order(events, list(KINDS)))
        other = told_in(other, in_order(events, list(moment.kinds)))
        for later in (0.0, 0.25):
            look = Tick(at(world.second + later))
            one, other = told_in(one, [look]), told_in(other, [look])
            assert {} == differences(one, other, flowed), moment


@pytest.mark.parametrize("first", [3, 9])
def test_at_the_bound_the_order_of_two_messages_changes_nothing(first: float):
    """The larger of one instant counts: that the smaller was the newest for a moment forgets no other."""
    stage = Stage("queue_growth", of="queue", window=MINUTE)
    for n in range(MAXIMUM_READINGS):
        stage.gauge(10 * n, 5)
    last = 10 * MAXIMUM_READINGS - 1
    stage.gauge(last, first)
    stage.gauge(last, 12 - first)

    kept = stage.account.stack.gauges[0][1]
    assert (MAXIMUM_READINGS, at(0), 9) == (len(kept), kept[0].at, kept[-1].value)
