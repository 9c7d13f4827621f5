"""Every mutant is caught within 500 seeds, by a checker that finds nothing on the same seed without it."""

from __future__ import annotations

import pytest

from guardian.sim.mutants.catalogue import ALL, BY_NAME
from guardian.sim.mutants.mutant import Mutant, planted
from tests.mutants.memory import catch

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_mutant_is_caught_within_500_seeds(name: str) -> None:
    """Begins with the seed that caught it last time."""
    found = catch(name)

    assert found is not None, f"{name} survived: {BY_NAME[name].what}"


def test_there_are_at_least_twenty_and_no_two_share_a_name() -> None:
    assert len(ALL) >= 20
    assert len(BY_NAME) == len(ALL)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_one_attribute_and_puts_it_back(mutant: Mutant) -> None:
    original = vars(mutant.owner)[mutant.attribute]

    with planted(mutant.name):
        changed = vars(mutant.owner)[mutant.attribute]

    assert changed is not original
    assert vars(mutant.owner)[mutant.attribute] is original


def test_an_unknown_mutant_is_refused() -> None:
    with pytest.raises(KeyError), planted("no-such-mutant"):
        pass
