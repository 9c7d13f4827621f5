"""Nobody reads the output any more, or the disk is full: the exit code tells all the same, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

MISTYPED = ("status", "--nope")


def left(words: tuple[str, ...], out: int, err: int) -> tuple[int, str]:
    """The exit code, and what came through stderr where it is a pipe."""
    ran = subprocess.run(
        [sys.executable, "-m", "guardian", *words], stdout=out, stderr=err, text=True, check=False
    )
    return ran.returncode, ran.stderr or ""


@pytest.fixture(params=["gone", "full"])
def unread(request: pytest.FixtureRequest) -> Iterator[int]:
    """A pipe that nobody reads, and a disk without room."""
    if request.param == "full":
        kept = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, kept = os.pipe()
        os.close(reading)
    yield kept
    os.close(kept)


@pytest.mark.process
@pytest.mark.parametrize(("words", "code"), [(("replay", "x", "--rules", "nopack"), 3), (MISTYPED, 2)])
def test_an_error_that_nobody_reads_keeps_its_exit_code(
    words: tuple[str, ...], code: int, unread: int
) -> None:
    ended, err = left((*words, "--json"), unread, subprocess.PIPE)

    assert ended == code, err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert left(words, subprocess.DEVNULL, unread)[0] == code
