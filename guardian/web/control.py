"""The control socket: HTTP over a unix socket with mode 0600, so that only guardian's user may command it.

    GET  /v1/status, and all that guardian.web.server tells
    POST /v1/{arm, disarm, expect, demand, drilled, resume, preview, plan, sanity}   {"account": ..., ...}

With `asked_at` (ISO 8601) and `patience_s` in the body, what loosens is refused to who no longer waits.

Errors are {"error": sentence, "exit_code": n} with HTTP 409, or 400 for a body that is no JSON object; what
HTTP itself refuses (no such path, a body too large) has the same shape.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import orjson
from aiohttp import web

from guardian.errors import GuardianError
from guardian.web.clean import SILENT, USAGE, clean, refusal
from guardian.web.figures import Telemetry
from guardian.web.server import ListenError, add_routes

LARGEST_BODY = 64 * 1024


class Controls(Protocol):
    """What may be asked of the daemon; implemented by the runtime."""

    def status(self) -> dict[str, Any]: ...

    async def operate(self, verb: str, body: dict[str, Any], by: str) -> dict[str, Any]: ...


class ControlSocket:
    """Serve `controls` on `path` until closed."""

    def __init__(self, path: Path, controls: Controls, telemetry: Telemetry) -> None:
        self._path = path
        self._telemetry = telemetry
        self._controls = controls
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Replace a dead socket file; the caller holds the instance lock, so no living one is there.

        Raises ListenError where the folder takes none.
        """
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[clean])
        app.router.add_get("/v1/status", self._status)
        add_routes(app, self._telemetry)
        app.router.add_post("/v1/{verb}", self._operate)
        self._runner = web.AppRunner(app, access_log=None, logger=SILENT)
        await self._runner.setup()
        try:
            self._path.unlink(missing_ok=True)
            await web.SockSite(self._runner, _bound(self._path)).start()
        except OSError as error:
            await self._runner.cleanup()
            raise ListenError(f"{self._path}: no control socket can be made ({error.strerror})") from None

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    async def _status(self, request: web.Request) -> web.Response:
        return _json(self._controls.status())

    async def _operate(self, request: web.Request) -> web.Response:
        try:
            body = orjson.loads(await request.read() or b"{}")
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return refusal("the body is not a JSON object", 400, USAGE)
        try:
            answer = await self._controls.operate(request.match_info["verb"], body, _peer(request))
        except GuardianError as error:
            return refusal(str(error), 409, error.exit_code)
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            return refusal(f"a field is missing or wrong: {error}", 400, USAGE)
        return _json(answer)


def _json(document: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(document), content_type="application/json")


def _peer(request: web.Request) -> str:
    """Who asks, by the kernel's word: the user id at the other end of the socket."""
    peer = request.transport.get_extra_info("socket") if request.transport else None
    if peer is None:
        return "uid unknown"
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return f"uid {struct.unpack('3i', raw)[1]}"


def _bound(path: Path) -> socket.socket:
    """Nobody can connect before it listens, and by then it is guardian's own.

    A umask belongs to the whole process: it would also close a permit that is written just then.
    """
    bound = socket.socket(socket.AF_UNIX)
    try:
        bound.bind(str(path))
        path.chmod(0o600)
    except OSError:
        bound.close()
        raise
    return bound
