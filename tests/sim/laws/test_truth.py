"""What the checkers hold guardian against must itself be so."""

from __future__ import annotations

from decimal import Decimal

from guardian.sim.checkers.checker import Checker
from guardian.sim.checkers.truth import held_by_asset
from tests.sim.laws.theatre import Theatre


def test_dollar_coins_are_no_asset() -> None:
    """They are collateral at one dollar; counted as held, they excused a close that no limit demanded."""
    stand = Theatre(Checker).stand
    before = held_by_asset(stand)

    stand.books.balances["USDC"] = Decimal(5000)
    stand.books.balances["USD"] = Decimal(10)

    assert before == held_by_asset(stand)
    assert before
