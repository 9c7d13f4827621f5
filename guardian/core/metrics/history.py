"""A packed series: one number for each hour that has one, at most `MAXIMUM_HOURS`, the oldest dropped first.

A tuple of floats takes four times the memory, and a journal's checkpoint holds every account's. A record is
the hour since 1970 (unsigned, 4 bytes) and the number (float, 4 bytes), little-endian; the whole is base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAXIMUM_HOURS = 1500
RECORD = np.dtype([("hour", "<u4"), ("value", "<f4")])

Hours = NDArray[np.int64]
Floats = NDArray[np.float64]


def appended(series: str, hour: int, value: float) -> str:
    """The series with one more hour, which must be later than those that it has."""
    records = b64decode(series) + pack("<If", hour, value)
    return b64encode(records[-MAXIMUM_HOURS * RECORD.itemsize :]).decode()


def unpacked(series: str) -> tuple[Hours, Floats]:
    """The hours and their numbers, oldest first."""
    records: NDArray[Any] = np.frombuffer(b64decode(series), dtype=RECORD)
    return records["hour"].astype(np.int64), records["value"].astype(np.float64)
