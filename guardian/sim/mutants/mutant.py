"""What a mutant is, and how it is planted: exactly one attribute replaced, and put back afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault: `what` guardian does wrong, in one sentence, and how it comes to that.

    `owner` and `attribute` are where guardian looks the original up; `change` makes the faulty one from it.
    `stumbles` is whether failing decisions are what it is about. Elsewhere they catch nothing: a mutant that
    no longer fits what it replaces would fail in every step, and prove nothing.
    """

    name: str
    what: str
    owner: Any
    attribute: str
    change: Callable[[Any], Any]
    stumbles: bool = False

    @contextmanager
    def planted(self) -> Iterator[None]:
        original = vars(self.owner)[self.attribute]
        setattr(self.owner, self.attribute, self.change(original))
        try:
            yield
        finally:
            setattr(self.owner, self.attribute, original)

    @property
    def place(self) -> str:
        """Where it is planted, for people: guardian.core.judge._rung."""
        module = getattr(self.owner, "__module__", "")
        name = self.owner.__qualname__ if module else self.owner.__name__
        return ".".join(part for part in (module, name, self.attribute) if part)


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The mutant of this name is in force; no name plants nothing. Raises KeyError for an unknown one."""
    if not name:
        yield
        return
    from guardian.sim.mutants.catalogue import BY_NAME

    with BY_NAME[name].planted():
        yield
