"""M20, the fold: what makes each component of the score a half, and what makes it one."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from pathlib import Path

import pandas as pd
import pytest

from guardian.core.metrics.heat import FULL_FUNDING, fold_heat
from guardian.core.metrics.overheat import NEEDED, WEIGHTS
from guardian.core.metrics.returns import HALF_LIVES, HOUR
from guardian.core.state import AccountState
from tests.core.build import at
from tests.core.metrics.returns.market import Market, watching

VARIANCE = 1e-6


def learned(name: str, times: float) -> AccountState:
    """One asset or two, held for a while; of one of the score's causes so many times the normal."""
    account = Market(watching("overheat"), {"A": 1.0, "B": 0.5}).run(60).account
    known = account.returns
    assert known is not None
    squares = [(VARIANCE, 1.0)] * len(HALF_LIVES)
    squares[HOUR] = (VARIANCE * (times**2 if name == "volatility" else 1), 1.0)
    known = replace(
        known,
        assets=tuple(replace(own, squares=tuple(squares)) for own in known.assets),
        turbulence=(times if name == "turbulence" else 1.0, 1.0),
        shift=times if name == "correlation" else 0.0,
    )
    return replace(account, returns=known)


@pytest.mark.parametrize(
    ("name", "times", "expected"),
    [
        ("volatility", 2.0, 0.5),
        ("volatility", 4.0, 1.0),
        ("volatility", 8.0, 1.0),
        ("volatility", 0.5, 0.0),
        ("turbulence", 10.0, 1.0),
        ("turbulence", sqrt(10), 0.5),
        ("turbulence", 0.1, 0.0),
        ("correlation", 3.0, 1.0),
        ("correlation", 1.5, 0.5),
        ("correlation", -1.0, 0.0),
    ],
)
def test_vectors_of_the_components(name: str, times: float, expected: float):
    """metrics.md section 2.3: 1 at 4 times the volatility, 10 times the turbulence, 3 deviations of rho."""
    account = learned(name, times)
    found = fold_heat(replace(account, heat=None), at(60 * 300))
    told = {component: value for component, value, _ in found.components}

    assert {n: pytest.approx(expected if n == name else 0.0) for n in NEEDED} == {n: told[n] for n in NEEDED}
    assert found.score == pytest.approx(expected * (0.5 + 0.5 * WEIGHTS[name]))


@pytest.mark.market_data
def test_what_is_all_there_is_of_funding_is_what_one_time_in_a_hundred_is_paid(market_data: Path):
    """metrics.md M24: how much BTC's funding was, in eight hours, from 2019 to 2026."""
    told = pd.read_parquet(market_data / "btc_funding_8h_2019-09_2026-05.parquet")["funding_rate"].abs()
    percent = 100 * told.quantile([0.5, 0.9, 0.95, 0.99, 0.999, 1.0])

    assert percent.tolist() == pytest.approx([0.010, 0.026, 0.049, 0.107, 0.175, 0.30], abs=0.0005)
    assert pytest.approx(told.quantile(0.99), rel=0.1) == FULL_FUNDING
