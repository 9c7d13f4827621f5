"""The disk turns read-only in mid-incident and guardian is restarted: it flattens from what it reads."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian import without
from tests.integration.bad_input.conftest import ended
from tests.integration.conftest import OpenDesk
from tests.integration.troupe import Desk

pytestmark = pytest.mark.process


def mounted(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True, timeout=20).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which only somebody with leave to mount can turn read-only."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mounted("-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)):
        without("this needs leave to mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=20)


def on(desk: Desk, disk: Path) -> Desk:
    """The desk with its state on that disk."""
    (disk / "state").mkdir(mode=0o700)
    (desk.root / "state").symlink_to(disk / "state")
    return desk


def test_an_incident_is_resumed_and_ended_on_a_disk_like_that(open_desk: OpenDesk, disk: Path) -> None:
    desk = on(open_desk(), disk)
    desk.run()
    desk.warm()
    desk.venue.fault(match="order/create", effect="ret_code", code=10006)
    desk.operate("demand", level="flatten", reason="test")
    desk.until(lambda: desk.level() == "FLATTEN", 20, "flattening")
    desk.kill()
    assert desk.venue.books()["positions"]
    assert mounted("-o", "remount,ro", str(disk))
    desk.venue.clear()

    desk.spawn()

    desk.until(lambda: not desk.venue.books()["positions"], 30, "flat by the venue's own books")
    assert desk.process.poll() is None
    assert "resuming incident" in desk.log
    assert mounted("-o", "remount,rw", str(disk))
    desk.until(lambda: desk.status() is not None, 20, "the control socket is made when the disk takes it")
    desk.until(lambda: (desk.status() or {})["journal"]["ok"], 20, "and the journal is written again")
    desk.until(lambda: "control" not in desk.account()["troubles"], 20, "and what was told is healed")
    assert "Traceback" not in desk.log


def test_a_first_start_on_such_a_disk_is_refused_with_a_sentence(open_desk: OpenDesk, disk: Path) -> None:
    desk = on(open_desk(), disk)
    assert mounted("-o", "remount,ro", str(disk))

    said = ended(desk)

    assert 1 == said.code
    assert "Read-only file system" in said.err
    assert "Traceback" not in said.err
