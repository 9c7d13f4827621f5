"""What a protection was worth and what it cost, by the definitions of metrics.md section 2.6.

A *crash*: the unprotected equity is 10 % or more below its highest close of the last six hours. It begins at
that highest close (the onset) and ends six hours after the onset; the next is looked for from that end on.
- *loss avoided* = 1 - sum of the protected falls / sum of the unprotected ones, each fall the deepest below
  the equity at the onset, as a fraction of it, within the crash. None without a crash: nothing to avoid.
- *exposure given up* = mean over the closes outside crashes of 1 - held / unprotected notional, at the same
  prices: the premium, free of what the market did.
- *false halts* = how often the account was stopped (HALT, REDUCE to nothing, FLATTEN, LOCKOUT; not a REDUCE
  to a part of it) at an instant outside every crash.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guardian.replay.files import Numbers, Times

LOSS = 0.10
WITHIN_MS = 6 * 3_600_000


@dataclass(frozen=True, slots=True)
class Crash:
    """Closes `onset` to `end`, both included; `end_ms` is six hours after the onset."""

    onset: int
    end: int
    onset_ms: int
    end_ms: int


def crashes(closed: Times, equity: Numbers) -> tuple[Crash, ...]:
    """Every crash of an unprotected equity whose closes are known at `closed` (ms), without overlap."""
    found: list[Crash] = []
    values, times = equity.tolist(), closed.tolist()
    peaks: deque[int] = deque()  # falling equities: the highest of the last six hours stands first
    i = 0
    while i < len(values):
        while peaks and values[peaks[-1]] <= values[i]:
            peaks.pop()
        peaks.append(i)
        while times[peaks[0]] < times[i] - WITHIN_MS:
            peaks.popleft()
        onset = peaks[0]
        if values[onset] - values[i] < LOSS * values[onset] or values[onset] <= 0:
            i += 1
            continue
        end_ms = times[onset] + WITHIN_MS
        end = int(np.searchsorted(closed, end_ms, side="right")) - 1
        found.append(Crash(onset, end, times[onset], end_ms))
        peaks.clear()
        i = max(end, i + 1)
    return tuple(found)


def fall(equity: Numbers, crash: Crash) -> float:
    """The deepest fall below the equity at the onset, as a fraction of it."""
    start = float(equity[crash.onset])
    lowest = float(equity[crash.onset : crash.end + 1].min())
    return max(0.0, (start - lowest) / start) if start > 0 else 0.0


def loss_avoided(found: Iterable[Crash], protected: Numbers, unprotected: Numbers) -> float | None:
    crashed = tuple(found)
    lost = sum(fall(unprotected, crash) for crash in crashed)
    return _settled(1.0 - sum(fall(protected, crash) for crash in crashed) / lost) if lost else None


def outside(length: int, found: Iterable[Crash]) -> NDArray[np.bool_]:
    """Which closes lie in no crash; an onset is its crash's first."""
    mask = np.ones(length, dtype=bool)
    for crash in found:
        mask[crash.onset : crash.end + 1] = False
    return mask


def exposure_given_up(found: Iterable[Crash], held: Numbers, wanted: Numbers) -> float | None:
    """From the notionals of both accounts at every close; None where there is none outside crashes."""
    counted = outside(len(held), found) & (wanted > 0)
    if not counted.any():
        return None
    return _settled(float(np.mean(1.0 - held[counted] / wanted[counted])))


def _settled(share: float) -> float:
    """Without what sums of floats leave of nothing: an account that did the same gave up 0, not -2e-17."""
    return round(share, 12) + 0.0


def false_halts(found: Iterable[Crash], halts_ms: Iterable[int]) -> int:
    """Halts that fall into no crash; a crash lasts from its onset through six hours, both ends included."""
    spans = tuple((crash.onset_ms, crash.end_ms) for crash in found)
    return sum(not any(start <= at <= end for start, end in spans) for at in halts_ms)
