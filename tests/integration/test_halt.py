"""HALT takes away what adds risk and nothing else; a bot that does not listen is flattened."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError

import pytest

from tests.integration.conftest import OpenDesk
from tests.integration.troupe import Venue

pytestmark = pytest.mark.process


@contextmanager
def deaf_bot(venue: Venue) -> Iterator[list[int]]:
    """A bot that buys a little more every 300 ms, whatever it is told; gives the codes it was answered."""
    stop, codes = threading.Event(), list[int]()

    def buy() -> None:
        for number in itertools.count():
            order: dict[str, Any] = {
                "category": "linear",
                "symbol": "BTCUSDT",
                "side": "Buy",
                "orderType": "Market",
            }
            order |= {"qty": "0.05", "orderLinkId": f"bot-{number}"}
            try:
                codes.append(int(venue.signed("bot", "POST", "/v5/order/create", order)["retCode"]))
            except URLError:
                return
            if stop.wait(0.3):
                return

    thread = threading.Thread(target=buy)
    thread.start()
    try:
        yield codes
    finally:
        stop.set()
        thread.join()


def test_halt_cancels_what_adds_risk_by_id_and_leaves_positions_and_stops(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    before = desk.venue.books()
    risky = {o["id"] for o in before["orders"] if not o["reduce_only"]}

    desk.operate("demand", level="halt", reason="test")
    desk.until(lambda: not risky & {o["id"] for o in desk.venue.books()["orders"]}, 20, "cancelled")
    rows = desk.venue.truth()["requests"]
    after = desk.venue.books()

    assert risky
    assert {o["id"] for o in after["orders"]} == {o["id"] for o in before["orders"]} - risky
    assert [(p["symbol"], p["size"]) for p in after["positions"]] == [
        (p["symbol"], p["size"]) for p in before["positions"]
    ]
    cancels = [r for r in rows if r["role"] == "hands" and "cancel" in r["path"]]
    assert {r["order_id"] for r in cancels} == risky
    assert {r["path"] for r in cancels} == {"/v5/order/cancel"}, "never a whole book"
    assert not [r for r in rows if "/v5/order/create" in r["path"]]
    assert not desk.venue.bot_key()["read_only"], "HALT fences nothing"


def test_a_bot_that_ignores_halt_for_ten_seconds_is_flattened(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.arm()

    with deaf_bot(desk.venue) as codes:
        desk.operate("demand", level="halt", reason="test")
        took = desk.until(lambda: desk.level() == "FLATTEN", 20, "ten seconds of growth were enough")
        desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 20, "flat against a fighting bot")

    assert 9.5 < took < 14
    assert desk.venue.books()["positions"] == []
    assert desk.venue.bot_key()["read_only"]
    assert codes[0] == 0
    assert codes[-1] != 0, "the fence, not the bot's good will, ended it"
    assert desk.venue.books()["sign_flips"] == 0


def test_a_bot_that_listens_stays_at_halt_in_a_moving_market(open_desk: OpenDesk) -> None:
    """Prices that rise make exposure larger without one new contract: that is not a bot that ignores HALT."""
    desk = open_desk()
    desk.run()
    desk.warm()

    desk.operate("demand", level="halt", reason="test")
    desk.venue.crash(-0.2)  # in the account's favour: its long legs grow in value
    with pytest.raises(AssertionError, match="not within"):
        desk.until(lambda: desk.level() != "HALT", 13, "anything else")

    assert len(desk.venue.books()["positions"]) == 5
