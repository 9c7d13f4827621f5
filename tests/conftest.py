"""What tests share: whose turn it is, the market data, a reproducible Hypothesis."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from tests.turns import Turns

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, max_examples=60, print_blob=True)
hypothesis.settings.register_profile("local", deadline=None, max_examples=60)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

TURNS = pytest.StashKey[Turns]()


def pytest_configure(config: pytest.Config) -> None:
    """A shell starts its background jobs deaf to Ctrl-C, and children inherit that: undone here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[TURNS] = Turns()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[TURNS].close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that mostly wait come first, so that the rest fills the processors; those that measure, last."""
    waiting = {item.path for item in items if item.get_closest_marker("process")}
    measuring = {item.path for item in items if _alone(item)}
    items.sort(key=lambda item: (item.path in measuring, item.path not in waiting))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Tests with real processes run side by side, but one that measures time runs without any of them.

    The turn is kept up to the end of a file that measures, because its fixtures may go on between two tests.
    """
    if not item.get_closest_marker("process"):
        return (yield)
    turns, alone = item.config.stash[TURNS], _alone(item)
    turns.take(alone)
    try:
        return (yield)
    finally:
        if not (alone and nextitem is not None and nextitem.path == item.path and _alone(nextitem)):
            turns.end()


def _alone(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("process")
    return marker is not None and bool(marker.kwargs.get("alone"))


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
