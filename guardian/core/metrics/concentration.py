"""M12 concentration: the largest asset's share of gross exposure, netted per asset. No positions: 0.

Formula: max |n_a| / sum of |n_a|, n_a the signed notional of an asset (exposure.py). `herfindahl` gives the
sum of squared shares; its inverse is the effective number of assets (effective_assets.py).

Unit: fraction. Needs wallet and positions, and is never Unknown once both were read: no equity is in it.
Source: metrics.md M12.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import NOTHING, by_asset
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.model import Known, Measured, Part


def shares(assets: dict[str, Decimal]) -> tuple[float, ...]:
    """Each asset's fraction of gross exposure."""
    held = list(map(abs, assets.values()))
    gross = sum(held, NOTHING)
    return tuple([float(n / gross) for n in held]) if gross else ()


def herfindahl(weights: tuple[float, ...]) -> float:
    return sum(w * w for w in weights)


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    assets = by_asset(evidence.positions, evidence.wallet, view.account.policy.currency)
    held = list(map(abs, assets.values()))
    gross = sum(held, NOTHING)
    return Known(float(max(held) / gross) if gross else 0.0)


NEEDS = (Part.WALLET, Part.POSITIONS)

METRIC = Metric("concentration", "fraction", "forecast", ("none",), NEEDS, measure, scopes=TOGETHER, reads=())
