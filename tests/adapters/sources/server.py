"""A real HTTP server that speaks the documented part of Prometheus' API: `/api/v1/query` as an instant query.

The real one is asked in tests/integration/stack/test_prometheus.py; here are faults that it does not commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web


def vector(at: datetime, *values: str) -> dict[str, Any]:
    """An answer with that many samples; `at` is the instant of the question, as Prometheus has it."""
    result = [{"metric": {"i": str(i)}, "value": [at.timestamp(), value]} for i, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


REFUSED = {"status": "error", "errorType": "bad_data", "error": "1:3: parse error: unexpected <op:*>"}


@dataclass
class Prometheus:
    """`answers` by query; what is not among them has no sample. `sampled` is what timestamp() says.

    `most` questions were there at once; `encodings` are what they accept.
    """

    sampled: datetime
    answers: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    inside: int = 0
    most: int = 0
    encodings: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    async def query(self, request: web.Request) -> web.Response:
        query = request.query["query"]
        self.asked.append((query, request.headers.get("Authorization", "")))
        self.encodings.add(request.headers.get("Accept-Encoding", ""))
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(self.wait)
        self.inside -= 1
        if self.raw is not None:
            # A redirect leads back here, where whoever follows it is counted.
            headers = self.headers | ({"Location": str(request.url)} if 300 <= self.status < 400 else {})
            return web.Response(body=self.raw, status=self.status, headers=headers)
        inner = query.removeprefix("timestamp((\n").removesuffix("\n))")
        answer = self.answers.get(inner, vector(self.sampled))
        if inner != query and answer["status"] == "success" and answer["data"]["resultType"] == "vector":
            instants = [str(self.sampled.timestamp())] * len(answer["data"]["result"])
            answer = vector(self.sampled, *instants)
        return web.json_response(answer, status=400 if answer["status"] == "error" else self.status)


@asynccontextmanager
async def serving(server: Prometheus) -> AsyncIterator[Prometheus]:
    app = web.Application()
    app.router.add_get("/prom/api/v1/query", server.query)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/prom"
    try:
        yield server
    finally:
        await runner.cleanup()
