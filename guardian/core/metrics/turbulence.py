"""M19 turbulence: how unusual the held assets' returns of late were, together; 1 is normal.

Formula: d = r' C^-1 r / n of each five-minute cell, averaged with a half-life of 30 minutes; r are the
returns of the n assets that are followed, C their covariance (half-life of three days) as it was before r,
its correlations shrunk by 5 % towards none. Gaussian returns have a mean of 1, whatever n. The same move is
more unusual where it breaks a correlation than where it follows one.

Unit: multiple of normal. Needs the positions. An asset is in it once it has a day of five-minute steps; a
pair that is not known counts as uncorrelated. Unknown (warming) until then, and unknown once nothing has
been learned for 15 minutes. Solved by Cholesky; a matrix that is not positive (pairs are learned on steps
of their own) has its eigenvalues clipped first. Nothing held: what was learned last, then unknown.
Source: Kritzman & Li 2010 (Financial Analysts Journal 66:5), with a lagged C for their full-sample one;
metrics.md M19.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from guardian.core.metrics.clusters import Rho
from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.pairs import ends
from guardian.core.model import Known, Measured, Part, Unknown

SHRINK = 0.05
LEAST_EIGENVALUE = 1e-6
FRESH = timedelta(minutes=15)

Floats = NDArray[np.float64]


def unusual(step: Mapping[str, tuple[float, float]], rhos: Rho) -> float | None:
    """d of one step, from each asset's return and expected sigma; None without any."""
    if not step:
        return None
    names = sorted(step)
    if len(names) == 1:
        value, sigma = step[names[0]]
        return (value / sigma) * (value / sigma)  # nothing to be correlated with: C is 1
    standard = np.array([step[name][0] / step[name][1] for name in names])
    return distance(standard, shrunk(correlations(names, rhos))) / len(names)


def correlations(names: list[str], rhos: Rho) -> Floats:
    """The matrix in the order of sorted names; a pair that is not known counts as uncorrelated."""
    matrix = np.eye(len(names))
    above = ends(len(names))
    matrix[above] = matrix.T[above] = [rhos.get(pair, 0.0) for pair in combinations(names, 2)]
    return matrix


def shrunk(matrix: Floats) -> Floats:
    """Towards its own diagonal."""
    return (1 - SHRINK) * matrix + SHRINK * np.diag(np.diag(matrix))


def distance(returns: Floats, covariance: Floats) -> float:
    """r' C^-1 r, the squared Mahalanobis distance from zero."""
    try:
        root = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        root = np.linalg.cholesky(clipped(covariance))
    solved = np.linalg.solve(root, returns)
    return float(solved @ solved)


def clipped(matrix: Floats) -> Floats:
    """The matrix with its eigenvalues at least a millionth of the largest."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, LEAST_EIGENVALUE * values[-1])) @ vectors.T)


def measure(view: View) -> Measured:
    known = view.account.returns
    if known is None or known.turbulence[1] <= 0:
        return Unknown("no asset has a day of five-minute steps yet", warming=True)
    ended = (known.grid + 1) * GRID_SECONDS
    if view.now.timestamp() - ended > FRESH.total_seconds():
        return Unknown("no return has been seen for 15 minutes")
    return Known(known.turbulence[0] / known.turbulence[1])


METRIC = Metric(
    "turbulence", "multiple", "forecast", ("none",), (Part.POSITIONS,), measure, reads=("returns",)
)
