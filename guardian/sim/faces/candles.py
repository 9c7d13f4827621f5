"""Prices from a file of candles: ts (ms, bar open, UTC), symbol, open, high, low, close, volume.

Symbols may be written BTCUSDT or BTC/USDT:USDT. A bar is walked open, then its nearer extreme first,
then the other, then close, in four equal parts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from guardian.errors import ConfigError, GuardianError

Prices = dict[str, Decimal]
COLUMNS = ("ts", "symbol", "open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle; `ts` is its opening in ms."""

    ts: int
    symbol: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def quarters(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        rising = self.close >= self.open
        return (self.open, self.low, self.high, self.close) if rising else (
            self.open, self.high, self.low, self.close
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candles:
    """Bars by opening time; every bar lasts `bar_ms`."""

    bars: tuple[Bar, ...]
    bar_ms: int

    def first_prices(self) -> Prices:
        prices: Prices = {}
        for bar in self.bars:
            prices.setdefault(bar.symbol, bar.open)
        return prices

    def path(self, speed: float) -> Iterator[tuple[float, Prices]]:
        """(seconds after the start, prices to set then), four steps a bar."""
        start = self.bars[0].ts
        at: dict[int, list[Bar]] = {}
        for bar in self.bars:
            at.setdefault(bar.ts, []).append(bar)
        for ts in sorted(at):
            for quarter in range(4):
                seconds = (ts - start + self.bar_ms * quarter / 4) / 1000 / speed
                yield seconds, {bar.symbol: bar.quarters()[quarter] for bar in at[ts]}


def load_candles(path: Path) -> Candles:
    """Read a CSV; raises ConfigError or GuardianError saying what to do."""
    if path.suffix == ".parquet":
        raise GuardianError(f"{path}: parquet needs a reader that is not installed; convert it to CSV first")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            bars = tuple(_bars(path, csv.DictReader(file)))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; --candles needs a CSV file") from None
    times = sorted({bar.ts for bar in bars})
    if not times:
        raise ConfigError(f"{path}: holds no candles")
    steps = [later - earlier for earlier, later in pairwise(times)]
    return Candles(tuple(sorted(bars, key=lambda bar: bar.ts)), min(steps, default=60_000))


def _bars(path: Path, rows: csv.DictReader[str]) -> Iterator[Bar]:
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise ConfigError(f"{path}:1: column {missing[0]} is missing; needed: {', '.join(COLUMNS)}")
    for row in rows:
        try:
            prices = [Decimal(row[name]) for name in COLUMNS[2:]]
            yield Bar(int(row["ts"]), venue_symbol(row["symbol"]), *prices)
        except (InvalidOperation, ValueError, TypeError):
            raise ConfigError(f"{path}:{rows.line_num}: not a candle: {dict(row)}") from None


def venue_symbol(symbol: str) -> str:
    """BTC/USDT:USDT and BTC-USDT become BTCUSDT."""
    return symbol.split(":")[0].replace("/", "").replace("-", "").upper()
