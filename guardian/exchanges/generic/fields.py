"""Strict reading of venue rows: a number is present, decimal and finite, or the answer is garbage.

Nothing here guesses: an empty string is not zero and a missing list is not an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from guardian.errors import VenueError

Row = Mapping[str, object]

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_MOST_DIGITS = 60
_LARGEST_EXPONENT = 30
_EARLIEST_MS = 1_262_304_000_000  # 2010: nothing that a crypto venue dates is older.
_LATEST_MS = 4_102_444_800_000  # 2100.


def garbage(what: str) -> VenueError:
    return VenueError("garbage", what)


def number(row: Row, name: str) -> Decimal:
    """The required number `name`, from a decimal string or a JSON number. Raises VenueError("garbage")."""
    raw = row.get(name)
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise garbage(f"{name} is missing or not a number")
    text = raw if isinstance(raw, str) else str(raw)
    if len(text) > _MOST_DIGITS or not _DECIMAL.fullmatch(text):
        raise garbage(f"{name} is not a finite number")
    value = Decimal(text)
    if abs(value.adjusted()) > _LARGEST_EXPONENT and value:
        raise garbage(f"{name} is beyond any sensible size")
    return value


def optional_number(row: Row, name: str) -> Decimal | None:
    """None where the venue leaves the field out or empty; anything else must be a number."""
    return None if row.get(name) in (None, "") else number(row, name)


def positive(row: Row, name: str) -> Decimal:
    value = number(row, name)
    if value <= 0:
        raise garbage(f"{name} is not above zero")
    return value


def optional_positive(row: Row, name: str) -> Decimal | None:
    """Venues write "0" or "" for "none" (stop loss, trigger price): both become None."""
    value = optional_number(row, name)
    if value is not None and value < 0:
        raise garbage(f"{name} is below zero")
    return value or None


def text(row: Row, name: str) -> str:
    """The required, non-empty string `name`."""
    raw = row.get(name)
    if not isinstance(raw, str) or not raw:
        raise garbage(f"{name} is missing or not text")
    return raw


def optional_text(row: Row, name: str) -> str:
    raw = row.get(name)
    return raw if isinstance(raw, str) else ""


def integer(row: Row, name: str) -> int:
    raw = row.get(name)
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 20:
        return int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise garbage(f"{name} is missing or not a whole number")
    return raw


def flag(row: Row, name: str) -> bool:
    """A boolean, also where the venue writes it as 0 or 1."""
    raw = row.get(name)
    if raw in (0, 1):
        return bool(raw)
    raise garbage(f"{name} is missing or neither true nor false")


def plausible_ms(value: object) -> bool:
    """Whether this is epoch milliseconds of an instant at which a venue may be asked."""
    return type(value) is int and _EARLIEST_MS <= value <= _LATEST_MS


def instant(row: Row, name: str) -> datetime:
    """An aware UTC instant from epoch milliseconds."""
    value = integer(row, name)
    if not plausible_ms(value):
        raise garbage(f"{name} is not a plausible instant")
    return datetime.fromtimestamp(value / 1000, UTC)


def rows(row: Row, name: str) -> list[Row]:
    """The required list of objects `name`."""
    raw = row.get(name)
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise garbage(f"{name} is missing or not a list of objects")
    return raw


def mapping(row: Row, name: str) -> Row:
    raw = row.get(name)
    if not isinstance(raw, dict):
        raise garbage(f"{name} is missing or not an object")
    return raw


def strings(row: Row, name: str) -> tuple[str, ...]:
    """A list of strings; absent counts as empty because venues leave out permission groups."""
    raw = row.get(name)
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise garbage(f"{name} is not a list of text")
    return tuple(raw)
