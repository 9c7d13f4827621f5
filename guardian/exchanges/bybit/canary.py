"""The canary order on one Bybit account: the smallest post-only buy, too far under the mark to fill.

It proves that a key may place and cancel without touching a position: post-only refuses to trade at once, and
the market would have to fall by 45 % within the seconds that the order rests.
Sources: docs/v5/order/create-order, cancel-order, open-order; docs/v5/market/instrument, tickers.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from guardian.core.events import Outcome
from guardian.errors import VenueError
from guardian.exchanges.bybit import codes
from guardian.exchanges.bybit.client import BybitClient
from guardian.exchanges.bybit.symbols import id_of
from guardian.exchanges.generic.fields import (
    Row,
    garbage,
    mapping,
    number,
    optional_positive,
    positive,
    rows,
    text,
)
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential, Report

# A buy limit has no lower bound at the venue but its tick; this is far, and still a sensible price.
_OF_MARK = Decimal("0.55")
# The venue's answer to a leg that does not fit the account's position mode; nothing was placed then.
_PARAMETERS = "10001"
_ONE_WAY, _HEDGE_BUY = 0, 1
# Accepted and not yet in the book ("Created") may still come to rest.
_RESTING = frozenset({"Created", "New", "PartiallyFilled"})


class BybitCanary:
    """See ports.Canary."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = BybitClient(endpoint)

    async def place(self, credential: Credential, symbol: str, client_id: str) -> Report:
        """Never sent twice but when the venue said that the leg, 0 or 1, is not this account's."""
        await self._client.keep_clock()
        try:
            price, quantity = await self._smallest(symbol)
            facts = (("price", _plain(price)), ("quantity", _plain(quantity)))
            body = {
                "category": "linear",
                "symbol": id_of(symbol),
                "side": "Buy",
                "orderType": "Limit",
                "timeInForce": "PostOnly",
                "price": _plain(price),
                "qty": _plain(quantity),
                "orderLinkId": client_id,
            }
            report = await self._create(body | {"positionIdx": _ONE_WAY}, credential)
            if report.code == _PARAMETERS:
                report = await self._create(body | {"positionIdx": _HEDGE_BUY}, credential)
        except VenueError as error:
            return _failed(error)
        return Report(report.outcome, report.code, report.detail, facts)

    async def find(self, credential: Credential, symbol: str, client_id: str) -> Report:
        query = {"category": "linear", "symbol": id_of(symbol), "orderLinkId": client_id}
        await self._client.keep_clock()
        try:
            answer = await self._client.ask("privateGetV5OrderRealtime", query, credential)
            found = rows(answer.result, "list")
            if any(row.get("orderLinkId") != client_id for row in found):
                raise garbage("the answer is about another order")
            return _state(found[0]) if found else Report(Outcome.GONE, "", "the book has no such order")
        except VenueError as error:
            return _failed(error)

    async def cancel(self, credential: Credential, symbol: str, client_id: str) -> Report:
        """By client id, so that an order whose answer was lost can be cancelled too."""
        body = {"category": "linear", "symbol": id_of(symbol), "orderLinkId": client_id}
        await self._client.keep_clock()
        try:
            envelope = await self._client.send("privatePostV5OrderCancel", body, credential)
        except VenueError as error:
            return _failed(error)
        if envelope.code == codes.OK:
            return Report(Outcome.DONE, codes.OK, "cancelled")
        if envelope.code in codes.ORDER_GONE:
            return Report(Outcome.GONE, envelope.code, envelope.message)
        return _failed(VenueError(envelope.code, envelope.message))

    async def close(self) -> None:
        await self._client.close()

    async def _create(self, body: dict[str, object], credential: Credential) -> Report:
        envelope = await self._client.send("privatePostV5OrderCreate", body, credential)
        if envelope.code == codes.OK:
            return Report(Outcome.DONE, codes.OK, "accepted")
        return _failed(VenueError(envelope.code, envelope.message))

    async def _smallest(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Price and quantity that the venue's rules for this market allow. Raises VenueError."""
        query = {"category": "linear", "symbol": id_of(symbol)}
        ticker = await self._row("publicGetV5MarketTickers", query)
        market = await self._row("publicGetV5MarketInstrumentsInfo", query)
        lot, tick = mapping(market, "lotSizeFilter"), positive(mapping(market, "priceFilter"), "tickSize")
        price = _steps(positive(ticker, "markPrice") * _OF_MARK, tick, ROUND_FLOOR)
        if price <= 0:
            raise garbage("the mark is not above two ticks")
        least_value = optional_positive(lot, "minNotionalValue") or Decimal(0)
        step = positive(lot, "qtyStep")
        return price, max(positive(lot, "minOrderQty"), _steps(least_value / price, step, ROUND_CEILING))

    async def _row(self, question: str, query: Mapping[str, object]) -> Row:
        answer = await self._client.ask(question, query, None)
        found = rows(answer.result, "list")
        if len(found) != 1 or found[0].get("symbol") != query["symbol"]:
            raise garbage("the venue does not describe this market")
        return found[0]


def _state(row: Row) -> Report:
    status, filled = text(row, "orderStatus"), number(row, "cumExecQty")
    facts = (("status", status), ("filled", _plain(filled)))
    if filled > 0:
        return Report(Outcome.REFUSED, "filled", f"{_plain(filled)} of it has filled", facts)
    outcome = Outcome.DONE if status in _RESTING else Outcome.GONE
    return Report(outcome, codes.OK, status, facts)


def _steps(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding) * step


def _plain(value: Decimal) -> str:
    """Never in scientific notation, which the venue does not read."""
    return format(value.normalize(), "f")


def _failed(error: VenueError) -> Report:
    if error.code == "unsignable":
        return Report(Outcome.IMPOSSIBLE, error.code, error.detail)
    outcome = Outcome.UNKNOWN if codes.no_verdict(error.code) else Outcome.REFUSED
    return Report(outcome, error.code, error.detail)
