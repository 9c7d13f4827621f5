"""What one design did to one account, counted: sums that add up over files, accounts and weeks.

- *loss avoided* = 1 - sum of the protected account's falls / sum of the unprotected one's, over the same
  events.
- *exposure given up* = mean of 1 - held / wanted exposure over all bars outside events in which the account
  wants any: the premium, free of what the market did.
- An event is a crash of `guardian.replay.worth`: 10 % within six hours, for six hours from its onset.
- *false halts a year* = halts that began outside every event, by the length of all accounts' histories.

A *week* is an ISO week of UTC: the block that the bootstrap draws. An event belongs to the week of its onset.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from guardian.evaluate.bars import Instants
from guardian.evaluate.play import Played
from guardian.replay.worth import Crash, fall, outside

YEAR_MS = 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums of one or of many weeks: falls in events; bars outside events that want exposure, and the
    fractions held in them; halts that began outside; years watched; all halts, in events too (`shut`)."""

    lost: float = 0.0
    unprotected: float = 0.0
    held: float = 0.0
    wanted: float = 0.0
    halts: float = 0.0
    years: float = 0.0
    events: int = 0
    shut: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.lost + other.lost,
            self.unprotected + other.unprotected,
            self.held + other.held,
            self.wanted + other.wanted,
            self.halts + other.halts,
            self.years + other.years,
            self.events + other.events,
            self.shut + other.shut,
        )

    @property
    def loss_avoided(self) -> float | None:
        """None without an event: there was nothing to avoid."""
        return 1.0 - self.lost / self.unprotected if self.unprotected else None

    @property
    def exposure_given_up(self) -> float | None:
        """None where no exposure was wanted outside events."""
        return 1.0 - self.held / self.wanted if self.wanted else None

    @property
    def false_halts_per_year(self) -> float | None:
        return self.halts / self.years if self.years else None


def total(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def week_of(at_ms: int) -> str:
    """ "2021-W20"."""
    year, week, _ = datetime.fromtimestamp(at_ms / 1000, UTC).isocalendar()
    return f"{year}-W{week:02d}"


def weeks_of(known_ms: Instants) -> list[str]:
    """The week of each bar, reckoned once a day: a week begins at midnight UTC."""
    names = {day: week_of(int(day) * 86_400_000) for day in np.unique(known_ms // 86_400_000)}
    return [names[day] for day in known_ms // 86_400_000]


def scored(known_ms: Instants, events: tuple[Crash, ...], free: Played, kept: Played) -> dict[str, Tally]:
    """The tally of each week. `free` is the account without protection, `kept` the same with the design."""
    weeks = np.array(weeks_of(known_ms))
    calm = outside(len(known_ms), events)
    step = np.diff(known_ms, append=known_ms[-1:]).clip(max=3_600_000)
    shut = np.zeros(len(known_ms))
    shut[list(kept.halts)] = 1.0
    found: dict[str, Tally] = {}
    for week in sorted(set(weeks)):
        own = weeks == week
        quiet = own & calm & (kept.wanted > 0)
        falls = [event for event in events if weeks[event.onset] == week]
        found[str(week)] = Tally(
            lost=sum(fall(kept.equity, event) for event in falls),
            unprotected=sum(fall(free.equity, event) for event in falls),
            held=float((kept.held[quiet] / kept.wanted[quiet]).sum()),
            wanted=float(quiet.sum()),
            halts=float(shut[own & calm].sum()),
            years=float(step[own].sum()) / YEAR_MS,
            events=len(falls),
            shut=float(shut[own].sum()),
        )
    return found
