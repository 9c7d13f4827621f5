"""What `guardian venue serve` may be told, whichever face it wears."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOptions:
    """`latency_ms` is a round trip: effect at half of it, answer at the end. `limits` turns on rate limits.

    `faults` is the command line's grammar (see guardian.sim.faces.faults). `candles` drives prices from
    a CSV, `speed` times faster than it was. `strict` hides the local control under /_sim/.
    """

    face: str = "bybit"
    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 1
    accounts: int = 1
    positions: int = 5
    markets: int = 60
    equity: Decimal = Decimal(100_000)
    latency_ms: float = 0.0
    limits: bool = False
    faults: str = ""
    candles: Path | None = None
    speed: float = 60.0
    strict: bool = False
    log_size: int = 100_000
