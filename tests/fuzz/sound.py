"""What every value that leaves an adapter must be: typed, finite, dated, and free of secrets."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from guardian.core.model import Part, Snapshot

LONGEST_TOLD = 300


def assert_finite(value: Any) -> None:
    """No NaN, no infinity and no naive instant anywhere inside."""
    if is_dataclass(value):
        for each in fields(value):
            assert_finite(getattr(value, each.name))
    elif isinstance(value, tuple):
        for item in value:
            assert_finite(item)
    elif isinstance(value, Decimal):
        assert value.is_finite()
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, datetime):
        assert value.tzinfo is not None
    else:
        assert value is None or isinstance(value, str | int | bool), type(value)


def assert_sound(snapshot: Snapshot) -> None:
    """Whole, or named in its failures: nothing in between, and no number that is none."""
    assert_finite(snapshot)
    named = {failure.part for failure in snapshot.failures}
    missing = {part for part in Part if getattr(snapshot, part.value) is None}
    assert missing == named
    assert all(failure.code and failure.why for failure in snapshot.failures)
    for position in snapshot.positions or ():
        assert position.quantity != 0
        assert min(position.entry, position.mark, position.step, position.minimum, position.maximum) > 0
    for order in snapshot.orders or ():
        assert order.side in (-1, 1)
        assert order.remaining >= 0


def assert_untold(told: Iterable[str], secrets: Iterable[str]) -> None:
    """Short, printable, and without any of the secrets."""
    for text in told:
        assert len(text) <= LONGEST_TOLD
        assert not any(secret in text for secret in secrets)
        assert text.isprintable()
