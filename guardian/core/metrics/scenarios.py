"""M18, the scenarios: what the past's days would do to what is held, at today's volatility.

Filtered historical simulation (Barone-Adesi, Giannopoulos & Vosper 1999; Hull & White 1998): each hour's
return was divided by the sigma expected of it then and is multiplied by the sigma of now; 24 hours in a row,
aligned over the assets, make one day. The days overlap: a thousand of them hold 42 that do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from guardian.core.metrics.history import unpacked

Floats = NDArray[np.float64]
DAY_HOURS = 24


def standard_days(series: tuple[str, ...]) -> Floats:
    """A row for each day that all assets have 24 hours of: their sums of standardised returns."""
    return days_of(*aligned(series))


def days_of(hours: NDArray[np.int64], values: Floats) -> Floats:
    """The same, of hours in order and a column of standardised returns for each asset."""
    if len(hours) < DAY_HOURS:
        return np.empty((0, values.shape[1]))
    sums = np.zeros((len(hours) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    days = sums[DAY_HOURS:] - sums[:-DAY_HOURS]
    unbroken = hours[DAY_HOURS - 1 :] - hours[: len(hours) - DAY_HOURS + 1] == DAY_HOURS - 1
    return days if unbroken.all() else days[unbroken]


def aligned(series: tuple[str, ...]) -> tuple[NDArray[np.int64], Floats]:
    """The hours that every series has, and a column of numbers for each."""
    columns = [unpacked(own) for own in series]
    common = columns[0][0]
    if all(np.array_equal(common, hours) for hours, _ in columns[1:]):
        return common, np.column_stack([own for _, own in columns])  # almost always, and by far the quickest
    for hours, _ in columns[1:]:
        common = np.intersect1d(common, hours, assume_unique=True)
    return common, np.column_stack([own[np.isin(hours, common)] for hours, own in columns])


def losses(worth: Floats, hour_sigmas: Floats, days: Floats) -> Floats:
    """What each day would lose: signed exposures repriced by whole returns, not by their logarithms."""
    return np.asarray(falls(hour_sigmas, days) @ worth)


def falls(hour_sigmas: Floats, days: Floats) -> Floats:
    """What each day would take from one unit of each asset."""
    return np.asarray(-np.expm1(days * hour_sigmas))
