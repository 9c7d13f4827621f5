"""Talk to the daemon through its control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp

from guardian.errors import GuardianError

HOST = "http://guardian"


class UnreachableError(GuardianError):
    """No daemon answers on the control socket."""

    exit_code = 7


class RefusalError(GuardianError):
    """The daemon answered no; carries its own exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ControlClient:
    """One request a call; `timeout_s` bounds each. Raises UnreachableError or RefusalError."""

    def __init__(self, socket: Path, timeout_s: float = 5.0) -> None:
        self._socket = socket
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def status(self) -> dict[str, Any]:
        return await self._ask("GET", "/v1/status", None)

    async def operate(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._ask("POST", f"/v1/{verb}", body)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        connector = aiohttp.UnixConnector(str(self._socket))
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=self._timeout) as session,
                session.request(method, HOST + path, json=body) as response,
            ):
                answer: dict[str, Any] = await response.json()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise UnreachableError(f"no guardian answers on {self._socket}; is `guardian run` up?") from None
        if response.status != 200:
            raise RefusalError(str(answer.get("error", "refused")), int(answer.get("exit_code", 1)))
        return answer
