"""M18, the arithmetic of tails: losses are positive, a level is 0.99, k = (1 - level) n is the tail's size.

Conventions: value at risk is the smallest loss l with P(L <= l) >= level, that is L_(floor(k) + 1) of the
losses in falling order (skfolio's; not numpy's interpolated quantile). Conditional value at risk is the
mean of the worst k, the last of them in part where k is no whole number (Rockafellar & Uryasev 2000).
Source: Rockafellar & Uryasev 2000; McNeil, Frey & Embrechts 2015; Maillard 2012; Hosking & Wallis 1987.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, pi, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NORMAL = NormalDist()
ROUNDING = 1e-9
"""(1 - 0.9) x 10 is a little less than 1: a whole number of losses must count as one."""


def value_at_risk(losses: Floats, level: float) -> float:
    """The loss that is not exceeded with this probability."""
    return value_at_risk_of(_falling(losses, tail_size(len(losses), level)), len(losses), level)


def value_at_risk_of(worst: Floats, count: int, level: float) -> float:
    """The same, of the `tail_size` largest of `count` losses, largest first."""
    return float(worst[-1])


def conditional(losses: Floats, level: float) -> float:
    """The mean of the losses of the tail."""
    return conditional_of(_falling(losses, tail_size(len(losses), level)), len(losses), level)


def conditional_of(worst: Floats, count: int, level: float) -> float:
    """The same, of the `tail_size` largest of `count` losses, largest first."""
    size, whole, part = _tail(count, level)
    last = float(worst[whole]) * part if whole < len(worst) else 0.0
    return float(sum(worst[:whole].tolist()) + last) / size


def tail_size(count: int, level: float) -> int:
    """How many of the largest losses tell both: those of the tail, and the one in part or next to it."""
    return min(_tail(count, level)[1] + 1, count)


@lru_cache(maxsize=256)
def _tail(count: int, level: float) -> tuple[float, int, float]:
    """k, its whole part and what is left."""
    size = (1 - level) * count
    whole = int(size + ROUNDING)
    return size, whole, max(size - whole, 0.0)


def _falling(losses: Floats, count: int) -> Floats:
    """The `count` largest, largest first."""
    if count >= len(losses):
        return np.sort(losses)[::-1]
    return np.sort(np.partition(losses, -count)[-count:])[::-1]


# --- the normal tail ----------------------------------------------------------------------------------


def normal_quantile(level: float) -> float:
    """VaR of a normal loss, in sigmas."""
    return NORMAL.inv_cdf(level)


def normal_shortfall(level: float) -> float:
    """CVaR of a normal loss, in sigmas: phi(z) / (1 - level)."""
    z = NORMAL.inv_cdf(level)
    return exp(-z * z / 2) / sqrt(2 * pi) / (1 - level)


def cornish_fisher(z: float, skew: float, excess: float) -> float:
    """The quantile of a distribution with this skewness and excess kurtosis, from the normal one's `z`.

    Only where the expansion rises everywhere, else it is no quantile (Maillard 2012): then `z` itself.
    """
    a, b, c = excess / 8 - skew**2 / 6, skew / 3, 1 - excess / 8 + 5 * skew**2 / 36
    rises = (a > 0 and b * b <= 4 * a * c) or (a == 0 and b == 0 and c >= 0)
    if not rises:
        return z
    return z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36


# --- peaks over a threshold ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pareto:
    """A generalised Pareto tail of `exceeding` among `count` losses, over `threshold`."""

    shape: float
    scale: float
    threshold: float
    exceeding: int
    count: int

    def value_at_risk(self, level: float) -> float:
        rare = self.count / self.exceeding * (1 - level)
        if abs(self.shape) < ROUNDING:
            return self.threshold - self.scale * float(np.log(rare))
        return float(self.threshold + self.scale / self.shape * (rare**-self.shape - 1))

    def conditional(self, level: float) -> float:
        """Only a shape below 1 has a mean; above, everything may be lost."""
        if self.shape >= 1:
            return float("inf")
        worst = self.value_at_risk(level)
        return (worst + self.scale - self.shape * self.threshold) / (1 - self.shape)


def fitted(losses: Floats, part: float = 0.05) -> Pareto:
    """The tail over the (1 - part) quantile, by probability-weighted moments; needs some 20 exceedances.

    Where all of these are alike it has no width: its scale is 0.
    """
    falling = np.sort(losses)[::-1]
    exceeding = int(part * len(losses) + ROUNDING)
    threshold = float(falling[exceeding])
    excess = np.sort(falling[:exceeding] - threshold)
    ranks = (np.arange(1, exceeding + 1) - 0.35) / exceeding
    first, second = float(excess.mean()), float(((1 - ranks) * excess).mean())
    width = first - 2 * second
    if width <= 0:
        return Pareto(0.0, 0.0, threshold, exceeding, len(losses))
    return Pareto(2 - first / width, 2 * first * second / width, threshold, exceeding, len(losses))
