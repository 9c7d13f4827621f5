"""What has happened since this process started, counted for those who scrape it.

The loop feeds it in one place. It decides nothing and keeps nothing but sums: every table here has a bound,
whatever the venue calls its endpoints.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from guardian.core.effects import Effect, Notify
from guardian.core.events import EffectReported, Event, SnapshotTaken
from guardian.core.model import Call, ClockOffset, Snapshot
from guardian.runtime.sanity.told import Told
from guardian.runtime.stack.counts import StackCounts

STEP_BOUNDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
CALL_BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

ENDPOINTS = 40
"""Endpoints told apart on one account; a venue that names more has them counted as `OTHER`."""

OTHER = "other"
PENDING = 10_000
WORDS = frozenset({"garbage", "network", "timeout"})


@dataclass(slots=True)
class Durations:
    """A histogram in seconds. `counts` has one place more than `bounds`, for what is longer than all."""

    bounds: Sequence[float]
    counts: list[int] = field(init=False)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, seconds: float, at_least: bool = False) -> None:
        """`at_least`: no answer came, so how long it would have taken is past every bound that is known."""
        self.counts[-1 if at_least else bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds

    def cumulative(self) -> tuple[tuple[str, float], ...]:
        """(upper bound, how many took at most that), as Prometheus wants it."""
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        return tuple(zip(names, map(float, accumulate(self.counts)), strict=True))


@dataclass(slots=True)
class Requests:
    """One endpoint of one account: how often by class of answer, and how long it took."""

    codes: Counter[str] = field(default_factory=Counter)
    times: Durations = field(default_factory=lambda: Durations(CALL_BOUNDS))


class Counters:
    """Sums since the process started. `defects` are events that could not be decided or written down."""

    def __init__(self) -> None:
        self.evaluations = 0
        self.defects = 0
        self.steps = Durations(STEP_BOUNDS)
        self.requests: dict[tuple[str, str], Requests] = {}
        self.effects: Counter[tuple[str, str, str]] = Counter()
        self.offsets: dict[str, ClockOffset | None] = {}
        self.stack = StackCounts()
        self.sanity = Told()
        self._kinds: dict[tuple[str, str], str] = {}

    def judged(self, event: Event, effects: Iterable[Effect], seconds: float) -> None:
        """One step is done: `event` was decided in `seconds` and `effects` are about to be performed."""
        self.evaluations += 1
        self.steps.add(seconds)
        match event:
            case SnapshotTaken():
                self._read(event.snapshot)
            case EffectReported():
                kind = self._kinds.pop((event.account, event.effect_id), None)
                if kind is not None:
                    self.effects[event.account, kind, event.outcome.value] += 1
        for effect in effects:
            # A notification ends in the courier, which counts for itself; everything else ends in a report.
            if not isinstance(effect, Notify) and len(self._kinds) < PENDING:
                self._kinds[effect.account, effect.id] = effect.kind

    def _read(self, snapshot: Snapshot) -> None:
        self.offsets[snapshot.account] = snapshot.clock
        for call in snapshot.calls:
            requests = self._endpoint(snapshot.account, call.endpoint)
            requests.codes[code_class(call)] += 1
            requests.times.add(call.seconds, at_least=not call.answered)

    def _endpoint(self, account: str, endpoint: str) -> Requests:
        known = self.requests.get((account, endpoint))
        if known is not None:
            return known
        if sum(1 for name, _ in self.requests if name == account) >= ENDPOINTS:
            endpoint = OTHER
        return self.requests.setdefault((account, endpoint), Requests())


def code_class(call: Call) -> str:
    """`ok`, `http-4xx`, `timeout`, `network`, `garbage`, `unanswered`, or `refused` for any code of a venue.

    The venue's own codes are too many for a label; the journal has them.
    """
    if call.code.startswith("http-") and call.code[5:6].isdigit():
        return f"http-{call.code[5]}xx"
    if call.code in WORDS:
        return call.code
    if not call.answered:
        return "unanswered"
    return "refused" if call.code else "ok"
