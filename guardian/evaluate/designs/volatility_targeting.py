"""Volatility targeting: exposure shrinks as 1 / volatility, never above the account's own (Moreira & Muir
2017).

Volatility is the square root of an EWMA of the unprotected account's squared bar returns with a half-life of
six hours, as an annual figure. Scaled: the target, 100 % a year. A new size is only traded when it differs
from the held one by a tenth of the whole, or costs would eat the account. It never halts.
"""

from __future__ import annotations

from guardian.evaluate.accounts import Account
from guardian.evaluate.play import Seen, Wish

TARGET, HALF_LIFE_BARS, BAND = 1.0, 72, 0.1
BARS_A_YEAR = 365 * 24 * 12
WARM_BARS = 12


class VolatilityTargeting:
    name = "volatility_targeting"

    def at(self, scale: float, account: Account) -> _Target:
        return _Target(TARGET * scale)


class _Target:
    def __init__(self, target: float) -> None:
        self._variance = target * target / BARS_A_YEAR
        self._keep = 2.0 ** (-1.0 / HALF_LIFE_BARS)
        self._sum = self._weight = 0.0
        self._bars, self._held = 0, 1.0

    def decide(self, seen: Seen) -> Wish:
        self._sum = self._keep * self._sum + seen.move * seen.move
        self._weight = self._keep * self._weight + 1.0
        self._bars += 1
        if self._bars <= WARM_BARS or self._sum == 0.0:
            return Wish(self._held)
        size = min(1.0, (self._variance * self._weight / self._sum) ** 0.5)
        if abs(size - self._held) >= BAND or (size == 1.0 and self._held < 1.0):
            self._held = size
        return Wish(self._held)
