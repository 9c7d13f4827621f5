"""What came of what the stack told since this process started, for status and for those who scrape it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class SourceCount:
    """One source that is asked: when it last gave a number, and which gauges gave none this time, and why."""

    asked_at: datetime | None = None
    told_at: datetime | None = None
    silent: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class StackCounts:
    """`accepted` and `dropped` messages by account, `refused` by reason; `sources` by account and name.

    `listening`: whether the stack may tell of itself over `listen`.
    """

    listening: bool = False
    accepted: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    sources: dict[tuple[str, str], SourceCount] = field(default_factory=dict)
