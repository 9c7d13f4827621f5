"""What one account remembers is bounded: fifty assets with full histories, and everything beside them."""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from guardian.bench.metrics.memory import _full, size_of
from guardian.core.frozen import replace
from guardian.core.memory import AssetReturns, Correlations, Course, Followed, Returns
from guardian.core.metrics.capital_utilisation import MAXIMUM_CELLS
from guardian.core.metrics.following import MAXIMUM_ASSETS
from guardian.core.metrics.history import MAXIMUM_HOURS, VALUE, packed, unpacked
from guardian.core.metrics.pairs import Pair, together
from guardian.core.metrics.realised_loss import MAXIMUM_SLOTS
from guardian.core.metrics.returns import HALF_LIVES
from guardian.core.metrics.track import LONGEST
from guardian.core.metrics.worst_days import KEPT
from guardian.core.state import AccountState
from tests.core.build import START, policy

MEGABYTES = 2 * 1024 * 1024


def weight(value: Any, seen: set[int] | None = None) -> int:
    """Bytes of a value and of everything that it holds, each once."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return 0
    seen.add(id(value))
    inside: tuple[Any, ...] = ()
    if is_dataclass(value):
        inside = tuple(getattr(value, field.name) for field in fields(value))
    elif isinstance(value, tuple):
        inside = value
    return sys.getsizeof(value) + sum(weight(each, seen) for each in inside)


def numbers(start: float, count: int) -> tuple[float, ...]:
    """Floats that no two places share."""
    return tuple(start + n / 7 for n in range(count))


def returns(assets: int, every: int) -> Returns:
    hours = range(0, every * MAXIMUM_HOURS, every)
    return Returns(
        1_000_000,
        tuple(
            AssetReturns(
                f"A{n:02}",
                tuple((n + k / 7, n + k / 9) for k in range(len(HALF_LIVES))),
                1_000_000 + n,
                f"A{n:02}/USDT:USDT",
                500_000 + n,
                100.0 + n,
                0.01 + n,
                packed([n + hour for hour in hours], bytes(MAXIMUM_HOURS * VALUE.itemsize)),
            )
            for n in range(assets)
        ),
    )


def correlations(assets: int) -> Correlations:
    names = [f"A{n:02}" for n in range(assets)]
    return Correlations(
        1_000_000,
        tuple(Followed(name, f"{name}/USDT:USDT", 1.5, START, 1.4, 1_000_000) for name in names),
        together(
            Pair(a, b, *(numbers(n + k, 4) for k in (0.1, 0.2)), 1_000_000 + n, numbers(n + 0.3, 4))
            for n, (a, b) in enumerate(combinations(names, 2))
        ),
        tuple((name,) for name in names),
    )


def course() -> Course:
    return Course(
        track=tuple(
            (START + timedelta(seconds=n), 100 + n / 7) for n in range(int(LONGEST.total_seconds()) + 2)
        ),
        used=tuple((n, n / 7, n / 9) for n in range(MAXIMUM_CELLS)),
        realised=tuple((n, n / 7) for n in range(MAXIMUM_SLOTS)),
    )


@pytest.mark.parametrize(("assets", "limit"), [(20, 0.32), (MAXIMUM_ASSETS, 0.6)])
def test_an_account_s_statistics_stay_under_two_megabytes(assets: int, limit: float):
    """A gap behind each hour takes the most. The rest is for rules' windows and for fills."""
    total = sum(weight(part) for part in (returns(assets, 2), correlations(assets), course()))

    assert total < limit * MEGABYTES
    assert len(unpacked(returns(1, 2).assets[0].history)[0]) == MAXIMUM_HOURS


def test_an_account_of_fifty_assets_with_all_histories_full_takes_two_megabytes():
    """As `guardian bench metrics` weighs it, with the worst days that are kept beside the state."""
    account = AccountState(policy(), START, returns=returns(MAXIMUM_ASSETS, 1))
    full = _full(replace(account, correlations=correlations(MAXIMUM_ASSETS)), falling=True)
    worst_days = (2 * KEPT + 5) * MAXIMUM_ASSETS * 8

    assert size_of(full) - size_of(full.policy) + worst_days < 2_000_000
