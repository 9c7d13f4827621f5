"""A telemetry that tells what the test says, and a server of it on a free port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from guardian.web.figures import (
    AccountFigures,
    CallFigures,
    Figures,
    Health,
    JournalFigures,
    NoticeFigures,
    RuleFigures,
    SanityFigures,
    SourceFigures,
    StackFigures,
    Telemetry,
    Times,
)
from guardian.web.server import TelemetryServer

TIMES = Times((("0.1", 2.0), ("+Inf", 3.0)), 5.25)

ACCOUNT = AccountFigures(
    name="main",
    currency="USDT",
    level="halt",
    armed=True,
    troubles=2,
    equity=1000.5,
    gross=2000.0,
    leverage=2.0,
    orders=0,
    positions=3,
    clock_offset=-0.25,
    permit_expires_at=1_700_000_030.0,
    drilled_at=1_690_000_000.0,
    evidence=(("wallet", 1_700_000_000.0),),
    keys=(("watch", True), ("hands", False)),
    rules=(RuleFigures("dd", "pending", 0.02, 0.025, 0.8),),
    heartbeat_at=1_700_000_010.0,
)

FIGURES = Figures(
    version="1.2.3",
    started_at=1_690_000_000.0,
    judged_at=1_700_000_001.0,
    evaluations=7,
    defects=1,
    steps=TIMES,
    accounts=(ACCOUNT,),
    calls=(CallFigures("main", "bybit", "orders", (("ok", 2), ("timeout", 1)), TIMES),),
    effects=(("main", "fence_key", "done", 1),),
    journal=JournalFigures(9, False, 4),
    notices=NoticeFigures(5, 6, 3),
    tasks=12,
    stack=StackFigures(
        accepted=(("main", 21),),
        dropped=(("main", 22),),
        refused=(("token", 23),),
        sources=(SourceFigures("main", "prometheus:h:1", 1_700_000_011.0, 24),),
    ),
    sanity=SanityFigures(1_700_000_020.0, 25),
    lag=0.375,
    disk_free=0.625,
)

BLIND = replace(
    ACCOUNT,
    name="blind",
    equity=None,
    gross=None,
    leverage=None,
    orders=None,
    positions=None,
    clock_offset=None,
    permit_expires_at=None,
    drilled_at=None,
    heartbeat_at=None,
    evidence=(),
    rules=(RuleFigures("dd", "unknown", None, 0.025, None),),
)


WELL = Health(True)


@dataclass
class Told:
    """Implements Telemetry; `asked` counts the scrapes that reached it."""

    live: Health = WELL
    ready: Health = WELL
    permits: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: Figures = FIGURES
    asked: int = 0

    def livez(self) -> Health:
        return self.live

    def readyz(self) -> Health:
        return self.ready

    def permit(self, account: str) -> dict[str, Any] | None:
        return self.permits.get(account)

    def figures(self) -> Figures:
        self.asked += 1
        return self.known


@dataclass(frozen=True)
class Answer:
    code: int
    body: str
    content_type: str


@asynccontextmanager
async def serving(telemetry: Telemetry) -> AsyncIterator[TelemetryServer]:
    server = TelemetryServer("127.0.0.1:0", telemetry)
    await server.open()
    try:
        yield server
    finally:
        await server.close()


async def get(server: TelemetryServer, path: str, method: str = "GET", **headers: str) -> Answer:
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as got:
        return Answer(got.status, await got.text(), got.headers.get("Content-Type", ""))
