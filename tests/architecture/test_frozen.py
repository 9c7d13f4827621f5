"""`frozen.replace` gives what `dataclasses.replace` gives, and may copy every value of the core."""

from __future__ import annotations

import dataclasses
from types import ModuleType

import pytest

from guardian.core import effects, events, model, state
from guardian.core.frozen import replace
from guardian.core.state import Evidence, Flatness, RuleState

NOUNS: list[ModuleType] = [model, events, effects, state]


def values() -> list[type]:
    found = (kind for module in NOUNS for kind in vars(module).values())
    return [kind for kind in found if isinstance(kind, type) and dataclasses.is_dataclass(kind)]


def test_a_copy_is_what_the_standard_library_would_have_made() -> None:
    before = RuleState("daily-loss", held=(1.0,), episode=3)

    after = replace(before, held=(2.5,), stale=True)

    assert after == dataclasses.replace(before, held=(2.5,), stale=True)
    assert before == RuleState("daily-loss", held=(1.0,), episode=3)


def test_what_is_not_changed_is_the_same_object_and_not_its_default() -> None:
    flatness = Flatness()
    evidence = Evidence(orders=(), keys=())

    assert replace(evidence, complete_at=None).failures is evidence.failures
    assert replace(flatness) == flatness


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(AttributeError):
        replace(Flatness(), verified="yes")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", values(), ids=lambda kind: kind.__name__)
def test_every_value_keeps_all_it_knows_in_slots(kind: type) -> None:
    """A field outside the slots, or one that `__post_init__` derives, would be lost in a copy."""
    fields = {field.name for field in dataclasses.fields(kind)}

    assert fields == set(getattr(kind, "__slots__", ()))
    assert not hasattr(kind, "__post_init__")
