"""How long from the decision to the last close matched: a naive script against guardian, in the same run.

Both work on a fresh simulated venue of the same seed with rate limits off and the same latency, one after the
other; both ends are the venue's own time of the last execution. Only ratios of one run mean anything.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.core.model import Position, Snapshot
from guardian.errors import GuardianError
from guardian.exchanges import VENUES
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential, Reader, Trader
from guardian.sim.launch import LaunchedVenue, start_venue

FLAT_READS_APART_SECONDS = 2.0
PATIENCE_SECONDS = 200.0


@dataclass(frozen=True, slots=True)
class Setup:
    """`latency_ms` is the round trip of every request; each repeat has a venue and a seed of its own."""

    positions: int = 50
    latency_ms: float = 50.0
    repeat: int = 3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Timing:
    """One flatten. `flat_s` ends at the last close matched at the venue; `verified_s` at two flat reads at
    least two seconds apart, None for who does not verify."""

    flat_s: float
    verified_s: float | None
    orders: int


@dataclass(frozen=True, slots=True)
class Comparison:
    setup: Setup
    naive: tuple[Timing, ...]
    guardian: tuple[Timing, ...]

    @property
    def ratio(self) -> float:
        """Median naive time by median guardian time."""
        return median(t.flat_s for t in self.naive) / median(t.flat_s for t in self.guardian)

    def document(self) -> dict[str, Any]:
        return {
            "setup": asdict(self.setup),
            "naive": _summary(self.naive),
            "guardian": _summary(self.guardian),
            "ratio": round(self.ratio, 1),
        }


Flatten = Callable[[LaunchedVenue], Awaitable[Timing]]


def _summary(timings: Sequence[Timing]) -> dict[str, Any]:
    flat = [timing.flat_s for timing in timings]
    verified = [timing.verified_s for timing in timings if timing.verified_s is not None]
    return {
        "flat_s": {"median": round(median(flat), 4), "min": round(min(flat), 4), "max": round(max(flat), 4)},
        "verified_s": round(median(verified), 4) if verified else None,
        "orders": [timing.orders for timing in timings],
    }


async def compare(setup: Setup, told: Callable[[str], None]) -> Comparison:
    """Measure both, alternating, so that a slow minute of the machine falls on both."""
    naive, ours = [], []
    for number in range(setup.repeat):
        naive.append(await _one(setup, number, naive_flatten))
        told(f"{number + 1}/{setup.repeat}  naive     {naive[-1].flat_s:8.3f} s")
        ours.append(await _one(setup, number, guardian_flatten))
        told(f"{number + 1}/{setup.repeat}  guardian  {ours[-1].flat_s:8.3f} s")
    return Comparison(setup, tuple(naive), tuple(ours))


async def _one(setup: Setup, number: int, flatten: Flatten) -> Timing:
    arguments = ["--face", "bybit", "--seed", str(setup.seed + number), "--positions", str(setup.positions)]
    arguments += ["--latency", f"{setup.latency_ms:g}ms", "--limits", "off"]
    venue = await asyncio.to_thread(start_venue, arguments)
    try:
        return await flatten(venue)
    finally:
        await asyncio.to_thread(venue.stop)


async def naive_flatten(venue: LaunchedVenue) -> Timing:
    """Run the naive script in a process of its own with the hands key."""
    with tempfile.TemporaryDirectory(prefix="guardian-bench-") as folder:
        keys = Path(folder) / "hands.json"
        _write_secret(keys, json.dumps(venue.accounts[0]["hands"]))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "guardian.bench.naive", "--url", venue.url, "--keys", str(keys)),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    if process.returncode != 0:
        raise GuardianError(f"the naive script ended with {process.returncode}; its reason is on stderr")
    said = json.loads(output)
    last = await _last_close(venue)
    return Timing(last - said["decided_at"], None, said["orders"])


async def guardian_flatten(venue: LaunchedVenue) -> Timing:
    """Guardian's hands, warm and waiting as during a CAUTION, from the arrival of the breach snapshot."""
    account = venue.accounts[0]
    endpoint = Endpoint("bench", "bybit", venue.url, "USDT", flows_seconds=3600.0)
    reader = VENUES["bybit"].open_reader(endpoint, _credential(account["watch"]))
    trader = VENUES["bybit"].open_trader(endpoint)
    try:
        await trader.warm()
        trader.hold(_credential(account["hands"]))
        await reader.snapshot()
        breach = await reader.snapshot()
        arrived = time.time()
        orders = await _close_until_flat(reader, trader, breach)
        verified = time.time()
    finally:
        await reader.close()
        await trader.close()
    return Timing(await _last_close(venue) - arrived, verified - arrived, orders)


async def _close_until_flat(reader: Reader, trader: Trader, breach: Snapshot) -> int:
    """Close all at once, look again, close what is left; done at the second flat read in a row."""
    seen, sent, flat_since = breach, 0, None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        left = seen.positions
        if left:
            flat_since = None
            reports = await asyncio.gather(
                *(trader.close_position(_close(leg, sent + i)) for i, leg in enumerate(_largest_first(left)))
            )
            sent += len(reports)
            bad = [report for report in reports if report.outcome is Outcome.IMPOSSIBLE]
            if bad:
                raise GuardianError(f"guardian cannot close: {bad[0].code} {bad[0].detail}")
        elif left is not None:
            if flat_since is not None:
                return sent
            flat_since = time.monotonic()
            await asyncio.sleep(FLAT_READS_APART_SECONDS)
        seen = await reader.snapshot()
    raise GuardianError(f"not flat after {PATIENCE_SECONDS:g} s")


def _largest_first(positions: Sequence[Position]) -> list[Position]:
    return sorted(positions, key=lambda leg: -abs(leg.notional))


def _close(leg: Position, number: int) -> CloseOrder:
    side = -1 if leg.quantity > 0 else 1
    return CloseOrder(f"gdn-bench-{number}", leg.symbol, leg.index, side, None, None)


def _credential(pair: Mapping[str, str]) -> Credential:
    return Credential(pair["key"], pair["secret"])


def _write_secret(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)


async def _last_close(venue: LaunchedVenue) -> float:
    """Epoch seconds of the venue's last execution. Raises GuardianError when a position is left."""
    async with aiohttp.ClientSession() as session, session.get(f"{venue.url}/_sim/truth") as answer:
        account = (await answer.json())["accounts"][0]
    if account["positions"]:
        raise GuardianError(f"{len(account['positions'])} positions are left at the venue")
    last = max(datetime.fromisoformat(row["at"]) for row in account["executions"])
    return last.astimezone(UTC).timestamp()
