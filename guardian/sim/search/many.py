"""Many seeds over many processes. Results come in the order of the seeds, however many processes there are.

A process is spawned, never forked: it knows nothing but the seed and the mutant, so that a seed which fails
in a search of thousands fails alone just the same.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

from guardian.sim.mutants.mutant import planted
from guardian.sim.play.incident import Result
from guardian.sim.search.one import play_seed

SEEDS_AT_ONCE = 4
SELDOM = (50_000, 20, 50)
"""An incident makes many values and few cycles: to look for those after every 700 costs a fourteenth."""


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def results(seeds: range, jobs: int, mutant: str = "") -> Iterator[Iterator[Result]]:
    """An iterator over the results; leaving early takes back what has not begun."""
    played = partial(play_with, mutant)
    if jobs == 1 or len(seeds) == 1:
        usual = gc.get_threshold()
        gc.set_threshold(*SELDOM)
        try:
            yield map(played, seeds)
        finally:
            gc.set_threshold(*usual)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(seeds)), context, _begin)
    try:
        yield pool.map(played, seeds, chunksize=SEEDS_AT_ONCE)
    finally:
        pool.shutdown(cancel_futures=True)


def play_with(mutant: str, seed: int) -> Result:
    """One seed with this mutant planted; none where its name is empty."""
    with planted(mutant):
        return play_seed(seed)


def _begin() -> None:
    """Ctrl-C is the parent's to hear."""
    gc.set_threshold(*SELDOM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
