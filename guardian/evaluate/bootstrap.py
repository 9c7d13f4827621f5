"""Intervals by drawing whole weeks: what lies within one week is one event for all accounts, not many.

A replicate draws as many weeks as there are, with replacement, adds their sums, and compares the designs on
the frontiers that result: both designs on the same weeks. A replicate without an event says nothing about
what is avoided in one, and is not counted. The interval is the 2.5 % and 97.5 % percentile of what is left of
2,000. With few weeks it is too narrow. None is given where one in ten of those does not reach the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from guardian.evaluate.frontier import COLUMNS, Frontier, Price, matched_in

REPLICATES, LOW, HIGH = 2000, 2.5, 97.5
ENOUGH = 0.9
"""The share of the replicates with an event in which both designs reach the price; below it no interval is
given."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Loss avoided by `a` less that by `b`, both at `at` of `price`. None: a frontier does not reach it."""

    a: str
    b: str
    price: str
    at: float
    point: float | None
    low: float | None
    high: float | None


def difference(
    pair: tuple[Frontier, Frontier], weeks: Sequence[str], price: Price, at: float, seed: int
) -> Difference:
    """Same seed, same interval."""
    a, b = pair
    both = a.sums(weeks), b.sums(weeks)
    point = _gap(both, np.ones(len(weeks)), price, at)
    low = high = float("nan")
    if len(weeks) > 1 and not np.isnan(point):
        draws = np.random.default_rng(seed).multinomial(len(weeks), [1 / len(weeks)] * len(weeks), REPLICATES)
        eventful = draws @ both[0][:, 0, COLUMNS.index("events")] > 0
        gaps = np.array([_gap(both, draw.astype(float), price, at) for draw in draws[eventful]])
        found = gaps[~np.isnan(gaps)]
        if len(found) >= ENOUGH * len(gaps):
            low, high = (float(q) for q in np.percentile(found, [LOW, HIGH]))
    return Difference(a.name, b.name, price.name, at, *(_known(value) for value in (point, low, high)))


def _gap(both: tuple[np.ndarray, np.ndarray], counts: np.ndarray, price: Price, at: float) -> float:
    first, second = (matched_in(np.tensordot(counts, sums, axes=1), price, at) for sums in both)
    return first - second


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
