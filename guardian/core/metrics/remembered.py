"""What was computed from the very same values is not computed again, as long as it is remembered.

Within a cell nothing changes in what the cells before have taught: a tick only brings marks. The core's
values are frozen, so the same ones always give the same answer, and nothing that is decided depends on
whether one was remembered. An answer is shared by all who ask: nobody may change it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple

Value = TypeVar("Value")
Answer = TypeVar("Answer")
Given = TypeVarTuple("Given")

ANSWERS, OWNERS = 32, 1024
"""Bounds on what one function remembers; the first to come is the first to go."""


def by_identity(compute: Callable[[Value], Answer]) -> Callable[[Value], Answer]:
    """For values that take longer to compare than to use: they are told apart by identity.

    Each is kept alive while it is remembered, so that no other can take its place in memory.
    """
    known: dict[int, tuple[Value, Answer]] = {}

    @wraps(compute)
    def answer(value: Value) -> Answer:
        found = known.get(id(value))
        if found is None:
            if len(known) >= ANSWERS:
                known.clear()
            found = known[id(value)] = value, compute(value)
        return found[1]

    return answer


def by_identities(compute: Callable[[*Given], Answer]) -> Callable[[*Given], Answer]:
    """The same for several values."""
    known: dict[tuple[int, ...], tuple[tuple[object, ...], Answer]] = {}

    @wraps(compute)
    def answer(*given: *Given) -> Answer:
        key = tuple(map(id, given))
        found = known.get(key)
        if found is None:
            if len(known) >= ANSWERS:
                known.clear()
            found = known[key] = given, compute(*given)
        return found[1]

    return answer


def newest_of(compute: Callable[[str, *Given], Answer]) -> Callable[[str, *Given], Answer]:
    """For answers that are large: of each owner, the first argument, only the newest is kept."""
    known: dict[str, tuple[tuple[object, ...], Answer]] = {}

    @wraps(compute)
    def answer(owner: str, *given: *Given) -> Answer:
        found = known.get(owner)
        if found is None or found[0] != given:
            if found is None and len(known) >= OWNERS:
                del known[next(iter(known))]
            found = given, compute(owner, *given)
        # What is equal is kept in place of what was: the same objects are compared at a glance the next time.
        known[owner] = given, found[1]
        return found[1]

    return answer
