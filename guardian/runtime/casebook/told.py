"""What is told beside an account's reads, from the words of a case: the market, activity, the stack.

A row is written `NAME:QUANTITY@PRICE`, a minus sells, then `,option=value` for what is not as usual. A fill
or past order is the bot's, with an id of its own, and happens when it is told; `ago=2` is two seconds before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from guardian.config.reading import Wrong, clip, unknown
from guardian.core.events import ActivityTaken, MarketTaken, TelemetryTold
from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.facts.market import Book, Market, Quote
from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin, TwinFill
from guardian.runtime.casebook.words import N, is_inverse, money, seconds, symbol_of

Told = MarketTaken | ActivityTaken | TelemetryTold

CLIENT = "ft-case"
SOURCE = "case"
STATUSES = ("filled", "partly", "cancelled", "rejected", "expired")
ROW = re.compile(rf"([^,@]+?):(-?{N})(?:@({N}))?", re.ASCII)
MARK = re.compile(rf"({N})(?:/({N}))?", re.ASCII)
SILENT = re.compile(r"([^,@]+)@none(?:/([\w.-]+))?", re.ASCII)
PRICED = re.compile(rf"([^,@]+)@(-?{N})(?:/([\w.-]+))?", re.ASCII)
LEVEL = re.compile(rf"({N})@({N})", re.ASCII)
GAUGE = re.compile(rf"([^,]+):(-?{N})", re.ASCII)


def row_id(kind: str, now: datetime, count: int) -> str:
    """Of the count-th row of its kind that is told at this instant."""
    return f"{kind}-{now:%Y%m%dT%H%M%S.%f}-{count}"


def options(value: str, known: tuple[str, ...]) -> tuple[str, dict[str, str], list[str]]:
    """`HEAD,name=value,word`: the head, the options, and the words without a sign. Raises Wrong."""
    head, *rest = value.split(",")
    found: dict[str, str] = {}
    words = []
    for each in rest:
        name, sign, given = each.partition("=")
        if not sign:
            words.append(each)
        elif name in known:
            found[name] = given
        else:
            raise unknown("option", name, known)
    return head, found, words


def symbol(word: str) -> str:
    """Without a leg: markets and fills have none."""
    name, index = symbol_of(word)
    if index:
        raise Wrong(f"{clip(word)} is one leg", "Write the symbol without #.")
    return name


def row(head: str) -> tuple[str, int, Decimal, Decimal | None]:
    """Symbol, side, quantity and price of `NAME:QUANTITY@PRICE`."""
    found = ROW.fullmatch(head)
    if found is None:
        raise Wrong(f"{clip(head)} is no row", "Write NAME:QUANTITY@PRICE, such as BTC:-1@1000.")
    quantity = Decimal(found[2])
    price = Decimal(found[3]) if found[3] else None
    return symbol(found[1]), -1 if quantity < 0 else 1, abs(quantity), price


def ago(given: dict[str, str], now: datetime, name: str = "ago") -> datetime:
    return now - timedelta(seconds=seconds(given.get(name, "0")))


def _split(words: list[str], known: tuple[str, ...]) -> list[tuple[str, str]]:
    """`name=value` of each word; names are checked where they are of a fixed list. Raises Wrong."""
    pairs = []
    for word in words:
        name, _, value = word.partition("=")
        if known and name not in known:
            raise unknown("word", name, known)
        pairs.append((name, value))
    return pairs


def _failed(value: str, parts: tuple[str, ...]) -> set[str]:
    names = parts if value == "all" else value.split(",")
    for name in names:
        if name not in parts:
            raise unknown("part", name, ("all", *parts))
    return set(names)


# --- the market -------------------------------------------------------------------------------

PRICES = {"bid": "bid", "ask": "ask", "last": "last", "volume": "day_volume"}
MARKET = (*PRICES, "other", "funding", "bids", "asks", "size", "whole", "failed", "late")


def market(words: list[str], account: str, now: datetime) -> MarketTaken:
    quotes: dict[str, dict[str, Any]] = {}
    books: dict[str, dict[str, Any]] = {}
    late, failed = "0", set[str]()
    for name, value in _split(words, ()):
        if name == "late":
            late = value
        elif name == "failed":
            failed = _failed(value, ("quotes", "books"))
        elif name in ("bids", "asks", "size", "whole"):
            _book(books, name, value)
        else:
            _quote(quotes, name, value)
    asked = now - timedelta(seconds=seconds(late))
    bare = next((name for name, fields in quotes.items() if "mark" not in fields), None)
    if bare is not None:
        raise Wrong(f"{clip(bare)} has no mark", "Write its mark too: NAME=MARK.")
    whole = tuple(Quote(name, **fields) for name, fields in quotes.items())
    rows = tuple(Book(name, **{"bids": (), "asks": (), **fields}) for name, fields in books.items())
    return MarketTaken(
        now,
        Market(
            account,
            asked,
            None if "quotes" in failed else whole,
            None if "books" in failed else rows,
            "in this case" if failed else "",
        ),
    )


def _quote(quotes: dict[str, dict[str, Any]], name: str, value: str) -> None:
    if name not in (*PRICES, "other", "funding"):
        found = MARK.fullmatch(value)
        if found is None:
            wrong = unknown("word", name, MARKET)
            raise Wrong(wrong.message, f"{wrong.fix} A quote is written NAME=MARK[/INDEX].", wrong.nearest)
        fields = quotes.setdefault(symbol(name), {})
        fields["mark"], fields["index"] = Decimal(found[1]), Decimal(found[2]) if found[2] else None
        return
    silent = SILENT.fullmatch(value) if name == "other" else None
    if silent is not None:
        quotes.setdefault(symbol(silent[1]), {})["other_venue"] = silent[2] or SOURCE
        return
    priced = _priced(name, value)
    fields, number = quotes.setdefault(symbol(priced[1]), {}), Decimal(priced[2])
    if name == "other":
        fields["other"], fields["other_venue"] = number, priced[3] or SOURCE
    elif name == "funding":
        fields["funding_rate"], fields["funding_hours"] = number, float(money(priced[3] or "8"))
    else:
        fields[PRICES[name]] = number


def _priced(name: str, value: str) -> re.Match[str]:
    found = PRICED.fullmatch(value)
    if found is None:
        raise Wrong(f"{clip(value)} cannot be read here", f"Write {name}=NAME@NUMBER.")
    return found


def _book(books: dict[str, dict[str, Any]], name: str, value: str) -> None:
    if name == "whole":
        books.setdefault(symbol(value), {})["truncated"] = False
    elif name == "size":
        found = _priced(name, value)
        books.setdefault(symbol(found[1]), {})["contract_size"] = Decimal(found[2])
    else:
        first, *others = value.split(",")
        word, _, level = first.rpartition(":")
        books.setdefault(symbol(word), {})[name] = tuple(_level(each) for each in (level, *others) if each)


def _level(word: str) -> tuple[Decimal, Decimal]:
    found = LEVEL.fullmatch(word)
    if found is None:
        raise Wrong(f"{clip(word)} is no level", "Write bids=NAME:QUANTITY@PRICE,QUANTITY@PRICE.")
    return Decimal(found[2]), Decimal(found[1])


# --- activity ---------------------------------------------------------------------------------

FILL = ("id", "order", "client", "closed", "fee", "currency", "realised", "size", "cause", "origin", "ago")
ORDER = ("id", "client", "status", "code", "filled", "average", "reduce", "origin", "began", "ago")


def activity(words: list[str], account: str, now: datetime) -> ActivityTaken:
    late, failed = "0", set[str]()
    fills: list[Fill] = []
    orders: list[PastOrder] = []
    for name, value in _split(words, ("fill", "order", "failed", "late")):
        if name == "late":
            late = value
        elif name == "failed":
            failed = _failed(value, ("fills", "orders"))
        elif name == "fill":
            fills.append(_fill(value, now, len(fills)))
        else:
            orders.append(_order(value, now, len(orders)))
    asked = now - timedelta(seconds=seconds(late))
    seen = Activity(
        account,
        asked,
        None if "fills" in failed else tuple(fills),
        None if "orders" in failed else tuple(orders),
        "in this case" if failed else "",
    )
    return ActivityTaken(now, seen)


def _fill(value: str, now: datetime, count: int) -> Fill:
    head, given, _ = options(value, FILL)
    name, side, quantity, price = row(head)
    id = given.get("id") or row_id("fill", now, count)
    if price is None:
        raise Wrong(f"{clip(head)} has no price", "Write fill=NAME:QUANTITY@PRICE.")
    return Fill(
        id=id,
        at=ago(given, now),
        symbol=name,
        side=side,
        quantity=quantity,
        price=price,
        fee=money(given.get("fee", "0")),
        fee_currency=given.get("currency") or name.partition("/")[2].partition(":")[0],
        order_id=given.get("order") or f"order-of-{id}",
        client_id=given.get("client", CLIENT),
        closed=money(given.get("closed", "0")),
        realised=money(given["realised"]) if "realised" in given else None,
        contract_size=money(given.get("size", "1")),
        inverse=is_inverse(name),
        cause=given.get("cause", "trade"),
        origin=given.get("origin", ""),
    )


def _order(value: str, now: datetime, count: int) -> PastOrder:
    head, given, words = options(value, ORDER)
    name, side, quantity, price = row(head)
    status = given.get("status", "filled")
    if status not in STATUSES:
        raise unknown("status", status, STATUSES)
    for word in words:
        if word != "reduce":
            raise unknown("word", word, ("reduce",))
    return PastOrder(
        id=given.get("id") or row_id("order", now, count),
        client_id=given.get("client", CLIENT),
        symbol=name,
        side=side,
        quantity=quantity,
        filled=money(given["filled"]) if "filled" in given else quantity * (status == "filled"),
        price=price,
        average=money(given["average"]) if "average" in given else None,
        status=status,
        code=given.get("code", ""),
        reduce_only="reduce" in words,
        created_at=ago(given, now, "began" if "began" in given else "ago"),
        updated_at=ago(given, now),
        origin=given.get("origin", ""),
    )


# --- the stack --------------------------------------------------------------------------------

SIGNAL = ("id", "client", "predicted", "sigma", "ago")
STACK = ("heartbeat", "source", "gauge", "signal", "twin", "filled")


def telemetry(words: list[str], account: str, now: datetime) -> TelemetryTold:
    found: dict[str, Any] = {"source": SOURCE, "heartbeat": "heartbeat" in words}
    gauges: list[Gauge] = []
    signals: list[Signal] = []
    twins: list[Twin] = []
    fills: list[TwinFill] = []
    for name, value in _split(words, STACK):
        match name:
            case "source":
                found["source"] = value
            case "gauge":
                gauges.append(_gauge(value, now))
            case "signal":
                signals.append(_signal(value, now, len(signals)))
            case "twin":
                twins.append(_twin(value, now))
            case "filled":
                found["fills"] = ()
                fills += [_twin_fill(value, now)] if value else []
    found |= {"fills": tuple(fills)} if fills else {}
    told = Telemetry(account, gauges=tuple(gauges), signals=tuple(signals), twins=tuple(twins), **found)
    return TelemetryTold(now, told)


def _gauge(value: str, now: datetime) -> Gauge:
    head, given, _ = options(value, ("ago",))
    found = GAUGE.fullmatch(head)
    if found is None:
        raise Wrong(f"{clip(head)} is no gauge", "Write gauge=NAME:NUMBER.")
    return Gauge(found[1], ago(given, now), float(found[2]))


def _signal(value: str, now: datetime, count: int) -> Signal:
    head, given, _ = options(value, SIGNAL)
    name, side, _, price = row(head)
    if price is None:
        raise Wrong(f"{clip(head)} has no price", "Write signal=NAME:1@PRICE, a minus sells.")
    predicted, sigma = (float(money(given[key])) if key in given else None for key in ("predicted", "sigma"))
    id = given.get("id") or row_id("signal", now, count)
    return Signal(id, ago(given, now), name, side, price, given.get("client", CLIENT), predicted, sigma)


def _twin(value: str, now: datetime) -> Twin:
    head, given, words = options(value, ("times", "paid", "ago"))
    found = GAUGE.fullmatch(head)
    if found is None:
        raise Wrong(f"{clip(head)} is no twin", "Write twin=paper:EQUITY,NAME:QUANTITY.")
    holdings = []
    for word in words:
        name, _, quantity = word.rpartition(":")
        holdings.append((symbol(name), money(quantity)))
    times = float(money(given.get("times", "1")))
    paid = money(given.get("paid", "0"))
    return Twin(found[1], ago(given, now), Decimal(found[2]), tuple(holdings), times, paid)


def _twin_fill(value: str, now: datetime) -> TwinFill:
    head, given, _ = options(value, ("ago",))
    name, side, quantity, price = row(head)
    if price is None:
        raise Wrong(f"{clip(head)} has no price", "Write filled=NAME:QUANTITY@PRICE, a minus sells.")
    return TwinFill(ago(given, now), name, side, quantity, price)


READERS: dict[str, Callable[[list[str], str, datetime], Told]] = {
    "market": market,
    "activity": activity,
    "telemetry": telemetry,
}
