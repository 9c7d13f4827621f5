"""The hands on one Bybit account: reduce-only closes, cancels by id, and questions about lost answers.

Every order is reduce-only and carries its client id, so that no repeat and no late arrival can open risk.
Nothing is retried here but what the venue refused for its rate limit. Sources: docs/v5/order/create-order,
batch-place, cancel-order, open-order, order-list; docs/v5/rate-limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.errors import VenueError
from guardian.exchanges.bybit import codes
from guardian.exchanges.bybit.audit import audit_key
from guardian.exchanges.bybit.client import BybitClient, Envelope, raw_code
from guardian.exchanges.bybit.instruments import Instruments
from guardian.exchanges.bybit.symbols import category_of, id_of
from guardian.exchanges.generic.clock import now
from guardian.exchanges.generic.fields import Row, garbage, number, optional_text, rows, text
from guardian.exchanges.generic.pace import Bucket, Pacer
from guardian.exchanges.generic.redact import redact
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential, KeyAudit, Report

# The venue's default per account and endpoint in a rolling second. The batch endpoint counts its orders in a
# budget of its own.
_ORDERS_PER_S = 10
_CANCELS_PER_S = 10
_WARM_CONNECTIONS = 24
_MOST_CONNECTIONS = 100
_SHORTEST_WAIT_S = 0.05
_LONGEST_WAIT_S = 1.1

# What the plan reads to decide that a protective order has to make room.
ORDERS_IN_THE_WAY = ("conflict", "orders")

_NO_KEY = Report(Outcome.IMPOSSIBLE, "no-key", "guardian holds no key that may act on this account")


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the venue said to one order or cancel, whichever endpoint carried it."""

    code: str
    message: str
    order_id: str
    envelope: Envelope


_Send = Callable[[Bucket, Credential], Awaitable[_Reply]]


class BybitTrader:
    """See ports.Trader. Linear contracts settled in USDT and USDC and inverse ones; of options the orders."""

    def __init__(self, endpoint: Endpoint, warm_connections: int | None = None) -> None:
        self._client = BybitClient(endpoint)
        self._timeout_s = endpoint.timeout_s
        # A burst wider than the warm connections pays two round trips more for each new one.
        burst = min(endpoint.orders_per_second or 0, _MOST_CONNECTIONS)
        self._warm_connections = warm_connections or max(_WARM_CONNECTIONS, burst)
        self._instruments = Instruments(self._client)
        self._credential: Credential | None = None
        # A starting point: what the venue's answers say about their endpoint replaces it.
        per_second = endpoint.orders_per_second or _ORDERS_PER_S
        self._batch = Bucket("create-batch", per_second)
        self._orders = Pacer((Bucket("create", per_second), self._batch))
        self._cancels = Pacer((Bucket("cancel", _CANCELS_PER_S),))

    def hold(self, credential: Credential | None) -> None:
        self._credential = credential

    async def warm(self) -> None:
        """Refresh lot sizes and clock when due, and leave `warm_connections` open connections behind."""
        await self._client.keep_clock()
        touches = (self._client.touch() for _ in range(self._warm_connections))
        await asyncio.gather(self._instruments.load_if_due(), *touches)

    async def close_position(self, order: CloseOrder) -> Report:
        """DONE when the venue has the order (or had it before), GONE when nothing is left to reduce.

        REFUSED with the raw code, IMPOSSIBLE without a key, UNKNOWN when no trustworthy answer came: ask
        `resolve`, or send again with the same client id.
        """
        body = self._body(order)

        async def send(bucket: Bucket, credential: Credential) -> _Reply:
            if bucket is self._batch:
                return await self._send_batched(body, credential)
            envelope = await self._client.send("privatePostV5OrderCreate", body, credential)
            return _reply(envelope, envelope.code, envelope.message, envelope.result, body["orderLinkId"])

        return await self._perform(self._orders, send, _judge_close)

    async def cancel(self, symbol: str, order_id: str, conditional: bool) -> Report:
        """One order by its id; plain and conditional orders of contracts share the endpoint."""
        body = {"category": category_of(symbol), "symbol": id_of(symbol), "orderId": order_id}

        async def send(_: Bucket, credential: Credential) -> _Reply:
            envelope = await self._client.send("privatePostV5OrderCancel", body, credential)
            return _reply(envelope, envelope.code, envelope.message, envelope.result, None)

        return await self._perform(self._cancels, send, _judge_cancel)

    async def resolve(self, symbol: str, client_id: str) -> Report:
        """Ask the open and recent orders, then the history, which is where a restarted venue keeps them."""
        credential = self._credential
        if credential is None:
            return _NO_KEY
        query = {"category": category_of(symbol), "symbol": id_of(symbol), "orderLinkId": client_id}
        try:
            for question in ("privateGetV5OrderRealtime", "privateGetV5OrderHistory"):
                answer = await self._client.ask(question, query, credential)
                row = _only(rows(answer.result, "list"), client_id)
                if row is not None:
                    return Report(Outcome.DONE, codes.OK, "the venue knows the order", _order_facts(row))
        except VenueError as error:
            return Report(Outcome.UNKNOWN, error.code, error.detail)
        return Report(Outcome.GONE, "", "the venue has never seen this order")

    async def audit(self, credential: Credential) -> KeyAudit:
        return await audit_key(self._client, credential)

    async def close(self) -> None:
        self._credential = None
        await self._instruments.close()
        await self._client.close()

    async def _perform(self, pacer: Pacer, send: _Send, judge: Callable[[_Reply], Report]) -> Report:
        """Wait for a turn and send; a refusal for the rate limit waits for the reset and goes again.

        The time in line is not bounded here (the runtime's deadline does that), the retries are.
        """
        if self._credential is None:
            return _NO_KEY
        loop = asyncio.get_running_loop()
        bucket = await pacer.turn()
        retry_until = loop.time() + self._timeout_s
        while True:
            credential = self._credential
            if credential is None:  # Dropped while this order stood in line.
                return _NO_KEY
            try:
                reply = await send(bucket, credential)
            except VenueError as error:
                return _failed(error)
            pacer.learn(bucket, reply.envelope.limit)
            if reply.code != codes.RATE_LIMIT:
                return judge(reply)
            wait_s = self._until_reset(reply.envelope)
            pacer.refuse(bucket, wait_s)
            if loop.time() + wait_s >= retry_until:
                return judge(reply)
            bucket = await pacer.turn(first=True)

    async def _send_batched(self, order: dict[str, object], credential: Credential) -> _Reply:
        """A batch of one: the second budget, without tying one position's fate to another's answer."""
        single = {name: value for name, value in order.items() if name != "category"}
        body = {"category": order["category"], "request": [single]}
        envelope = await self._client.send("privatePostV5OrderCreateBatch", body, credential)
        if envelope.code != codes.OK:
            return _reply(envelope, envelope.code, envelope.message, {}, None)
        verdicts, placed = rows(envelope.extra, "list"), rows(envelope.result, "list")
        if len(verdicts) != 1 or len(placed) != 1:
            raise garbage("a batch of one order was not answered with one verdict")
        code = raw_code(verdicts[0].get("code"))
        if code is None:
            # Taken for a refusal it would free the client id, though the order may be in the book.
            raise garbage("a batch's verdict has no code")
        message = redact(optional_text(verdicts[0], "msg"), (credential.secret, credential.key))
        return _reply(envelope, code, message, placed[0], order["orderLinkId"])

    def _until_reset(self, envelope: Envelope) -> float:
        venue_now = self._client.clock.venue_ms(now())
        left = (envelope.reset_ms - venue_now) / 1000 if envelope.reset_ms and venue_now else _LONGEST_WAIT_S
        return min(max(left, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)

    def _body(self, order: CloseOrder) -> dict[str, object]:
        body: dict[str, object] = {
            "category": category_of(order.symbol),
            "symbol": id_of(order.symbol),
            "side": "Buy" if order.side > 0 else "Sell",
            "orderType": "Market",
            "reduceOnly": True,
            "positionIdx": order.index,
            "orderLinkId": order.client_id,
        }
        if order.quantity is None:
            # The venue closes whatever the leg holds: documented only with both flags and as a market order.
            return body | {"qty": "0", "closeOnTrigger": True}
        body["qty"] = _plain(self._whole_steps(order.symbol, order.quantity))
        price = self._on_tick(order.symbol, order.price, order.side)
        if price is not None:
            body |= {"orderType": "Limit", "timeInForce": "IOC", "price": _plain(price)}
        return body

    def _whole_steps(self, symbol: str, quantity: Decimal) -> Decimal:
        """Rounded down to the lot step, unless nothing would be left to send."""
        facts = self._instruments.known(id_of(symbol))
        if facts is None:
            return quantity
        whole = (quantity / facts.step).to_integral_value(ROUND_FLOOR) * facts.step
        return whole if whole > 0 else quantity

    def _on_tick(self, symbol: str, price: Decimal | None, side: int) -> Decimal | None:
        """Rounded inside the cap: never a tick worse than what was asked for.

        None where no cap is wanted, or the tick is not known: the venue would refuse a price off its grid,
        and it bounds a market order by itself.
        """
        facts = self._instruments.known(id_of(symbol))
        if facts is None or price is None:
            return None
        return (price / facts.tick).to_integral_value(ROUND_FLOOR if side > 0 else ROUND_CEILING) * facts.tick


def _plain(value: Decimal) -> str:
    """Never in scientific notation, which the venue does not read."""
    return format(value.normalize(), "f")


def _reply(envelope: Envelope, code: str, message: str, result: Row, client_id: object) -> _Reply:
    """Raises VenueError("garbage") when success comes without the id of the order that was meant."""
    order_id = text(result, "orderId") if code == codes.OK else ""
    if code == codes.OK and client_id is not None and optional_text(result, "orderLinkId") != client_id:
        raise garbage("the answer is about another order")
    return _Reply(code, message, order_id, envelope)


def _judge_close(reply: _Reply) -> Report:
    if reply.code == codes.OK:
        return Report(Outcome.DONE, codes.OK, "accepted", (("order_id", reply.order_id),))
    if reply.code == codes.DUPLICATE_LINK_ID:
        return Report(Outcome.DONE, reply.code, "an earlier try with this client id took effect")
    if codes.nothing_to_reduce(reply.code, reply.message):
        return Report(Outcome.GONE, reply.code, reply.message)
    return _refused(reply)


def _judge_cancel(reply: _Reply) -> Report:
    if reply.code == codes.OK:
        return Report(Outcome.DONE, codes.OK, "accepted", (("order_id", reply.order_id),))
    if reply.code in codes.ORDER_GONE:
        return Report(Outcome.GONE, reply.code, reply.message)
    return _refused(reply)


def _refused(reply: _Reply) -> Report:
    outcome = Outcome.UNKNOWN if codes.no_verdict(reply.code) else Outcome.REFUSED
    facts = (ORDERS_IN_THE_WAY,) if reply.code == codes.REDUCE_ONLY else ()
    return Report(outcome, reply.code, reply.message, facts)


def _failed(error: VenueError) -> Report:
    if error.code == "unsignable":
        return Report(Outcome.IMPOSSIBLE, error.code, error.detail)
    outcome = Outcome.UNKNOWN if codes.no_verdict(error.code) else Outcome.REFUSED
    return Report(outcome, error.code, error.detail)


def _only(found: list[Row], client_id: str) -> Row | None:
    """The order asked for. Raises VenueError("garbage") when the venue answers about others."""
    if any(row.get("orderLinkId") != client_id for row in found):
        raise garbage("the answer is about another order")
    return found[0] if found else None


def _order_facts(row: Row) -> tuple[tuple[str, str], ...]:
    status, filled = text(row, "orderStatus"), number(row, "cumExecQty")
    return (("order_id", text(row, "orderId")), ("status", status), ("filled", _plain(filled)))
