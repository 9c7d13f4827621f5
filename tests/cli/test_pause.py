"""guardian pause: no new risk, at once, without a question; and the way to leave it is said."""

from __future__ import annotations

import pytest

from tests.integration.conftest import OpenDesk, open_desk
from tests.integration.troupe import ACCOUNT

__all__ = ["open_desk"]

pytestmark = pytest.mark.process


def test_pause_halts_and_leaves_positions_and_stops_alone(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    before = desk.venue.sizes()
    orders = desk.venue.books()["orders"]
    adding = {o["id"] for o in orders if not o["reduce_only"]}

    said = desk.command("pause", ACCOUNT, "--reason", "strange fills", "--json")
    desk.until(lambda: not adding & {o["id"] for o in desk.venue.books()["orders"]}, 10, "no order adds risk")

    assert said.code == 0, said.err
    assert (said.document["level"], desk.level()) == ("HALT", "HALT")
    assert said.document["leave"] == "guardian resume desk --reason TEXT"
    assert desk.venue.sizes() == before
    assert not desk.venue.bot_key()["read_only"], "HALT fences nothing"
    back = desk.command("resume", ACCOUNT, "--reason", "looked at", "--confirm", ACCOUNT, "--json")
    assert (back.code, back.document["level"]) == (0, "NORMAL")


def test_pause_never_lowers_a_level(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.operate("demand", level="flatten", reason="test")
    desk.until(lambda: desk.level() == "FLATTEN", 5, "flatten")

    said = desk.command("pause", ACCOUNT)

    assert said.code == 0
    assert "desk stays at FLATTEN" in said.out
    assert desk.level() == "FLATTEN"


def test_without_a_daemon_nothing_is_done_and_it_says_so(open_desk: OpenDesk) -> None:
    said = open_desk().command("pause", ACCOUNT)

    assert said.code == 7
    assert "no guardian answers" in said.err


def test_an_unknown_account_is_answered_with_those_there_are(open_desk: OpenDesk) -> None:
    said = open_desk().command("pause", "dsek")

    assert said.code != 0
    assert "accounts: desk" in said.err
    assert "Traceback" not in said.err
