"""Strategies for what is told beside the reads and no honest world would tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from guardian.core.events import ActivityTaken, Event, MarketTaken, TelemetryTold
from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.facts.market import Book, Market, Quote
from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin
from tests.core import build

ODD_FLOATS = (0.0, 1.0, -2.5, 1e9, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"))
floats = st.sampled_from(ODD_FLOATS)
sides = st.sampled_from([1, -1, 0])
client_ids = st.sampled_from(["ft-1", "gdn-1", "", "queue"])
account = st.just(build.ACCOUNT)


def some(values: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=most).map(tuple)


@dataclass(frozen=True)
class Odd:
    """What symbols, numbers and instants are drawn from."""

    symbols: st.SearchStrategy[str]
    numbers: st.SearchStrategy[Decimal]
    when: st.SearchStrategy[datetime]

    @property
    def maybe(self) -> st.SearchStrategy[Decimal | None]:
        return st.none() | self.numbers

    def event(self, at: datetime) -> st.SearchStrategy[Event]:
        """One event of the market, of activity, or of the stack."""
        return st.one_of(
            st.builds(MarketTaken, st.just(at), self._market()),
            st.builds(ActivityTaken, st.just(at), self._activity()),
            st.builds(TelemetryTold, st.just(at), self._telemetry()),
        )

    def _market(self) -> st.SearchStrategy[Market]:
        prices = dict.fromkeys(
            ("index", "last", "bid", "ask", "funding_rate", "day_volume", "other"), self.maybe
        )
        hours = st.none() | floats
        quotes = st.builds(Quote, self.symbols, self.numbers, funding_hours=hours, **prices)
        rows = some(st.tuples(self.numbers, self.numbers))
        books = st.builds(Book, self.symbols, rows, rows, self.numbers, st.booleans())
        return st.builds(Market, account, self.when, st.none() | some(quotes), st.none() | some(books))

    def _activity(self) -> st.SearchStrategy[Activity]:
        fills = st.builds(
            Fill,
            id=st.sampled_from(["f1", "f2", ""]),
            at=self.when,
            symbol=self.symbols,
            side=sides,
            quantity=self.numbers,
            price=self.numbers,
            fee=self.numbers,
            fee_currency=st.sampled_from(["USDT", "BTC", ""]),
            order_id=st.sampled_from(["o1", "o2", ""]),
            client_id=client_ids,
            closed=self.numbers,
            realised=self.maybe,
            contract_size=self.numbers,
            inverse=st.booleans(),
            cause=st.sampled_from(["trade", "adl", ""]),
        )
        return st.builds(
            Activity, account, self.when, st.none() | some(fills), st.none() | some(self._orders())
        )

    def _orders(self) -> st.SearchStrategy[PastOrder]:
        return st.builds(
            PastOrder,
            id=st.sampled_from(["o1", "o2", ""]),
            client_id=client_ids,
            symbol=self.symbols,
            side=sides,
            quantity=self.numbers,
            filled=self.numbers,
            price=self.maybe,
            average=self.maybe,
            status=st.sampled_from(["filled", "rejected", "cancelled", "?"]),
            code=st.sampled_from(["", "10003", "110007"]),
            reduce_only=st.booleans(),
            created_at=self.when,
            updated_at=self.when,
        )

    def _telemetry(self) -> st.SearchStrategy[Telemetry]:
        gauges = st.builds(Gauge, st.sampled_from(["queue", "other"]), self.when, floats)
        signals = st.builds(
            Signal,
            st.sampled_from(["s1", "s2"]),
            self.when,
            self.symbols,
            sides,
            self.numbers,
            client_ids,
            st.none() | floats,
            st.none() | floats,
        )
        holdings = some(st.tuples(self.symbols, self.numbers))
        kinds = st.sampled_from(["paper", "master"])
        twins = st.builds(Twin, kinds, self.when, self.numbers, holdings, floats, self.numbers)
        told = (some(gauges), some(signals), some(twins, 2))
        return st.builds(Telemetry, account, st.just("bot"), st.booleans(), *told)
