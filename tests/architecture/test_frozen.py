"""`frozen` makes and copies what `dataclasses` would, and may do so with every value of the core."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from types import ModuleType

import pytest

from guardian.core import effects, events, memory, model, state
from guardian.core.frozen import replace
from guardian.core.model import Unknown, Window
from guardian.core.state import Evidence, Flatness, RuleState

NOUNS: list[ModuleType] = [model, events, effects, memory, state]


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
    with pytest.raises(TypeError, match="verified"):
        replace(Flatness(), verified="yes")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", values(), ids=lambda kind: kind.__name__)
def test_every_value_is_made_as_the_standard_library_makes_it(kind: type) -> None:
    """Each field by position and by name, and what is not given by its default."""
    fields = dataclasses.fields(kind)
    asked = [f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING]

    by_name, by_place = kind(**{f.name: f.name for f in fields}), kind(*(f.name for f in fields))
    least = kind(**dict.fromkeys(asked, 1))

    assert [getattr(by_name, f.name) for f in fields] == [f.name for f in fields]
    assert by_name == by_place == replace(by_place) == copy.copy(by_name) == copy.deepcopy(by_name)
    assert type(by_name) is type(replace(by_place)) is kind
    for field in fields:
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        assert field.name in asked or getattr(least, field.name) == default
    assert [f.name for f in fields] == list(inspect.signature(kind).parameters)


@pytest.mark.parametrize("kind", values(), ids=lambda kind: kind.__name__)
def test_no_value_can_be_written_to(kind: type) -> None:
    fields = [field.name for field in dataclasses.fields(kind)]
    made = kind(*fields)

    for value in (made, replace(made)):
        with pytest.raises(AttributeError):
            setattr(value, fields[0], "another")
        with pytest.raises(AttributeError):
            delattr(value, fields[0])
        with pytest.raises(AttributeError):
            value.unheard_of = 1


def test_equal_values_are_equal_keys() -> None:
    assert {Window("sliding", 60.0): 1}[replace(Window("hwm"), kind="sliding", seconds=60.0)]


def test_a_default_is_made_anew_and_what_is_missing_is_named() -> None:
    assert RuleState("a").measured == Unknown("no evidence yet", warming=True)
    with pytest.raises(TypeError, match="rule_id"):
        RuleState()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="verdikt"):
        RuleState("a", verdikt=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", values(), ids=lambda kind: kind.__name__)
def test_every_value_keeps_all_it_knows_in_slots(kind: type) -> None:
    """A field outside the slots, or one that `__post_init__` derives, would be lost in a copy."""
    fields = {field.name for field in dataclasses.fields(kind)}

    assert fields == set(getattr(kind, "__slots__", ()))
    assert not hasattr(kind, "__post_init__")
