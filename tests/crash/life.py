"""One life with real processes: a venue, a guardian, a crash of the market, and the blows of a case.

Law: the blows land where a clock and a seed put them, never where guardian says it is convenient; how far the
incident had come is read from the venue after the process is dead.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from guardian.journal.read import Wanted, read_records
from tests.crash.cases import Blow, Case, Means, Phase
from tests.crash.evidence import DELETE, Held, Life, Row, acts, due, empty, fenced, phase_of, reads
from tests.crash.pace import Landed, since, struck
from tests.crash.waits import Waits
from tests.integration.troupe import Desk, Venue

# Only what is stuck shall fail here; how quick guardian is, is measured apart from the load of the machine.
REACH_SECONDS = 60.0
END_SECONDS = 90.0
LOOK_SECONDS = 0.015
CLOCK_GRAIN = 0.01
"""A file's time is that of the kernel's last tick."""


@dataclass
class Stage:
    """A running case. `crashed_at` is the venue's request number when the market fell, None before."""

    case: Case
    desk: Desk
    crashed_at: int | None = None
    landed: list[Landed] = field(default_factory=list)

    @property
    def venue(self) -> Venue:
        return self.desk.venue

    def crash(self) -> None:
        if self.crashed_at is not None:
            return
        if self.case.level_notional is not None:
            for symbol in self.venue.sizes():
                sent = {"symbol": symbol, "level_notional": str(self.case.level_notional)}
                self.venue.ask("POST", "/_sim/depth", sent)
        for fault in self.case.faults:
            self.venue.fault(**fault)
        self.crashed_at = self.venue.truth(10**9)["next"]
        self.venue.crash(self.case.loss)

    def since_crash(self) -> list[Row]:
        """What the venue has received since the market fell."""
        if self.crashed_at is None:
            return []
        rows: list[Row] = self.venue.truth(self.crashed_at)["requests"]
        return rows

    def due(self) -> bool:
        """Whether the venue's truth leaves something to do at once."""
        return due(self.crashed_at is not None, self.venue.books())

    def held(self) -> Held:
        account = self.desk.account()
        if not account:
            return Held()
        rule = next((r for r in account["rules"] if r["id"] == "dd"), {})
        return Held(
            incident=(account["incident"] or {}).get("id", ""),
            level=account["level"],
            armed=account["armed"],
            verdict=rule.get("verdict", ""),
        )


def live(case: Case, folder: Path) -> Life:
    """Play the case to its end. Raises AssertionError, with guardian's log, where it gets stuck."""
    venue = Venue("--seed", str(100 * case.seed + case.number), "--latency", f"{case.latency_ms}ms")
    desk = Desk(folder, venue)
    try:
        make_ready(desk)
        return play(Stage(case, desk))
    finally:
        desk.close()
        venue.close()


def make_ready(desk: Desk, rules: str = "./rules") -> None:
    """Guardian runs, armed, with a baseline."""
    desk.write_keys()
    desk.configure(rules=rules)
    desk.run(REACH_SECONDS)
    desk.until(lambda: bool(desk.operate("arm", accept_undrilled="crash")), REACH_SECONDS, "armed")
    desk.warm(seconds=REACH_SECONDS)


def play(stage: Stage) -> Life:
    """Every blow, then the end, on a desk that is armed and warm."""
    sizes = stage.venue.sizes()
    for blow in stage.case.blows:
        if blow.phase is not Phase.RESTART:
            _bring_back(stage)
            REACHED[blow.phase](stage)
            time.sleep(blow.delay_s)
        _strike(stage, blow)
    _bring_back(stage)
    stage.crash()
    stage.desk.until(lambda: over(stage.desk), END_SECONDS, "verified flat, key dead, loss known")
    truth, account = stage.venue.truth(stage.crashed_at or 0), stage.desk.account()
    return Life(
        case=stage.case,
        struck=struck(stage.landed, truth["requests"]),
        sizes=sizes,
        books=truth["accounts"][0],
        requests=truth["requests"],
        account=account,
        drawdown=stage.desk.rule("dd")["value"],
        probe=stage.venue.probe(),
        journal=stage.desk.root / "state" / "journal.db",
    )


def over(desk: Desk) -> bool:
    """Nothing is left to be done; a restart that has just begun knows no loss yet."""
    incident = desk.incident()
    ended = incident.get("verified_flat_at") and incident.get("key_dead_at")
    return bool(ended) and desk.rule("dd").get("value") is not None


# --- where a blow falls ---------------------------------------------------------------------------


def _before(stage: Stage) -> None:
    """The baseline stands and the market is calm."""


def _closing(stage: Stage) -> None:
    stage.crash()
    _until(lambda: bool(acts(stage.since_crash())), "a first act")


def _flat(stage: Stage) -> None:
    def gone() -> bool:
        books = stage.venue.books()
        return empty(books) and fenced(books)

    stage.crash()
    _until(gone, "flat and fenced at the venue")


def _deleting(stage: Stage) -> None:
    stage.crash()
    _until(lambda: any(r["path"] == DELETE for r in acts(stage.since_crash())), "a deletion")


REACHED: dict[Phase, Callable[[Stage], None]] = {
    Phase.BEFORE: _before,
    Phase.BREACH: Stage.crash,
    Phase.CLOSING: _closing,
    Phase.FENCED: _flat,
    Phase.VERIFIED: _deleting,
}


def _until(good: Callable[[], bool], what: str) -> None:
    """Look often: a blow is to fall after a drawn delay, not after the next look."""
    deadline = time.monotonic() + REACH_SECONDS
    while not good():
        assert time.monotonic() < deadline, f"not within {REACH_SECONDS:.0f} s: {what}"
        time.sleep(LOOK_SECONDS)


# --- the blow, and the way back -------------------------------------------------------------------


def _strike(stage: Stage, blow: Blow) -> None:
    """The process is stopped or dead when the venue is asked how far the incident had come."""
    desk, again = stage.desk, blow.phase is Phase.RESTART
    if again:
        _start(stage)
        time.sleep(blow.delay_s)
    before = stage.landed[-1].before if again else stage.held()
    desk.process.send_signal(signal.SIGKILL if blow.means is Means.KILL else signal.SIGSTOP)
    landed = Landed(blow, before, time.time())
    if blow.means is Means.KILL:
        desk.process.wait()
    landed.phase = _phase(stage, again)
    time.sleep(blow.pause_s)
    if blow.means is Means.STOP_GO:
        stage.landed.append(landed)
        _go_on(stage, landed)
        return
    desk.kill()
    landed.before = _recorded(desk, before)
    _note_lock(stage)
    stage.landed.append(landed)
    if blow.phase is Phase.BEFORE and blow.down_s > 0:
        # The market may well fall while nobody looks.
        stage.crash()
    time.sleep(blow.down_s)


def _recorded(desk: Desk, held: Held) -> Held:
    """Without an incident whose record was not written yet: `status` tells of it milliseconds earlier."""
    wanted = Wanted(last=1, matches=lambda body: held.incident in body)
    if not held.incident or read_records(desk.root / "state" / "journal.db", wanted):
        return held
    return replace(held, incident="", level="")


def _phase(stage: Stage, again: bool) -> Phase:
    """A second blow counts as one at the restart until the new process has looked for the first time."""
    truth = stage.venue.truth(stage.crashed_at or 0)
    if again and not since(reads(truth["requests"]), stage.landed[-1].began):
        return Phase.RESTART
    return phase_of(stage.crashed_at is not None, stage.since_crash(), truth["accounts"][0])


def _bring_back(stage: Stage) -> None:
    """Start guardian where it is dead, and wait until it answers."""
    if stage.desk.process.poll() is None:
        return
    _start(stage)
    _await_answer(stage, stage.landed[-1])
    _note_lock(stage)


def _start(stage: Stage) -> None:
    landed = stage.landed[-1]
    landed.due = stage.due()
    landed.began = time.time()
    landed.waits = Waits(stage.desk.spawn().pid)


def _go_on(stage: Stage, landed: Landed) -> None:
    landed.due = stage.due()
    landed.began = landed.locked = time.time()
    landed.waits = Waits(stage.desk.process.pid)
    stage.desk.process.send_signal(signal.SIGCONT)
    _await_answer(stage, landed)


def _await_answer(stage: Stage, landed: Landed) -> None:
    stage.desk.until(lambda: stage.desk.status() is not None, REACH_SECONDS, "guardian answers")
    landed.answered, landed.after = time.time(), stage.held()


def _note_lock(stage: Stage) -> None:
    """When the newest start took its lock: the lock file is written then, and by nobody else."""
    if not stage.landed:
        return
    written = os.stat(stage.desk.root / "state" / "lock").st_mtime
    landed = stage.landed[-1]
    if written >= landed.began - CLOCK_GRAIN and landed.began:
        landed.locked = written
