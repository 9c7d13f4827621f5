"""The drill's canary trades, and is neither guardian's nor a bot's: its key is no stranger's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.core.model import Known
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
