"""Parts of one account: what a rule of scope symbol or cluster looks at."""

from __future__ import annotations

from typing import Any

import pytest

from guardian.core.metrics.exposure import GROSS
from guardian.core.metrics.metric import View
from guardian.core.metrics.slices import slices
from guardian.core.model import Known
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import BTC, ETH, Desk, at, position, read, rule, rung

SOL = "SOL/USDT:USDT"


def holding(*legs: Any) -> AccountState:
    desk = Desk().warm()
    desk.see(read(0, legs))
    return desk.account


BOOK = holding(position(BTC, 1, 1000), position(ETH, -5, 100), position(SOL, 20, 10))


def by_slice(scope: str, *only: str) -> dict[str, float]:
    own = rule(rung(1.0, "halt"), metric="gross_exposure", scope=scope, only=only)
    found = {}
    for symbols, part in slices(BOOK, own):
        measured = GROSS.measure(View(part, own, blank(own), at(0)))
        assert isinstance(measured, Known)
        found["+".join(s.split("/")[0] for s in symbols)] = round(measured.value, 6)
    return found


def test_each_symbol_is_a_multiple_of_the_equity_of_the_whole_account():
    assert {"BTC": 1.0, "ETH": 0.5, "SOL": 0.2} == by_slice("symbol")


@pytest.mark.parametrize("name", ["ETH", ETH])
def test_a_rule_may_name_its_symbols_by_market_or_by_asset(name: str):
    assert {"ETH": 0.5} == by_slice("symbol", name)


def test_without_known_correlations_everything_is_one_cluster():
    assert {"BTC+ETH+SOL": 1.7} == by_slice("cluster")


def test_without_positions_there_is_no_slice():
    own = rule(rung(1.0, "halt"), metric="gross_exposure", scope="symbol")

    assert () == slices(holding(), own)
