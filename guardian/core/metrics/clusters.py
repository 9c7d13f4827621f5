"""M15, the clusters: assets that move together, by average linkage on d = sqrt(2 (1 - rho)).

Two groups become one while the mean distance between their members is at most that of rho 0.7; assets that
were in one cluster before are parted only below 0.6. A pair whose rho is not known counts as 1 and is in
one cluster whatever the rest says: splitting it would call missing evidence safe.
The result depends on neither the order of the assets nor that of the clusters before.

Source: metrics.md M15; average linkage (UPGMA), Sokal & Michener 1958.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import sqrt

JOIN, LEAVE = 0.7, 0.6

Rho = dict[tuple[str, str], float]
Group = tuple[str, ...]
Apart = dict[tuple[Group, Group], float]
"""Two groups and the sum of the distances between their members."""


def distance(rho: float) -> float:
    return sqrt(2 * (1 - rho))


def partition(assets: Sequence[str], rhos: Rho, before: tuple[Group, ...] = ()) -> tuple[Group, ...]:
    """Every asset in exactly one cluster, members and clusters sorted; `rhos` by alphabetical pair."""
    groups = _unsplit(sorted(assets), rhos)
    apart = {
        (g, h): sum(distance(rhos[_pair(a, b)]) for a in g for b in h) for g, h in combinations(groups, 2)
    }
    while best := _closest(apart, before):
        groups, apart = _merged(groups, apart, best)
    return tuple(sorted(groups))


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _unsplit(assets: list[str], rhos: Rho) -> list[Group]:
    """Assets that are chained by unknown pairs."""
    groups: list[Group] = []
    for asset in assets:
        bound = [g for g in groups if any((member, asset) not in rhos for member in g)]
        groups = [g for g in groups if g not in bound]
        groups.append(tuple(sorted((asset, *(member for g in bound for member in g)))))
    return sorted(groups)


def _closest(apart: Apart, before: tuple[Group, ...]) -> tuple[Group, Group] | None:
    """The nearest two groups that are near enough to be one; among equals the first by name."""
    near = []
    for (g, h), total in apart.items():
        mean = total / (len(g) * len(h))
        if mean <= distance(JOIN) or (mean <= distance(LEAVE) and _were_one(g + h, before)):
            near.append((mean, g, h))
    return min(near)[1:] if near else None


def _were_one(members: Group, before: tuple[Group, ...]) -> bool:
    return any(set(members) <= set(group) for group in before)


def _merged(groups: list[Group], apart: Apart, best: tuple[Group, Group]) -> tuple[list[Group], Apart]:
    one: Group = tuple(sorted(best[0] + best[1]))
    rest = [g for g in groups if g not in best]
    kept = {names: total for names, total in apart.items() if best[0] not in names and best[1] not in names}
    for other in rest:
        total = sum(apart.get((g, other), 0.0) + apart.get((other, g), 0.0) for g in best)
        kept[min(one, other), max(one, other)] = total
    return sorted([*rest, one]), kept
