"""The requests of the last 60 seconds: a ring of twelve slots of five seconds, merged when looked at.

The newest slot is still filling, so what is seen is 55 to 60 seconds. A slot keeps no request, only counters:
its size is bounded whatever the venue does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

from guardian.core.facts.calls import Api, CallSlot
from guardian.core.frozen import replace
from guardian.core.metrics.sketch import Buckets, added, merged, total
from guardian.core.model import Call, Snapshot

SLOT_SECONDS = 5
SLOTS = 12

ERROR_CLASSES = ("rate_limit", "server", "auth", "no_answer", "other")
"""What a failure asks of people: slow down, wait, look at the key, look at the line, read the code."""

# Bybit's codes by docs/v5/error; 403 is its answer to an address that asked too often.
_CLASS_OF = {
    **dict.fromkeys(("http-429", "http-418", "http-403", "10006", "10018", "10429"), "rate_limit"),
    **dict.fromkeys(("10000", "10016"), "server"),
    **dict.fromkeys(("http-401", "10003", "10004", "10005", "10007", "10010", "33004"), "auth"),
}


def error_class(call: Call) -> str:
    """One of ERROR_CLASSES, or "" for a request that succeeded."""
    if not call.answered:
        return "no_answer"
    if not call.code:
        return ""
    return _CLASS_OF.get(call.code, "server" if call.code.startswith("http-5") else "other")


def fold_calls(api: Api, seen: Snapshot, at: datetime) -> Api:
    """A read's requests enter the slot of its arrival; slots that left the window are dropped."""
    if seen.pulse is not None and math.isfinite(seen.pulse.lag_seconds):
        api = replace(api, pulse=seen.pulse, pulse_at=at)
    if not seen.calls and seen.clock is None:
        return api
    number = _slot_of(at)
    kept = tuple(slot for slot in api.slots if number - SLOTS < slot.number < number)
    same = next((slot for slot in api.slots if slot.number == number), CallSlot(number))
    slots = (*kept, _grown(same, seen.calls)) if seen.calls else api.slots
    clock = seen.clock
    if clock is not None and math.isfinite(clock.seconds) and math.isfinite(clock.error_seconds):
        return replace(api, slots=slots, clock=clock, clock_at=at)
    return replace(api, slots=slots)


def _grown(slot: CallSlot, calls: tuple[Call, ...]) -> CallSlot:
    failed = dict(slot.failed)
    for kind in filter(None, map(error_class, calls)):
        failed[kind] = failed.get(kind, 0) + 1
    return CallSlot(
        slot.number,
        answered=added(slot.answered, [call.seconds for call in calls if call.answered]),
        unanswered=added(slot.unanswered, [call.seconds for call in calls if not call.answered]),
        failed=tuple(sorted(failed.items())),
        budget=least((slot.budget, *map(budget, calls))),
    )


def budget(call: Call) -> float | None:
    """The fraction of the allowance that was left, 0 to 1; None where it was not told, or as nonsense."""
    left, limit = call.budget or (0, 0)
    return left / limit if limit > 0 and 0 <= left <= limit else None


def least(told: Iterable[float | None]) -> float | None:
    return min((each for each in told if each is not None), default=None)


def _slot_of(at: datetime) -> int:
    return int(at.timestamp()) // SLOT_SECONDS


def recent(api: Api, now: datetime) -> tuple[CallSlot, ...]:
    oldest = _slot_of(now) - SLOTS
    return tuple(slot for slot in api.slots if slot.number > oldest)


def times(slots: tuple[CallSlot, ...]) -> tuple[Buckets, Buckets]:
    """Sketches of the seconds that answers took, and that questions without an answer waited."""
    return merged(slot.answered for slot in slots), merged(slot.unanswered for slot in slots)


def requests(slots: tuple[CallSlot, ...]) -> int:
    return sum(total(slot.answered) + total(slot.unanswered) for slot in slots)


def failures(slots: tuple[CallSlot, ...]) -> dict[str, int]:
    """Failed requests by class, every class named."""
    found = dict.fromkeys(ERROR_CLASSES, 0)
    for slot in slots:
        for kind, count in slot.failed:
            found[kind] += count
    return found
