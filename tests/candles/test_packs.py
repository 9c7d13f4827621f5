"""Every pack that ships is replayed on candles; what it cannot be told is left out with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from guardian.config import content, load_packs
from guardian.core.metrics import BY_NAME
from guardian.core.model import Level
from guardian.replay.drive import drive
from guardian.replay.eligible import stays
from guardian.replay.rules import all_rules, armed, cast
from tests.candles.build import candles, plan
from tests.core.build import rule, rung

PACKS = [name for name in content.names("rules") if name != "builtin"]
FALL = [100.0] * 60 + [60.0] * 30
"""Deep enough for every loss rule to speak."""


@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_that_ships_is_replayed(pack: str) -> None:
    played = cast(armed(all_rules(load_packs((pack,), Path.cwd()))))

    course = drive(candles(FALL), plan(), played.rules)
    (stay,) = stays(candles(FALL, seconds=3600), plan(), played.rules, ["2d"])

    assert len(course.closed) == len(FALL)
    assert stay.worst is not None
    if any(BY_NAME[each.metric].family == "loss" and each.window.kind != "none" for each in played.rules):
        assert course.transitions


@pytest.mark.parametrize("scope", ["portfolio", "mandate", "venue"])
def test_what_is_about_several_accounts_is_left_out_and_told(scope: str) -> None:
    several = replace(rule(rung(0.05, "flatten")), id="several", scope=scope)

    played = cast((several, rule(rung(0.05, "flatten"))))

    assert [each.id for each in played.rules] == [rule(rung(0.05, "flatten")).id]
    assert [name for name, _ in played.left_out] == ["several"]
    assert "several accounts" in played.left_out[0][1]


@pytest.mark.parametrize("scope", ["symbol", "cluster"])
def test_what_is_about_a_part_of_one_account_is_played(scope: str) -> None:
    part = replace(rule(rung(0.5, "reduce", to=0.5), metric="leverage"), scope=scope)

    course = drive(candles([100.0] * 10), plan(), cast((part,)).rules)

    assert [change.after for change in course.transitions] == [Level.REDUCE]


def test_every_rule_of_a_pack_is_either_played_or_left_out() -> None:
    for pack in PACKS:
        every = all_rules(load_packs((pack,), Path.cwd()))
        played = cast(every)
        told = [each.id for each in played.rules] + [name for name, _ in played.left_out]
        assert sorted(told) == sorted(each.id for each in every)
