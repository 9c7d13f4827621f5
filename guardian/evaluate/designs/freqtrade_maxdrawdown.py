"""freqtrade's MaxDrawdown protection as published: closed trades only, and it locks entries, never closes.

The accounts here hold one position all the time, so their trades are told as a bot would have them: a trade
ends when it is 24 hours old, when the account turns its side, or at a stop loss of 10 % of the equity at its
entry; the next one is entered at once, unless locked. The protection sums the profits of the trades closed in
the last 48 hours and locks for 12 hours when that sum has fallen by more than 20 % from its highest point (0
at the start), after one trade or more. An open trade runs on under a lock until its own end: this is what
"closed trades only" means. The published example asks for 20 trades; one is kinder to it. Scaled: the 20 %.

Where no trade is open and none locked out, the account holds what it wants; a trade's end and re-entry at the
same close cost nothing, to no design.
"""

from __future__ import annotations

from collections import deque

from guardian.evaluate.accounts import Account
from guardian.evaluate.designs.window import HOUR_MS
from guardian.evaluate.play import Seen, Wish

ALLOWED, STOP_LOSS = 0.20, 0.10
TRADE_MS, LOOK_BACK_MS, LOCK_MS = 24 * HOUR_MS, 48 * HOUR_MS, 12 * HOUR_MS


class FreqtradeMaxDrawdown:
    name = "freqtrade_maxdrawdown"

    def at(self, scale: float, account: Account) -> _MaxDrawdown:
        return _MaxDrawdown(ALLOWED * scale)


class _MaxDrawdown:
    def __init__(self, allowed: float) -> None:
        self._allowed = allowed
        self._closed: deque[tuple[int, float]] = deque()
        self._entered: tuple[int, float, float] | None = None  # when, equity then, side
        self._until_ms = 0

    def decide(self, seen: Seen) -> Wish:
        side = float(seen.target.sum())
        if self._entered is not None and self._ends(seen, side):
            self._closed.append((seen.at_ms, seen.equity / self._entered[1] - 1.0))
            self._entered = None
        if self._drawdown(seen.at_ms) > self._allowed and self._entered is None:
            self._until_ms = max(self._until_ms, self._closed[-1][0] + LOCK_MS)
        if self._entered is None and seen.at_ms >= self._until_ms and side:
            self._entered = seen.at_ms, seen.equity, side
        out = self._entered is None and bool(side)
        return Wish(0.0 if out else 1.0, halted=out)

    def _ends(self, seen: Seen, side: float) -> bool:
        at_ms, equity, was = self._entered or (0, 1.0, 0.0)
        old = seen.at_ms - at_ms >= TRADE_MS
        return old or side * was <= 0 or seen.equity <= equity * (1.0 - STOP_LOSS)

    def _drawdown(self, at_ms: int) -> float:
        while self._closed and self._closed[0][0] < at_ms - LOOK_BACK_MS:
            self._closed.popleft()
        total = top = worst = 0.0
        for _, profit in self._closed:
            total += profit
            top = max(top, total)
            worst = max(worst, top - total)
        return worst
