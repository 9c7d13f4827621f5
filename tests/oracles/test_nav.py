"""Oracle for M01: empyrical's cumulated returns against the unitised NAV.

Same definition, to 1e-9: the time-weighted return chains what was earned between flows, and the price of a
unit is that chain, whatever was paid in or out in between. Modified Dietz, the reference's fallback where
only a day's ends are known, is not used: every read tells the equity.
"""

from __future__ import annotations

from decimal import Decimal

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.model import LedgerKind, Snapshot
from tests.core.build import read, row
from tests.core.metrics.test_nav import fold

CENT = Decimal("0.01")

STEPS = st.lists(
    st.tuples(st.floats(-0.2, 0.25), st.none() | st.floats(-0.8, 3)),
    min_size=1,
    max_size=30,
)
"""What was earned in a step, and what crosses the border after it: fractions of the equity of then."""


def lived(steps: list[tuple[float, float | None]]) -> tuple[list[Snapshot], list[float]]:
    """Reads of an account that began at 10,000, and the returns between flows as they were to the cent."""
    cash, reads, returns = Decimal(10_000), [read(0, cash=10_000)], []
    for n, (earned, crossed) in enumerate(steps):
        gain = (cash * Decimal(earned)).quantize(CENT)
        returns.append(float(gain / cash))
        cash += gain
        reads.append(read(2 * n + 1, cash=cash, ledger=(row(f"t{n}", gain, LedgerKind.TRADE),)))
        flow = (cash * Decimal(crossed or 0)).quantize(CENT)
        cash += flow
        reads.append(read(2 * n + 2, cash=cash, ledger=(row(f"f{n}", flow),) if crossed else ()))
    return reads, returns


@given(STEPS)
def test_the_price_of_a_unit_is_the_time_weighted_return(steps: list[tuple[float, float | None]]):
    reads, returns = lived(steps)

    theirs = 100 * empyrical.cum_returns(np.array(returns), starting_value=1)[-1]

    assert fold(*reads).value == pytest.approx(float(theirs), rel=1e-9)
