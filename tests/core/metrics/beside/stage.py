"""What is told beside an account's reads, in small builders, and a desk on which one rule is judged by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from guardian.core.events import ActivityTaken, MarketTaken, TelemetryTold
from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.facts.market import Book, Market, Quote
from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin
from guardian.core.metrics import BY_NAME
from guardian.core.model import Measured, OpenOrder, Position, Window
from tests.core.build import ACCOUNT, BTC, Desk, at, money, read, rule, rung

HOUR = Window("sliding", 3600.0)
MINUTE = Window("sliding", 60.0)
WINDOWS = {"none": Window(), "sliding": HOUR, "hours": Window("hours", opens=0, closes=1439)}

Levels = tuple[tuple[float, float], ...]


def quote(symbol: str = BTC, mark: float = 100, **changes: Any) -> Quote:
    given = {k: money(v) if k in PRICES and v is not None else v for k, v in changes.items()}
    return replace(Quote(symbol, money(mark)), **given)


PRICES = {"index", "last", "bid", "ask", "funding_rate", "day_volume", "other"}


def book(bids: Levels, asks: Levels, symbol: str = BTC, **changes: Any) -> Book:
    rows = (tuple((money(p), money(q)) for p, q in side) for side in (bids, asks))
    return replace(Book(symbol, *rows), **changes)


def priced(symbol: str = BTC, **changes: Any) -> Any:
    given = {"bid": 99.95, "ask": 100.05, "funding_rate": 0.0001, "funding_hours": 8.0, "day_volume": 86400}
    return quote(symbol, 100, **{**given, **changes})


THIN = book(((100, 1), (99, 2), (98, 5)), ((100.2, 5),))
DEEP = book(((99.95, 1000),), ((100.05, 1000),))


def fill(id: str, second: float, signed: float, price: float = 100, **changes: Any) -> Fill:
    """The bot's, by its client id; it opens unless `closed` says otherwise."""
    usual = Fill(
        id=id,
        at=at(second),
        symbol=BTC,
        side=1 if signed > 0 else -1,
        quantity=abs(money(signed)),
        price=money(price),
        fee=Decimal(0),
        fee_currency="USDT",
        order_id=f"of-{id}",
        client_id=f"ft-{id}",
    )
    return replace(usual, **{k: money(v) if k in ("closed", "fee") else v for k, v in changes.items()})


def past(
    id: str, began: float, ended: float | None = None, status: str = "filled", **changes: Any
) -> PastOrder:
    usual = PastOrder(
        id=id,
        client_id=f"ft-{id}",
        symbol=BTC,
        side=1,
        quantity=Decimal(1),
        filled=Decimal(1 if status == "filled" else 0),
        price=Decimal(100),
        average=None,
        status=status,
        code="",
        reduce_only=False,
        created_at=at(began),
        updated_at=at(began if ended is None else ended),
    )
    return replace(usual, **changes)


def signal(id: str, second: float, side: int, price: float, **changes: Any) -> Signal:
    return replace(Signal(id, at(second), BTC, side, money(price), f"ft-{id}"), **changes)


def twin(kind: str, second: float, equity: float, multiplier: float = 1.0, **holdings: float) -> Twin:
    rows = tuple((f"{base}/USDT:USDT", money(q)) for base, q in holdings.items())
    return Twin(kind, at(second), money(equity), rows, multiplier)


class Stage(Desk):
    """One rule of one metric on a warm account that holds `positions`, watched for a day."""

    def __init__(self, metric: str, *positions: Position, cash: float = 1000, **changes: Any) -> None:
        self.metric = metric
        self.positions, self.cash = positions, cash
        usual = WINDOWS.get(BY_NAME[metric].windows[0], Window())
        given = {"window": usual, "stale_after_seconds": 60.0, **changes}
        policies = {k: given.pop(k) for k in ("order_prefixes", "slippage", "fee") if k in given}
        super().__init__(rule(rung(0.5, "caution"), id="m", metric=metric, **given), **policies)
        self.warm(*positions, cash=cash)

    def watched(self, since: float = -86_400) -> Stage:
        """Fills and orders are known from then on: none so far."""
        self.did(since)
        return self

    def read(self, second: float, *orders: OpenOrder, positions: tuple[Position, ...] | None = None) -> None:
        held = self.positions if positions is None else positions
        self.see(read(second, held, orders, self.cash))

    def shows(self, second: float, quotes: Any = None, books: Any = None) -> None:
        self.send(MarketTaken(at(second), Market(ACCOUNT, at(second), quotes, books)))

    def did(self, second: float, fills: Any = (), orders: Any = ()) -> None:
        self.send(ActivityTaken(at(max(second, -5)), Activity(ACCOUNT, at(second), fills, orders)))

    def tell(self, second: float, **parts: Any) -> None:
        self.send(TelemetryTold(at(second), Telemetry(ACCOUNT, "bot", **parts)))

    def gauge(self, second: float, value: float, name: str = "queue") -> None:
        self.tell(second, gauges=(Gauge(name, at(second), value),))

    def now(self, second: float, *orders: OpenOrder) -> Measured:
        """As judged at that second, with a fresh read."""
        self.read(second, *orders)
        return self.account.rules[0].measured


def days(count: float) -> float:
    return timedelta(days=count).total_seconds()
