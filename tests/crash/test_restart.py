"""What a restart must not wait for: an audit that hangs, and a tail that grew with every restart before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guardian.journal.chain import CHECKPOINT, OWN_KINDS
from guardian.journal.read import Wanted, read_records
from guardian.ports import Record
from guardian.runtime.codec import encode_state
from guardian.runtime.commit import CHECKPOINT_EVERY
from guardian.runtime.start.restore import LONG_TAIL, fold
from tests.crash.bulk import grow
from tests.crash.cases import Blow, Case, Means, Phase
from tests.crash.checks import violations
from tests.crash.life import REACH_SECONDS, Stage, make_ready, play
from tests.crash.long import INSTANCE
from tests.integration.troupe import Desk, Venue

pytestmark = pytest.mark.process

SLOW_AUDITS = {"effect": "hang", "match": "user/query-api", "seconds": 5.0}
DOWN = Blow(Phase.BEFORE, Means.KILL, delay_s=0.0, down_s=0.1)
RECORDS = 3 * CHECKPOINT_EVERY


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Armed and warm."""
    desk = Desk(tmp_path, Venue("--seed", "11", "--latency", "20ms"))
    try:
        make_ready(desk)
        yield desk
    finally:
        desk.close()
        desk.venue.close()


def test_a_restart_does_not_wait_for_an_audit(desk: Desk) -> None:
    """The market falls while guardian is down, and the venue takes five seconds to say what a key may do."""
    stage = Stage(Case(0, 11, 20, 0.06, (SLOW_AUDITS,), None, (DOWN,)), desk)

    life = play(stage)

    assert [s.pace.due for s in life.struck] == [True]
    assert violations(life) == []


def test_an_audit_that_came_too_late_is_made_again(desk: Desk) -> None:
    desk.kill()
    desk.venue.fault(**{**SLOW_AUDITS, "seconds": 1.5})
    seen = desk.venue.truth()["next"]

    desk.run(REACH_SECONDS)

    desk.until(lambda: min(audits(desk, seen)) >= 2, 20, "every key is audited once more")
    desk.until(lambda: not desk.account()["troubles"], 20, "every audit has found a narrow key")


def audits(desk: Desk, since: int) -> list[int]:
    """How often the venue was asked what each key may do."""
    rows = desk.venue.truth(since)["requests"]
    asked = [row["role"] for row in rows if row["path"].endswith("query-api")]
    return [asked.count(role) for role in ("watch", "hands", "admin")]


def test_a_start_that_folds_many_records_leaves_few_to_the_next(desk: Desk) -> None:
    """Restarted every few minutes it would otherwise never write a checkpoint, and fold more each time."""
    journal = desk.root / "state" / "journal.db"
    desk.stop()
    grow(journal, RECORDS, INSTANCE)
    before = behind_the_last_checkpoint(journal)

    desk.run(REACH_SECONDS)

    assert len(before) > LONG_TAIL
    desk.until(lambda: len(behind_the_last_checkpoint(journal)) < LONG_TAIL, 20, "a checkpoint")
    assert desk.account()["armed"]


def test_the_checkpoint_of_a_start_holds_what_its_records_led_to(desk: Desk) -> None:
    journal = desk.root / "state" / "journal.db"
    desk.stop()
    grow(journal, RECORDS, INSTANCE)

    desk.run(REACH_SECONDS)
    desk.until(lambda: len(behind_the_last_checkpoint(journal)) < LONG_TAIL, 20, "a checkpoint")
    records = read_records(journal, Wanted())
    *_, first, second = [n for n, record in enumerate(records) if record.kind == CHECKPOINT]
    between = tuple(r.body for r in records[first:second] if r.kind not in OWN_KINDS)
    state, problem = fold(records[first].body, between)

    assert problem == ""
    assert records[second].body == encode_state(state)


def behind_the_last_checkpoint(journal: Path) -> list[Record]:
    records = read_records(journal, Wanted())
    kinds = [record.kind for record in records]
    return records[len(kinds) - kinds[::-1].index(CHECKPOINT) :]
