"""M18, how sure the simulated CVaR is: its standard error, by a bootstrap of the days that it is made of.

Formula: the standard deviation of CVaR over 200 samples of the simulated days' losses, each put together of
blocks of 24 days in a row, in a circle: days that begin an hour apart share 23 of their hours, and blocks
keep what they share (Politis & Romano 1992). Of 1,500 such days about 60 have nothing in common. Unit:
fraction of equity. None with under 250 days. Where the normal tail is the larger, CVaR is not this uncertain.

Deterministic: the draws are a hash of their number and of the hours themselves (splitmix64), so that a replay
tells the same. Nothing is judged by it; it is computed when somebody asks, at the rounded exposures of
simulated.py, and kept until these or the hours change: 200 x 1,500 numbers, some 20 ms.
Source: Efron 1979; Politis & Romano 1992 (circular blocks); metrics.md M18.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from guardian.core.metrics.cvar import LEVEL
from guardian.core.metrics.holdings import Floats
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.scenarios import DAY_HOURS
from guardian.core.metrics.simulated import shares_of, simulated
from guardian.core.metrics.tails import tail_size
from guardian.core.state import AccountState

DRAWS = 200


def standard_error(account: AccountState) -> float | None:
    """Of the simulated CVaR, over the account's equity; None where nothing is simulated."""
    book = shares_of(account)
    if book is None:
        return None
    found = _of_one(account.policy.name, book.series, book.key)
    return None if found is None else found * book.gross / book.equity


@newest_of
def _of_one(owner: str, series: tuple[str, ...], key: tuple[bytes, bytes]) -> float | None:
    """Of a book of gross 1 with these shares."""
    found = simulated(series, key)
    if found is None:
        return None
    fell, hours = found
    return bootstrapped(fell, LEVEL, crc32("".join(hours).encode()))


def bootstrapped(days: Floats, level: float, seed: int, draws: int = DRAWS) -> float:
    """The standard deviation of CVaR over so many samples of blocks of a day's length."""
    count = len(days)
    blocks = -(-count // DAY_HOURS)
    begins = (numbers(seed, draws * blocks) % np.uint64(count)).astype(np.int64).reshape(draws, blocks, 1)
    chosen = ((begins + np.arange(DAY_HOURS)) % count).reshape(draws, -1)[:, :count]
    return float(np.std(_conditional(days[chosen], level), ddof=1))


def _conditional(samples: Floats, level: float) -> Floats:
    """CVaR of each row, the last of its tail in part; as tails.py has it of one."""
    count = samples.shape[1]
    size = (1 - level) * count
    kept = tail_size(count, level)
    worst = -np.sort(np.partition(-samples, kept - 1, axis=1)[:, :kept], axis=1)
    weights = np.clip(size - np.arange(kept), 0.0, 1.0)
    return np.asarray(worst @ weights / size)


def numbers(seed: int, count: int) -> NDArray[np.uint64]:
    """So many 64-bit numbers that look random and are none: splitmix64 (Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        state = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(state ^ (state >> np.uint64(31)))
