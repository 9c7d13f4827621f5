"""M36, the arithmetic of drift: how far two samples differ, beyond what chance alone explains.

Kolmogorov-Smirnov: D is the largest distance of the two empirical distributions; of samples of one
distribution it exceeds c sqrt((n + m) / (n m)), c = sqrt(-ln(0.05 / 2) / 2), in one of twenty cases
(Smirnov 1939). Population stability index: sum of (q - p) ln(q / p) over bins that hold a fifth of the first
sample each; half an observation is added to each bin, so that an empty one is not infinite. Of samples of
one distribution it is (1 / n + 1 / m) times a chi-square with a degree of freedom fewer than bins (Yurdakul
2018). What is reported is what is left above the 95th percentile of chance: a small sample proves little.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CRITICAL = sqrt(-log(0.05 / 2) / 2)
BINS = 5
CHI_SQUARE_95 = (0.0, 3.841458820694124, 5.991464547107979, 7.814727903251179, 9.487729036781154)
"""By degrees of freedom, from none."""


def ks_distance(before: Floats, after: Floats) -> float:
    """D of two samples."""
    every = np.concatenate([before, after])
    shares = [np.searchsorted(np.sort(own), every, side="right") / len(own) for own in (before, after)]
    return float(np.abs(shares[0] - shares[1]).max())


def ks_beyond_chance(before: Floats, after: Floats) -> float:
    n, m = len(before), len(after)
    return max(0.0, ks_distance(before, after) - CRITICAL * sqrt((n + m) / (n * m)))


def shares(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """What part of each sample is in each bin; equal numbers leave fewer bins than five."""
    edges = np.unique(np.quantile(before, np.arange(1, BINS) / BINS))
    counts = [np.bincount(np.searchsorted(edges, own), minlength=len(edges) + 1) for own in (before, after)]
    parts = [(count + 0.5) / (count.sum() + 0.5 * len(count)) for count in counts]
    return parts[0], parts[1]


def stability_index(before: Floats, after: Floats) -> float:
    p, q = shares(before, after)
    return float(((q - p) * np.log(q / p)).sum())


def stability_beyond_chance(before: Floats, after: Floats) -> float:
    p, _ = shares(before, after)
    chance = (1 / len(before) + 1 / len(after)) * CHI_SQUARE_95[len(p) - 1]
    return max(0.0, stability_index(before, after) - chance)
