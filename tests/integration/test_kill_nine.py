"""SIGKILL of guardian in mid-flatten at ten moments: the next start finishes it and closes nothing twice.

The lives run side by side, because each is mostly waiting; every figure is read from the venue's own books.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.journal.read import Wanted, read_records
from guardian.journal.verify import verify_file
from tests.crash.waits import Waits
from tests.integration.troupe import Desk, Venue, crossings, executed, instant

pytestmark = pytest.mark.process

AT_ONCE = 3
"""Guardians of two generations start at the same time, on two cores."""

FIRST_ACTION_SECONDS = 2.0
"""Without the time in which guardian stood in line for a processor: that is the machine's share."""

LIFE_SECONDS = 250.0
ACTING_ROLES = ("hands", "admin")

When = Callable[[Desk], object]


@dataclass(frozen=True)
class Moment:
    """Guardian is killed once `when` has come; `faults` widen the window in which it is true."""

    name: str
    when: When
    faults: tuple[dict[str, Any], ...] = ()
    again: When | None = None


@dataclass(frozen=True)
class Life:
    """What is known after the last restart has finished."""

    before: dict[str, Decimal]
    killed_in: str
    books: dict[str, Any]
    incident: dict[str, Any]
    level: str
    drawdown: float
    left: int
    first_action_s: float | None
    first_read_s: float
    probe: int
    journal: Path


def sent(path: str) -> When:
    """The venue has received a request for this path, whatever became of it."""
    return lambda desk: desk.until(
        lambda: any(r["path"] == path for r in desk.venue.truth()["requests"]), 10, path
    )


def told(field: str) -> When:
    return lambda desk: desk.until(lambda: bool(desk.incident().get(field)), 15, field)


def done(step: str) -> When:
    """Guardian itself has the answer to such a step."""

    def reached(desk: Desk) -> bool:
        return any(s["step"] == step and s["outcome"] == "done" for s in desk.incident().get("steps", ()))

    return lambda desk: desk.until(lambda: reached(desk), 15, step)


def after(when: When, seconds: float) -> When:
    def wait(desk: Desk) -> None:
        when(desk)
        time.sleep(seconds)

    return wait


READ = "/v5/position/list"
CREATE, FENCE, DELETE = "/v5/order/create", "/v5/user/update-sub-api", "/v5/user/delete-sub-api"
LATE_ORDERS = {"effect": "hang", "match": "order/create", "when": "before", "seconds": 2.5, "count": 5}

MOMENTS = (
    Moment("before the breach is read", lambda desk: None),
    Moment("at t0", told("t0")),
    Moment(
        "the fence has acted, its answer hangs",
        sent(FENCE),
        ({"effect": "hang", "match": FENCE, "count": 1},),
    ),
    Moment(
        "orders have acted, their answers hang", sent(CREATE), ({"effect": "hang", "match": "order/create"},)
    ),
    Moment("orders act only after the kill", sent(CREATE), (LATE_ORDERS,)),
    Moment("a close is answered", done("close")),
    Moment("the first flat read is in", told("flat_at")),
    Moment("verified flat", told("verified_flat_at")),
    Moment("the deletion has acted, its answer hangs", sent(DELETE), ({"effect": "hang", "match": DELETE},)),
    Moment("killed again in the resumed incident", done("fence"), (), after(told("t0"), 0.3)),
)


def live(folder: Path, moment: Moment) -> Life:
    """Crash the market, kill guardian at the moment, start it again, and wait for the end."""
    venue = Venue("--seed", "11", "--latency", "120ms")
    desk = Desk(folder, venue)
    try:
        desk.write_keys()
        desk.configure()
        desk.run()
        desk.arm()
        desk.warm()
        return _killed(desk, moment)
    finally:
        desk.close()
        venue.close()


def _killed(desk: Desk, moment: Moment) -> Life:
    venue, before = desk.venue, desk.venue.sizes()
    for fault in moment.faults:
        venue.fault(**fault)
    venue.crash(0.06)
    moment.when(desk)
    incident = desk.incident()
    desk.kill()
    recorded = on_disk(desk, incident.get("id", ""))
    venue.clear()
    if moment.again is not None:
        desk.run()
        moment.again(desk)
        desk.kill()
    books, seen = venue.books(), venue.truth()["next"]
    listening = desk.run()
    waits = Waits(desk.process.pid)
    # Either comes first: a key whose fence is in doubt after five seconds is deleted before all is flat.
    for end in ("key_dead_at", "verified_flat_at"):
        desk.until(lambda end=end: bool(desk.incident().get(end)), 60, f"{moment.name}: {end}")
    rows = [r for r in venue.truth(seen)["requests"] if "query-api" not in r["path"]]
    acted = [r for r in rows if r["role"] in ACTING_ROLES]
    looked = [r for r in rows if r["path"] == READ]
    account = desk.account()
    return Life(
        before=before,
        killed_in=recorded,
        books=venue.books(),
        incident=account["incident"],
        level=account["level"],
        drawdown=desk.rule("dd")["value"],
        left=len(books["positions"]) + len(books["orders"]),
        first_action_s=first(acted, listening, waits) if acted else None,
        first_read_s=first(looked, listening, waits),
        probe=venue.probe(),
        journal=desk.root / "state" / "journal.db",
    )


def on_disk(desk: Desk, incident: str) -> str:
    """The incident, if its record was written before the kill: `status` tells of it milliseconds earlier.

    Nothing has been done for it by then: a record comes before each effect.
    """
    records = read_records(desk.root / "state" / "journal.db", Wanted(matches=lambda body: incident in body))
    return incident if incident and next(iter(records), None) else ""


def first(rows: Sequence[dict[str, Any]], listening: float, waits: Waits) -> float:
    """Guardian's own seconds from listening to the first of these requests."""
    at = min(instant(r["at"]) for r in rows)
    return at - listening - waits.between(listening, at)


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Life]]]:
    """One future for each moment; one that failed raises in the test that asks for it."""
    folders = {moment.name: tmp_path_factory.mktemp("life") for moment in MOMENTS}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {moment.name: pool.submit(live, folders[moment.name], moment) for moment in MOMENTS}


@pytest.mark.parametrize("name", [moment.name for moment in MOMENTS])
def test_a_killed_guardian_finishes_the_incident_and_closes_nothing_twice(
    name: str, lives: dict[str, Future[Life]]
) -> None:
    life = lives[name].result(LIFE_SECONDS)

    assert life.books["positions"] == []
    assert life.books["orders"] == []
    assert executed(life.books) == {symbol: -size for symbol, size in life.before.items()}
    assert crossings(life.books) == []
    assert life.books["sign_flips"] == 0
    assert life.incident["verified_flat_at"]
    assert life.probe == 10003, "the venue says that the key is dead"


@pytest.mark.parametrize("name", [moment.name for moment in MOMENTS])
def test_a_killed_guardian_keeps_its_incident_latch_and_baseline(
    name: str, lives: dict[str, Future[Life]]
) -> None:
    life = lives[name].result(LIFE_SECONDS)

    assert life.level == "LOCKOUT"
    assert life.killed_in in ("", life.incident["id"]), "the same incident goes on"
    assert life.drawdown >= 0.05, "the peak of before the kill is still the baseline"
    assert verify_file(life.journal).ok


@pytest.mark.parametrize("name", [moment.name for moment in MOMENTS])
def test_a_restarted_guardian_acts_within_two_seconds(name: str, lives: dict[str, Future[Life]]) -> None:
    """Where the book was already empty the next thing to do is to look, and look again two seconds later."""
    life = lives[name].result(LIFE_SECONDS)

    assert life.first_action_s is not None, "the key was left to prove dead"
    assert (life.first_action_s if life.left else life.first_read_s) < FIRST_ACTION_SECONDS
