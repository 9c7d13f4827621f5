"""M15 cluster_exposure and correlated_exposure: exposure as if what moves together were one asset.

`cluster_exposure` = the largest over clusters of sum |n_a| / E, n_a the signed notional of an asset as in
`gross_exposure`, clusters as in clusters.py. Assets whose prices are not followed (spot holdings, more than
fifty) count in every cluster. It lies between the largest asset's and the gross exposure. The assets that a
rule's `of` names are one cluster with all that was measured to move with any of them, whatever else was
measured: they can only make it larger.
`correlated_exposure` = max of X(C), X(J), X(I) over E, where X(C) = sqrt(n' C n), J is all ones and I the
unit matrix: for a long book everything moving as one is worst, for a hedged book the hedge breaking is. A
pair that is not known counts as 1 where it adds and as 0 where it would net: a hedge that nobody measured
hedges nothing.

Unit: multiple of equity. Needs wallet and positions. Unknown without equity, AtLeast, less what its two
accounts differ by, while they do; missing correlations never make either Unknown, since 1 is assumed for
them. Both are forecasts. Source: metrics.md M15.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import sqrt

from guardian.core.metrics.clusters import Group, Rho, united
from guardian.core.metrics.correlation import known_rhos
from guardian.core.metrics.exposure import NOTHING, at_marks, base_of, by_asset
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Measured, Part, Rule, Unknown


def correlation_adjusted(notionals: Sequence[float], correlations: Sequence[Sequence[float]]) -> float:
    """The largest of X(C), X(J) and X(I), in the notionals' currency."""
    as_one = abs(sum(notionals))
    apart = sqrt(sum([n * n for n in notionals]))
    return max(adjusted(notionals, correlations), as_one, apart)


def adjusted(notionals: Sequence[float], correlations: Sequence[Sequence[float]]) -> float:
    """X(C) = sqrt(n' C n)."""
    pairs = zip(notionals, correlations, strict=True)
    square = sum([a * sum([c * b for c, b in zip(row, notionals, strict=True)]) for a, row in pairs])
    # Pairs are measured on steps of their own, so C need not be positive; X(I) then is the answer.
    return sqrt(max(square, 0.0))


def matrix(assets: dict[str, float], rhos: Rho) -> list[list[float]]:
    """C in the order of the assets, with what is not known assumed against the account."""
    return [[_assumed(a, b, assets, rhos) for b in assets] for a in assets]


def _assumed(a: str, b: str, assets: dict[str, float], rhos: Rho) -> float:
    if a == b:
        return 1.0
    known = rhos.get((min(a, b), max(a, b)))
    if known is not None:
        return known
    return 1.0 if assets[a] * assets[b] > 0 else 0.0


def largest_cluster(
    assets: dict[str, Decimal], clusters: tuple[Group, ...], declared: Sequence[str] = ()
) -> Decimal:
    """Gross notional of the largest cluster, with everything that is in none that was measured."""
    clustered = {asset for group in clusters for asset in group}
    loose = sum([abs(n) for asset, n in assets.items() if asset not in clustered], NOTHING)
    own = {asset: abs(n) for asset, n in assets.items() if asset in clustered}
    groups = united(clusters, declared)
    return (
        max([sum([own.get(asset, NOTHING) for asset in g], NOTHING) for g in groups], default=NOTHING) + loose
    )


def declared_in(rule: Rule) -> tuple[str, ...]:
    """The assets that a rule declares to be one cluster; a symbol stands for its asset."""
    return tuple([base_of(name) for name in rule.of.split(",")]) if rule.of else ()


def cluster(view: View) -> Measured:
    book = view.account.correlations
    if book is None:
        return Unknown("no positions read yet", warming=True)
    largest = largest_cluster(_assets(view), book.clusters, declared_in(view.rule))
    return at_marks(view.account, largest)


def correlated(view: View) -> Measured:
    book = view.account.correlations
    if book is None:
        return Unknown("no positions read yet", warming=True)
    assets = {asset: float(n) for asset, n in sorted(_assets(view).items())}
    worst = correlation_adjusted(list(assets.values()), matrix(assets, known_rhos(book)))
    return at_marks(view.account, Decimal(worst))


def _assets(view: View) -> dict[str, Decimal]:
    evidence = view.account.evidence
    return by_asset(evidence.positions, evidence.wallet, view.account.policy.currency)


NEEDS = (Part.WALLET, Part.POSITIONS)
OF = "the assets of a cluster"
CLUSTER = Metric(
    "cluster_exposure",
    "multiple",
    "forecast",
    ("none",),
    NEEDS,
    cluster,
    of=OF,
    of_optional=True,
    reads=("correlations",),
    of_assets=True,
)
CORRELATED = Metric(
    "correlated_exposure", "multiple", "forecast", ("none",), NEEDS, correlated, reads=("correlations",)
)
