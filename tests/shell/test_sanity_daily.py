"""When the daily checks run, whom they tell, and that no decision ever waits for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from guardian.config.shapes import ChannelConfig, Route, Routes, SanityConfig
from guardian.core.events import Demanded
from guardian.core.model import Level
from guardian.errors import RefusedError
from guardian.ports import Message
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.control.requests import Operations
from guardian.runtime.sanity.daily import Daily
from guardian.runtime.sanity.report import Report
from guardian.runtime.sanity.shelf import FOLDER, kept, put
from guardian.runtime.start.daemon import Opened
from guardian.runtime.timers import Timers
from tests.core import build
from tests.shell.fakes import Shell, open_shell

GOOD = Subject("", "disk").ok("there is room")
BAD = Subject(build.ACCOUNT, "hands key").fail("cannot be fetched", "Correct the reference.")
SHARED = Subject("", "archive").fail("is not the file that was sealed", "Read `guardian journal verify`.")
ODD = Subject(build.ACCOUNT, "watch key address").warn("works from any address", "Bind it.")

ROUTES = Routes(
    (ChannelConfig("ops", "slack", "file:slack"), ChannelConfig("page", "pagerduty", "file:pd")),
    (Route(Level.CAUTION, ("ops",)), Route(Level.HALT, ("page",))),
)


@dataclass
class Bells:
    """Where the timers would be: bells that only the test rings."""

    jobs: dict[str, Callable[[], object]] = field(default_factory=dict)
    times: list[tuple[int, int, str]] = field(default_factory=list)

    def daily(self, hour: int, minute: int, tz: str, job: Callable[[], object], name: str) -> None:
        self.times.append((hour, minute, tz))
        self.jobs[name] = job

    def every(self, seconds: float, job: Callable[[], object], name: str) -> None:
        self.jobs[name] = job


@dataclass
class Bench:
    """A runtime on fakes, and checks that answer what the test says once their gate is open."""

    shell: Shell
    folder: Path
    lines: tuple[Line, ...] = (GOOD,)
    begun: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    bells: Bells = field(default_factory=Bells)

    def daily(self, sanity: SanityConfig | None = SanityConfig(6, 0)) -> Daily:  # noqa: B008
        """As a start makes it."""
        config = SimpleNamespace(sanity=sanity, state_dir=self.folder, routes=ROUTES)
        opened = SimpleNamespace(config=config, runtime=self.shell.runtime)
        self.bells = Bells()
        made = Daily(cast(Opened, opened), self.look)
        made.begin(cast(Timers, self.bells))
        return made

    async def look(self, opened: Opened) -> tuple[Line, ...]:
        self.begun += 1
        await self.gate.wait()
        return self.lines

    async def ring(self, bell: str = "sanity") -> None:
        self.bells.jobs[bell]()
        for _ in range(10):
            await self.shell.run(2)

    def left(self, ago: timedelta, *lines: Line) -> None:
        """A report that an earlier run wrote."""
        put(self.folder, Report(self.shell.clock.at - ago, 1.0, "schedule", lines or (GOOD,)))

    async def incident(self) -> None:
        demand = Demanded(self.shell.clock.now(), build.ACCOUNT, Level.HALT, "anna", "test")
        self.shell.runtime.post(demand)
        await self.shell.run()

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(to, message.notification, message.level) for to, message in self.shell.post.offered]

    @property
    def status(self) -> dict[str, Any]:
        """As much of the status document as is about the checks."""
        return self.shell.runtime.counters.sanity.document(self.shell.clock.at)

    @property
    def newest(self) -> Message:
        return self.shell.post.offered[-1][1]


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    shell = open_shell(tmp_path)
    shell.start(build.rule())
    shell.see(1, positions=(build.position(),))
    await shell.run()
    made = Bench(shell, tmp_path)
    made.gate.set()
    return made


# --- when -----------------------------------------------------------------------------------------


async def test_the_bell_of_the_day_runs_them_and_keeps_the_report(bench: Bench) -> None:
    bench.left(timedelta(hours=24))
    bench.daily(SanityConfig(6, 30, "Europe/Berlin"))

    await bench.ring()

    assert [(6, 30, "Europe/Berlin")] == bench.bells.times
    assert "schedule" == kept(bench.folder)[-1].by
    assert 2 == len(kept(bench.folder))


async def test_without_the_section_no_bell_rings_but_an_operator_may_ask(bench: Bench) -> None:
    daily = bench.daily(None)

    document = await Operations(bench.shell.runtime, daily.answer).operate("sanity", {}, "uid 1000")

    assert {} == bench.bells.jobs
    assert (True, "uid 1000") == (document["ok"], document["by"])


@pytest.mark.parametrize(("ago", "runs"), [(24, 0), (25.1, 1), (300, 1), (None, 1)])
async def test_a_missed_day_is_made_up_once_after_a_start(bench: Bench, ago: float | None, runs: int) -> None:
    """At the first bell, so that the reads of the start have come; then not again."""
    if ago is not None:
        bench.left(timedelta(hours=ago))
    bench.daily()
    assert bench.begun == 0

    await bench.ring("sanity due")
    await bench.ring("sanity due")

    assert runs == bench.begun
    assert [each.by for each in kept(bench.folder)][-1] == ("missed" if runs else "schedule")


async def test_a_young_incident_is_waited_for(bench: Bench) -> None:
    bench.left(timedelta(hours=1))
    daily = bench.daily()
    await bench.incident()

    await bench.ring()
    assert bench.begun == 0
    with pytest.raises(RefusedError, match="an incident is 0 min old"):
        await daily.now("anna")

    bench.shell.clock.at += timedelta(minutes=9)
    await bench.ring("sanity due")
    assert bench.begun == 0
    bench.shell.clock.at += timedelta(minutes=2)
    await bench.ring("sanity due")
    assert bench.begun == 1, "an old one may stay open for days"


async def test_one_run_at_a_time_and_who_asks_meanwhile_gets_its_report(bench: Bench) -> None:
    bench.left(timedelta(hours=1))
    daily = bench.daily()
    bench.gate.clear()
    await bench.ring()
    await bench.ring()
    asked = asyncio.create_task(daily.now("anna"))
    await asyncio.sleep(0)

    assert bench.status["running"]
    bench.gate.set()

    assert "schedule" == (await asked).by
    assert bench.begun == 1
    assert not bench.status["running"]


async def test_a_look_that_hangs_delays_no_decision(bench: Bench) -> None:
    bench.daily()
    bench.gate.clear()
    await bench.ring()
    assert bench.begun == 1

    flatten = Demanded(bench.shell.clock.now(), build.ACCOUNT, Level.FLATTEN, "anna", "test")
    await asyncio.wait_for(asyncio.gather(bench.shell.runtime.submit(flatten), bench.shell.run()), 20)

    assert 1 == len(bench.shell.hands.closes)


async def test_a_run_that_breaks_is_told_and_the_next_report_heals_it(bench: Bench) -> None:
    daily = bench.daily()
    bench.lines = cast(tuple[Line, ...], ("nonsense",))
    await bench.ring()
    assert "daily-checks" in bench.shell.troubles

    bench.lines = (GOOD,)
    await daily.now("anna")
    await bench.shell.run()

    assert () == bench.shell.troubles


# --- whom they tell -------------------------------------------------------------------------------


async def test_a_failure_is_a_trouble_and_one_message_worst_first(bench: Bench) -> None:
    bench.lines = (GOOD, ODD, BAD, SHARED)
    bench.daily()

    await bench.ring()

    assert ("sanity archive", "sanity hands key") == bench.shell.troubles
    assert [("ops", "trigger", "CAUTION")] == bench.told, "nobody is woken"
    assert "Daily checks: 2 of 4 failed" == bench.newest.title
    assert bench.newest.lines[0] == "FAIL main: hands key: cannot be fetched. Correct the reference."
    assert bench.newest.lines[2].startswith("WARN")
    assert [] == [message for _, message in bench.shell.disk.outgoing], "no message for each trouble"
    journaled = [json.loads(body)["event"] for body in bench.shell.disk.bodies]
    troubled = [event["subject"] for event in journaled if event["kind"] == "troubled"]
    assert ["sanity hands key", "sanity archive"] == troubled


async def test_the_next_good_report_heals_and_resolves_for_who_was_told(bench: Bench) -> None:
    daily = bench.daily()
    bench.lines = (BAD,)
    await bench.ring()
    bench.lines = (GOOD,)
    await daily.now("anna")
    await bench.shell.run()

    assert () == bench.shell.troubles
    assert [("ops", "trigger", "CAUTION"), ("ops", "resolve", "CAUTION")] == bench.told
    assert 1 == len({message.key for _, message in bench.shell.post.offered})


async def test_a_good_report_is_told_only_to_who_wants_every_one(bench: Bench) -> None:
    """To a pager it is a resolve: it opens no incident, and proves the way there."""
    await bench.daily().now("anna")
    assert [] == bench.told

    await bench.daily(SanityConfig(6, 0, to=("ops", "page"))).now("anna")

    assert [("ops", "trigger", "NORMAL"), ("page", "resolve", "CAUTION")] == bench.told
    assert "Daily checks: all 1 passed" == bench.newest.title


async def test_a_failure_that_stays_is_one_trouble_and_a_message_each_day(bench: Bench) -> None:
    daily = bench.daily()
    bench.lines = (BAD,)
    await bench.ring()
    before = len(bench.shell.disk.bodies)
    await daily.now("anna")
    await bench.shell.run()

    assert before == len(bench.shell.disk.bodies)
    assert 2 == len(bench.told)


async def test_after_a_restart_what_failed_is_known_and_heals(bench: Bench) -> None:
    bench.left(timedelta(hours=30))
    bench.left(timedelta(hours=6), GOOD, BAD)

    daily = bench.daily()
    await bench.shell.run()

    assert ("sanity hands key",) == bench.shell.troubles
    told = bench.status
    assert (False, ["main: hands key"]) == (told["ok"], told["failed"])
    assert bench.shell.runtime.counters.sanity.passed_at is not None, "the one before had passed"
    await daily.now("anna")
    await bench.shell.run()
    assert () == bench.shell.troubles


# --- what stays of them ---------------------------------------------------------------------------


async def test_thirty_one_reports_are_kept_and_foreign_files_left_alone(bench: Bench) -> None:
    (bench.folder / FOLDER).mkdir()
    (bench.folder / FOLDER / "notes.txt").write_text("mine")
    for hours in range(40, 0, -1):
        bench.left(timedelta(hours=hours), BAD)

    files = sorted(path.name for path in (bench.folder / FOLDER).iterdir())

    assert 32 == len(files)
    assert "notes.txt" in files
    assert bench.shell.clock.at - timedelta(hours=1) == kept(bench.folder)[-1].at.replace(
        microsecond=bench.shell.clock.at.microsecond
    )


async def test_two_reports_of_one_second_are_two(bench: Bench) -> None:
    """A bad one that took the place of a good one would unsay when the checks last passed."""
    bench.left(timedelta(milliseconds=500))
    bench.left(timedelta(milliseconds=499), BAD)

    assert [True, False] == [report.ok for report in kept(bench.folder)]


async def test_a_spoilt_report_is_passed_over(bench: Bench) -> None:
    bench.left(timedelta(hours=3))
    for name in ("2026-03-02T110000.000Z.json", "2026-03-02T110000.001Z.json"):
        (bench.folder / FOLDER / name).write_text('{"at": 7}' if name.endswith("0Z.json") else "{")

    bench.daily()

    assert 1 == len(kept(bench.folder))
    assert bench.shell.runtime.counters.sanity.at is not None


async def test_a_report_that_cannot_be_kept_is_no_good_report(bench: Bench) -> None:
    (bench.folder / FOLDER).write_text("a file where the folder would be")

    report = await bench.daily().now("anna")

    assert not report.ok
    assert ["report file"] == [line.check for line in report.failed]


async def test_a_report_of_nothing_is_not_ok(bench: Bench) -> None:
    bench.lines = ()

    assert not (await bench.daily().now("anna")).ok
