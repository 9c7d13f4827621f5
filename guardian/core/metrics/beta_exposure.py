"""M15 beta_exposure: what a cluster comes to in its leading asset, longs less shorts, each by its beta.

Formula: the largest over clusters of |sum beta_i n_i| / E, n_i the signed notional of an asset as in
`gross_exposure`, clusters as in `cluster_exposure`: assets whose prices are not followed count in every one,
and those that `of` names are one. The lead is BTC where the cluster has it, else its largest asset;
    beta_i = S_(i, lead) / S_(lead, lead)
of the weighted five-minute returns that correlation.py keeps, by which a long of two in what moves half as
far is hedged by a short of one in the lead. Of its two memories (half-lives of a day and of 14 days) the
one by which more is left counts; where only one knows a pair, that. A pair that neither knows counts as 1
where it adds and as 0 where it nets: a hedge that nobody measured hedges nothing. What is not measured
against the lead is therefore judged without it as well, in a lead of its own.

Unit: multiple of equity. Needs wallet and positions. Unknown without equity, AtLeast, less what its two
accounts differ by, while they do; missing covariances never make it Unknown. A beta says how far an asset
went with its lead until now, and in a crash small assets go further: a forecast. Source: metrics.md M15;
Sharpe 1963; RiskMetrics 1996.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from guardian.core.memory import Pairs
from guardian.core.metrics.cluster_exposure import NEEDS, OF, declared_in
from guardian.core.metrics.clusters import Group, united
from guardian.core.metrics.correlation import fast_rhos, slow_rhos
from guardian.core.metrics.exposure import at_marks, by_asset
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.pairs import FAST, SLOW, unpacked
from guardian.core.metrics.remembered import by_identity
from guardian.core.metrics.stress import LEAD
from guardian.core.model import Measured, Unknown

Betas = Mapping[tuple[str, str], float]
"""By an asset and its lead."""


@by_identity
def betas(pairs: Pairs) -> tuple[Betas, Betas]:
    """Of each two assets whose correlation is known, both ways: in the fast memory and in the slow one."""
    fast, slow = _betas(pairs, FAST), _betas(pairs, SLOW)
    return {**slow, **fast}, {**fast, **slow}


def _betas(pairs: Pairs, memory: int) -> dict[tuple[str, str], float]:
    known = fast_rhos(pairs) if memory == FAST else slow_rhos(pairs)
    if not known:
        return {}
    found: dict[tuple[str, str], float] = {}
    squares_a, squares_b, products, _ = unpacked(pairs).moments[memory].tolist()
    rows = zip(combinations(pairs.assets, 2), squares_a, squares_b, products, strict=True)
    for (a, b), aa, bb, ab in rows:
        if (a, b) in known:
            found[a, b], found[b, a] = ab / bb, ab / aa
    return found


def net_in_lead(held: Mapping[str, float], known: Betas) -> float:
    """|sum beta n| of one cluster's signed notionals, what is not known assumed against the account."""
    lead, rest, worst = lead_of(held), held, 0.0
    while True:
        unsure = {a: n for a, n in rest.items() if a != lead and (a, lead) not in known}
        sure = sum([n if a == lead else known[a, lead] * n for a, n in rest.items() if a not in unsure])
        longs, shorts = sum([n for n in unsure.values() if n > 0]), sum([n for n in unsure.values() if n < 0])
        worst = max(worst, abs(sure + longs), abs(sure + shorts), longs, -shorts)
        own = {a: n for a, n in unsure.items() if a in _measured(known)}
        if not own:
            return worst
        lead, rest = lead_of(own), unsure


@by_identity
def _measured(known: Betas) -> frozenset[str]:
    return frozenset([asset for asset, _ in known])


def lead_of(held: Mapping[str, float]) -> str:
    """BTC, else the largest; of equals the first by name."""
    return LEAD if held.get(LEAD) else min(held, key=lambda asset: (-abs(held[asset]), asset))


def groups(
    held: Mapping[str, float], clusters: tuple[Group, ...], declared: Sequence[str]
) -> Iterator[Group]:
    """What is held of each cluster, with everything that is in none that was measured."""
    clustered = {asset for group in clusters for asset in group}
    loose = [asset for asset in held if asset not in clustered]
    for group in united(clusters, declared) or ((),):
        members = tuple(sorted({*loose, *(asset for asset in group if asset in held)}))
        if members:
            yield members


def measure(view: View) -> Measured:
    book, evidence = view.account.correlations, view.account.evidence
    if book is None:
        return Unknown("no positions read yet", warming=True)
    assets = by_asset(evidence.positions, evidence.wallet, view.account.policy.currency)
    held = {asset: float(n) for asset, n in sorted(assets.items()) if n}
    nets = [
        net_in_lead({asset: held[asset] for asset in group}, known)
        for group in groups(held, book.clusters, declared_in(view.rule))
        for known in betas(book.moments)
    ]
    return at_marks(view.account, max(nets, default=0.0))


METRIC = Metric(
    "beta_exposure",
    "multiple",
    "forecast",
    ("none",),
    NEEDS,
    measure,
    of=OF,
    of_optional=True,
    reads=("correlations",),
    of_assets=True,
)
