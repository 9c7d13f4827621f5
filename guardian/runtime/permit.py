"""The permit: what a bot may do now, as a lease in `state_dir/permit-{account}.json` and over HTTP.

Replaced atomically and renewed by a timer; when guardian dies or its disk does, it runs out, and an expired
permit means: do not open.

Law: only a decision extends a lease (`set`, `adopt`). Writing or telling one never does, so a bot that keeps
asking a guardian that no longer judges is told an instant that passes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Permit:
    mode: str = "normal"
    size_cap: float = 1.0
    symbols: tuple[str, ...] = ()

    def document(self, expires_at: datetime) -> dict[str, Any]:
        """The contract's JSON: {trade, mode, size_cap, expires_at}, and in which symbols to reduce only."""
        return {
            "trade": self.mode == "normal",
            "mode": self.mode,
            "size_cap": self.size_cap,
            "reduce_only_symbols": list(self.symbols),
            "expires_at": expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


UNSEEN = Permit("reduce_only", 0.0)
"""While an account has never been read, nothing is known to be safe."""


class PermitBook:
    """The permits in force. Writing raises OSError; the file that is there then runs out by itself.

    Expiry is told in the machine's own time (`wall`), because that is what a bot compares it with. The file
    is readable by everyone on the machine: it holds no secret and the bot runs as another user.
    """

    def __init__(self, folder: Path, wall: Callable[[], datetime]) -> None:
        self._folder = folder
        self._wall = wall
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="permits")
        self._leases: dict[str, tuple[Permit, datetime]] = {}

    def get(self, account: str) -> Permit:
        return self._leases[account][0] if account in self._leases else UNSEEN

    def expires_at(self, account: str) -> datetime | None:
        """When the lease runs out, or ran out; None for an account that never had one."""
        return self._leases[account][1] if account in self._leases else None

    def document(self, account: str) -> dict[str, Any]:
        """What is in force, with the instant to which it was last extended."""
        permit, expires_at = self._leases.get(account) or (UNSEEN, self._wall())
        return permit.document(expires_at)

    async def set(self, account: str, permit: Permit) -> None:
        """In force now; returns when the file says so. A disk that hangs holds up nothing but this."""
        self._leases[account] = (permit, self._wall() + LEASE)
        await self.save((account,))

    async def save(self, accounts: Sequence[str]) -> None:
        """Write on a thread of its own, in order. While one write hangs, later ones wait behind it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write_all, tuple(accounts))

    def _write_all(self, accounts: tuple[str, ...]) -> None:
        for account in accounts:
            self.write(account)

    def adopt(self, permits: Mapping[str, Permit]) -> None:
        """Put in force and extend these, without writing yet; every other lease runs out by itself."""
        until = self._wall() + LEASE
        self._leases |= {account: (permit, until) for account, permit in permits.items()}

    def write(self, account: str) -> None:
        """Replace the file by what is in force at this moment."""
        target = self._folder / f"permit-{account}.json"
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(orjson.dumps(self.document(account)))
        os.replace(temporary, target)
