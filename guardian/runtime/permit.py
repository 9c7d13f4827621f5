"""The permit: what a bot may do now, as a lease in `state_dir/permit-{account}.json`.

Replaced atomically and renewed by a timer; when guardian dies or its disk does, it runs out, and an expired
permit means: do not open.
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

    def document(self, now: datetime) -> dict[str, Any]:
        """The contract's JSON: {trade, mode, size_cap, expires_at}."""
        return {
            "trade": self.mode == "normal",
            "mode": self.mode,
            "size_cap": self.size_cap,
            "expires_at": (now + LEASE).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
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
        self._permits: dict[str, Permit] = {}

    def get(self, account: str) -> Permit:
        return self._permits.get(account, UNSEEN)

    def document(self, account: str) -> dict[str, Any]:
        return self.get(account).document(self._wall())

    async def set(self, account: str, permit: Permit) -> None:
        """In force now; returns when the file says so. A disk that hangs holds up nothing but this."""
        self._permits[account] = permit
        await self.save((account,))

    async def save(self, accounts: Sequence[str]) -> None:
        """Write on a thread of its own, in order. While one write hangs, later ones wait behind it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write_all, tuple(accounts))

    def _write_all(self, accounts: tuple[str, ...]) -> None:
        for account in accounts:
            self.write(account)

    def adopt(self, permits: Mapping[str, Permit]) -> None:
        """Take over what was in force before a restart, without writing yet."""
        self._permits = dict(permits)

    def write(self, account: str) -> None:
        """Replace the file by what is in force at this moment."""
        target = self._folder / f"permit-{account}.json"
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(orjson.dumps(self.document(account)))
        os.replace(temporary, target)
