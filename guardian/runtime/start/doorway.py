"""A place where guardian is asked: open at a first start or no start at all; later, as soon as it can be.

A first start that cannot listen is a mistake that somebody is there to mend: a port that is taken, a folder
that takes no socket. A restart watches, and may resume an incident: it goes on, says what is missing, and
tries again.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from guardian.runtime.loop import Runtime
from guardian.web.server import ListenError

RETRY_SECONDS = 5.0


class Server(Protocol):
    async def open(self) -> None: ...

    async def close(self) -> None: ...


class Doorway:
    """`subject` is the trouble that is told, `missing` what nobody has until it is open."""

    def __init__(self, server: Server, runtime: Runtime, subject: str, missing: str) -> None:
        self._server = server
        self._runtime = runtime
        self.subject = subject
        self._missing = missing
        self._shut = False
        self._trying: asyncio.Task[None] | None = None

    async def open(self, must: bool) -> None:
        """Raises ListenError where it `must` be open; else it is told, and tried again by `look`."""
        try:
            await self._server.open()
        except ListenError as error:
            if must:
                raise
            self._shut = True
            self._runtime.trouble(self.subject, f"{error}; until then: {self._missing}", healed=False)

    def look(self) -> None:
        """Try again; rung by a timer."""
        if self._shut and (self._trying is None or self._trying.done()):
            self._trying = asyncio.get_running_loop().create_task(self._again(), name=self.subject)

    async def close(self) -> None:
        if self._trying is not None:
            self._trying.cancel()
        await self._server.close()

    async def _again(self) -> None:
        try:
            await self._server.open()
        except ListenError:
            return  # Told when it began.
        self._shut = False
        self._runtime.trouble(self.subject, "guardian can be asked there again", healed=True)
