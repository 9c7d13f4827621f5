"""The journals of all releases replay: what an update decides on them is known, or is a diff to read."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from guardian.core.model import Level
from guardian.runtime.codec import encode_state
from guardian.runtime.start.restore import fold
from tests.replay.life import recorded
from tests.replay.tape import EFFECTS, HERE, JOURNAL, checkpoints, load, releases, replayed, told

RELEASES = releases()
LARGEST_BYTES = 100_000
VERSION = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]
CURRENT = HERE / VERSION


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_releases_journal_leads_to_these_effects(release: Path) -> None:
    """Byte for byte. A difference is for a person to read: `make rewrite`, then the diff."""
    expected = (release / EFFECTS).read_text(encoding="utf-8")

    got = told(load(release))

    assert expected == got


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_releases_checkpoints_are_read_and_go_on_as_if_nothing_had_been(release: Path) -> None:
    """An update must not cost a latch: the state that the release wrote leads on to the same effects."""
    records = load(release)
    whole = [body for _, body in replayed(records)]
    found = list(checkpoints(records))

    assert len(found) >= 2
    for state, tail in found:
        rest = [body for _, body in replayed(tail, state)]
        assert whole[len(whole) - len(rest) :] == rest


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_restart_folds_a_releases_journal_without_a_word(release: Path) -> None:
    """What the daemon does at its start after an update."""
    records = load(release)
    bodies = tuple(record.body for record in records if record.kind != "checkpoint")

    state, problem = fold(None, bodies)

    assert problem == ""
    (account,) = state.accounts
    assert account.level is Level.NORMAL
    assert encode_state(state)


def test_the_current_version_has_a_journal() -> None:
    """A release without one could be changed later without anybody seeing it."""
    assert (CURRENT / JOURNAL).exists(), f"python -m tests.replay --record {VERSION}"


def test_the_life_has_everything_that_can_happen() -> None:
    """What no journal holds, no later release is held to."""
    records = recorded()

    kinds = {record.kind for record in records}
    effects = {e["kind"] for r in records if r.kind != "checkpoint" for e in json.loads(r.body)["effects"]}
    assert kinds == {
        *("armed", "checkpoint", "configured", "demanded", "disarmed", "drilled", "keys_listed"),
        *("reported", "resumed", "snapshot", "started", "tick", "troubled"),
    }
    assert effects >= {
        *("cancel_order", "close_position", "delete_key", "destroy_secret", "fence_key", "halt_bot"),
        *("list_keys", "notify", "permit", "prepare_keys", "read_now", "unfence_key"),
    }


def test_the_life_is_the_same_in_every_run() -> None:
    assert recorded() == recorded()


def test_a_changed_decision_fails() -> None:
    """The comparison can fail: another limit gives another text."""
    records = load(CURRENT)
    changed = [
        record
        if record.kind != "configured"
        else type(record)("configured", record.body.replace("0.05", "0.5"))
        for record in records
    ]

    assert told(changed) != told(records)


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_recorded_journal_stays_small(release: Path) -> None:
    assert (release / JOURNAL).stat().st_size < LARGEST_BYTES
