"""M16, the arithmetic: what the eigenvalues of a correlation matrix say about how many bets there are.

Source: Meucci 2009 (Managing diversification); Kritzman, Li, Page & Rigobon 2011 (absorption ratio);
Choueifaty & Coignard 2008 (diversification ratio); metrics.md M16.
"""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def market_shares(correlations: Floats) -> Floats:
    """p_k = mu_k / sum mu of the eigenvalues, rising; what pairs on steps of their own make negative is 0."""
    values = np.maximum(np.linalg.eigvalsh(correlations), 0.0)
    return np.asarray(values / values.sum())


def portfolio_shares(weights: Floats, covariance: Floats) -> Floats:
    """v_k / sum v: how much of the portfolio's variance each principal component makes, (e_k' w)^2 mu_k.

    For comparison with published figures: where eigenvalues are close, as of assets that have little in
    common, the components are arbitrary and so is this; effective_bets.py uses the diversification ratio.
    """
    values, vectors = np.linalg.eigh(covariance)
    parts = (vectors.T @ weights) ** 2 * np.maximum(values, 0.0)
    whole = parts.sum()
    return np.asarray(parts / whole) if whole > 0 else np.ones(1)


def entropy_number(shares: Floats) -> float:
    """exp(-sum p ln p): how many equal bets are as diverse."""
    known = shares[shares > 0]
    return float(np.exp(-(known * np.log(known)).sum()))


def participation_number(shares: Floats) -> float:
    """1 / sum p^2."""
    return float(1 / (shares**2).sum())


def absorbed(shares: Floats, count: int) -> float:
    """What the `count` largest components explain of everything."""
    return float(np.sort(shares)[::-1][:count].sum())


def diversification_ratio(weights: Floats, sigmas: Floats, correlations: Floats) -> float:
    """The weighted mean of the sigmas over the sigma of the portfolio."""
    moved = weights * sigmas
    square = float(moved @ correlations @ moved)
    return float(np.abs(moved).sum() / sqrt(square)) if square > 0 else inf
