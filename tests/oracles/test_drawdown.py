"""Oracles for M02 and M03: empyrical, skfolio and pandas against the baselines that loss rules fall from.

Same definition, to 1e-9: the largest drawdown of all time is empyrical's and skfolio's maximum drawdown; the
drawdown over a time window is pandas' rolling maximum over the same left-open window.
"""

from __future__ import annotations

from datetime import timedelta

import empyrical
import numpy as np
import pandas as pd
import pytest
import skfolio.measures as skfolio

from guardian.core.memory import Baseline
from guardian.core.metrics.baseline import fold_baseline, peak
from guardian.core.metrics.drawdown import fraction_lost
from guardian.core.model import Window
from tests.core.build import START

RETURNS = np.random.default_rng(11).standard_t(3, 1500) * 0.01
NAVS = np.concatenate([[100.0], 100 * np.cumprod(1 + RETURNS)])
MINUTES = np.cumsum(np.random.default_rng(12).integers(1, 9, 1501))


def drawdowns(window: Window) -> list[float]:
    baseline: Baseline | None = None
    found = []
    for minute, nav in zip(MINUTES, NAVS, strict=True):
        now = START + timedelta(minutes=int(minute))
        baseline = fold_baseline(baseline, window, now, float(nav))
        top = peak(baseline, window, now)
        assert top is not None
        found.append(fraction_lost(float(nav), top))
    return found


def test_the_largest_is_empyrical_s_and_skfolio_s_maximum_drawdown():
    """skfolio compounds only when told to; both begin before the first return, as a rule does."""
    largest = max(drawdowns(Window("hwm")))

    assert largest == pytest.approx(-empyrical.max_drawdown(RETURNS), abs=1e-9)
    assert largest == pytest.approx(-float(skfolio.get_drawdowns(RETURNS, compounded=True).min()), abs=1e-9)


@pytest.mark.parametrize("minutes", [15, 60, 1440])
def test_a_window_is_pandas_rolling_maximum(minutes: int):
    index = pd.DatetimeIndex([START + timedelta(minutes=int(m)) for m in MINUTES])
    navs = pd.Series(NAVS, index=index)
    expected = 1 - navs / navs.rolling(f"{minutes}min", closed="right").max()

    np.testing.assert_allclose(drawdowns(Window("sliding", 60.0 * minutes)), expected, atol=1e-9)
