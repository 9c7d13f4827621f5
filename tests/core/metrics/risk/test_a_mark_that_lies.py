"""While the two accounts of the equity differ a mark may lie, and what is told is no more than is so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics import BY_NAME, View
from guardian.core.model import AtLeast, Measured
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import Desk, at, position, read, rule, rung, says

NAMES = ("stress_loss", "cluster_exposure", "correlated_exposure", "beta_exposure")


def found(account: AccountState, name: str) -> Measured:
    own = rule(rung(9e9, "halt"), metric=name)
    return BY_NAME[name].measure(View(account, own, blank(own), at(0)))


@pytest.mark.parametrize("name", NAMES)
@given(quantity=st.integers(-20, 20).filter(bool), lie=st.floats(0.1, 10))
def test_a_mark_that_lies_proves_no_exposure(name: str, quantity: int, lie: float) -> None:
    """The wallet knows the true mark, 100; the positions are told at another one."""
    desk = Desk().warm(position(quantity=quantity, mark=100))
    true = found(desk.account, name)

    desk.see(says(read(0, (position(quantity=quantity, mark=round(100 * lie, 4), entry=100),)), 1000))

    nav = desk.account.nav
    assert nav is not None
    if not nav.agreed:
        told = found(desk.account, name)
        assert isinstance(told, AtLeast)
        assert told.value <= true.value + 1e-9  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "value"), [("stress_loss", 0.5), *((name, 1.9) for name in NAMES[1:])])
def test_what_is_beyond_the_difference_is_still_proven(name: str, value: float) -> None:
    """A withdrawal of 100 that the ledger does not tell yet: 2,000 held, of an equity of 1,000 at most."""
    held = position(quantity=20, mark=100)
    desk = Desk().warm(held)

    desk.see(says(read(0, (held,)), 900))

    why = "the two accounts of the equity differ"
    assert AtLeast(pytest.approx(value), why) == found(desk.account, name)
