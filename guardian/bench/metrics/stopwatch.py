"""Processor time of one process, both sides alternately: a slow minute of the machine falls on both."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import process_time

LOOPS = 2000


def once(work: Callable[[], object]) -> float:
    """Microseconds of one call."""
    begun = process_time()
    work()
    return (process_time() - begun) * 1e6


def each(work: Callable[[], object], loops: int = LOOPS) -> float:
    """Microseconds of one call among many, without what the loop itself takes."""
    begun = process_time()
    for _ in range(loops):
        work()
    full = process_time() - begun
    begun = process_time()
    for _ in range(loops):
        _nothing()
    return max((full - (process_time() - begun)) / loops * 1e6, 1e-3)


def _nothing() -> None:
    return None


def alternately(sides: Mapping[str, Callable[[], float]], repeat: int) -> dict[str, float]:
    """The median of each side's repeats.

    What was made beforehand to be read by both is nobody's garbage: the collector is told to leave it alone.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    gc.collect()
    gc.freeze()
    for _ in range(repeat):
        for name, measure in sides.items():
            found[name].append(measure())
    gc.unfreeze()
    return {name: median(times) for name, times in found.items()}
