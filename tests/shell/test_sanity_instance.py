"""A broken part of the instance is told by the daily checks: journal, disk, rules, channels, stack."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from guardian.journal import Keeping
from guardian.runtime.checkup import journal
from guardian.runtime.codec import encode_state
from guardian.runtime.sanity import record
from guardian.runtime.stack.counts import SourceCount
from tests.integration.troupe import ACCOUNT, Desk
from tests.shell.whole import failed, looked, running, said, until

pytestmark = pytest.mark.process


async def test_a_journal_that_lost_records(desk: Desk) -> None:
    async with running(desk) as guardian:
        guardian.runtime.committer.lost = 2
        lost = await looked(guardian)
        guardian.runtime.committer.ok = False
        dead = await looked(guardian)

    assert "2 records of this run were lost" == said(lost, "journal writing")
    assert "it is not being written" == said(dead, "journal writing")


async def test_a_full_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM_FAIL_BYTES", 2**62)
    async with running(desk) as guardian:
        lines = await looked(guardian)

    assert ["disk"] == failed(lines)


async def test_a_segment_that_is_not_the_one_that_was_sealed(desk: Desk) -> None:
    async with running(desk) as guardian:
        now = guardian.runtime.parts.clock.now()
        await until(lambda: guardian.runtime.committer.records > 20)
        for _ in range(2):  # What lies before the last but one may leave.
            await guardian.journal.checkpoint(now, encode_state(guardian.runtime.state))
        keeping = Keeping(guardian.config.archive, 1, None)
        await guardian.journal.rotate(keeping, now + timedelta(days=2))
        sound = await looked(guardian)
        segment = max(guardian.config.archive.iterdir())
        os.chmod(segment, 0o600)
        segment.write_bytes(segment.read_bytes()[:-1])
        lines = await looked(guardian)

    assert "is as it was sealed" in sound["archive"][0].message
    assert f"{segment.name} is not the file that was sealed" == said(lines, "archive")


async def test_anchors_that_the_journal_denies_or_that_are_old(desk: Desk, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors"
    desk.config.write_text(desk.config.read_text() + f"journal: {{anchors: {anchors}}}\n")
    async with running(desk) as guardian:
        assert "FileNotFoundError" in said(await looked(guardian), "anchors")
        await guardian.journal.anchor(anchors, guardian.runtime.parts.clock.now())
        assert [] == failed(await looked(guardian))
        true = anchors.read_text()
        long_ago = time.time() - 2 * record.ANCHOR_SECONDS
        os.utime(anchors, (long_ago, long_ago))
        assert "written 30 min ago" in said(await looked(guardian), "anchors")
        anchors.write_text(true[:-65] + "0" * 64 + "\n")
        other = await looked(guardian)
        anchors.write_text(true.replace(true.split()[1].split(":")[0] + ":", "999999:"))
        beyond = await looked(guardian)

    assert "is not the one that the newest anchor names" in said(other, "anchors")
    assert "past the end of the journal" in said(beyond, "anchors")


async def test_rules_that_were_edited_and_not_taken_in(desk: Desk) -> None:
    rules = desk.root / "rules" / "fast.yaml"
    async with running(desk) as guardian:
        was = rules.read_text()
        rules.write_text(was.replace("0.05", "0.06"))
        edited = await looked(guardian)
        rules.write_text(was.replace("drawdown", "drawdwon"))
        broken = await looked(guardian)
        rules.write_text(was)
        desk.config.write_text(desk.config.read_text().replace("flows: 1s", "flows: 2s"))
        changed = await looked(guardian)

    assert "the files hold other rules" in said(edited, "rules")
    assert "did you mean drawdown?" in said(broken, "guardian.yaml")
    assert ([], "was changed since guardian started") == (failed(changed), said(changed, "guardian.yaml"))


ROUTES = """\
channels:
  ops: {slack: {url: file:keys/slack}}
routes:
  - {level: caution, to: [ops]}
"""


async def _busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A service that takes connections and no message."""
    if await reader.read(1):
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
    writer.close()


async def test_a_channel_that_refuses_its_messages(desk: Desk) -> None:
    """Nothing is sent for the sake of the check: what became of real messages is what counts."""
    (desk.root / "routes.yaml").write_text(ROUTES)
    desk.config.write_text(desk.config.read_text().replace("accounts:", "routes: routes.yaml\naccounts:", 1))
    slack = desk.root / "keys" / "slack"
    slack.touch(0o600)
    busy = await asyncio.start_server(_busy, "127.0.0.1", 0)
    slack.write_text(f"http://127.0.0.1:{busy.sockets[0].getsockname()[1]}/services/none")
    async with busy, running(desk) as guardian:
        quiet = await looked(guardian)
        guardian.runtime.trouble("config", "a message for people", False)
        await asyncio.sleep(0.1)
        await guardian.runtime.courier.look()
        await guardian.runtime.courier.settle()
        lines = await looked(guardian)

    assert "nothing was sent since guardian started" == quiet["channel ops delivery"][0].message
    assert "1 tries in a row were refused, and none was ever taken" == said(lines, "channel ops delivery")


async def test_a_stack_that_is_configured_and_silent(desk: Desk) -> None:
    (desk.root / "keys" / "token").touch(0o600)
    (desk.root / "keys" / "token").write_text("t" * 40)
    more = "listen: 127.0.0.1:0\ntelemetry: {token: file:keys/token}\nsources:\n"
    more += "  - prometheus: {url: http://127.0.0.1:9, account: desk, gauges: {queue: up}}\n"
    desk.config.write_text(desk.config.read_text().replace("accounts:", more + "accounts:", 1))
    async with running(desk) as guardian:
        silent = await looked(guardian)
        now = guardian.runtime.parts.clock.now()
        key = (ACCOUNT, "prometheus:127.0.0.1:9")
        guardian.runtime.counters.stack.sources[key] = SourceCount(now, now, (("queue", "no series"),))
        gaugeless = await looked(guardian)
        guardian.runtime.counters.stack.sources[key] = SourceCount(now, now - timedelta(minutes=5))
        late = await looked(guardian)
        guardian.runtime.counters.stack.sources[key] = SourceCount(now, now)
        heard = await looked(guardian)

    assert "the stack has never told anything" == said(silent, "telemetry heard")
    assert "was never asked since guardian started" == said(silent, "source")
    assert "queue: no series" in said(gaugeless, key[1])
    assert "last gave a number 300 s ago" == said(late, key[1])
    assert key[1] not in failed(heard)
