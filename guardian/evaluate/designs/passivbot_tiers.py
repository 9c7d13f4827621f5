"""Tiers like passivbot's equity hard stop: yellow, orange, red by ratios of one drawdown from the peak.

Score = min(raw drawdown from the peak, the same smoothed by an EMA of 60 minutes); red at 25 %, orange at
0.75 of it, yellow at 0.5, as published. Yellow warns. Orange takes no new exposure: positions stay, so an
account that is fully invested changes nothing but a turn of side, which waits. Red closes everything;
published, it restarts after a cooldown that the user chooses (none by default: it then stays flat for good),
here 24 hours, with a new peak. Scaled: the 25 %. passivbot's trailing peak, its sides and its own trading are
not modelled.
"""

from __future__ import annotations

from guardian.evaluate.accounts import Account
from guardian.evaluate.designs.window import HOUR_MS
from guardian.evaluate.play import Seen, Wish

ORANGE = 0.75
RED, EMA_BARS, COOLDOWN_MS = 0.25, 12, 24 * HOUR_MS


class PassivbotTiers:
    name = "passivbot_tiers"

    def at(self, scale: float, account: Account) -> _Tiers:
        return _Tiers(RED * scale)


class _Tiers:
    def __init__(self, red: float) -> None:
        self._red = red
        self._peak = self._smooth = 0.0
        self._until_ms = 0
        self._side = 0.0

    def decide(self, seen: Seen) -> Wish:
        if seen.at_ms < self._until_ms:
            return Wish(0.0, halted=True)
        self._peak = max(self._peak, seen.equity)
        raw = 1.0 - seen.equity / self._peak
        self._smooth += 2.0 / (EMA_BARS + 1) * (raw - self._smooth)
        score, side = min(raw, self._smooth), float(seen.target.sum())
        if score < ORANGE * self._red:
            self._side = side
            return Wish(1.0)
        if score < self._red:
            return Wish(1.0 if side * self._side > 0 else 0.0)
        self._peak = self._smooth = 0.0
        self._until_ms = seen.at_ms + COOLDOWN_MS
        return Wish(0.0, halted=True)
