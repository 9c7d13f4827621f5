"""A replay remembers only what its rules read; to the byte it is the replay of one that remembers all."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.config import load_packs
from guardian.core.metrics.metric import FOLDS
from guardian.replay import drive as driving
from guardian.replay.drive import Course, drive
from guardian.replay.rules import all_rules, armed, cast
from tests.candles.build import candles, plan
from tests.candles.test_flat import crashed

ROOT = Path(__file__).resolve().parents[2]


def driven(pack: str) -> Course:
    rules = cast(armed(all_rules(load_packs((pack,), ROOT)))).rules
    return drive(candles(crashed(after=8 * 60)), plan(), rules)


@pytest.mark.parametrize("pack", ["starter", "breaker", "ats-plan"])
def test_a_crash_is_told_alike(pack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lean = driven(pack)
    monkeypatch.setattr(driving, "needed", lambda rules: FOLDS)
    whole = driven(pack)

    assert lean.transitions
    assert (whole.transitions, whole.trades) == (lean.transitions, lean.trades)
    assert (whole.protected.tobytes(), whole.held.tobytes()) == (
        lean.protected.tobytes(),
        lean.held.tobytes(),
    )
