"""A design as a frontier: what it saves against what it costs, at every scale of its limits.

One point is a choice of limits and says more about the choice than about the design. So designs are compared
at the same price: the loss avoided that a design reaches while it gives up no more exposure (or raises no
more false halts) than a given amount, interpolated between the neighbouring scales. With limits wide enough
every design gives up nothing and avoids nothing: each frontier begins there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from guardian.evaluate.bars import Floats
from guardian.evaluate.score import Tally, total

COLUMNS = tuple(field.name for field in fields(Tally))


@dataclass(frozen=True, slots=True)
class Frontier:
    """`weekly[s]` holds the tally of every week at `scales[s]`."""

    name: str
    scales: tuple[float, ...]
    weekly: tuple[dict[str, Tally], ...]

    @property
    def points(self) -> tuple[Tally, ...]:
        return tuple(total(weeks.values()) for weeks in self.weekly)

    @property
    def halts(self) -> bool:
        """Whether it shuts the account out at all, in or outside events, at any scale."""
        return any(point.shut or point.halts for point in self.points)

    def sums(self, weeks: Sequence[str]) -> Floats:
        """Week x scale x column of Tally, for resampling."""
        rows = [[_row(at_scale.get(week, Tally())) for at_scale in self.weekly] for week in weeks]
        return np.array(rows, float)


def _row(tally: Tally) -> list[float]:
    return [float(getattr(tally, name)) for name in COLUMNS]


@dataclass(frozen=True, slots=True)
class Price:
    """What two designs are made equal in."""

    name: str
    numerator: str
    denominator: str

    def of(self, sums: Floats) -> Floats:
        """Of sums whose last axis is the columns of Tally. NaN where there is nothing to measure it by: no
        event, no bar outside events that wants exposure, no time."""
        upper, lower = (sums[..., COLUMNS.index(column)] for column in (self.numerator, self.denominator))
        ratio = np.divide(upper, lower, out=np.full_like(upper, np.nan), where=lower > 0)
        return 1.0 - ratio if self.numerator == "held" else ratio


EXPOSURE = Price("exposure_given_up", "held", "wanted")
FALSE_HALTS = Price("false_halts_per_year", "halts", "years")
UNSAVED = Price("loss_left", "lost", "unprotected")


def matched(prices: Floats, saved: Floats, at: float) -> float:
    """The loss avoided at this price; NaN where the frontier does not reach it, or a price or a saving is.

    Of two scales at one price the better counts, and a dearer one never counts for less than a cheaper one.
    """
    if np.isnan(prices).any() or np.isnan(saved).any():
        return float("nan")
    order = np.lexsort((saved, prices))
    x = np.concatenate([[0.0], prices[order]])
    y = np.maximum.accumulate(np.concatenate([[0.0], saved[order]]))
    if at > x[-1] + 1e-12:
        return float("nan") if x[-1] else float(y[-1])  # what never costs anything is there at any price
    last = np.append(x[1:] > x[:-1], True)  # of equal prices the last, which is the best
    return float(np.interp(at, x[last], y[last]))


def matched_in(sums: Floats, price: Price, at: float) -> float:
    """The same from scale x column sums, of all weeks or of weeks drawn."""
    return matched(price.of(sums), 1.0 - UNSAVED.of(sums), at)
