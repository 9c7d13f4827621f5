"""The permit: what a bot may do now, as a lease in `state_dir/permit-{account}.json`.

Replaced atomically and renewed by a timer; when guardian dies or its disk does, it runs out, and an expired
permit means: do not open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
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


class PermitBook:
    """The permits in force. Writing raises OSError; the file that is there then runs out by itself.

    Expiry is told in the machine's own time (`wall`), because that is what a bot compares it with. The file
    is readable by everyone on the machine: it holds no secret and the bot runs as another user.
    """

    def __init__(self, folder: Path, wall: Callable[[], datetime]) -> None:
        self._folder = folder
        self._wall = wall
        self._permits: dict[str, Permit] = {}

    def get(self, account: str) -> Permit:
        return self._permits.get(account, Permit())

    def document(self, account: str) -> dict[str, Any]:
        return self.get(account).document(self._wall())

    def set(self, account: str, permit: Permit) -> None:
        self._permits[account] = permit
        self.write(account)

    def adopt(self, permits: Mapping[str, Permit]) -> None:
        """Take over what was in force before a restart, without writing yet."""
        self._permits = dict(permits)

    def write(self, account: str) -> None:
        target = self._folder / f"permit-{account}.json"
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(orjson.dumps(self.document(account)))
        os.replace(temporary, target)
