"""Looking up the names of servers on a thread of its own.

The loop's own few threads fetch keys and look up venues, and a lookup that hangs cannot be stopped: one for a
number of the stack must never stand in front of those.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult


class OwnThread(AbstractResolver):
    """One lookup at a time; while one hangs, the next one waits behind it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of the host. Raises OSError."""
        found = await asyncio.get_running_loop().run_in_executor(self._thread, _looked_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, proto, address in found
        ]

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _looked_up(host: str, port: int, family: int) -> list[tuple[int, int, tuple[object, ...]]]:
    found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [(kind, proto, address) for kind, _, proto, _, address in found]
