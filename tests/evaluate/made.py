"""Bars and accounts made by hand for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from guardian.evaluate.accounts import Account
from guardian.evaluate.bars import BAR_MS, Bars
from guardian.evaluate.play import Seen, Wish

START_MS = 1_609_459_200_000  # 2021-01-01, midnight UTC


def bars(
    closes: Sequence[Sequence[float]], symbols: Sequence[str] = ("BTC/USDT",), span: float = 0.0
) -> Bars:
    """`closes[j]` are those of `symbols[j]`."""
    close = np.array(closes, float).T
    known = START_MS + BAR_MS * np.arange(1, len(close) + 1)
    return Bars("made", tuple(symbols), known, close, np.full_like(close, span))


def held(closes: Sequence[float], multiple: float = 1.0, span: float = 0.0) -> Account:
    made = bars([closes], span=span)
    return Account("made", made, np.full_like(made.close, multiple))


class Script:
    """Wishes these fractions, one a bar, and remembers what it was shown."""

    def __init__(self, fractions: Sequence[float], halted: Sequence[int] = ()) -> None:
        self._fractions, self._halted = list(fractions), set(halted)
        self.seen: list[Seen] = []

    def decide(self, seen: Seen) -> Wish:
        i = len(self.seen)
        self.seen.append(seen)
        return Wish(self._fractions[min(i, len(self._fractions) - 1)], halted=i in self._halted)


def random_walk(seed: int, length: int, sigma: float = 0.004) -> np.ndarray:
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, sigma, length)))
