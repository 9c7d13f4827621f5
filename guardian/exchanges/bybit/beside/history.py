"""What was done on one Bybit account, whoever did it: its fills and its past orders, with the watch key.

Nothing raises: a part that was refused, late or nonsense is None and named in `problem`, and what it would
have told comes with the next good answer. This file never imports the ones that act.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.errors import VenueError
from guardian.exchanges.bybit.beside.rows import parse_fill, parse_past_order
from guardian.exchanges.bybit.beside.trail import Listed, Stretch, Trail
from guardian.exchanges.bybit.client import BybitClient
from guardian.exchanges.generic.clock import now
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential

T = TypeVar("T")

SWEEP_MS = 300_000
"""How often all past orders are looked at again: whether the list's window goes by an order's creation or by
its end is not documented, and one that ends long after it was placed must not be missed."""

FILLS: Listed[Fill] = Listed(
    "privateGetV5ExecutionList", 100, parse_fill, lambda fill: fill.at, lambda fill: fill.id
)
ORDERS: Listed[PastOrder] = Listed(
    "privateGetV5OrderHistory",
    50,
    parse_past_order,
    lambda order: order.updated_at,
    lambda order: f"{order.id} {order.status} {order.filled}",
    SWEEP_MS,
)


@dataclass(frozen=True, slots=True)
class _Open:
    """Built by the first question: a start with an open incident has better things to do."""

    client: BybitClient
    fills: Trail[Fill]
    orders: Trail[PastOrder]


class BybitHistory:
    """See ports.History. Covers linear contracts settled in USDT and USDC. One question at a time."""

    def __init__(self, endpoint: Endpoint, credential: Credential) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._opened: _Open | None = None

    async def recent(self) -> Activity:
        """Fills and past orders are asked at once; a row counts as told only if this returns it."""
        asked_at = now()
        opened = self._open()
        await opened.client.keep_clock()
        fills, orders = await asyncio.gather(
            self._part("executions", opened.fills), self._part("order-history", opened.orders)
        )
        reaches = [part.reaches for part in (fills, orders) if isinstance(part, Stretch)]
        if isinstance(fills, Stretch):
            opened.fills.keep(fills)
        if isinstance(orders, Stretch):
            opened.orders.keep(orders)
        return Activity(
            account=self._endpoint.account,
            asked_at=min(reaches, default=asked_at),
            fills=fills.rows if isinstance(fills, Stretch) else None,
            orders=orders.rows if isinstance(orders, Stretch) else None,
            problem="; ".join(part for part in (fills, orders) if isinstance(part, str)),
            calls=opened.client.calls.take(),
        )

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.client.close()

    def _open(self) -> _Open:
        if self._opened is None:
            client, key, done = BybitClient(self._endpoint), self._credential, self._endpoint.done_to
            self._opened = _Open(
                client, Trail(client, key, FILLS, done.fills), Trail(client, key, ORDERS, done.orders)
            )
        return self._opened

    async def _part(self, name: str, trail: Trail[T]) -> Stretch[T] | str:
        """What came, or one sentence that says why nothing did."""
        try:
            async with asyncio.timeout(2 * self._endpoint.timeout_s):
                return await trail.ask()
        except VenueError as error:
            return f"{name}: {error.code} {error.detail}".rstrip()
        except TimeoutError:
            return f"{name}: no complete answer within {2 * self._endpoint.timeout_s:g} s"
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A shape that no check foresaw is still the venue's nonsense: the port never raises for it.
            return f"{name}: unforeseen shape: {type(error).__name__}"
