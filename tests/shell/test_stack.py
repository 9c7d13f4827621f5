"""What a source gives reaches the account; what it does not give is shown with its reason, never told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from guardian.cli.see.status_beside import stack_lines
from guardian.config.shapes import PrometheusConfig
from guardian.core.events import Event, TelemetryTold
from guardian.core.facts.telemetry import Telemetry
from guardian.core.model import Rule
from guardian.runtime import commit
from guardian.runtime.control.status import document
from guardian.runtime.control.telemetry import RuntimeTelemetry
from guardian.runtime.stack.asking import Asking
from guardian.runtime.stack.counts import StackCounts
from guardian.runtime.stack.hearing import open_hearing
from guardian.runtime.stack.inbox import MOST_WAITING, Inbox
from guardian.secrets import SecretReferences
from guardian.sources import Readings, open_source
from guardian.web.metrics import exposition
from tests.adapters.sources.server import Prometheus, serving, vector
from tests.core import build
from tests.core.build import START, rung
from tests.shell.fakes import Shell, open_shell

GAUGES = (("queue_depth", "sum(queue)"), ("lag", "max(lag)"))
RULES = (
    build.rule(rung(100, "halt"), id="queue", metric="gauge", of="queue_depth"),
    build.rule(rung(60, "halt"), id="alive", metric="heartbeat_age", armed=False),
    build.rule(id="dd"),
)


@dataclass
class Asked:
    shell: Shell
    inbox: Inbox
    asking: Asking

    async def turn(self) -> dict[str, Any]:
        """One turn of the timer, decided; the account's status after it."""
        await self.asking.ask()
        await asyncio.sleep(0.1)
        (account,) = document(self.shell.runtime)["accounts"]
        return dict(account)


@asynccontextmanager
async def asked(folder: Path, server: Prometheus, *rules: Rule) -> AsyncIterator[Asked]:
    shell = open_shell(folder)
    for name in ("sent", "failed"):
        setattr(shell.post, name, 0)
    shell.start(*(rules or RULES))
    await shell.run()
    runtime, counts = shell.runtime, shell.runtime.counters.stack
    inbox = Inbox(runtime.submit, runtime.parts.clock.now, counts)
    config = PrometheusConfig(server.url, build.ACCOUNT, GAUGES)
    source = open_source(config, SecretReferences(folder))
    asking = Asking(source, runtime.parts.clock.now, inbox.offer, counts)
    tasks = [asyncio.create_task(runtime.run()), asyncio.create_task(inbox.run())]
    try:
        yield Asked(shell, inbox, asking)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asking.close()


async def test_a_number_is_told_and_the_rule_that_needs_it_measures_it(tmp_path: Path) -> None:
    server = Prometheus(START, {"sum(queue)": vector(START, "41"), "max(lag)": vector(START, "2")})
    async with serving(server), asked(tmp_path, server) as bed:
        account = await bed.turn()

    assert {"queue_depth": 41.0, "lag": 2.0} == {g["name"]: g["value"] for g in account["stack"]["gauges"]}
    (source,) = account["stack"]["sources"]
    assert [] == source["silent"]
    assert 0 <= source["told_age_s"] < 1
    assert 41.0 == next(rule["value"] for rule in account["rules"] if rule["id"] == "queue")
    assert ["alive"] == [each["rule"] for each in account["waiting"]]


async def test_silence_is_shown_with_its_reason_and_never_a_zero(tmp_path: Path) -> None:
    server = Prometheus(START, {"sum(queue)": vector(START, "NaN")})
    async with serving(server), asked(tmp_path, server) as bed:
        account = await bed.turn()
        events = [body for body in bed.shell.disk.bodies if '"telemetry"' in body]
        metrics = exposition(RuntimeTelemetry(bed.shell.runtime).figures)("")[0].decode()

    lines = stack_lines(account)
    assert [] == events
    assert [] == account["stack"]["gauges"]
    assert "  stack: nothing was ever told: unknown, not zero" in lines
    name = account["stack"]["sources"][0]["name"]
    assert (
        f"  {name}: queue_depth unknown, the sample is NaN: not a finite number (last number: never)" in lines
    )
    assert f"  {name}: lag unknown, no sample (last number: never)" in lines
    assert "  waits: queue [armed] needs gauge of queue_depth, of which nothing was ever told" in lines
    assert "  waits: alive [observe] needs heartbeat_age, of which nothing was ever told" in lines
    assert [] == [line for line in lines if "dd" in line]
    assert f'guardian_source_silent_gauges{{account="main",source="{name}"}} 2.0' in metrics
    assert "guardian_source_last_success_timestamp_seconds{" not in metrics


async def test_a_source_that_falls_silent_leaves_the_last_number_with_its_age(tmp_path: Path) -> None:
    server = Prometheus(START, {"sum(queue)": vector(START, "41"), "max(lag)": vector(START, "2")})
    async with serving(server), asked(tmp_path, server) as bed:
        await bed.turn()
        server.raw = b"gone"
        bed.shell.clock.at += timedelta(seconds=45)
        account = await bed.turn()

    (gauge, _) = account["stack"]["gauges"]
    assert 45 <= gauge["age_s"] < 47
    assert 2 == len(account["stack"]["sources"][0]["silent"])
    assert any(line.startswith("  stack: lag 2 (45.") for line in stack_lines(account))


class Broken:
    """A source with a bug, whose message holds a secret."""

    name, account, every_seconds, gauges = "broken", build.ACCOUNT, 15.0, ("queue_depth",)

    async def ask(self, now: Callable[[], datetime]) -> Readings:
        raise RuntimeError("TOPSECRET")

    async def close(self) -> None:
        return


async def test_a_bug_in_a_source_is_silence_and_its_words_are_not_repeated() -> None:
    counts, offered = StackCounts(), list[Telemetry]()
    asking = Asking(Broken(), lambda: START, offered.append, counts)

    await asking.ask()

    assert (("queue_depth", "unexpected RuntimeError"),) == counts.sources[build.ACCOUNT, "broken"].silent
    assert [] == offered


async def test_the_same_server_twice_has_two_names() -> None:
    """Two series of one name would make the whole exposition unreadable."""
    counts = StackCounts()
    names = [Asking(Broken(), lambda: START, print, counts).name for _ in range(3)]

    assert ["broken", "broken#2", "broken#3"] == names


async def test_what_is_told_brings_few_checkpoints(tmp_path: Path) -> None:
    """Each is the whole state: a stack that talks all the time must not fill the disk with them.

    But what a restart folds stays bounded, whatever it is.
    """
    shell = open_shell(tmp_path)
    shell.start(*RULES)
    await shell.run()
    before = len(shell.disk.checkpoints)

    for number in range(commit.CHECKPOINT_EVERY * 2):
        shell.runtime.post(TelemetryTold(START, Telemetry(build.ACCOUNT, str(number), heartbeat=True)))
    await shell.run()
    told = len(shell.disk.checkpoints)
    for number in range(commit.CHECKPOINT_EVERY * 2):
        shell.see(1 + number / 10)
    await shell.run()

    assert before == told
    assert 2 <= len(shell.disk.checkpoints) - told <= 3


# --- the inbox ----------------------------------------------------------------------------------


@dataclass
class Loop:
    """Takes events as slowly as the test says."""

    events: list[TelemetryTold]
    open: asyncio.Event
    most: int = 0
    inside: int = 0

    async def submit(self, event: Event) -> None:
        assert isinstance(event, TelemetryTold)
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.open.wait()
        self.inside -= 1
        self.events.append(event)


async def test_the_oldest_is_dropped_and_counted_and_no_account_pushes_out_another() -> None:
    loop, counts = Loop([], asyncio.Event()), StackCounts()
    inbox = Inbox(loop.submit, lambda: START, counts)
    for number in range(MOST_WAITING + 10):
        inbox.offer(Telemetry("loud", str(number)))
    inbox.offer(Telemetry("calm", "first"))
    task = asyncio.create_task(inbox.run())
    await asyncio.sleep(0.05)
    loop.open.set()

    while len(loop.events) < MOST_WAITING + 1:  # noqa: ASYNC110 - the inbox has no event to wait for
        await asyncio.sleep(0.01)
    task.cancel()

    told = [(event.telemetry.account, event.telemetry.source) for event in loop.events]
    assert {"loud": 10} == dict(counts.dropped)
    assert ("loud", "10") == told[0]
    assert ("calm", "first") == told[1]
    assert ("loud", str(MOST_WAITING + 9)) == told[-1]
    assert 1 == loop.most, "more than one message waits in front of a decision"


async def test_no_more_than_fifty_a_second_reach_the_loop() -> None:
    """Each is a step and a record of the journal: as many as come would be a load that a sender chooses."""
    loop = Loop([], asyncio.Event())
    loop.open.set()
    inbox = Inbox(loop.submit, lambda: START, StackCounts())
    for number in range(MOST_WAITING):
        inbox.offer(Telemetry("loud", str(number)))

    task = asyncio.create_task(inbox.run())
    await asyncio.sleep(0.3)
    task.cancel()

    assert 1 <= len(loop.events) <= 16


async def test_an_inbox_that_cannot_hand_on_is_told_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages would be answered as taken and never be decided, and nobody would know."""
    shell = open_shell(tmp_path)
    shell.start(*RULES)
    await shell.run()
    runtime, refusals, events = shell.runtime, [RuntimeError("TOPSECRET")] * 2, list[Event]()

    async def submit(event: Event) -> None:
        if refusals:
            raise refusals.pop()
        events.append(event)

    monkeypatch.setattr(runtime, "submit", submit)
    monkeypatch.setattr("guardian.runtime.stack.inbox.REST_SECONDS", 0.01)
    config: Any = SimpleNamespace(telemetry=None, sources=())
    hearing = open_hearing(config, runtime, SecretReferences(tmp_path))
    inbox = hearing.inbox
    for number in range(3):
        inbox.offer(Telemetry(build.ACCOUNT, str(number)))
    async with asyncio.timeout(20):
        while not events:  # noqa: ASYNC110 - the inbox has no event to wait for
            await asyncio.sleep(0.01)
    await shell.run()
    await hearing.close()

    told = [json.loads(body)["event"] for body in shell.disk.bodies if '"troubled"' in body]
    assert [("telemetry-inbox", False), ("telemetry-inbox", True)] == [
        (each["subject"], each["healed"]) for each in told
    ]
    assert "TOPSECRET" not in str(shell.disk.bodies)
    assert {build.ACCOUNT: 2} == dict(runtime.counters.stack.dropped)
