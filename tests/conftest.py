"""What tests share: real processes one at a time, the market data, a reproducible Hypothesis."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, max_examples=60, print_blob=True)
hypothesis.settings.register_profile("local", deadline=None, max_examples=60)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tests that start real processes measure time: one at a time, even when other workers have some too.

    A file lock, because the xdist_group marker does not reach the scheduler with this pytest.
    """
    if not item.get_closest_marker("process"):
        return (yield)
    with (Path(tempfile.gettempdir()) / f"guardian-tests-{os.getuid()}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return (yield)


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of recorded market data. Absent it skips, but under CI it fails: silence is not a pass."""
    named = os.environ.get("GUARDIAN_MARKET_DATA")
    if named and Path(named).is_dir():
        return Path(named)
    why = f"GUARDIAN_MARKET_DATA is {named!r}: not a folder" if named else "GUARDIAN_MARKET_DATA is not set"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
