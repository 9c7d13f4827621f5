"""Candles, plans and drives for tests, from plain lists of closes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from guardian.core.model import Rule
from guardian.replay.account import Plan
from guardian.replay.candles import Candles, aligned
from guardian.replay.drive import Course, drive
from guardian.replay.files import Series

START_MS = 1_600_000_020_000
BTC, ETH = "BTC/USDT", "ETH/USDT"


def series(closes: list[float], symbol: str = BTC, seconds: int = 60, start_ms: int = START_MS) -> Series:
    """Bars that open where the one before them closed; the first opens at its own close."""
    close = np.array(closes, dtype=float)
    opened = np.concatenate([close[:1], close[:-1]])
    bars = np.column_stack(
        [opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(len(close))]
    )
    rows = np.arange(len(close), dtype=np.int64)
    return Series("made.csv", symbol, start_ms + rows * seconds * 1000, bars, rows + 1)


def candles(closes: list[float], **more: Any) -> Candles:
    return aligned([series(closes, **more)], "made.csv")


def plan(multiple: float = 1.0, **changes: Any) -> Plan:
    usual: dict[str, Any] = {"start_equity": Decimal(10_000), "hold": ((BTC, Decimal(str(multiple))),)}
    return Plan(**(usual | changes))


def driven(closes: list[float], *rules: Rule, **changes: Any) -> Course:
    return drive(candles(closes), plan(**changes), rules)


def parquet(folder: Path, closes: list[float], name: str = "made.parquet", **more: Any) -> Path:
    """The contract's columns in a file."""
    import pyarrow
    from pyarrow import parquet as writer

    own = series(closes, **more)
    columns = dict(zip(("open", "high", "low", "close", "volume"), own.bars.T, strict=True))
    table = pyarrow.table({"ts": own.ts, "symbol": [own.symbol] * len(own.ts), **columns})
    writer.write_table(table, folder / name)
    return folder / name
