"""The positions, or the open orders, of one account over all categories of contracts.

The venue has no question for all of them. Linear contracts are asked about by every read. The others,
inverse contracts and options (or those of them that the configuration says the account can trade), are asked
about
- every `pace_s` seconds;
- by every read while something of them is there, or while it is not known whether something is;
- by every read whose other answers look flat: what nobody has asked about is not flat.

Laws: an answer that is missing is named, and what the other categories told is told beside it, for it can be
acted on. Only where such an answer was good a moment ago, nothing was there and the account is not flat, does
one that fails wait for the next read. Positions of which an answer is missing are told as they were last, for
what is told in part replaces what is acted on: a leg that it left out would be closed by nobody until the
venue answers about its category again. Orders are not: told in part they count as newly seen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from guardian.core.model import Failure, Part
from guardian.errors import VenueError
from guardian.exchanges.bybit.symbols import Category
from guardian.exchanges.generic.fields import garbage

T = TypeVar("T")
Question = Callable[[Category], Awaitable[tuple[T, ...]]]
"""All rows of a category. Raises VenueError, with code "contract" for what is held and cannot be read."""

OTHERS: tuple[Category, ...] = ("inverse", "option")
HELD = "contract"

_GRACE_S = 30.0
_SHARE = 0.9
"""Of a part's time limit: the other categories must not cost the answer about linear contracts."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """What is there, of positions also what was there last in a category without an answer. `lacking` names
    the first of these, `unasked` are left to later."""

    rows: tuple[T, ...]
    lacking: Failure | None = None
    unasked: tuple[Category, ...] = ()


@dataclass(slots=True)
class _Told:
    """When a category was answered last, by the monotonic clock, and whether something is there."""

    good_at: float | None = None
    held: bool = False


@dataclass(slots=True)
class Holdings(Generic[T]):
    """Remembers when each category was answered. Not safe for concurrent reads that must not ask twice."""

    part: Part
    ask: Question[T]
    pace_s: float
    timeout_s: float
    others: tuple[Category, ...] = OTHERS
    _last: dict[Category, tuple[T, ...]] = field(default_factory=dict)
    _told: dict[Category, _Told] = field(default_factory=lambda: {other: _Told() for other in OTHERS})

    async def read(self, closely: bool) -> Listed[T]:
        """`closely`: as by an account that may be flat. Raises VenueError where linear contracts failed."""
        due = tuple(other for other in self.others if closely or self._due(other))
        # Tasks, and no gathering: one of these that is given up would be told of as an error nobody heard.
        asking = [asyncio.create_task(self._other(other)) for other in due]
        try:
            rows = await self.ask("linear")
            answers = [await each for each in asking]
        finally:
            for each in asking:
                each.cancel()
        unasked = tuple(other for other in self.others if other not in due)
        return self._joined(Listed(rows, unasked=unasked), due, answers, closely)

    async def rest(self, listed: Listed[T]) -> Listed[T]:
        """As if the read had asked closely: what it showed looks flat."""
        answers = await asyncio.gather(*(self._other(other) for other in listed.unasked))
        return self._joined(replace(listed, unasked=()), listed.unasked, answers, True)

    def _due(self, category: Category) -> bool:
        told = self._told[category]
        return told.held or told.good_at is None or time.monotonic() - told.good_at >= self.pace_s

    def _joined(
        self,
        listed: Listed[T],
        asked: tuple[Category, ...],
        answers: Sequence[tuple[T, ...] | VenueError],
        closely: bool,
    ) -> Listed[T]:
        for category, answer in zip(asked, answers, strict=True):
            if not isinstance(answer, VenueError):
                listed = replace(listed, rows=(*listed.rows, *answer))
            elif not closely and self._was_empty(category):
                listed = replace(listed, unasked=(*listed.unasked, category))
            else:
                why = f"{category}: {answer.detail or 'the venue gave no reason'}"
                lacking = listed.lacking or Failure(self.part, answer.code, why)
                rows = (*listed.rows, *self._last.get(category, ()))
                listed = replace(listed, rows=rows, lacking=lacking)
        return listed

    def _was_empty(self, category: Category) -> bool:
        """Whether a good answer of late said that nothing is there."""
        told = self._told[category]
        recent = told.good_at is not None and time.monotonic() - told.good_at < self.pace_s + _GRACE_S
        return recent and not told.held

    async def _other(self, category: Category) -> tuple[T, ...] | VenueError:
        told = self._told[category]
        try:
            async with asyncio.timeout(_SHARE * self.timeout_s):
                rows = await self.ask(category)
        except VenueError as error:
            told.held = told.held or error.code == HELD
            return error
        except TimeoutError:
            return VenueError("timeout", f"no complete answer within {_SHARE * self.timeout_s:g} s")
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A shape that no check foresaw is still the venue's nonsense: the port never raises for it.
            return garbage(f"unforeseen shape: {type(error).__name__}")
        told.good_at, told.held = time.monotonic(), bool(rows)
        if self.part is Part.POSITIONS:
            self._last[category] = rows
        return rows
