"""The hands: reduce-only closes, cancels by id, and questions about lost answers, over the line.

Law: each answer becomes the report that the wire adapter makes of it, with the venue's raw codes. The
contract in tests/contracts holds both to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.exchanges.bybit import codes
from guardian.ports import Credential, KeyAudit, Report
from guardian.sim.faces.bybit.codes import REFUSALS
from guardian.sim.ports import door, view
from guardian.sim.ports.ears import Ears
from guardian.sim.ports.line import Deed, Reply
from guardian.sim.ports.stand import Stand
from guardian.sim.world.instruments import Instrument
from guardian.sim.world.orders import Kind, Order, OrderRequest, Refused, Side, TimeInForce

ORDERS_IN_THE_WAY = ("conflict", "orders")
NO_KEY = Report(Outcome.IMPOSSIBLE, "no-key", "guardian holds no key that may act on this account")
RESETS_WITHIN = (0.05, 1.1)
"""Seconds that the adapter waits at least and at most after a refusal for the rate limit."""

OUT_OF_REACH = Decimal("0.5")


class SimTrader:
    """See ports.Trader."""

    def __init__(self, stand: Stand, ears: Ears) -> None:
        self._stand = stand
        self._ears = ears
        self._credential: Credential | None = None

    def hold(self, credential: Credential | None) -> None:
        self._credential = credential

    async def warm(self) -> None:
        return None

    async def close_position(self, order: CloseOrder) -> Report:
        return await self._perform("create", lambda: self._place(order), _judge_close)

    async def cancel(self, symbol: str, order_id: str, conditional: bool) -> Report:
        return await self._perform("cancel", lambda: self._cancel(order_id), _judge_cancel)

    async def _perform(self, endpoint: str, deed: Deed, judge: Callable[[Reply], Report]) -> Report:
        """As the adapter: what was refused for the rate limit waits for the reset and goes again."""
        loop = asyncio.get_running_loop()
        retry_until = loop.time() + self._stand.line.patience
        while True:
            credential = self._credential
            if credential is None:  # Dropped while this order waited.
                return NO_KEY
            reply = await self._stand.line.answer("trade", endpoint, self._behind_the_door(credential, deed))
            least, most = RESETS_WITHIN
            wait = min(max(most if reply.resets_in is None else reply.resets_in, least), most)
            if reply.code != codes.RATE_LIMIT or loop.time() + wait >= retry_until:
                return judge(reply)
            await asyncio.sleep(wait)

    def _behind_the_door(self, credential: Credential, deed: Deed) -> Deed:
        return lambda: door.turned_away(self._stand, credential.key, "order") or deed()

    async def resolve(self, symbol: str, client_id: str) -> Report:
        credential = self._credential
        if credential is None:
            return NO_KEY

        def deed() -> Reply:
            return door.turned_away(self._stand, credential.key, "any") or self._find(client_id)

        reply = await self._stand.line.answer("trade", "resolve", deed)
        if reply.code:
            return Report(Outcome.UNKNOWN, reply.code, reply.detail)
        order: Order | None = reply.value
        if order is None:
            return Report(Outcome.GONE, "", "the venue has never seen this order")
        return Report(Outcome.DONE, codes.OK, "the venue knows the order", _facts(order))

    async def audit(self, credential: Credential) -> KeyAudit:
        return await door.audit(self._stand, credential.key)

    async def close(self) -> None:
        self._credential = None

    # --- at the venue ---------------------------------------------------------------------------

    def _place(self, order: CloseOrder) -> Reply:
        stand = self._stand
        refused = self._refused(order)
        if refused is not None:
            return refused
        request = self.request(order, stand.world.instruments[view.id_of(order.symbol)])
        if stand.struck("ioc-fills-nothing"):
            request = self._out_of_reach(request)
        before = stand.books.size(request.symbol, request.index)
        try:
            placed = stand.world.place(stand.books, request, stand.now_ms())
        except Refused as refusal:
            return door.refused(*REFUSALS[refusal.reason])
        self._ears.ordered(stand, request, before, stand.books.size(request.symbol, request.index))
        return Reply(value=placed.id)

    def _out_of_reach(self, request: OrderRequest) -> OrderRequest:
        """Nobody in the book takes it: the venue knows the order, and that it has filled nothing."""
        instrument, mark = self._stand.world.instruments[request.symbol], self._stand.mark(request.symbol)
        price = instrument.round_price(mark * (1 - OUT_OF_REACH * request.side.sign))
        return replace(request, kind=Kind.LIMIT, price=price)

    def _refused(self, order: CloseOrder) -> Reply | None:
        """The venue's own reasons not to take an order, as the weather has them."""
        stand = self._stand
        if stand.struck("reject-notional"):
            return Reply("110094", detail="below the minimum order value")
        if stand.struck("reject-margin"):
            return Reply("110007", detail="not enough available balance")
        if order.price is not None and stand.struck("reject-price-band"):
            return Reply("110003", detail="price out of the permitted band")
        leg = stand.books.resting(view.id_of(order.symbol), order.index)
        if any(o.reduce_only for o in leg) and stand.struck("reject-reduce-only"):
            return Reply("110017", detail="Reduce-only rule not satisfied")
        return None

    def request(self, order: CloseOrder, instrument: Instrument) -> OrderRequest:
        """The order as the wire adapter would write it: on the lot, on the tick, always reduce-only."""
        quantity = order.quantity
        partial = self._stand.weather.strikes("partial-fill", self._stand.name)
        if partial is not None:
            held = abs(self._stand.books.size(instrument.symbol, order.index))
            fraction = Decimal(str(round(partial.size, 3)))
            quantity = max(instrument.min_qty, instrument.floor_qty(min(quantity or held, held) * fraction))
            self._stand.weather.count("partial-fill", self._stand.name)
        whole = Decimal(0) if quantity is None else instrument.floor_qty(quantity) or quantity
        rounding = ROUND_FLOOR if order.side > 0 else ROUND_CEILING
        # The venue closes a whole leg at market only.
        price = None if quantity is None else order.price
        if price is not None:
            price = (price / instrument.tick).to_integral_value(rounding) * instrument.tick
        return OrderRequest(
            symbol=instrument.symbol,
            side=Side.BUY if order.side > 0 else Side.SELL,
            kind=Kind.MARKET if price is None else Kind.LIMIT,
            qty=whole,
            price=price,
            tif=TimeInForce.IOC,
            reduce_only=True,
            close_on_trigger=quantity is None,
            index=order.index,
            link_id=order.client_id,
            key_id="" if self._credential is None else self._credential.key,
        )

    def _cancel(self, order_id: str) -> Reply:
        stand = self._stand
        if stand.struck("reject-unknown-order"):
            return Reply("110001", detail="order not exists or too late to cancel")
        try:
            order = stand.world.cancel(stand.books, self._order(order_id), stand.now_ms())
        except Refused as refusal:
            return door.refused(*REFUSALS[refusal.reason])
        self._ears.cancelled(stand, order)
        return Reply(value=order.id)

    def _order(self, order_id: str) -> Order | None:
        return self._stand.world.find(self._stand.books, order_id)

    def _find(self, client_id: str) -> Reply:
        return Reply(value=self._stand.world.find(self._stand.books, link_id=client_id))


def _judge_close(reply: Reply) -> Report:
    if not reply.code:
        return _accepted(reply)
    if reply.code == codes.DUPLICATE_LINK_ID:
        return Report(Outcome.DONE, reply.code, "an earlier try with this client id took effect")
    if codes.nothing_to_reduce(reply.code, reply.detail):
        return Report(Outcome.GONE, reply.code, reply.detail)
    return _failed(reply)


def _judge_cancel(reply: Reply) -> Report:
    if not reply.code:
        return _accepted(reply)
    if reply.code in codes.ORDER_GONE:
        return Report(Outcome.GONE, reply.code, reply.detail)
    return _failed(reply)


def _accepted(reply: Reply) -> Report:
    return Report(Outcome.DONE, codes.OK, "accepted", (("order_id", reply.value),))


def _failed(reply: Reply) -> Report:
    outcome = Outcome.UNKNOWN if codes.no_verdict(reply.code) else Outcome.REFUSED
    facts = (ORDERS_IN_THE_WAY,) if reply.code == codes.REDUCE_ONLY else ()
    return Report(outcome, reply.code, reply.detail, facts)


def _facts(order: Order) -> tuple[tuple[str, str], ...]:
    filled = format(order.filled.normalize(), "f")
    return (("order_id", order.id), ("status", order.status.value), ("filled", filled))
