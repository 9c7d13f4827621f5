"""The eyes on one Bybit account: the watch key reads wallet, positions, orders and ledger, nothing else.

Nothing raises: a part that was refused, late, stale or nonsense is None in the snapshot and named in its
failures. This file never imports the ones that act.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any, TypeVar

from guardian.core.model import Failure, LedgerEntry, OpenOrder, Part, Position, Snapshot
from guardian.errors import VenueError
from guardian.exchanges.bybit.audit import audit_key
from guardian.exchanges.bybit.categories.holdings import OTHERS, Holdings, Listed
from guardian.exchanges.bybit.client import BybitClient
from guardian.exchanges.bybit.instruments import Instruments
from guardian.exchanges.bybit.ledger import Ledger, Told
from guardian.exchanges.bybit.parse import (
    WalletView,
    parse_inverse,
    parse_option,
    parse_order,
    parse_position,
    parse_wallet,
)
from guardian.exchanges.bybit.symbols import SETTLE_COINS, Category
from guardian.exchanges.generic.clock import now
from guardian.exchanges.generic.fields import Row, garbage
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential, KeyAudit

_SHARE = 0.125
"""Of a part's time limit: how long a read waits for a ledger that is being caught up with."""

T = TypeVar("T")
Legs = dict[str, tuple[Decimal, Decimal]]

UNASKED = Failure(Part.LEDGER, "unasked", "it is asked to explain a wallet, and there was none")
"""Silence would be taken for a quiet ledger, and stamped as read."""

BEHIND = Failure(Part.LEDGER, "behind", "more rows than one read has time for; the next one goes on")
"""Of a ledger that tells some of its rows: it explains no wallet yet."""

NOT_YET = Told((), current=False)
"""Nothing within a read's share; the question goes on."""


class CatchUp:
    """The ledger after an absence, without holding up what wallet and positions say now.

    A read waits only as long as its share for a ledger that is `behind`. The question goes on meanwhile, for
    one that is asked anew by each read would never be answered on a slow line; the next read tells what has
    come of it. At most one is under way, and what it tells is told by one read, however many wait for it: by
    the next where that one is given up.
    """

    def __init__(self, timeout_s: float, behind: Callable[[], bool]) -> None:
        self._timeout_s = timeout_s
        self._behind = behind
        self._under_way: asyncio.Task[Told | Failure] | None = None
        self._untold: tuple[LedgerEntry, ...] = ()

    @property
    def needed(self) -> bool:
        return self._behind() or self._under_way is not None or bool(self._untold)

    async def ask(self, question: Callable[[], Coroutine[Any, Any, Told | Failure]]) -> Told | Failure:
        """What came within the share: rows of the question under way, then of this one.

        Rows of an earlier question explain the wallet of that moment: alone they are not `current`.
        """
        begun = asyncio.get_running_loop().time()
        if self._under_way is not None:
            told = await self._told_by(self._under_way, begun + _SHARE * self._timeout_s)
            if isinstance(told, Failure) or told is NOT_YET:
                return told
            self._untold += told.rows
        mine = asyncio.create_task(question(), name="ledger being caught up with")
        self._under_way = mine
        # What has caught up is waited for as ever: where each read asks, a slow line would stay behind.
        share = _SHARE if self._behind() else 1.0
        told = await self._told_by(mine, begun + share * self._timeout_s)
        if isinstance(told, Failure):
            # Rows are told once: what an earlier question brought is not lost with this one.
            if not self._untold:
                return told
            told = NOT_YET
        rows, self._untold = (*self._untold, *told.rows), ()
        return Told(rows, told.current)

    async def close(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.wait({self._under_way})

    async def _told_by(self, asked: asyncio.Task[Told | Failure], until: float) -> Told | Failure:
        await asyncio.wait({asked}, timeout=max(0.0, until - asyncio.get_running_loop().time()))
        if not asked.done() or self._under_way is not asked:
            return NOT_YET  # or another read has told it
        self._under_way = None
        return asked.result()


class BybitReader:
    """See ports.Reader. Covers the unified wallet, linear contracts settled in USDT and USDC, inverse ones,
    and the orders of these and of options. A held option is told as a failure beside the positions.
    """

    def __init__(self, endpoint: Endpoint, credential: Credential) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._client = BybitClient(endpoint)
        self._instruments = Instruments(self._client)
        self._ledger = Ledger(self._client, credential, endpoint.flows_seconds, endpoint.booked_to)
        self._ledger_turn = asyncio.Lock()
        self._catch_up = CatchUp(endpoint.timeout_s, lambda: self._ledger.behind)
        self._legs: Legs | None = None
        others = tuple(other for other in OTHERS if other in endpoint.contracts)
        asking = endpoint.flows_seconds, endpoint.timeout_s, others
        self._positions: Holdings[Position] = Holdings(Part.POSITIONS, self._legs_of, *asking)
        self._orders: Holdings[OpenOrder] = Holdings(Part.ORDERS, self._orders_of, *asking)
        self._flat = True
        """Whether the last read looked so: then the next one asks closely at once."""

    async def snapshot(self) -> Snapshot:
        """Ask wallet, positions and all open orders at once, each under its own deadline; then the ledger.

        The ledger is asked after the wallet answered, so that it can explain the cash that the wallet shows.
        """
        await self._client.keep_clock()
        self._instruments.refresh_if_due()
        asked_at = now()
        wallet, positions, orders = await asyncio.gather(
            self._part(Part.WALLET, self._wallet()),
            self._part(Part.POSITIONS, self._positions.read(self._flat)),
            self._part(Part.ORDERS, self._orders.read(self._flat)),
        )
        self._flat = _looks_flat(positions, orders)
        if self._flat and isinstance(positions, Listed) and isinstance(orders, Listed):
            positions, orders = await asyncio.gather(
                self._positions.rest(positions), self._orders.rest(orders)
            )
        ledger: Told | Failure = UNASKED
        if isinstance(wallet, WalletView):
            ledger = await self._books(wallet, _legs(positions))
            if positions == Listed(()) and wallet.says_positions:
                positions = Failure(
                    Part.POSITIONS, "inconsistent", "no position is listed, but the wallet shows some"
                )
        parts = (
            wallet,
            positions.lacking if isinstance(positions, Listed) else positions,
            orders.lacking if isinstance(orders, Listed) else orders,
            BEHIND if isinstance(ledger, Told) and not ledger.current else ledger,
        )
        return Snapshot(
            account=self._endpoint.account,
            asked_at=asked_at,
            wallet=wallet.wallet if isinstance(wallet, WalletView) else None,
            positions=positions.rows if isinstance(positions, Listed) else None,
            orders=orders.rows if isinstance(orders, Listed) else None,
            ledger=ledger.rows if isinstance(ledger, Told) else None,
            failures=tuple(part for part in parts if isinstance(part, Failure)),
            calls=self._client.calls.take(),
            clock=self._client.clock.offset,
        )

    async def audit(self) -> KeyAudit:
        return await audit_key(self._client, self._credential)

    async def close(self) -> None:
        await self._catch_up.close()
        await self._instruments.close()
        await self._client.close()

    async def _part(self, part: Part, question: Awaitable[T]) -> T | Failure:
        try:
            async with asyncio.timeout(self._endpoint.timeout_s):
                return await question
        except VenueError as error:
            return Failure(part, error.code, error.detail or "the venue gave no reason")
        except TimeoutError:
            return Failure(part, "timeout", f"no complete answer within {self._endpoint.timeout_s:g} s")
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A shape that no check foresaw is still the venue's nonsense: the port never raises for it.
            return Failure(part, "garbage", f"unforeseen shape: {type(error).__name__}")

    async def _wallet(self) -> WalletView:
        answer = await self._client.ask(
            "privateGetV5AccountWalletBalance", {"accountType": "UNIFIED"}, self._credential
        )
        return parse_wallet(answer.result, self._endpoint.currency, answer.time_ms)

    async def _legs_of(self, category: Category) -> tuple[Position, ...]:
        found: list[Position] = []
        for settle, rows in await self._ask_all(category, "PositionList", 200):
            parsed = (self._leg(category, settle, row) for row in rows)
            found += [position for position in parsed if position is not None]
        if len({position.leg for position in found}) != len(found):
            raise garbage("a leg is listed twice")
        return tuple(found)

    def _leg(self, category: Category, settle: str, row: Row) -> Position | None:
        match category:
            case "linear":
                return parse_position(row, settle, self._instruments.held)
            case "inverse":
                return parse_inverse(row, self._instruments.held)
            case "option":
                return parse_option(row)

    async def _orders_of(self, category: Category) -> tuple[OpenOrder, ...]:
        """Conditional orders are included: without an orderFilter the venue lists every kind."""
        found: dict[str, OpenOrder] = {}
        for row in (row for _, rows in await self._ask_all(category, "OrderRealtime", 50) for row in rows):
            order = parse_order(row)
            if order is None:
                continue
            # An order placed between two pages shifts the next one, which then repeats a row.
            before = found.get(order.id, order)
            if (before.symbol, before.index, before.side) != (order.symbol, order.index, order.side):
                raise garbage("two orders have the same id")
            found[order.id] = order
        return tuple(found.values())

    async def _ask_all(
        self, category: Category, question: str, limit: int
    ) -> list[tuple[str, tuple[Row, ...]]]:
        """All rows by settle coin, asked at once; the first failure counts when all have ended.

        Linear contracts have to be asked for by what they settle in, the others may not.
        """
        settles = SETTLE_COINS if category == "linear" else ("",)
        asked = [
            self._client.ask_pages(
                f"privateGetV5{question}",
                {"category": category, "limit": limit} | ({"settleCoin": settle} if settle else {}),
                self._credential,
            )
            for settle in settles
        ]
        answers: list[tuple[str, tuple[Row, ...]]] = []
        for settle, answer in zip(settles, await asyncio.gather(*asked, return_exceptions=True), strict=True):
            if isinstance(answer, BaseException):
                raise answer
            answers.append((settle, answer.rows))
        return answers

    async def _books(self, wallet: WalletView, legs: Legs | None) -> Told | Failure:
        """After a busy absence the ledger takes many reads: wallet and positions do not wait for it."""

        async def question() -> Told | Failure:
            return await self._part(Part.LEDGER, self._entries(wallet, legs))

        if self._catch_up.needed:
            return await self._catch_up.ask(question)
        return await question()

    async def _entries(self, wallet: WalletView, legs: Legs | None) -> Told:
        """Also when a leg has changed: it was traded, whatever a stale wallet says of the cash."""
        async with self._ledger_turn:
            traded = None not in (legs, self._legs) and legs != self._legs
            if not traded and not self._ledger.due(wallet.wallet.balances):
                return Told(())
            told = await self._ledger.read(wallet.wallet.balances, wallet.time_ms)
            self._legs = self._legs if legs is None else legs
            return told


def _looks_flat(positions: Listed[Position] | Failure, orders: Listed[OpenOrder] | Failure) -> bool:
    """Whether all that is told so far is dust, as for guardian's claim of flat (core/plan/verify.py)."""
    if isinstance(positions, Failure) or isinstance(orders, Failure):
        return False
    return not orders.rows and all(abs(p.quantity) < p.minimum for p in positions.rows)


def _legs(positions: Listed[Position] | Failure) -> Legs | None:
    return None if isinstance(positions, Failure) else {p.leg: (p.quantity, p.entry) for p in positions.rows}
