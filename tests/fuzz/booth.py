"""The simulated venue asked without a socket: ccxt signs, the world answers, and a test may spoil the answer.

One ccxt signer serves every client of these tests, for building one costs more than all else in an example.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import orjson

from guardian.exchanges import Endpoint
from guardian.exchanges.bybit import client
from guardian.exchanges.generic.wire import Answer, Wire
from guardian.ports import Credential
from guardian.sim.faces.bybit import BybitVenue, VenueOptions
from guardian.sim.faces.bybit.codes import REFUSALS, BybitProblem
from guardian.sim.faces.bybit.routes import ENDPOINTS
from guardian.sim.faces.bybit.wire import Call, envelope
from guardian.sim.world.orders import Refused

ENDPOINT = Endpoint("main", "bybit", "http://127.0.0.1:1", "USDT", flows_seconds=0.0, timeout_s=2.0)


@dataclass(frozen=True)
class Said:
    """What comes over the line: any bytes with any status."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Spoil = Callable[[dict[str, Any]], Said]


class Booth:
    """One account on a seeded world, with two ledger rows.

    `spoils[path]` turns the honest answer into what is said instead.
    """

    def __init__(self, seed: int = 7) -> None:
        self.venue = BybitVenue(VenueOptions(seed=seed, positions=4))
        for amount in (250, -40):
            account = self.venue.tenants[0].account
            self.venue.world.transfer(account, Decimal(amount), self.venue.clock() - 60_000)
        self.spoils: dict[str, Spoil] = {}
        self.asked: list[str] = []

    def credential(self, role: str) -> Credential:
        key = self.venue.tenants[0].keys[role]
        return Credential(key.id, key.secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(key.secret for key in self.venue.tenants[0].keys.values())

    def honest(self, method: str, path: str, params: dict[str, Any], key_id: str = "") -> dict[str, Any]:
        """The venue's own answer, effect included."""
        world, now = self.venue.world, self.venue.clock()
        key = world.keys.get(key_id)
        account = world.accounts.get(key.owner) if key else None
        try:
            reply = ENDPOINTS[method, path].answer(Call(world, now, params, key, account))
        except BybitProblem as problem:
            return envelope(problem.code, problem.text, {}, now)
        except Refused as refused:
            code, text = REFUSALS[refused.reason]
            return envelope(code, text, {}, now)
        return envelope(0, reply.text, reply.result, now, reply.ext)

    async def carry(
        self, url: str, method: str = "GET", headers: dict[str, str] | None = None, body: str | None = None
    ) -> Answer:
        """In the place of the transport below ccxt."""
        parts = urlsplit(url)
        params = orjson.loads(body) if body else dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked.append(parts.path)
        honest = self.honest(method, parts.path, params, (headers or {}).get("X-BAPI-API-KEY", ""))
        spoil = self.spoils.get(parts.path)
        said = spoil(honest) if spoil else Said(orjson.dumps(honest))
        instant = time.time() * 1000
        return Answer(said.status, said.headers, said.body, instant, instant)


@cache
def _wire() -> Wire:
    return Wire(ENDPOINT, "bybit")


@contextmanager
def connected(booth: Booth) -> Iterator[Booth]:
    """Every client that is opened inside talks to this booth."""
    wire: Any = _wire()
    wire.set_clock_offset(0.0)
    wire._signer.fetch = booth.carry
    with mock.patch.object(client, "Wire", return_value=wire):
        yield booth
