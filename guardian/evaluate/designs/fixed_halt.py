"""The fixed rule that most people write first: lost 5 % within an hour, flat for a fixed time, then as
before.

The hour's window starts anew when the halt ends. Scaled: the 5 %.
"""

from __future__ import annotations

from dataclasses import dataclass

from guardian.evaluate.accounts import Account
from guardian.evaluate.designs.window import HOUR_MS, Window
from guardian.evaluate.play import Seen, Wish

LIMIT = 0.05


@dataclass(frozen=True, slots=True)
class FixedHalt:
    name: str
    hours: int

    def at(self, scale: float, account: Account) -> _Fixed:
        return _Fixed(LIMIT * scale, self.hours * HOUR_MS)


class _Fixed:
    def __init__(self, limit: float, halt_ms: int) -> None:
        self._limit, self._halt_ms = limit, halt_ms
        self._window = Window()
        self._until_ms = 0

    def decide(self, seen: Seen) -> Wish:
        if seen.at_ms < self._until_ms:
            return Wish(0.0, halted=True)
        if self._window.fallen(seen.at_ms, seen.equity) < self._limit:
            return Wish(1.0)
        self._window.restart()
        self._until_ms = seen.at_ms + self._halt_ms
        return Wish(0.0, halted=True)
