"""What came of asking a source: a number with its instant, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """`value` is finite, `at` when it was sampled; never later than the question."""

    gauge: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is known of this gauge; `why` is one sentence without secrets."""

    gauge: str
    why: str


Readings = tuple[Reading | Silence, ...]
"""One for each gauge that was asked for."""
