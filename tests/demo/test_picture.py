"""The picture is drawn from what was recorded, so that it can be made again and cannot say more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import matplotlib.image
import numpy as np

from guardian.demo.picture import FAIL, Story, draw
from guardian.demo.samples import Mark, Recording, Sample

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def story(*, failed: bool, samples: int = 60) -> Story:
    recording = Recording()
    for i in range(samples):
        held = {"BTCUSDT": 40_000.0, "XRPUSDT": -9_000.0} if i < 40 else {}
        level = "NORMAL" if i < 20 else "CAUTION" if i < 40 else "LOCKOUT"
        recording.add(Sample(at(i / 2), 100_000 - 150 * min(i, 40), level, held))
    marks = [Mark(at(20), "bot key fenced"), Mark(at(20.2), "cancel BTC 17", failed)]
    return Story("title", "subtitle", recording, at(20), [("LOCKOUT 5 %", 0.05)], marks)


def red_pixels(file: Path) -> int:
    wanted = np.array([int(FAIL[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    pixels = matplotlib.image.imread(file)[:, :, :3]
    return int((np.abs(pixels - wanted).max(axis=2) < 0.02).sum())


def test_a_picture_is_made_and_failed_steps_are_red(tmp_path: Path) -> None:
    fine = draw(story(failed=False), tmp_path / "deep" / "fine.png")
    broken = draw(story(failed=True), tmp_path / "broken.png")

    assert fine.is_absolute()
    assert red_pixels(fine) == 0
    assert red_pixels(broken) > 100


def test_a_run_that_recorded_nothing_still_gives_a_picture(tmp_path: Path) -> None:
    """A demo that failed early must not end in a traceback of the drawing."""
    file = draw(story(failed=False, samples=0), tmp_path / "empty.png")

    assert file.stat().st_size > 1_000
