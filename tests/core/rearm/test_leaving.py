"""leaving.py: what is told of how a level ends is how it ends."""

from __future__ import annotations

from guardian.core.model import Level
from guardian.runtime.control.leaving import leaves
from tests.core.build import BTC, Desk, position, read, rule, rung


def test_a_caution_by_an_operator_does_not_end_by_itself():
    desk = Desk(rule(rung(0.05, "caution"), id="dd")).warm()
    desk.demand(0, "caution")
    desk.see(read(300))
    told = leaves(desk.account, desk.state.rules, desk.state.now)

    assert Level.CAUTION is desk.level
    assert told is not None
    assert "operator" == told["by"]


def test_a_caution_that_another_rule_holds_names_it():
    """The loss has been over for minutes; the leverage is past its limit."""
    desk = Desk(rule(rung(0.05, "caution"), id="dd"), rule(rung(2.0, "caution"), id="lev", metric="leverage"))
    desk.warm(position(BTC, 10))
    for second in range(5):
        desk.see(read(second, (position(BTC, 10, 94, entry=100),)))
    for second in range(5, 200):
        desk.see(read(second, (position(BTC, 30),)))
    told = leaves(desk.account, desk.state.rules, desk.state.now)

    assert told is not None
    assert ["lev to be within its limits"] == [line for line in told["waits_for"] if "lev" in line]
