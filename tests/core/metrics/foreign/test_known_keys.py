"""Keys that are known: the drill's canary is no stranger's, and each may do what it might at first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.model import AtLeast, Known, Unknown
from tests.core.metrics.foreign.test_foreign_hands import BOT, OWN, judged, key, value

CANARY = key("canary", "10.0.0.1")


@pytest.mark.parametrize("at_first", [True, False])
@pytest.mark.parametrize("bots", [(BOT.id,), ()])
def test_the_canary_of_the_configuration_is_no_stranger(bots: tuple[str, ...], at_first: bool):
    desk = judged("foreign_keys", bot_keys=bots, known_keys=(CANARY.id,))
    desk.keys(0, *OWN, BOT, *([CANARY] if at_first else []))
    desk.keys(1, *OWN, BOT, CANARY)

    assert value(desk, 2) == Known(0.0)


def test_it_may_not_be_used_from_elsewhere_either():
    desk = judged("foreign_keys", known_keys=(CANARY.id,))
    desk.keys(0, *OWN, BOT, CANARY)
    desk.keys(1, *OWN, BOT, replace(CANARY, ips=()))

    assert value(desk, 2) == Known(1.0)


# --- what a key may do ----------------------------------------------------------------------------------

TOLD = {"can_withdraw": False, "can_transfer": False}
BOUND = replace(BOT, **TOLD)
READS = replace(key("tax-report", "10.0.0.5", reads=True), **TOLD)


@pytest.mark.parametrize("bots", [(BOT.id,), ()])
@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 0),
        ({"can_withdraw": True}, 1),
        ({"can_transfer": True}, 1),
        ({"can_withdraw": True, "can_transfer": True}, 1),
        ({"can_withdraw": True, "read_only": True, "can_trade": False}, 0),
        ({"read_only": True, "can_trade": False}, 0),
    ],
)
def test_a_key_that_may_take_money_since_it_was_first_listed(
    changes: dict[str, bool], count: int, bots: tuple[str, ...]
):
    desk = judged("foreign_keys", bot_keys=bots)
    desk.keys(0, *OWN, BOUND)
    assert value(desk, 1) == Known(0.0)
    desk.keys(2, *OWN, replace(BOUND, **changes))

    assert value(desk, 3) == Known(float(count))


def test_what_a_key_may_at_first_is_believed_and_also_once_it_is_told():
    """As of a journal whose listings said nothing of withdrawals."""
    able = replace(BOUND, can_withdraw=True, can_transfer=True)
    for first in (able, BOT):
        desk = judged("foreign_keys")
        desk.keys(0, *OWN, first)
        desk.keys(1, *OWN, able)
        assert value(desk, 2) == Known(0.0)

    desk.keys(3, *OWN, BOUND)
    desk.keys(4, *OWN, able)
    assert value(desk, 5) == Known(0.0), "it may do again what it might at first"


def test_a_key_that_only_read_and_trades_is_news_unless_it_is_named_as_a_bots():
    trades = replace(READS, read_only=False, can_trade=True)
    unnamed, named = judged("foreign_keys", bot_keys=()), judged("foreign_keys", bot_keys=(BOT.id, READS.id))
    for desk, count in ((unnamed, 1.0), (named, 0.0)):
        desk.keys(0, *OWN, BOUND, READS)
        desk.keys(1, *OWN, BOUND, trades)
        assert value(desk, 2) == Known(count)


def test_guardians_own_key_that_may_take_money_counts_too():
    desk = judged("foreign_keys")
    own = [replace(each, **TOLD) for each in OWN]
    desk.keys(0, *own, BOUND)
    desk.keys(1, own[0], replace(own[1], can_withdraw=True), own[2], BOUND)

    assert value(desk, 2) == Known(1.0)


def test_what_is_accepted_while_the_bot_is_fenced_lets_it_trade_again():
    """The fence is undone after `resume --rebase`: that is no new ability."""
    desk = judged("foreign_keys", bot_keys=())
    desk.keys(0, *OWN, BOUND)
    desk.keys(1, *OWN, replace(BOUND, read_only=True, can_trade=False))
    desk.resume(2, "m")
    desk.keys(3, *OWN, BOUND)

    assert value(desk, 4) == Known(0.0)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"can_trade": False, "can_withdraw": True}, 1),
        ({"can_trade": False, "can_transfer": True}, 1),
        ({"can_trade": False}, 0),
        ({"can_trade": False, "can_withdraw": True, "read_only": True}, 0),
        ({"can_trade": False, "can_withdraw": True, "ips": ("10.0.0.2",)}, 0),
    ],
)
def test_a_key_that_takes_money_from_anywhere_is_open(changes: dict[str, Any], count: int):
    desk = judged("open_keys")
    desk.keys(0, *OWN, replace(BOUND, **{"ips": (), **changes}))

    assert value(desk, 1) == Known(float(count))


# --- trade-only keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 0),
        ({"can_withdraw": True}, 1),
        ({"can_transfer": True}, 1),
        ({"can_withdraw": True, "can_transfer": True}, 1),
        ({"can_withdraw": True, "can_transfer": None}, 1),
        ({"can_withdraw": True, "ips": ()}, 1),
        ({"can_withdraw": True, "can_trade": False}, 1),
        ({"can_withdraw": True, "can_transfer": True, "read_only": True, "can_trade": False}, 0),
    ],
)
def test_a_key_that_might_withdraw_from_the_very_first_listing(changes: dict[str, Any], count: int):
    """`foreign_keys` believes the first listing: what was wrong from the beginning is told by this one."""
    desk = judged("withdrawing_keys")
    desk.keys(0, *OWN, replace(BOUND, **changes))

    assert value(desk, 1) == Known(float(count))


def test_guardians_own_keys_are_audited_elsewhere_and_the_canary_is_not():
    """The audit lets an admin key transfer; the canary is a trading key like a bot's."""
    desk = judged("withdrawing_keys", known_keys=(CANARY.id,))
    able = {"can_withdraw": True, "can_transfer": True}
    desk.keys(0, *(replace(each, **able) for each in OWN), BOUND)
    assert value(desk, 1) == Known(0.0)
    desk.keys(2, *OWN, BOUND, replace(CANARY, **able))

    assert value(desk, 3) == Known(1.0)


@pytest.mark.parametrize("untold", [{"can_withdraw": None}, {"can_transfer": None}])
def test_what_the_venue_does_not_tell_of_a_key_is_never_fine(untold: dict[str, Any]):
    desk = judged("withdrawing_keys")
    silent = replace(key("silent", "10.0.0.3"), **(TOLD | untold))
    desk.keys(0, *OWN, BOUND, silent)
    assert isinstance(found := value(desk, 1), Unknown)
    assert not found.warming
    assert "silent" in found.why
    desk.keys(2, *OWN, replace(BOUND, can_withdraw=True), silent)
    assert isinstance(found := value(desk, 3), AtLeast)
    assert found.value == 1.0
    desk.keys(4, *OWN, BOUND, replace(silent, read_only=True, can_trade=False))

    assert value(desk, 5) == Known(0.0), "a key that only reads takes nothing, whatever it lists"
