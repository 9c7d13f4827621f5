"""One simulated venue for a file of tests, a fresh folder for each, and receivers of Slack and PagerDuty."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from guardian.demo.receivers import Receivers
from tests.cli.asking import ROUTING_KEY, SLACK_PATH
from tests.integration.troupe import Desk, Venue


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    opened = Venue("--seed", "11")
    yield opened
    opened.close()


@pytest.fixture
def desk(venue: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A folder with keys and a configuration for the venue; nothing runs yet."""
    monkeypatch.delenv("GUARDIAN_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    opened = Desk(tmp_path, venue)
    opened.write_keys()
    opened.configure()
    yield opened
    opened.close()
    venue.clear()


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    """Both receivers on a loop of their own: the command under test runs one too."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = Receivers(SLACK_PATH, ROUTING_KEY)
    asyncio.run_coroutine_threadsafe(opened.start(), loop).result(10)
    yield opened
    asyncio.run_coroutine_threadsafe(opened.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
