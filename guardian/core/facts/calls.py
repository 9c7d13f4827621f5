"""What is remembered of the way to the venue, and of how guardian itself fared of late. Shapes only."""

from __future__ import annotations

from datetime import datetime

from guardian.core.facts.pulse import Pulse
from guardian.core.frozen import dataclass
from guardian.core.model import ClockOffset


@dataclass(frozen=True, slots=True)
class CallSlot:
    """Requests of five seconds: DDSketch buckets (index, count) of times, failures by class, least budget."""

    number: int
    answered: tuple[tuple[int, int], ...] = ()
    unanswered: tuple[tuple[int, int], ...] = ()
    failed: tuple[tuple[str, int], ...] = ()
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Api:
    """The way to the venue: at most 12 slots of requests, and its clock as it was told at `clock_at`; and how
    guardian itself fared at `pulse_at`."""

    slots: tuple[CallSlot, ...] = ()
    clock: ClockOffset | None = None
    clock_at: datetime | None = None
    pulse: Pulse | None = None
    pulse_at: datetime | None = None
