"""M07: a sub-account that one strategy has to itself, and that names no prefix, is that strategy."""

from __future__ import annotations

import pytest

from guardian.core.model import AtLeast, Known
from tests.core.build import BTC, ETH, rung
from tests.core.metrics.beside.stage import fill
from tests.core.metrics.beside.test_strategies import HELD, LOSING, SOL, UNWATCHED, each_strategy

WHOLE = (
    fill("1", -20, 2, 100, client_id="a"),
    fill("2", -20, 50, 10, symbol=ETH, client_id="hand"),
    fill("3", -10, -20, 5, symbol=SOL, client_id=""),
)


@pytest.mark.parametrize("only", [(), ("main",)])
def test_an_account_without_prefixes_is_one_strategy_by_its_own_name(only: tuple[str, ...]):
    """A sub-account that one strategy has to itself: 2 and 50 of 1000 are lost, whoever placed the orders."""
    stage = each_strategy(rung(0.04, "caution"), only=only, order_prefixes=())
    stage.positions = HELD
    stage.did(0, fills=WHOLE)

    assert stage.now(0) == AtLeast(pytest.approx(0.052), UNWATCHED)
    assert {BTC, ETH, SOL} == {symbol for symbol, _ in stage.account.rules[0].fault}


def test_an_account_without_prefixes_keeps_what_its_stops_and_liquidations_closed():
    """Nobody else can be meant: the loss of a close by nobody is the strategy's."""
    stage = each_strategy(order_prefixes=())
    stage.did(0, fills=(fill("1", -20, 2, 100), fill("2", -10, -2, 80, closed=2, client_id="")))

    assert stage.now(0) == AtLeast(pytest.approx(0.04), UNWATCHED)


def test_an_account_whose_prefixes_tell_strategies_apart_is_none_itself():
    stage = each_strategy(only=("main",))
    stage.positions = HELD
    stage.did(0, fills=LOSING)

    assert stage.now(0) == Known(0.0), "no order's id begins with its name"
