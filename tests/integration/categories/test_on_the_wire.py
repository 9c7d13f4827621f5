"""Inverse contracts are flattened with the rest, and nobody is told flat while an option is held."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.troupe import ACCOUNT, Desk, Venue

pytestmark = pytest.mark.process

FLATTEN = ("flatten", ACCOUNT, "--confirm", ACCOUNT, "--reason", "test", "--json")
OPTION = "BTC-27MAR26-70000-C"
HELD = {"symbol": OPTION, "side": "Buy", "size": "0.1", "positionIdx": 0}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, Venue("--seed", "11"))
    made.write_keys()
    made.configure(more="    flatten: {deadline: 10s}\n")
    text = made.config.read_text()
    made.config.write_text(text.replace("{snapshot: 200ms}", "{snapshot: 200ms, activity: 1s}"))
    yield made
    made.close()
    made.venue.close()


def sell_inverse(desk: Desk, dollars: str = "4000") -> str:
    """The bot's order; its id. What an account holds in dollars is collateral of any contract."""
    desk.venue.ask("POST", "/_sim/inverse", {"base": "BTC"})
    order = {"category": "inverse", "symbol": "BTCUSD", "side": "Sell", "orderType": "Market", "qty": dollars}
    answer = desk.venue.signed("bot", "POST", "/v5/order/create", order)
    assert answer["retCode"] == 0, answer
    return str(answer["result"]["orderId"])


def positions(desk: Desk) -> dict[str, Decimal]:
    return {symbol: size for symbol, size in desk.venue.sizes().items() if size}


def archived(desk: Desk, order_id: str) -> list[tuple[str, str, int]]:
    with sqlite3.connect(desk.root / "state" / "journal.db") as books:
        return books.execute(
            "SELECT symbol, quantity, inverse FROM fills WHERE order_id = ?", (order_id,)
        ).fetchall()


def test_an_inverse_position_is_closed_and_its_fill_lands_once(desk: Desk) -> None:
    desk.run()
    desk.warm()
    desk.until(lambda: desk.account()["activity"]["fills_age_s"] is not None, what="fills are watched")
    order_id = sell_inverse(desk)
    # A run begins with these lists, which it then looks at once a minute only.
    desk.stop()
    desk.run()
    desk.until(lambda: archived(desk, order_id) != [], what="the fill is in the archive")

    flat = desk.cli(*FLATTEN)

    assert flat.code == 0, flat.out
    assert positions(desk) == {}
    assert desk.venue.books()["sign_flips"] == 0
    ((symbol, quantity, inverse),) = archived(desk, order_id)
    assert (symbol, Decimal(quantity), inverse) == ("BTC/USD:BTC", 4000, 1)


def test_nothing_is_called_flat_while_an_option_is_held(desk: Desk) -> None:
    """What can be closed is closed, also what was opened beside the option; and a person is told why."""
    desk.run()
    desk.warm()
    listed = {"effect": "replace", "match": r"position/list\?category=option", "values": {"/list": [HELD]}}
    desk.venue.fault(**listed)
    sell_inverse(desk)
    desk.until(lambda: "BTC/USD:BTC" in str(desk.account()), what="what was opened beside it is seen")

    flat = desk.cli(*FLATTEN, timeout=90)

    assert flat.code == 4, flat.out
    desk.until(lambda: positions(desk) == {}, what="all contracts are closed")
    assert OPTION in str(desk.account()["failures"])
    desk.venue.clear()
    desk.until(lambda: desk.incident().get("verified_flat_at") is not None, what="flat once it is gone")


def test_an_inverse_leg_is_closed_though_nobody_answers_about_it_any_more(desk: Desk) -> None:
    desk.run()
    desk.warm()
    sell_inverse(desk)
    desk.until(lambda: "BTC/USD:BTC" in str(desk.account()), what="it is seen")
    desk.venue.fault(effect="status", match=r"position/list\?category=inverse", code=503)
    desk.until(lambda: "http-503" in str(desk.account()["failures"]), what="the question fails")

    flat = desk.cli(*FLATTEN, timeout=90)

    assert flat.code == 4, flat.out
    desk.until(lambda: positions(desk) == {}, what="it is closed all the same")
    assert desk.venue.books()["sign_flips"] == 0
    assert desk.incident().get("verified_flat_at") is None
    desk.venue.clear()
    desk.until(lambda: desk.incident().get("verified_flat_at") is not None, what="flat once it is answered")
