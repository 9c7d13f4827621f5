"""The play itself: the crash runs, everything is watched, and the referee's result is put together.

Watching never steers: the only hand on the market is the crash's, the only hand on the account guardian's
and the bot's.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guardian.demo.crash import Crash, Holding, drive, plan, progress, unprotected_loss
from guardian.demo.picture import Story, draw
from guardian.demo.plain import Screen
from guardian.demo.referee import Truth, judge
from guardian.demo.samples import (
    Mark,
    Recording,
    Sample,
    Scene,
    Status,
    account_of,
    incident_of,
    instant,
)
from guardian.demo.stage import Script, Stage, set_up
from guardian.demo.timeline import Result, marks_of, rows_of

LOOK_SECONDS = 0.2
AFTER_CRASH_SECONDS = 12.0
PAGE_SECONDS = 5.0
KILLED = -9


@dataclass
class Watch:
    """What is seen while the play runs. `status` is guardian's last answer, `truth` the venue's last."""

    stage: Stage
    script: Script
    screen: Screen
    crash: Crash
    began: datetime
    recording: Recording = field(default_factory=Recording)
    status: Status | None = None
    truth: Truth | None = None
    limits: dict[float, str] = field(default_factory=dict)
    bot_killed_at: datetime | None = None

    async def look(self) -> None:
        """One look at the venue and at guardian, recorded and shown."""
        status, truth = await asyncio.gather(self.stage.eyes.status(), self.stage.referee.truth())
        self.status, self.truth = status or self.status, truth
        account = account_of(self.status)
        level = account["level"] if account else "NORMAL"
        self.recording.add(Sample(truth.at, truth.equity, level, truth.notionals))
        for rule in account["rules"] if account else ():
            if rule["armed"] and rule["metric"] == "drawdown":
                self.limits.update({rung["limit"]: rung["level"] for rung in rule["ladder"]})
        # None unless guardian sends it: the stage kills nobody before the play is over.
        if self.bot_killed_at is None and self.stage.bot.code == KILLED:
            self.bot_killed_at = datetime.now(UTC)
            self.screen.say("the bot is gone: SIGKILL")
        self.screen.show(Scene(self.script.title, status, self.recording, self._footer(truth)))

    async def keep_looking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            start = loop.time()
            await self.look()
            await asyncio.sleep(max(0.02, LOOK_SECONDS - (loop.time() - start)))

    def settled(self) -> bool:
        """Nothing more is to come: verified flat, key dead, bot killed, a page received."""
        incident = incident_of(self.status)
        done = incident and all(incident.get(name) for name in ("verified_flat_at", "key_dead_at"))
        return bool(done) and self.bot_killed_at is not None and self.stage.receivers.inbox.pages > 0

    def _footer(self, truth: Truth) -> list[str]:
        bot = [order for order in truth.asked if order.key == self.stage.referee.bot_key]
        refused = [order for order in bot if order.code != "0"]
        said = f", the last with {refused[-1].code}" if refused else ""
        t = (truth.at - self.began).total_seconds()
        inbox = self.stage.receivers.inbox
        return [
            f"bot: {len(bot) - len(refused)} orders accepted, {len(refused)} refused{said}",
            f"market: {progress(self.crash, t):.0%} of the fall; nobody acting would have lost "
            f"{unprotected_loss(self.crash, t):.1%}; Slack {inbox.slack_messages}, pages {inbox.pages}",
        ]


async def perform(script: Script, screen: Screen) -> Result:
    """Play the whole demo and return its result; everything that was started has ended when it returns."""
    started = time.monotonic()
    with screen:
        async with set_up(script, screen) as stage:
            watch = await _play(script, screen, stage)
            await _settle(watch)
            probe = await stage.referee.probe()
            truth = await stage.referee.truth()
            await stage.troupe.stop(stage.daemon)
            journal = await _verify_journal(stage)
    return await asyncio.to_thread(_result, watch, truth, (probe, journal), started)


async def _play(script: Script, screen: Screen, stage: Stage) -> Watch:
    truth = await stage.referee.truth()
    book = [Holding(s, quantity, truth.marks[s]) for s, quantity in truth.quantities.items()]
    crash = plan(script.seed, book, truth.equity, script.seconds)
    watch = Watch(stage, script, screen, crash, datetime.now(UTC))
    screen.say(f"the crash begins: equity {truth.equity:,.0f}, {len(book)} positions")
    watching = asyncio.create_task(watch.keep_looking())
    falling = asyncio.create_task(drive(crash, stage.referee.push))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + script.seconds + AFTER_CRASH_SECONDS
    try:
        while loop.time() < deadline and not (falling.done() and watch.settled()):
            _raise_of(watching, falling)
            await asyncio.sleep(0.05)
    finally:
        for task in (watching, falling):
            task.cancel()
        await asyncio.gather(watching, falling, return_exceptions=True)
    return watch


def _raise_of(*tasks: asyncio.Task[None]) -> None:
    """A watcher or driver that failed ends the play with its own error, not with a silent freeze."""
    for task in tasks:
        if task.done():
            task.result()


async def _settle(watch: Watch) -> None:
    """Messages leave after the action: give them a moment, then look a last time."""
    with suppress(TimeoutError):
        await asyncio.wait_for(watch.stage.receivers.paged.wait(), PAGE_SECONDS)
    await watch.look()


async def _verify_journal(stage: Stage) -> dict[str, Any]:
    """Guardian's own check of its chain, by its command line, after the daemon has gone."""
    arguments = ["guardian", "journal", "verify", "--json", "--config", str(stage.folder.config)]
    code, output = await stage.troupe.ask("verify", arguments)
    try:
        said = json.loads(output)
    except ValueError:
        said = {}
    ok = said.get("ok", said.get("verified"))
    return {"records": said.get("records", 0), "verified": code == 0 and ok is True}


def _result(watch: Watch, truth: Truth, proofs: tuple[str, dict[str, Any]], started: float) -> Result:
    incident = incident_of(watch.status)
    t0 = instant(incident.get("t0")) if incident else None
    verified = instant(incident.get("verified_flat_at")) if incident else None
    zero = t0 or watch.began
    events = _events(watch, truth, verified)
    timeline = rows_of(zero, [*marks_of(incident, events), *_level_marks(watch.recording)])
    inbox = watch.stage.receivers.inbox
    return Result(
        seed=watch.script.seed,
        level=watch.recording.highest_level,
        findings=judge(truth, watch.stage.referee.bot_key, t0),
        verified_flat_s=_since(t0, verified),
        probe=proofs[0],
        equity_at_breach=_equity_at(watch.recording, t0),
        equity_final=round(truth.equity, 2),
        notifications={"slack": inbox.slack_messages, "pagerduty": inbox.pages},
        journal=proofs[1],
        picture=str(_draw(watch, zero, marks_of(incident, events), verified)),
        bot_killed_s=_since(zero, watch.bot_killed_at),
        seconds=time.monotonic() - started,
        timeline=timeline,
    )


def _events(watch: Watch, truth: Truth, verified: datetime | None) -> list[Mark]:
    """What happened, by the venue, the receivers and the process table; a claim is named a claim."""
    incident = incident_of(watch.status) or {}
    t0 = instant(incident.get("t0"))
    pages = [item.at for item in watch.stage.receivers.inbox.of("pagerduty")]
    closes = [o.at for o in truth.asked if o.client_id.startswith("gdn-") and t0 and o.at >= t0]
    found: list[tuple[datetime | None, str]] = [
        (min(closes, default=None), "first close at the venue"),
        (truth.fenced_at, "bot key fenced"),
        (truth.last_fill if not truth.quantities else None, "flat at the venue"),
        (verified, "verified flat (guardian)"),
        (truth.deleted_at, "bot key deleted"),
        (instant(incident.get("key_dead_at")), "key absent from two listings (guardian)"),
        (_sigterm_at(watch.stage.folder.log("bot.jsonl")), "bot gets SIGTERM and ignores it"),
        (min(pages, default=None), "page received"),
        (watch.bot_killed_at, "bot killed with SIGKILL"),
    ]
    return [Mark(at, label) for at, label in found if at is not None]


def _sigterm_at(log: Path) -> datetime | None:
    """When the bot was first asked to stop, by its own log."""
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return next((instant(line["at"]) for line in lines if line["what"] == "sigterm ignored"), None)


def _level_marks(recording: Recording) -> list[Mark]:
    pairs = zip(recording.samples, recording.samples[1:], strict=False)
    return [Mark(now.at, f"level {now.level}") for before, now in pairs if before.level != now.level]


def _draw(watch: Watch, zero: datetime, marks: Sequence[Mark], verified: datetime | None) -> Path:
    crash = watch.crash
    times = [i / 5 for i in range(int(crash.seconds * 5) + 1)]
    took = None if verified is None else (verified - zero).total_seconds()
    done = "never verified flat" if took is None else f"verified flat {took:.1f} s after the breach"
    story = Story(
        title=f"A crash, a bot that would not stop: {done}",
        subtitle=f"guardian demo, seed {crash.seed}, simulated Bybit: the hour of 2021-05-19 in "
        f"{crash.seconds:g} s. Only the market is compressed; limits, holds and clocks are real.",
        recording=watch.recording,
        t0=zero,
        limits=[(f"{level} {100 * limit:g} %", limit) for limit, level in sorted(watch.limits.items())],
        marks=marks,
        unprotected=[(watch.began + timedelta(seconds=t), unprotected_loss(crash, t)) for t in times],
    )
    return draw(story, watch.script.out / f"demo-{crash.seed}.png")


def _equity_at(recording: Recording, at: datetime | None) -> float | None:
    before = [sample.equity for sample in recording.samples if at is not None and sample.at <= at]
    return round(before[-1], 2) if before else None


def _since(t0: datetime | None, at: datetime | None) -> float | None:
    return None if t0 is None or at is None else round((at - t0).total_seconds(), 3)
