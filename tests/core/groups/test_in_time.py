"""Accounts are read at different moments: what only some of them show is neither a loss nor a peak."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.core.events import Tick
from guardian.core.metrics import subjects
from guardian.core.model import AtLeast, Balance, Level, OnUnknown, Part, Rule, Snapshot, Unknown, Verdict
from tests.core.build import ETH, SLIDING_HOUR, at, money, position, read, rule, rung, wallet, without
from tests.core.groups.office import GROUP, Office, fallen

ALL_AT_ONCE = rule(
    rung(0.05, "reduce", to=0), rung(0.1, "flatten"), id="all", window=SLIDING_HOUR, scope="portfolio"
)


def leg(side: int, second: float, mark: float) -> Snapshot:
    """One half of a hedge: what one account wins the other loses."""
    return read(second, (position(quantity=side, mark=mark, entry=1000),), cash=1000)


def hedged(*rules: Rule) -> Office:
    office = Office(rules or (ALL_AT_ONCE,), "a", "b")
    for second in range(-10, 0):
        office.see("a", leg(1, second, 1000))
        office.see("b", leg(-1, second + 0.5, 1000))
    return office


@pytest.mark.parametrize("mark", [500, 1500], ids=["fall", "rise"])
@pytest.mark.parametrize("first", ["a", "b"])
def test_half_of_a_hedge_read_first_is_no_loss_of_both(mark: float, first: str):
    """Neither as a loss until the other is read, nor as a peak that was never there."""
    office, sides = hedged(), {"a": 1, "b": -1}
    order = sorted(sides, key=lambda name: name != first)

    for second in range(40):
        for i, name in enumerate(order):
            office.see(name, leg(sides[name], second + i * 0.5, mark))
            office.send(Tick(at(second + i * 0.5 + 0.4)))

    assert {"a": "NORMAL", "b": "NORMAL"} == office.levels


def test_a_member_that_is_slow_but_still_seen_makes_no_loss_of_a_hedge():
    office = hedged()

    for second in range(4):
        office.see("a", leg(1, second, 800))
        office.send(Tick(at(second + 0.5)))
    office.see("b", leg(-1, 4, 800))

    assert {"a": "NORMAL", "b": "NORMAL"} == office.levels


def test_half_of_a_hedge_is_no_proof_however_long_a_rule_trusts_old_reads():
    """The other half is not seen: what this one shows may halt, and closes nothing for good."""
    patient = replace(ALL_AT_ONCE, stale_after_seconds=300.0, ladder=(rung(0.1, "flatten"),))
    office = hedged(patient)

    for second in range(90):
        office.see("a", leg(1, second, 800))

    assert Level[office.levels["a"]] < Level.FLATTEN


def test_a_loss_of_the_last_read_before_a_member_went_blind_counts():
    office = Office((GROUP,), "a", "b").warm(("a", 1000), ("b", 1000))

    office.see("a", fallen(0, 1000, 400))
    for second in range(1, 15):
        office.see("b", read(second, (position(mark=1000),), cash=1000))

    own = office.account("b").rule("all")
    assert own is not None
    assert AtLeast(pytest.approx(0.3), "not seen for 5 s: a") == own.measured
    assert "HALT" == office.levels["b"]


def in_coins(second: float, price: float) -> Snapshot:
    """A coin as collateral, and a position in another one."""
    worth = money(price)
    coins = replace(wallet(worth, 0), balances=(Balance("BTC", money(1), worth),))
    return read(second, (position(ETH, 1, 1000, entry=1000),), wallet=coins)


def test_a_member_whose_value_is_stuck_is_not_seen():
    """Wallet and positions come in turn, never together: its equity is as old as the last whole read."""
    office = Office((GROUP,), "a", "b")
    for second in range(-10, 0):
        office.see("a", in_coins(second, 1000))
        office.see("b", read(second, (position(mark=1000),), cash=1000))

    for second in range(20):
        office.see("a", without(in_coins(second, 600), (Part.WALLET, Part.POSITIONS)[second % 2]))
        office.see("b", read(second + 0.5, (position(mark=1000),), cash=1000))

    own = office.account("b").rule("all")
    assert own is not None
    assert isinstance(own.measured, AtLeast)
    assert "not seen for 5 s: a" == own.measured.why


def test_a_member_that_was_never_read_is_blindness_and_no_beginning():
    blind = replace(GROUP, on_unknown=OnUnknown.HALT)
    office = Office((blind,), "a", "b")

    for second in range(30):
        office.see("a", read(second, (position(mark=1000),), cash=1000))

    assert "HALT" == office.levels["a"]


def test_a_wallet_that_one_read_lacks_beside_a_disputed_account_is_no_blindness():
    """Every wallet was read a second ago; that one of them is disputed halts nobody else."""
    office = Office((replace(GROUP, on_unknown=OnUnknown.HALT),), "a", "b").warm(("a", 1000), ("b", 1000))
    for second in range(30):
        office.see("a", read(second, (position(mark=1000),), cash=500))
        office.see("b", read(second + 0.1, (position(mark=1000),), cash=1000))

    office.see("b", without(read(30.1, (position(mark=1000),), cash=1000), Part.WALLET, Part.LEDGER))

    assert {"a": "NORMAL", "b": "NORMAL"} == office.levels


def test_a_defect_in_merging_a_group_blinds_that_rule_only(monkeypatch: pytest.MonkeyPatch):
    office = Office((GROUP, replace(rule(rung(0.05, "halt")), id="own")), "a", "b")
    office.warm(("a", 1000), ("b", 1000))
    monkeypatch.setattr(subjects, "merged", lambda *given: 1 / 0)

    office.see("a", fallen(0, 1000, 900))

    broken, own = office.account("a").rule("all"), office.account("a").rule("own")
    assert broken is not None
    assert own is not None
    assert Unknown("the metric failed: ZeroDivisionError") == broken.measured
    assert Verdict.BREACHED is own.verdict


def test_a_loss_that_every_member_has_been_read_in_acts():
    office = Office((ALL_AT_ONCE,), "a", "b").warm(("a", 1000), ("b", 1000))

    for second in range(4):
        office.see("a", fallen(second, 1000, 700))
        office.see("b", fallen(second + 0.5, 1000, 700))

    assert {"a": "FLATTEN", "b": "FLATTEN"} == office.levels
