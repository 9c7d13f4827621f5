"""A bot that has lost its mind: it wants its positions back and stops for nothing but SIGKILL.

It is a process of its own with the execution key, on the real ccxt, and knows nothing of guardian. Every
attempt is a JSON line in its log: `at`, `what`, `code` ("0" = accepted) and never a secret.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from guardian.demo.client import CLIENT_ERRORS, bybit, raw_code, read_key

PAUSE_SECONDS = 0.3
ORDERS_A_ROUND = 2
"""The largest gaps first, so that one bot does not spend the whole account's ten orders a second."""


@dataclass
class Bot:
    """`target` is the book it wants, `held` the last it has seen: contracts by symbol, signed."""

    venue: Any
    log: IO[str]
    target: dict[str, float] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    orders: int = 0

    def note(self, what: str, code: str = "", **more: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.log.write(json.dumps({"at": at, "what": what, "code": code, **more}) + "\n")
        self.log.flush()

    async def look(self) -> bool:
        """Read the positions; what it saw last stays its belief when the venue refuses."""
        try:
            rows = await self.venue.fetch_positions()
            self.held = {row["symbol"]: _signed(row) for row in rows if row["contracts"]}
        except CLIENT_ERRORS as error:
            self.note("read", raw_code(error))
            return False
        return True

    def missing(self) -> dict[str, float]:
        """What it must trade to have its book again, the largest part of a target first."""
        gaps = {symbol: wanted - self.held.get(symbol, 0.0) for symbol, wanted in self.target.items()}
        wide = {s: gap for s, gap in gaps.items() if abs(gap) > 0.01 * abs(self.target[s])}
        return dict(sorted(wide.items(), key=lambda item: -abs(item[1] / self.target[item[0]])))

    async def grab(self, symbol: str, gap: float) -> None:
        """One market order for the gap, whatever became of the last one."""
        self.orders += 1
        client_id = f"bot-{os.getpid()}-{self.orders}"
        side, amount, start = "buy" if gap > 0 else "sell", abs(gap), time.monotonic()
        code = "0"
        try:
            amount = float(self.venue.amount_to_precision(symbol, amount))
            await self.venue.create_order(
                symbol, "market", side, amount, None, {"clientOrderId": client_id, "positionIdx": 0}
            )
        except CLIENT_ERRORS as error:
            code = raw_code(error)
        took = round((time.monotonic() - start) * 1000, 1)
        self.note("order", code, symbol=symbol, side=side, amount=amount, client_id=client_id, took_ms=took)

    async def trade(self, parent: int) -> None:
        """Remember the book of the start, then want it back for ever; ends only with the parent process."""
        while not (await self.look() and self.held):
            self.note("no book yet")
            await asyncio.sleep(PAUSE_SECONDS)
        self.target = dict(self.held)
        self.note("target", book=self.target)
        while os.getppid() == parent:
            await asyncio.sleep(PAUSE_SECONDS)
            await self.look()
            for symbol, gap in list(self.missing().items())[:ORDERS_A_ROUND]:
                await self.grab(symbol, gap)
        self.note("orphaned")


def _signed(row: Mapping[str, Any]) -> float:
    contracts = float(row["contracts"])
    return -contracts if row["side"] == "short" else contracts


def _announce(pidfile: Path) -> None:
    """Only once SIGTERM is caught, so that whoever reads the pid meets the bot as it means to be."""
    pidfile.write_text(f"{os.getpid()}\n")


async def run(keys: Path, url: str, pidfile: Path, log: Path) -> None:
    """Trade until killed. SIGTERM is noted in the log and ignored."""
    parent = os.getppid()
    key, secret = read_key(keys)
    venue = bybit(url, key, secret)
    with log.open("a", encoding="utf-8") as lines:
        bot = Bot(venue, lines)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: bot.note("sigterm ignored"))
        _announce(pidfile)
        bot.note("started", pid=os.getpid())
        try:
            await bot.trade(parent)
        finally:
            await venue.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m guardian.demo.bot", description=__doc__)
    parser.add_argument("--keys", type=Path, required=True, help="key file of the execution key")
    parser.add_argument("--url", required=True, help="the simulated venue")
    parser.add_argument("--pidfile", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    args = parser.parse_args()
    asyncio.run(run(args.keys, args.url, args.pidfile, args.log))


if __name__ == "__main__":
    main()
