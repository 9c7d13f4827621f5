"""What was done on one Bybit account, whoever did it: its fills and its past orders, with the watch key.

Nothing raises: a part that was refused, late or nonsense is None and named in `problem`, and what it would
have told comes with the next good answer. This file never imports the ones that act.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.errors import VenueError
from guardian.exchanges.bybit.beside.rows import (
    parse_fill,
    parse_option_fill,
    parse_past_order,
    parse_spot_fill,
    parse_spot_order,
)
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
RARELY_S = 60.0
"""How often an account without inverse contracts and options is asked about them: well within what a row of
the ledger waits for the fill that tells whose it was (core/metrics/foreign_activity.py)."""

ALL_FILLS = (
    FILLS,
    replace(FILLS, parse=parse_spot_fill, category="spot"),
    replace(FILLS, category="inverse", rarely_s=RARELY_S),
    replace(FILLS, parse=parse_option_fill, category="option", rarely_s=RARELY_S),
)
ALL_ORDERS = (
    ORDERS,
    replace(ORDERS, parse=parse_spot_order, category="spot"),
    replace(ORDERS, category="inverse", rarely_s=RARELY_S),
    replace(ORDERS, category="option", rarely_s=RARELY_S),
)
"""Of each all categories: the venue has no question for more than one."""


Brought = list[tuple[Trail[T], Stretch[T]]]


@dataclass(frozen=True, slots=True)
class _Open:
    """Built by the first question: a start with an open incident has better things to do."""

    client: BybitClient
    fills: tuple[Trail[Fill], ...]
    orders: tuple[Trail[PastOrder], ...]


class BybitHistory:
    """See ports.History. Covers linear and inverse contracts, options and spot. One question at a time.

    `Activity.asked_at` is about those that every question asks about. The others were asked about at most
    `RARELY_S` before it, unless something failed: so much earlier they go on after a restart.
    """

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
            self._part("executions", _due(opened.fills)), self._part("order-history", _due(opened.orders))
        )
        told = [part for part in (fills, orders) if not isinstance(part, str)]
        reaches = [stretch.reaches for part in told for _, stretch in part]
        return Activity(
            account=self._endpoint.account,
            asked_at=min(reaches, default=asked_at),
            fills=None if isinstance(fills, str) else _kept(fills),
            orders=None if isinstance(orders, str) else _kept(orders),
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
                client,
                tuple(
                    Trail(client, key, listed, _since(listed, done.fills)) for listed in self._of(ALL_FILLS)
                ),
                tuple(
                    Trail(client, key, listed, _since(listed, done.orders)) for listed in self._of(ALL_ORDERS)
                ),
            )
        return self._opened

    def _of(self, lists: tuple[Listed[T], ...]) -> tuple[Listed[T], ...]:
        """Those of spot, and of the contracts that the account can trade."""
        return tuple(each for each in lists if each.category in ("spot", *self._endpoint.contracts))

    async def _part(self, name: str, trails: tuple[Trail[T], ...]) -> Brought[T] | str:
        """What came of all these trails, or why one brought nothing: a half would look like the whole."""
        answers = await asyncio.gather(*(self._answer(trail) for trail in trails))
        wrong = {t.category: why for t, why in zip(trails, answers, strict=True) if isinstance(why, str)}
        if len(wrong) == len(trails) and len(set(wrong.values())) == 1:
            return f"{name}: {wrong.popitem()[1]}"
        if wrong:
            return "; ".join(f"{name} ({category}): {why}" for category, why in wrong.items())
        return [(t, answer) for t, answer in zip(trails, answers, strict=True) if isinstance(answer, Stretch)]

    async def _answer(self, trail: Trail[T]) -> Stretch[T] | str:
        """What came, or why nothing did."""
        try:
            async with asyncio.timeout(2 * self._endpoint.timeout_s):
                return await trail.ask()
        except VenueError as error:
            return f"{error.code} {error.detail}".rstrip()
        except TimeoutError:
            return f"no complete answer within {2 * self._endpoint.timeout_s:g} s"
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A shape that no check foresaw is still the venue's nonsense: the port never raises for it.
            return f"unforeseen shape: {type(error).__name__}"


def _since(listed: Listed[T], done_to: datetime | None) -> datetime | None:
    """From when an earlier run may have left something untold."""
    return None if done_to is None else done_to - timedelta(seconds=listed.rarely_s)


def _due(trails: tuple[Trail[T], ...]) -> tuple[Trail[T], ...]:
    return tuple(trail for trail in trails if trail.due)


def _kept(brought: Brought[T]) -> tuple[T, ...]:
    """The rows of all trails, which count as told from now on."""
    for trail, stretch in brought:
        trail.keep(stretch)
    return tuple(row for _, stretch in brought for row in stretch.rows)
