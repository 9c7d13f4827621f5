"""A journal under its own rules: every decision is the recorded one. Under others, only rules differ."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guardian.core.events import Configured, Event
from guardian.core.model import Level
from guardian.errors import GuardianError
from guardian.journal import FILE_NAME, Keeping, SqliteJournal
from guardian.journal.archive import FOLDER
from guardian.journal.chain import OWN_KINDS
from guardian.replay.recorded import Replayed, document, journal_in, read_events, replay
from guardian.runtime.codec import decode_step_event, encode_state
from tests.core import build
from tests.core.build import rule, rung
from tests.replay.life import RULES, recorded
from tests.replay.tape import Recorded
from tests.shell.test_replay import LADDER, ORIGIN, an_incident, written

LIFE = [record for record in recorded() if record.kind not in OWN_KINDS]


def events() -> list[Event]:
    return [decode_step_event(record.body) for record in LIFE]


def levels_in(records: list[Recorded]) -> list[tuple[str, str]]:
    decided = [d for record in records for d in json.loads(record.body)["decisions"]]
    return [(d["before"], d["after"]) for d in decided if d["what"] == "level"]


def levels(found: Replayed) -> list[tuple[str, str]]:
    return [(t.before.name, t.after.name) for t in found.transitions]


def test_a_life_under_its_own_rules_is_decided_as_it_was() -> None:
    found = replay(events(), RULES, as_written=True)

    assert levels(found) == levels_in(LIFE)
    assert len(levels(found)) > 5
    assert found.reports_kept


def test_other_rules_decide_otherwise_on_the_same_evidence() -> None:
    found = replay(events(), (rule(rung(0.01, "caution"), rung(0.9, "halt")),))

    assert ("NORMAL", "CAUTION") in levels(found)
    assert levels(found) != levels_in(LIFE)
    assert not found.reports_kept
    assert all(t.rule in ("dd", "operator") for t in found.transitions)


def test_rules_are_played_as_if_armed_though_the_account_never_was() -> None:
    never = [e for e in events() if e.kind in ("configured", "snapshot", "started", "tick")]
    observing = [replace(e, rules=RULES) if isinstance(e, Configured) else e for e in never]

    assert replay(observing, RULES, as_written=True).transitions == []
    assert max(t.after for t in replay(observing, RULES).transitions) is Level.LOCKOUT


def test_what_a_journal_cannot_tell_is_null() -> None:
    told = document(replay(events(), RULES, as_written=True))

    assert {"bars", "loss_avoided", "exposure_given_up", "false_halts", "picture"} <= {
        name for name, value in told.items() if value is None
    }
    first, last = events()[0].at, events()[-1].at
    assert sum(told["time_in_level_s"].values()) == pytest.approx((last - first).total_seconds(), abs=0.01)
    assert told["transitions"][0].keys() >= {"at", "from", "level", "rule", "value", "limit"}


def test_nothing_recorded_is_nothing_told() -> None:
    told = document(replay([], RULES))

    assert (told["events"], told["from"], told["transitions"]) == (0, None, [])


def test_a_journal_without_its_beginning_is_refused() -> None:
    with pytest.raises(GuardianError, match="beginning was deleted"):
        replay([e for e in events() if e.kind == "snapshot"], RULES)


async def test_what_the_live_runtime_decided_is_decided_again_from_its_journal(tmp_path: Path) -> None:
    """Read back from the file, under the same rules: every change of level at the same instant."""
    shell = await an_incident(tmp_path)
    path = await written(tmp_path, shell.disk.bodies)
    live = [
        (e.at, d) for e, decided in decided_in(shell.disk.bodies) for d in decided if d["what"] == "level"
    ]

    found = replay(read_events(path, decode_step_event), (build.rule(*LADDER),), as_written=True)

    assert journal_in(tmp_path) == path
    assert [(t.at, t.before.name, t.after.name, t.value) for t in found.transitions] == [
        (at, d["before"], d["after"], d["value"]) for at, d in live
    ]
    assert found.transitions[-1].after is Level.LOCKOUT


def decided_in(bodies: list[str]) -> list[tuple[Event, Any]]:
    return [(decode_step_event(body), json.loads(body)["decisions"]) for body in bodies]


async def test_what_lies_in_the_archive_is_read_first_and_once(tmp_path: Path) -> None:
    shell = await an_incident(tmp_path)
    path = await written(tmp_path, shell.disk.bodies)
    whole = list(read_events(path, decode_step_event))
    journal = SqliteJournal(path, ORIGIN)
    for _ in range(2):  # what lies before the second newest checkpoint may leave
        await journal.checkpoint(whole[-1].at, encode_state(shell.runtime.state))
    moved = await journal.rotate(Keeping(tmp_path / FOLDER), whole[-1].at + timedelta(days=9))
    await journal.close()

    assert moved.sealed == 1
    assert list(read_events(path, decode_step_event)) == whole


def test_a_folder_without_a_journal_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()

    assert journal_in(tmp_path) is None
    assert journal_in(tmp_path / "a.csv") is None
    assert journal_in(tmp_path / "none") is None


def test_a_file_that_is_no_journal_is_told_and_not_a_defect(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("hello", encoding="utf-8")
    path = journal_in(tmp_path)

    assert path is not None
    with pytest.raises(GuardianError, match="guardian journal verify"):
        list(read_events(path, decode_step_event))
