"""A made-up market and account: twenty assets that move together, read once a cell, then once a second.

Both sides of the comparison see exactly these numbers. Marks are rounded as a venue lists them, so that a
`Decimal` and a `float` of one mark are the same number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from guardian.core.memory import Nav
from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.model import Balance, Position, Snapshot, Wallet

Floats = NDArray[np.float64]
START = datetime(2026, 1, 5, tzinfo=UTC)
ACCOUNT = "bench"
UNITS = Decimal(1000)
CELL_SIGMA = 0.002
SIZE, STEP, MOST = Decimal(1), Decimal("0.001"), Decimal(1_000_000)
"""What an instrument is, an adapter reads once: of every later position these are the same values."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to remember: `hours` of closed cells, a day of NAVs, then `ticks` one a second."""

    assets: int = 20
    hours: int = 1510
    navs: int = 86_400
    ticks: int = 3600


@dataclass(frozen=True, slots=True)
class Market:
    """`closes` has a row a cell, `marks` a row a tick; `navs` are one a second and end with the last tick."""

    sizes: Sizes
    symbols: tuple[str, ...]
    quantities: Floats
    closes: Floats
    marks: Floats
    navs: Floats

    @property
    def first_tick(self) -> datetime:
        return START + timedelta(hours=self.sizes.hours)

    def cell_end(self, cell: int) -> datetime:
        """The last second of a cell, at which its close is read."""
        return START + timedelta(seconds=(cell + 1) * GRID_SECONDS - 1)

    def at(self, tick: int) -> datetime:
        return self.first_tick + timedelta(seconds=tick)

    def nav_at(self, index: int) -> datetime:
        return self.at(index - (len(self.navs) - self.sizes.ticks))


def made(sizes: Sizes, seed: int = 1) -> Market:
    """One factor, fat tails and an own part for each asset; every second asset is held short."""
    drawn = np.random.default_rng(seed)
    cells = sizes.hours * 3600 // GRID_SECONDS
    loads = drawn.uniform(0.5, 0.9, sizes.assets)
    start = drawn.uniform(50, 5000, sizes.assets)
    closes = _walk(drawn, start, loads, cells, CELL_SIGMA)
    marks = _walk(drawn, closes[-1], loads, sizes.ticks, CELL_SIGMA / GRID_SECONDS**0.5)
    gains = 1 + drawn.standard_t(4, sizes.navs) * 1e-4
    signs = np.where(np.arange(sizes.assets) % 3 == 2, -1.0, 1.0)
    names = tuple(f"A{i:02d}/USDT:USDT" for i in range(sizes.assets))
    quantities = np.round(signs * drawn.uniform(5_000, 20_000, sizes.assets) / start, 3)
    return Market(sizes, names, quantities, closes, marks, np.round(100 * np.cumprod(gains), 6))


def _walk(drawn: np.random.Generator, start: Floats, loads: Floats, steps: int, sigma: float) -> Floats:
    common, own = drawn.standard_t(4, (steps, 1)), drawn.standard_t(4, (steps, len(start)))
    moves = sigma * (common * loads + own * np.sqrt(1 - loads**2))
    return np.asarray(np.round(start * np.exp(np.cumsum(moves, axis=0)), 4))


def reads(market: Market) -> Iterator[Snapshot]:
    """The read that ends each cell."""
    for cell, row in enumerate(market.closes):
        yield snapshot(market, row, market.cell_end(cell), 100.0)


def ticks(market: Market) -> list[tuple[Snapshot, Nav]]:
    """What one second brings, made before any clock runs."""
    navs = market.navs[-market.sizes.ticks :]
    return [
        (snapshot(market, row, market.at(i), nav), nav_of(market.at(i), nav))
        for i, (row, nav) in enumerate(zip(market.marks, map(float, navs), strict=True))
    ]


def snapshot(market: Market, marks: Floats, at: datetime, nav: float) -> Snapshot:
    listed = zip(market.symbols, market.quantities.tolist(), marks.tolist(), strict=True)
    positions = tuple(_position(symbol, quantity, mark) for symbol, quantity, mark in listed)
    equity = Decimal(str(nav)) * UNITS
    margin = equity / 10
    wallet = Wallet(equity, (Balance("USDT", equity, Decimal(1)),), equity, margin, margin, margin)
    return Snapshot(ACCOUNT, at, wallet, positions, (), ())


def _position(symbol: str, quantity: float, mark: float) -> Position:
    price = Decimal(str(mark))
    return Position(symbol, 0, Decimal(str(quantity)), price, price, SIZE, STEP, STEP, MOST, "USDT")


def nav_of(at: datetime, value: float) -> Nav:
    """A NAV that both accounts tell."""
    equity = Decimal(str(value)) * UNITS
    return Nav(at, UNITS, (("USDT", equity),), equity, equity, value, agreed=True, sides=2, reads=10)
