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


JOINED, LEFT = distance(JOIN), distance(LEAVE)


def partition(assets: Sequence[str], rhos: Rho, before: tuple[Group, ...] = ()) -> tuple[Group, ...]:
    """Every asset in exactly one cluster, members and clusters sorted; `rhos` by alphabetical pair."""
    if len(assets) < 2:
        return tuple([(asset,) for asset in assets])
    groups = _unsplit(sorted(assets), rhos)
    apart = _apart(groups, rhos)
    near = _near(apart, before)
    while near:
        best = min((mean, g, h) for (g, h), mean in near.items())[1:]  # among equals the first by name
        groups, added = _merged(groups, apart, best)
        near = {names: mean for names, mean in near.items() if best[0] not in names and best[1] not in names}
        near |= _near(added, before)
    return tuple(sorted(groups))


def united(clusters: tuple[Group, ...], declared: Sequence[str]) -> tuple[Group, ...]:
    """With what somebody declares to be one cluster, and all that was measured to move with any of it."""
    if not declared:
        return clusters
    touched = [group for group in clusters if not set(declared).isdisjoint(group)]
    one = tuple(sorted({*declared, *(asset for group in touched for asset in group)}))
    return tuple(sorted([one, *(group for group in clusters if group not in touched)]))


def _apart(groups: list[Group], rhos: Rho) -> Apart:
    """The sum of the distances between the members of each two groups."""
    if all(len(g) == 1 for g in groups):  # almost always, and by far the quickest
        return {(g, h): sqrt(2 * (1 - rhos[g[0], h[0]])) for g, h in combinations(groups, 2)}
    return {
        (g, h): sum([distance(rhos[_pair(a, b)]) for a in g for b in h]) for g, h in combinations(groups, 2)
    }


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _unsplit(assets: list[str], rhos: Rho) -> list[Group]:
    """Assets that are chained by unknown pairs."""
    if rhos.keys() >= set(combinations(assets, 2)):
        return [(asset,) for asset in assets]
    groups: list[Group] = []
    for asset in assets:
        bound = [g for g in groups if any((member, asset) not in rhos for member in g)]
        groups = [g for g in groups if g not in bound]
        groups.append(tuple(sorted((asset, *(member for g in bound for member in g)))))
    return sorted(groups)


def _near(apart: Apart, before: tuple[Group, ...]) -> Apart:
    """The pairs of groups that are near enough to be one, with the mean distance of their members."""
    near = {}
    for (g, h), total in apart.items():
        mean = total / (len(g) * len(h))
        if mean <= JOINED or (mean <= LEFT and _were_one(g + h, before)):
            near[g, h] = mean
    return near


def _were_one(members: Group, before: tuple[Group, ...]) -> bool:
    return any(members[0] in group and set(members) <= set(group) for group in before)


def _merged(groups: list[Group], apart: Apart, best: tuple[Group, Group]) -> tuple[list[Group], Apart]:
    """The groups with these two as one, and how far it is from the rest; `apart` is brought up to date."""
    one: Group = tuple(sorted(best[0] + best[1]))
    rest = [g for g in groups if g not in best]
    del apart[best]
    added: Apart = {}
    for other in rest:
        total = sum([apart.pop((g, other) if g < other else (other, g)) for g in best])
        added[(one, other) if one < other else (other, one)] = total
    apart |= added
    return sorted([*rest, one]), added
