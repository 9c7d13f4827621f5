"""How long from the decision to the last close matched: a naive script against guardian, in the same run.

Both work on a fresh simulated venue of the same seed with rate limits off and the same latency, one after the
other; both ends are the venue's own time of the last execution. Only ratios of one run mean anything.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from guardian.bench.daemon import running_daemon, write_secret
from guardian.errors import GuardianError
from guardian.sim.launch import LaunchedVenue, start_venue

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
        write_secret(keys, json.dumps(venue.accounts[0]["hands"]))
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
    """The real daemon in a process of its own: from the arrival of the breach snapshot, as it journals it."""
    with tempfile.TemporaryDirectory(prefix="guardian-bench-") as folder:
        async with running_daemon(Path(folder), venue) as daemon:
            await _crash(venue)
            incident = await daemon.verified(PATIENCE_SECONDS)
    t0 = datetime.fromisoformat(incident["t0"]).timestamp()
    verified = datetime.fromisoformat(incident["verified_flat_at"]).timestamp()
    orders = sum(step["attempts"] for step in incident["steps"] if step["step"] == "close")
    return Timing(await _last_close(venue) - t0, verified - t0, orders)


async def _crash(venue: LaunchedVenue) -> None:
    """Every price a tenth lower in one move: the net-long book loses far more than the rule allows."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{venue.url}/_sim/truth") as answer:
            prices = (await answer.json())["prices"]
        lower = {symbol: str(Decimal(price) * Decimal("0.9")) for symbol, price in prices.items()}
        async with session.post(f"{venue.url}/_sim/price", json={"prices": lower}) as answer:
            answer.raise_for_status()


async def _last_close(venue: LaunchedVenue) -> float:
    """Epoch seconds of the venue's last execution. Raises GuardianError when a position is left."""
    async with aiohttp.ClientSession() as session, session.get(f"{venue.url}/_sim/truth") as answer:
        account = (await answer.json())["accounts"][0]
    if account["positions"]:
        raise GuardianError(f"{len(account['positions'])} positions are left at the venue")
    last = max(datetime.fromisoformat(row["at"]) for row in account["executions"])
    return last.astimezone(UTC).timestamp()
