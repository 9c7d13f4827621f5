"""The soak itself: its trend can fail, it notices a real leak, and a short run of it passes on guardian."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.troupe import environment
from tests.soak.run import Asked, judged, watched
from tests.soak.sample import Subject
from tests.soak.trend import Limit, trend

ROOT = Path(__file__).resolve().parents[2]
Series = list[tuple[float, float]]


def series(value: Callable[[int], float]) -> Series:
    """Ten minutes, a sample a second."""
    return [(float(second), float(value(second))) for second in range(600)]


def test_noise_peaks_and_a_warm_up_are_flat() -> None:
    """What a healthy process looks like: it fills its windows, collects garbage, and has a bad minute."""
    rng = random.Random(1)
    saw = series(lambda s: 100 + (s % 37) + rng.gauss(0, 5) + (300 if 300 < s < 315 else 0))
    filling = series(lambda s: 100 * (1 - math.exp(-s / 40)))

    assert trend(saw, Limit(4)).flat
    assert trend(filling, Limit(4)).flat


@pytest.mark.parametrize("rate", [0.02, 0.1, 1.0])
def test_a_slow_leak_under_noise_is_not_flat(rate: float) -> None:
    rng = random.Random(2)

    found = trend(series(lambda s: 100 + rate * s + rng.gauss(0, 5)), Limit(4))

    assert not found.flat
    assert found.growth == pytest.approx(rate * 400, rel=0.35)


def test_what_shrinks_is_flat() -> None:
    assert trend(series(lambda s: 1000 - s), Limit(4)).flat


def test_too_few_samples_are_no_pass() -> None:
    with pytest.raises(ValueError, match="after the warm-up"):
        trend([(0.0, 1.0)] * 5, Limit(4))
    document = judged({"rss": [(0.0, 1.0)]}, 60)

    assert any("rss" in wrong for wrong in document["wrong"])


@pytest.mark.process
def test_a_process_that_leaks_is_noticed() -> None:
    """Descriptors and memory of a real process, read from the kernel as those of guardian are."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("leaky.py"))], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            child.stdout.readline()
            samples = watched(Subject(child.pid), Asked(seconds=4, every=0.05), lambda line: None)
        finally:
            child.kill()

    document = judged(samples, 4)

    assert not document["figures"]["descriptors"]["flat"]
    assert not document["figures"]["rss"]["flat"]
    assert document["figures"]["threads"]["flat"]


def test_a_process_that_is_gone_ends_the_watch() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()

    samples = watched(Subject(child.pid), Asked(seconds=60), lambda line: None)

    assert samples == {}
    assert judged(samples, 60)["wrong"]


@pytest.mark.process
def test_a_short_soak_of_guardian_passes_and_says_so() -> None:
    """Half a minute of `make soak`: the program, its document and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--minutes", "0.4", "--every", "0.2", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=environment(),
        check=False,
    )

    document = json.loads(done.stdout)
    assert document["wrong"] == [], done.stderr
    assert done.returncode == 0
    assert set(document["figures"]) == {"rss", "descriptors", "threads", "tasks"}
    assert document["faults"] > 5
    assert document["last"]["judged"] > 50
    assert "of 0.4 min" in done.stderr
