"""A venue in this process, real ccxt clients pointed at it, and a bare signer for raw answers."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import ccxt.async_support as ccxt
import pytest

from guardian.sim.faces.bybit import BybitVenue, VenueOptions

VenueFactory = Callable[..., Awaitable[BybitVenue]]
ClientFactory = Callable[..., Awaitable[Any]]


def localise(exchange: Any, url: str) -> None:
    """Point every REST address of a ccxt client at the venue, keeping the paths."""

    def walk(node: dict[str, Any]) -> None:
        for name, value in node.items():
            if isinstance(value, dict):
                walk(value)
            elif isinstance(value, str):
                node[name] = re.sub(r"^https?://[^/]+", url, value)

    walk(exchange.urls["api"])


class Raw:
    """Signs and sends single requests; returns (HTTP status, headers, body bytes)."""

    def __init__(self, session: aiohttp.ClientSession, venue: BybitVenue) -> None:
        self.session = session
        self.venue = venue

    def credentials(self, role: str, account: int = 0) -> tuple[str, str]:
        pair = self.venue.accounts[account][role]
        return pair["key"], pair["secret"]

    def headers(self, role: str, payload: str, account: int = 0, **change: str) -> dict[str, str]:
        key, secret = self.credentials(role, account)
        parts = {"stamp": str(int(time.time() * 1000)), "window": "5000", **change}
        text = parts["stamp"] + key + parts["window"] + payload
        sign = hmac.new(parts.get("secret", secret).encode(), text.encode(), hashlib.sha256).hexdigest()
        return {
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": parts["stamp"],
            "X-BAPI-RECV-WINDOW": parts["window"],
            "X-BAPI-SIGN": sign,
        }

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, Any, bytes]:
        async with self.session.request(method, self.venue.url + path, headers=headers, data=body) as answer:
            return answer.status, answer.headers, await answer.read()

    async def get(self, role: str, path: str, query: str = "", account: int = 0) -> dict[str, Any]:
        target = f"{path}?{query}" if query else path
        _, _, body = await self.send("GET", target, self.headers(role, query, account))
        return json.loads(body)

    async def post(self, role: str, path: str, params: dict[str, Any], account: int = 0) -> dict[str, Any]:
        text = json.dumps(params)
        _, _, body = await self.send("POST", path, self.headers(role, text, account), text)
        return json.loads(body)

    async def sim(self, method: str, path: str, params: Any = None) -> dict[str, Any]:
        text = json.dumps(params) if params is not None else None
        _, _, body = await self.send(method, f"/_sim/{path}", {}, text)
        return json.loads(body)


@pytest.fixture
async def serve() -> AsyncIterator[VenueFactory]:
    """Start venues with given options; all stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> BybitVenue:
            return await stack.enter_async_context(BybitVenue.running(VenueOptions(**options)))

        yield start


@pytest.fixture
async def venue(serve: VenueFactory) -> BybitVenue:
    return await serve(seed=7)


@pytest.fixture
async def raw_of() -> AsyncIterator[Callable[[BybitVenue], Raw]]:
    async with aiohttp.ClientSession() as session:
        yield lambda venue: Raw(session, venue)


@pytest.fixture
def raw(raw_of: Callable[[BybitVenue], Raw], venue: BybitVenue) -> Raw:
    return raw_of(venue)


@pytest.fixture
async def ccxt_of() -> AsyncIterator[ClientFactory]:
    """ccxt's own bybit client with the keys of a role, markets loaded."""
    clients: list[Any] = []

    async def build(venue: BybitVenue, role: str, account: int = 0, load: bool = True) -> Any:
        pair = venue.accounts[account][role]
        client = ccxt.bybit(
            {
                "apiKey": pair["key"],
                "secret": pair["secret"],
                "enableRateLimit": False,
                "timeout": 3000,
                "options": {"fetchMarkets": {"types": ["linear"]}, "defaultType": "swap"},
            }
        )
        clients.append(client)
        localise(client, venue.url)
        if load:
            await client.load_markets()
        return client

    yield build
    for client in clients:
        await client.close()
