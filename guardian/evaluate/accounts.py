"""The accounts that are protected: simple, always in the market, and the same for every design.

`btc_2x`: long BTC at twice the equity. `basket_1.5x`: long every symbol of the file, equal weights, 1.5 times
the equity in all (two symbols or more). `btc_momentum_2x`: long or short BTC at twice the equity by the sign
of its last 24 hours, decided once an hour; nothing before 24 hours of the file are over. Each keeps its
multiple at every bar; what that rebalancing costs is left out for all designs alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from guardian.evaluate.bars import BAR_MS, Bars, Floats, LeftOut
from guardian.evaluate.symbols import base_of

BTC, BASKET, MOMENTUM = "btc_2x", "basket_1.5x", "btc_momentum_2x"
BTC_MULTIPLE, BASKET_MULTIPLE, MOMENTUM_MULTIPLE = 2.0, 1.5, 2.0
MOMENTUM_BARS = 24 * 12
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Account:
    """`weights[i]` is what the account wants to hold of each symbol, in multiples of its equity, when bar i
    is known: it was chosen from bars up to i, and is held one bar later."""

    name: str
    bars: Bars
    weights: Floats


def accounts(bars: Bars) -> Iterator[Account]:
    """Every account that this file has the symbols for."""
    btc = _btc(bars)
    if btc:
        yield Account(BTC, bars, _flat(bars, btc, BTC_MULTIPLE))
    if len(bars.symbols) > 1:
        every = list(range(len(bars.symbols)))
        yield Account(BASKET, bars, _flat(bars, every, BASKET_MULTIPLE / len(every)))
    if btc:
        yield Account(MOMENTUM, bars, _momentum(bars, btc[0]))


def missing(bars: Bars) -> Iterator[LeftOut]:
    """What a file has no symbols for; the file as a whole where that is every account."""
    some, several = bool(_btc(bars)), len(bars.symbols) > 1
    if not some and not several:
        found = f"{bars.symbols[0]} is neither BTC nor two symbols" if bars.symbols else "no symbol is whole"
        why = f"{found}; a file is a window of its own: put all symbols of one window into one file"
        yield LeftOut(bars.name, "file", bars.name, why)
        return
    if not some:
        yield LeftOut(bars.name, "account", BTC, "no whole symbol of BTC")
    if not several:
        yield LeftOut(bars.name, "account", BASKET, "one symbol only")
    if not some:
        yield LeftOut(bars.name, "account", MOMENTUM, "no whole symbol of BTC")


def _btc(bars: Bars) -> list[int]:
    """The column of the first symbol of BTC, if there is one."""
    return [j for j, symbol in enumerate(bars.symbols) if base_of(symbol) == "BTC"][:1]


def _flat(bars: Bars, columns: list[int], multiple: float) -> Floats:
    weights = np.zeros_like(bars.close)
    weights[:, columns] = multiple
    return weights


def _momentum(bars: Bars, column: int) -> Floats:
    weights = np.zeros_like(bars.close)
    close, known = bars.close[:, column], bars.known_ms
    then = np.searchsorted(known, known - MOMENTUM_BARS * BAR_MS, side="right") - 1
    held = 0.0
    for i in range(len(bars)):
        if then[i] >= 0 and (known[i] % HOUR_MS == 0 or held == 0.0):
            held = float(np.sign(close[i] - close[then[i]])) * MOMENTUM_MULTIPLE or held
        weights[i, column] = held
    return weights
