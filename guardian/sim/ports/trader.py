"""The hands: reduce-only closes, cancels by id, and questions about lost answers, over the line."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.exchanges.bybit.codes import no_verdict
from guardian.ports import Credential, KeyAudit, Report
from guardian.sim.ports import view
from guardian.sim.ports.ears import Ears
from guardian.sim.ports.line import Reply
from guardian.sim.ports.stand import Stand
from guardian.sim.world.instruments import Instrument
from guardian.sim.world.orders import Kind, Order, OrderRequest, Refusal, Refused, Side, TimeInForce

ORDERS_IN_THE_WAY = ("conflict", "orders")
NO_KEY = Report(Outcome.IMPOSSIBLE, "no-key", "guardian holds no key that may act on this account")
HANDS = "hands"


class SimTrader:
    """See ports.Trader."""

    def __init__(self, stand: Stand, ears: Ears) -> None:
        self._stand = stand
        self._ears = ears
        self._held = False

    def hold(self, credential: Credential | None) -> None:
        self._held = credential is not None

    async def warm(self) -> None:
        return None

    async def close_position(self, order: CloseOrder) -> Report:
        if not self._held:
            return NO_KEY
        reply = await self._stand.line.ask("trade", "create", lambda: self._place(order))
        if reply.code == Refusal.DUPLICATE_LINK:
            return Report(Outcome.DONE, reply.code, "an earlier try with this client id took effect")
        if reply.code == Refusal.NOTHING_TO_REDUCE:
            return Report(Outcome.GONE, reply.code, reply.detail)
        return _report(reply)

    async def cancel(self, symbol: str, order_id: str, conditional: bool) -> Report:
        if not self._held:
            return NO_KEY
        reply = await self._stand.line.ask("trade", "cancel", lambda: self._cancel(order_id))
        if reply.code == Refusal.NO_SUCH_ORDER:
            return Report(Outcome.GONE, reply.code, reply.detail)
        return _report(reply)

    async def resolve(self, symbol: str, client_id: str) -> Report:
        if not self._held:
            return NO_KEY
        reply = await self._stand.line.ask("trade", "resolve", lambda: self._find(client_id))
        if reply.code:
            return Report(Outcome.UNKNOWN, reply.code, reply.detail)
        return Report(Outcome.DONE if reply.value else Outcome.GONE)

    async def audit(self, credential: Credential) -> KeyAudit:
        return KeyAudit(credential.key, can_trade=True)

    async def close(self) -> None:
        return None

    # --- at the venue ---------------------------------------------------------------------------

    def _place(self, order: CloseOrder) -> Reply:
        stand = self._stand
        refused = self._refused(order)
        if refused is not None:
            return refused
        request = self.request(order, stand.world.instruments[view.id_of(order.symbol)])
        before = stand.books.size(request.symbol, request.index)
        try:
            stand.world.place(stand.books, request, stand.now_ms())
        except Refused as refusal:
            return Reply(refusal.reason.value, detail=refusal.detail or refusal.reason.value)
        self._ears.ordered(stand, request, before, stand.books.size(request.symbol, request.index))
        return Reply()

    def _refused(self, order: CloseOrder) -> Reply | None:
        """The venue's own reasons not to take an order, as the weather has them."""
        stand = self._stand
        if stand.struck("ioc-fills-nothing"):
            return Reply()
        if stand.struck("reject-notional"):
            return Reply("110094", detail="below the minimum order value")
        if stand.struck("reject-margin"):
            return Reply("110007", detail="not enough available balance")
        if order.price is not None and stand.struck("reject-price-band"):
            return Reply("110003", detail="price out of the permitted band")
        leg = stand.books.resting(view.id_of(order.symbol), order.index)
        if any(o.reduce_only for o in leg) and stand.struck("reject-reduce-only"):
            return Reply("110017", detail="reduce-only capacity is taken by other orders")
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
        price = order.price
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
            key_id=HANDS,
        )

    def _cancel(self, order_id: str) -> Reply:
        stand = self._stand
        if stand.struck("reject-unknown-order"):
            return Reply(Refusal.NO_SUCH_ORDER.value, detail="order not exists or too late to cancel")
        try:
            order = stand.world.cancel(stand.books, self._order(order_id), stand.now_ms())
        except Refused as refusal:
            return Reply(refusal.reason.value, detail=refusal.detail)
        self._ears.cancelled(stand, order)
        return Reply()

    def _order(self, order_id: str) -> Order | None:
        return self._stand.world.find(self._stand.books, order_id)

    def _find(self, client_id: str) -> Reply:
        return Reply(value=self._stand.world.find(self._stand.books, link_id=client_id) is not None)


def _report(reply: Reply) -> Report:
    if not reply.code:
        return Report(Outcome.DONE)
    outcome = Outcome.UNKNOWN if no_verdict(reply.code) else Outcome.REFUSED
    facts = (ORDERS_IN_THE_WAY,) if reply.code == "110017" else ()
    return Report(outcome, reply.code, reply.detail, facts)
