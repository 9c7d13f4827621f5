"""What one seed draws: lives, each an incident on a venue of its own, and the blows that guardian gets there.

Pure: no process, no clock. The same number of blows and the same seed always give the same lives; where a
blow really lands still depends on the machine, so every life records that for itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

LONGEST_HAND = 3
AGAIN = 0.2
"""The share of blows that a second one follows, at or soon after the restart."""


class Phase(Enum):
    """How far an incident has come, in the order of time."""

    BEFORE = "before the breach"
    BREACH = "between breach and first order"
    CLOSING = "while closing"
    FENCED = "between fence and deletion"
    VERIFIED = "after verified"
    RESTART = "at the restart"


class Means(Enum):
    """What is done to the process. STOP_GO is the only one that it survives."""

    KILL = "SIGKILL"
    STOP_KILL = "SIGSTOP, SIGKILL"
    STOP_GO = "SIGSTOP, SIGCONT"


@dataclass(frozen=True, slots=True)
class Blow:
    """`delay_s` after the phase has begun; stopped for `pause_s`; down for `down_s` until started again."""

    phase: Phase
    means: Means
    delay_s: float
    pause_s: float = 0.0
    down_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """One life: a market, its faults, and the blows in the order in which they fall."""

    number: int
    seed: int
    latency_ms: int
    loss: float
    faults: tuple[dict[str, Any], ...]
    level_notional: int | None
    blows: tuple[Blow, ...]

    @property
    def name(self) -> str:
        return f"life {self.number} of seed {self.seed}"


# How long after its beginning a phase may still be hit, in seconds.
WINDOWS = {
    Phase.BEFORE: 0.6,
    Phase.BREACH: 0.35,
    Phase.CLOSING: 1.2,
    Phase.FENCED: 2.2,
    Phase.VERIFIED: 2.6,
    Phase.RESTART: 1.6,
}
IN_TIME = tuple(phase for phase in Phase if phase is not Phase.RESTART)

CREATE, FENCE, DELETE, AUDIT = "order/create", "user/update-sub-api", "user/delete-sub-api", "user/query-api"

# Faults of the acting side only: a venue that cannot be read cannot be acted upon within two seconds.
FAULTS: tuple[dict[str, Any], ...] = (
    {"effect": "hang", "match": CREATE, "seconds": 1.5, "count": 4},
    {"effect": "hang", "match": CREATE, "when": "before", "seconds": 2.0, "count": 3},
    {"effect": "timeout_after_effect", "match": CREATE, "count": 2},
    {"effect": "drop_before", "match": CREATE, "probability": 0.5, "count": 3},
    {"effect": "garbage", "match": "order/cancel", "count": 2},
    {"effect": "hang", "match": FENCE, "seconds": 2.0, "count": 2},
    {"effect": "timeout_after_effect", "match": FENCE, "count": 1},
    {"effect": "hang", "match": DELETE, "seconds": 2.0, "count": 1},
    {"effect": "timeout_after_effect", "match": DELETE, "count": 1},
    {"effect": "hang", "match": AUDIT, "seconds": 4.0, "key": "admin"},
)


def draw(blows: int, seed: int) -> tuple[Case, ...]:
    """Lives with together exactly this many blows; every phase is dealt before any is dealt again."""
    rng = random.Random(f"crash {seed}")
    dealt = _deal(rng)
    cases: list[Case] = []
    left = blows
    while left > 0:
        hand = sorted((next(dealt) for _ in range(rng.randint(1, LONGEST_HAND))), key=list(Phase).index)
        fallen = tuple(_blows(rng, hand))[:left]
        left -= len(fallen)
        cases.append(_case(rng, len(cases) + 1, seed, fallen))
    return tuple(cases)


def _deal(rng: random.Random) -> Iterator[Phase]:
    while True:
        deck = list(IN_TIME)
        rng.shuffle(deck)
        yield from deck


def _blows(rng: random.Random, phases: list[Phase]) -> Iterator[Blow]:
    for phase in phases:
        means = rng.choices(list(Means), (6, 2, 2))[0]
        yield _blow(rng, phase, means)
        if means is not Means.STOP_GO and rng.random() < AGAIN:
            yield _blow(rng, Phase.RESTART, Means.KILL)


def _blow(rng: random.Random, phase: Phase, means: Means) -> Blow:
    delay = rng.uniform(0.0, WINDOWS[phase])
    pause = 0.0 if means is Means.KILL else rng.choice((rng.uniform(0.1, 1.5), rng.uniform(1.5, 6.0)))
    down = 0.0 if means is Means.STOP_GO else rng.choice((0.0, 0.0, rng.uniform(0.0, 1.5)))
    return Blow(phase, means, round(delay, 3), round(pause, 3), round(down, 3))


def _case(rng: random.Random, number: int, seed: int, blows: tuple[Blow, ...]) -> Case:
    return Case(
        number=number,
        seed=seed,
        latency_ms=rng.choice((20, 80, 150)),
        loss=round(rng.uniform(0.055, 0.09), 4),
        faults=tuple(rng.sample(FAULTS, rng.randint(0, 3))),
        # A thin book: a close is filled in parts, so that closing takes several orders a leg.
        level_notional=rng.choice((None, None, 2_000)),
        blows=blows,
    )
