"""Talk to the daemon through its control socket."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from guardian.errors import GuardianError

HOST = "http://guardian"


ONLY_LOOKS = frozenset({"plan", "preview", "sanity"})
"""What changes nothing on an account, whenever it is answered."""


class UnreachableError(GuardianError):
    """No daemon answers on the control socket. Which of the two below it is, says what may happen yet."""

    exit_code = 7


class AbsentError(UnreachableError):
    """Nobody listens there: nothing was sent, and nothing will come of it."""


class SilentError(UnreachableError):
    """The request was sent and is not answered: it may have been carried out, or may yet be."""


class RefusalError(GuardianError):
    """The daemon answered no; carries its own exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ControlClient:
    """One request a call; `timeout_s` bounds each. Raises AbsentError, SilentError or RefusalError."""

    def __init__(self, socket: Path, timeout_s: float = 5.0) -> None:
        self._socket = socket
        self._seconds = timeout_s

    async def status(self) -> dict[str, Any]:
        return await self._ask("GET", "/v1/status", None)

    async def operate(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        """When it was asked goes with it, and for how long the answer is waited for: a daemon that hung must
        know what comes too late.
        """
        asked_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        sent = {**body, "asked_at": asked_at, "patience_s": self._seconds}
        return await self._ask("POST", f"/v1/{verb}", sent)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        connector = aiohttp.UnixConnector(str(self._socket))
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.request(method, HOST + path, json=body) as response,
            ):
                answer: dict[str, Any] = await response.json()
        except aiohttp.ClientConnectorError:
            raise AbsentError(f"no guardian answers on {self._socket}; is `guardian run` up?") from None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise self._silent(method, path.rpartition("/")[2]) from None
        if response.status != 200:
            raise RefusalError(str(answer.get("error", "refused")), int(answer.get("exit_code", 1)))
        return answer

    def _silent(self, method: str, verb: str) -> SilentError:
        unheard = f"guardian on {self._socket} has not answered within {self._seconds:g} s"
        if method == "GET" or verb in ONLY_LOOKS:
            return SilentError(unheard)
        return SilentError(f"{unheard}; `{verb}` may still take effect: look with `guardian status`")
