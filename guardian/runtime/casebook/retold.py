"""What was told beside an account's reads, as the words of a case: what `told` reads, written."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from guardian.core.events import ActivityTaken, MarketTaken, TelemetryTold
from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.facts.market import Book, Market, Quote, Rows
from guardian.core.facts.telemetry import Signal, Telemetry, Twin, TwinFill
from guardian.runtime.casebook.deed import symbol
from guardian.runtime.casebook.told import CLIENT, SOURCE, Told, row_id

SEPARATORS = re.compile(r"[\s,=]")
"""What an id or a name of somebody else's may not bring into a line of words."""


def retold(event: Told) -> list[str]:
    """The words after the time."""
    match event:
        case MarketTaken(at=at, market=seen):
            return ["market", *_market(seen), *_late(at, seen.asked_at)]
        case ActivityTaken(at=at, activity=done):
            return ["activity", *_activity(done, at), *_late(at, done.asked_at)]
        case TelemetryTold(at=at, telemetry=told):
            return ["telemetry", *_telemetry(told, at)]


def plain(number: Decimal | float, decimals: int = 12) -> str:
    """As the reader of cases takes it: no exponent, at most twelve decimals."""
    exact = number if isinstance(number, Decimal) else Decimal(repr(number))
    if not exact.is_finite():
        return "nan"
    shown = f"{exact:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def _late(at: datetime, asked: datetime) -> list[str]:
    late = (at - asked).total_seconds()
    return [f"late={plain(late)}"] if late else []


def _word(text: str) -> str:
    return SEPARATORS.sub("_", text)


def _failed(**parts: object) -> list[str]:
    names = [name for name, rows in parts.items() if rows is None]
    return [f"failed={','.join(names)}"] if names else []


# --- the market -------------------------------------------------------------------------------


def _market(seen: Market) -> list[str]:
    words = [word for quote in seen.quotes or () for word in _quote(quote)]
    words += [word for book in seen.books or () for word in _book(book)]
    return words + _failed(quotes=seen.quotes, books=seen.books)


def _quote(quote: Quote) -> list[str]:
    name = _word(symbol(quote.symbol))
    words = [f"{name}={plain(quote.mark)}" + (f"/{plain(quote.index)}" if quote.index is not None else "")]
    prices = {"last": quote.last, "bid": quote.bid, "ask": quote.ask, "volume": quote.day_volume}
    words += [f"{word}={name}@{plain(value)}" for word, value in prices.items() if value is not None]
    if quote.funding_rate is not None:
        hours = "" if quote.funding_hours in (None, 8.0) else f"/{plain(quote.funding_hours or 0.0)}"
        words.append(f"funding={name}@{plain(quote.funding_rate)}{hours}")
    if quote.other_venue or quote.other is not None:
        venue = "" if quote.other_venue == SOURCE else f"/{_word(quote.other_venue)}"
        price = "none" if quote.other is None else plain(quote.other)
        words.append(f"other={name}@{price}{venue}")
    return words


def _book(book: Book) -> list[str]:
    name = _word(symbol(book.symbol))
    words = [f"bids={name}:{_levels(book.bids)}", f"asks={name}:{_levels(book.asks)}"]
    words += [f"size={name}@{plain(book.contract_size)}"] if book.contract_size != 1 else []
    return words + ([] if book.truncated else [f"whole={name}"])


def _levels(rows: Rows) -> str:
    return ",".join(f"{plain(quantity)}@{plain(price)}" for price, quantity in rows)


# --- activity ---------------------------------------------------------------------------------


def _activity(done: Activity, at: datetime) -> list[str]:
    words = [_fill(fill, at, n) for n, fill in enumerate(done.fills or ())]
    words += [_order(order, at, n) for n, order in enumerate(done.orders or ())]
    return words + _failed(fills=done.fills, orders=done.orders)


def _row(name: str, signed: Decimal, price: Decimal | None) -> str:
    return f"{_word(symbol(name))}:{plain(signed)}" + ("" if price is None else f"@{plain(price)}")


def _ago(at: datetime, then: datetime, name: str = "ago") -> list[str]:
    since = (at - then).total_seconds()
    return [f"{name}={plain(since)}"] if since else []


def _given(**values: str) -> list[str]:
    return [f"{name}={_word(value)}" for name, value in values.items()]


def _fill(fill: Fill, at: datetime, count: int) -> str:
    words = [_row(fill.symbol, fill.side * fill.quantity, fill.price)]
    words += _given(id=fill.id) if fill.id != row_id("fill", at, count) else []
    words += _given(order=fill.order_id) if fill.order_id != f"order-of-{fill.id}" else []
    words += _given(client=fill.client_id) if fill.client_id != CLIENT else []
    amounts = {"closed": (fill.closed, 0), "fee": (fill.fee, 0), "size": (fill.contract_size, 1)}
    words += [f"{name}={plain(value)}" for name, (value, usual) in amounts.items() if value != usual]
    quote = fill.symbol.partition("/")[2].partition(":")[0]
    words += _given(currency=fill.fee_currency) if fill.fee_currency != quote else []
    words += [] if fill.realised is None else [f"realised={plain(fill.realised)}"]
    words += _given(cause=fill.cause) if fill.cause != "trade" else []
    words += _given(origin=fill.origin) if fill.origin else []
    return "fill=" + ",".join(words + _ago(at, fill.at))


def _order(order: PastOrder, at: datetime, count: int) -> str:
    words = [_row(order.symbol, order.side * order.quantity, order.price)]
    words += _given(id=order.id) if order.id != row_id("order", at, count) else []
    words += _given(client=order.client_id) if order.client_id != CLIENT else []
    words += _given(status=order.status) if order.status != "filled" else []
    words += _given(code=order.code) if order.code else []
    usual = order.quantity if order.status == "filled" else Decimal(0)
    words += [f"filled={plain(order.filled)}"] if order.filled != usual else []
    words += [] if order.average is None else [f"average={plain(order.average)}"]
    words += ["reduce"] if order.reduce_only else []
    words += _given(origin=order.origin) if order.origin else []
    began = (at - order.created_at).total_seconds()
    words += [f"began={plain(began)}"] if order.created_at != order.updated_at else []
    return "order=" + ",".join(words + _ago(at, order.updated_at))


# --- the stack --------------------------------------------------------------------------------


def _telemetry(told: Telemetry, at: datetime) -> list[str]:
    words = [] if told.source == SOURCE else [f"source={_word(told.source)}"]
    words += ["heartbeat"] if told.heartbeat else []
    words += [",".join([f"gauge={_word(g.name)}:{plain(g.value)}", *_ago(at, g.at)]) for g in told.gauges]
    words += [_signal(signal, at, n) for n, signal in enumerate(told.signals)]
    words += [_twin(twin, at) for twin in told.twins]
    words += ["filled"] if told.fills == () else []
    return words + [_twin_fill(fill, at) for fill in told.fills or ()]


def _signal(signal: Signal, at: datetime, count: int) -> str:
    words = [_row(signal.symbol, Decimal(signal.side), signal.price)]
    words += _given(id=signal.id) if signal.id != row_id("signal", at, count) else []
    words += _given(client=signal.client_id) if signal.client_id != CLIENT else []
    told = {"predicted": signal.predicted, "sigma": signal.sigma}
    words += [f"{name}={plain(value)}" for name, value in told.items() if value is not None]
    return "signal=" + ",".join(words + _ago(at, signal.at))


def _twin_fill(fill: TwinFill, at: datetime) -> str:
    words = [_row(fill.symbol, fill.side * fill.quantity, fill.price)]
    return "filled=" + ",".join(words + _ago(at, fill.at))


def _twin(twin: Twin, at: datetime) -> str:
    words = [f"{_word(twin.kind)}:{plain(twin.equity)}"]
    words += [f"{_word(symbol(name))}:{plain(quantity)}" for name, quantity in twin.holdings]
    words += [f"times={plain(twin.multiplier)}"] if twin.multiplier != 1 else []
    words += [f"paid={plain(twin.transferred)}"] if twin.transferred else []
    return "twin=" + ",".join(words + _ago(at, twin.at))
