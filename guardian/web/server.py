"""Telemetry over `listen`: probes, metrics and permits, and what the trading stack tells about itself.

Nothing on this port acts, and nothing that it answers is secret.

GET /livez                  200 while events are being judged; never the venue, the vault or a channel
GET /readyz                 200 when everything that guardian needs is there; else 503 and the reasons
GET /metrics                Prometheus text, or OpenMetrics where the Accept header asks for it
GET /v1/permit/{account}    what a bot may do now (docs/permits.md); past `expires_at`, do not open
POST /v1/telemetry          with a token: see guardian.web.telling
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from guardian.errors import GuardianError
from guardian.web.clean import SILENT, UNCACHED, clean
from guardian.web.figures import Health, Telemetry
from guardian.web.metrics import exposition
from guardian.web.telling import LARGEST_MESSAGE, Listener, telling

SHUTDOWN_SECONDS = 1.0
FRESH_SECONDS = 1.0
"""However many ask, metrics are built at most once in this time: telling must never delay judging."""

OPENMETRICS = "application/openmetrics-text"


class ListenError(GuardianError):
    """The address of `listen` cannot be used."""


class TelemetryServer:
    """Serve `telemetry` on `HOST:PORT` until closed. `open` raises ListenError."""

    def __init__(self, listen: str, telemetry: Telemetry, listener: Listener | None = None) -> None:
        host, _, port = listen.rpartition(":")
        self._listen, self._host, self._port = listen, host.strip("[]"), int(port)
        self._telemetry = telemetry
        self._listener = listener
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Returns when connections are accepted."""
        app = web.Application(client_max_size=LARGEST_MESSAGE, middlewares=[clean])
        add_routes(app, self._telemetry)
        app.router.add_post("/v1/telemetry", telling(self._listener))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, logger=SILENT)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise ListenError(
                f"field listen: cannot listen on {self._listen} ({_why(error)}); "
                "stop the program that uses it, or write another HOST:PORT in guardian.yaml"
            ) from None

    @property
    def port(self) -> int:
        """The port that is open; differs from `listen` where that says 0."""
        addresses = self._runner.addresses if self._runner is not None else []
        return int(addresses[0][1]) if addresses else self._port

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


def _why(error: OSError) -> str:
    """The system's own words, without the address that asyncio repeats before them."""
    words = (error.strerror or type(error).__name__).rpartition(": ")[2]
    return words.lower().strip("()")


def add_routes(app: web.Application, telemetry: Telemetry) -> None:
    """The routes of this page, for `listen` and for the control socket."""
    scrape = Scrape(exposition(telemetry.figures))

    async def livez(_: web.Request) -> web.Response:
        return _health(telemetry.livez())

    async def readyz(_: web.Request) -> web.Response:
        return _health(telemetry.readyz())

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = scrape.answer(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type, **UNCACHED})

    async def permit(request: web.Request) -> web.Response:
        found = telemetry.permit(request.match_info["account"])
        if found is None:
            return _json({"error": "no such account"}, 404)
        return _json(found)

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/v1/permit/{account}", permit)


class Scrape:
    """The exposition in two formats, each built again only when the last one is old."""

    def __init__(self, build: Callable[[str], tuple[bytes, str]]) -> None:
        self._build = build
        self._made: dict[str, tuple[float, tuple[bytes, str]]] = {}

    def answer(self, accept: str) -> tuple[bytes, str]:
        now = time.monotonic()
        wanted = f"{OPENMETRICS};version=1.0.0" if OPENMETRICS in accept else ""
        made = self._made.get(wanted)
        if made is None or now - made[0] >= FRESH_SECONDS:
            made = self._made[wanted] = (now, self._build(wanted))
        return made[1]


def _health(health: Health) -> web.Response:
    return _json({"ok": health.ok, "reasons": list(health.reasons)}, 200 if health.ok else 503)


def _json(document: Mapping[str, Any], status: int = 200) -> web.Response:
    body = orjson.dumps(document)
    return web.Response(body=body, status=status, content_type="application/json", headers=UNCACHED)
