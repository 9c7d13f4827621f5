"""A restart in an incident at the end of a long journal: the market fell while guardian was down.

The first start meets a tail behind the last checkpoint that is as long as it gets; the second one, after a
kill in mid-flatten, what the first has left of it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash.bulk import grow
from tests.crash.cases import Blow, Case, Means, Phase
from tests.crash.checks import violations
from tests.crash.evidence import Life
from tests.crash.life import Stage, make_ready, play
from tests.crash.pace import Landed
from tests.integration.troupe import Desk, Venue

RECORDS = 1_000_000
INSTANCE = "test"
SHIPPED = "./rules, ats-plan"
"""The rule that acts, and the shipped plan that only observes: of all packs the slowest to fold."""

FALLEN = Blow(Phase.BEFORE, Means.KILL, 0.0)
KILLED = Blow(Phase.CLOSING, Means.KILL, 0.1)
CASE = Case(0, 11, 80, 0.06, (), 2_000, (KILLED,))


@dataclass(frozen=True, slots=True)
class Memory:
    """The life at the end of the long journal, and what was wrong with it."""

    life: Life
    records: int
    journal_bytes: int
    made_s: float
    violations: list[str]

    def document(self) -> dict[str, Any]:
        fallen, killed = (s.pace for s in self.life.struck)
        return {
            "records": self.records,
            "journal_bytes": self.journal_bytes,
            "made_s": round(self.made_s, 1),
            "start_to_first_act_s": _rounded(fallen.act_total_s),
            "lock_to_first_act_s": _rounded(fallen.act_s),
            "start_to_first_act_after_a_kill_s": _rounded(killed.act_total_s),
            "lock_to_first_act_after_a_kill_s": _rounded(killed.act_s),
        }


def remember(folder: Path, records: int) -> Memory:
    """Play it with a journal of this many records. Raises AssertionError where guardian gets stuck."""
    folder.mkdir(parents=True)
    venue = Venue("--seed", str(CASE.seed), "--latency", f"{CASE.latency_ms}ms", "--positions", "3")
    desk = Desk(folder, venue)
    try:
        stage = Stage(CASE, desk)
        _prelude(stage)
        journal, begun = folder / "state" / "journal.db", time.monotonic()
        grow(journal, records, INSTANCE)
        made, size = time.monotonic() - begun, journal.stat().st_size
        stage.crash()
        life = play(stage)
        return Memory(life, _count(journal), size, made, violations(life))
    finally:
        desk.close()
        venue.close()


def _prelude(stage: Stage) -> None:
    """A real run until it is armed and warm; it ends as a host that is shut down."""
    make_ready(stage.desk, SHIPPED)
    stage.landed.append(Landed(FALLEN, stage.held(), time.time()))
    stage.desk.stop()


def _count(journal: Path) -> int:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT max(seq) FROM records").fetchone()[0])


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
