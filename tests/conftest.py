"""What tests share: the order of their files, the market data, a reproducible Hypothesis."""

from __future__ import annotations

import os
import signal
from itertools import zip_longest
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, max_examples=60, print_blob=True)
hypothesis.settings.register_profile("local", deadline=None, max_examples=60)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_configure(config: pytest.Config) -> None:
    """A shell starts its background jobs deaf to Ctrl-C, and children inherit that: undone here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that mostly wait and files that compute for long go out in turns, before all that is quick.

    Thus neither the processors nor the workers stand idle, and nothing long is left for the end.
    """
    files = list(dict.fromkeys(item.path for item in items))
    waiting = _marked(items, "process")
    computing = [path for path in _marked(items, "long") if path not in waiting]
    in_turns = [path for pair in zip_longest(computing, waiting) for path in pair if path]
    order = {path: place for place, path in enumerate(dict.fromkeys([*in_turns, *files]))}
    items.sort(key=lambda item: order[item.path])


def _marked(items: list[pytest.Item], marker: str) -> list[Path]:
    return list(dict.fromkeys(item.path for item in items if item.get_closest_marker(marker)))


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
