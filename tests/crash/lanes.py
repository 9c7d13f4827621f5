"""Many lives side by side: each is mostly waiting, but all of them start processes on the same processors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.crash.cases import Case
from tests.crash.evidence import Life
from tests.crash.life import live

AT_ONCE = 4


@contextmanager
def lives(cases: Sequence[Case], folder: Path, at_once: int = AT_ONCE) -> Iterator[list[Future[Life]]]:
    """One future for each case, in their order; what has not begun when this ends is not begun any more."""
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(_one, case, folder) for case in cases]
        try:
            yield futures
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _one(case: Case, folder: Path) -> Life:
    home = folder / str(case.number)
    home.mkdir(parents=True)
    return live(case, home)
