"""docs/telemetry.md tells what the port does: its fields, its schema, and examples that work as written."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from guardian.core.memory import MAXIMUM_GAUGES
from guardian.core.metrics import BY_NAME
from guardian.runtime.stack import listening
from guardian.runtime.stack.inbox import MOST_WAITING
from guardian.web import telling
from guardian.web.metrics import exposition
from tests.core import build
from tests.docs.telemetry_reference import PAGE, SCHEMA, page_text, schema_text
from tests.web.stack import TOKEN, Heard, heard
from tests.web.told import Told

TEXT = PAGE.read_text(encoding="utf-8")


def test_schema_and_fields_are_what_the_code_says() -> None:
    """Stale? `python -m tests.docs.telemetry_reference --write`."""
    assert schema_text() == SCHEMA.read_text(encoding="utf-8")
    assert page_text() == TEXT


def test_a_page_that_drifted_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The test of the test."""
    drifted = tmp_path / "telemetry.md"
    drifted.write_text(TEXT.replace("list of at most 60", "list of at most 61"))
    monkeypatch.setattr("tests.docs.telemetry_reference.PAGE", drifted)

    assert drifted.read_text() != TEXT
    assert page_text() == TEXT


def test_every_name_that_is_exported_stands_on_the_page() -> None:
    body = exposition(Told().figures)("")[0].decode()
    names = {line.split()[2] for line in body.splitlines() if line.startswith("# TYPE guardian_")}

    assert [] == sorted(name for name in names if f"`{name}`" not in TEXT)


def test_bounds_are_told_as_they_are() -> None:
    source, burst = f"{telling.SOURCE_PER_SECOND:g}", f"{telling.SOURCE_BURST:g}"
    for said in (
        f"more than {source} a second from one source ({burst} at once), ",
        f"{telling.PORT_PER_SECOND:g} a second in all, or {telling.MOST_SOURCES} sources at once",
        f"more than {listening.ACCOUNT_BYTES_PER_SECOND / 1024:g} KiB a second of one account "
        f"({listening.ACCOUNT_BURST_BYTES / 1024:g} KiB at once; each message counts "
        f"{listening.RECORD_BYTES} bytes more)",
        f"the body took more than {telling.BODY_SECONDS:g} s; ",
        f"has more than {telling.LARGEST_MESSAGE // 1024} KiB",
        f"at most {MOST_WAITING} messages of an account wait",
        f"An account remembers {MAXIMUM_GAUGES} gauges",
    ):
        assert said in TEXT


def test_every_metric_that_the_page_names_is_measured() -> None:
    (told,) = re.findall(r"^`heartbeat` is read by .*?\n\n", TEXT, re.M | re.S)

    named = set(re.findall(r"`(\w+_\w+|gauge|slippage)`", told)) - {"client_id"}

    assert 12 == len(named)
    assert named <= set(BY_NAME)


def example(language: str, bot: Heard) -> str:
    """The page's code, pointed at this test's port and account."""
    (code,) = re.findall(rf"^```{language}\n(.*?/v1/telemetry.*?)^```", TEXT, re.M | re.S)
    here = str(code).replace("127.0.0.1:8787", f"127.0.0.1:{bot.server.port}")
    return here.replace("bybit-main", build.ACCOUNT)


async def ran(*command: str) -> None:
    surroundings = {**os.environ, "GUARDIAN_TELEMETRY_TOKEN": TOKEN}
    process = await asyncio.create_subprocess_exec(
        *command, env=surroundings, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    assert 0 == process.returncode, said.decode()
    assert b"was not told" not in said


async def test_the_python_on_the_page_tells_everything(tmp_path: Path) -> None:
    async with heard(tmp_path) as bot:
        await ran(sys.executable, "-c", example("python", bot))
        stack = (await bot.decided()).stack

    assert ["queue_depth"] == [name for name, _ in stack.gauges]
    assert ["ft-1"] == [signal.client_id for signal in stack.signals]
    assert ["paper"] == [twin.kind for twin in stack.twins]
    assert stack.heartbeat_at is not None


@pytest.mark.skipif(
    shutil.which("curl") is None and "CI" not in os.environ, reason="no curl on this machine; CI must have it"
)
async def test_the_curl_on_the_page_tells(tmp_path: Path) -> None:
    async with heard(tmp_path) as bot:
        await ran("sh", "-c", example("sh", bot))
        stack = (await bot.decided()).stack

    assert 12.0 == stack.gauges[0][1][-1].value
