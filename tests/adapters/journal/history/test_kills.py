"""kill -9 in the middle of appends: rows and records are of the same commits."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import guardian
from guardian.journal import verify_file
from guardian.journal.history.check import compare
from guardian.journal.history.shapes import TABLES

KILLS = 12
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(guardian.__file__).parents[1])}


@pytest.mark.process
def test_rows_are_what_the_records_say_after_every_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    rng = random.Random(12)
    program = Path(__file__).with_name("teller.py")
    acknowledged = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, str(program), str(path)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        ) as child:
            assert child.stdout is not None
            for _ in range(rng.randrange(1, 60)):
                acknowledged = int(child.stdout.readline())
            # Somewhere within the next appends, not always right after an acknowledgement.
            time.sleep(rng.random() * 0.01)
            child.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, child.stdout.read().split("\n")[:-1])])

        found = [compare(path, tmp_path / "archive", table) for table in TABLES]

        assert verify_file(path).ok
        assert all(each.ok for each in found), found
        assert all(each.last >= acknowledged for each in found)
    assert all(each.rows > 20 for each in found)
