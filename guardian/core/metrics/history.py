"""A packed series: one number for each hour that has one, at most `MAXIMUM_HOURS`, the oldest dropped first.

A tuple of floats takes eight times the memory, and a journal's checkpoint holds every account's. Before a
colon are the runs of hours without a gap: "487000+1490,30+10" begins with hour 487000 since 1970, and the
next run 30 hours after the end of the one before. Behind the colon are the numbers in base64 (float, 4 bytes,
little-endian).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from struct import pack

import numpy as np
from numpy.typing import NDArray

MAXIMUM_HOURS = 1500
VALUE = np.dtype("<f4")
RECORD = np.dtype([("hour", "<u4"), ("value", "<f4")])
"""Of these a series was made, all in base64, in earlier checkpoints."""

Hours = NDArray[np.int64]
Floats = NDArray[np.float64]
Runs = list[tuple[int, int]]
"""The first hour and the number of hours of each."""


def appended(series: str, hour: int, value: float) -> str:
    """The series with one more hour, which must be later than those that it has."""
    runs, values = _parts(series)
    _grow(runs, hour)
    return _joined(runs, values + pack("<f", value))


def unpacked(series: str) -> tuple[Hours, Floats]:
    """The hours and their numbers, oldest first."""
    runs, values = _parts(series)
    hours = [np.arange(first, first + count) for first, count in runs] or [np.empty(0, np.int64)]
    return np.concatenate(hours), np.frombuffer(values, VALUE).astype(np.float64)


def latest(series: str) -> int:
    """The newest hour of a series that is not empty."""
    runs = series.partition(":")[0].split(",")
    return sum(int(number) for run in runs for number in run.split("+")) - 1


def packed(hours: Sequence[int], values: bytes) -> str:
    """Of hours in order and their numbers as they are kept."""
    runs: Runs = []
    for hour in hours:
        _grow(runs, hour)
    return _joined(runs, values)


def rewritten(records: str) -> str:
    """A series of an earlier checkpoint, each number behind its hour, in the form of now."""
    old = np.frombuffer(b64decode(records), RECORD)
    return packed(old["hour"].tolist(), old["value"].tobytes())


def _grow(runs: Runs, hour: int) -> None:
    if runs and sum(runs[-1]) == hour:
        runs[-1] = runs[-1][0], runs[-1][1] + 1
    else:
        runs.append((hour, 1))


def _parts(series: str) -> tuple[Runs, bytes]:
    told, _, values = series.partition(":")
    runs, end = [], 0
    for run in told.split(",") if told else ():
        gap, _, count = run.partition("+")
        runs.append((end + int(gap), int(count)))
        end = sum(runs[-1])
    return runs, b64decode(values)


def _joined(runs: Runs, values: bytes) -> str:
    """Without the oldest of what is more than may be kept."""
    dropped = more = max(0, len(values) // VALUE.itemsize - MAXIMUM_HOURS)
    told, end = [], 0
    for first, count in runs:
        gone = min(more, count)
        more -= gone
        if count > gone:
            told.append(f"{first + gone - end}+{count - gone}")
            end = first + count
    return f"{','.join(told)}:{b64encode(values[dropped * VALUE.itemsize :]).decode()}"
