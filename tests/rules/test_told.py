"""Market, activity and telemetry in the words of cases: read, played, and told back to the same."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import ActivityTaken, MarketTaken, TelemetryTold
from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.facts.market import Book, Market, Quote
from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin, TwinFill
from guardian.runtime.casebook.book import played
from guardian.runtime.casebook.play import steps
from guardian.runtime.casebook.read import read_cases
from guardian.runtime.casebook.retold import retold
from guardian.runtime.casebook.tell import Step, tell
from guardian.runtime.casebook.told import READERS, STATUSES, activity, market, telemetry
from guardian.runtime.casebook.write import written
from tests.core.build import at

NOW = at(7.25)
DECIMALS = st.decimals(0, 10**9, places=6, allow_nan=False)
ABOVE = st.decimals("0.000001", 10**9, places=6)
SIGNED = st.decimals(-(10**6), 10**6, places=6)
SYMBOLS = st.sampled_from(
    ["BTC/USDT:USDT", "ETH/USDC:USDC", "BTC/USD:BTC", "SOL/USDT", "BTC/USDT:USDT-260327"]
)
INSTANTS = st.integers(0, 10**12).map(lambda n: NOW - timedelta(microseconds=n))
WORDS = st.from_regex(r"[A-Za-z0-9][\w.:-]{0,20}", fullmatch=True).filter(str.isascii)
IDS = st.one_of(WORDS, st.just(""))
ORIGINS = st.sampled_from(["", "attached", "liquidation"])


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


def quotes() -> st.SearchStrategy[Quote]:
    funding = st.one_of(
        st.just({}),
        st.builds(
            lambda rate, hours: {"funding_rate": rate, "funding_hours": hours},
            SIGNED,
            st.sampled_from([1.0, 4.0, 8.0]),
        ),
    )
    others = st.one_of(st.just({}), st.builds(lambda p: {"other": p, "other_venue": "kraken"}, maybe(ABOVE)))
    prices = st.fixed_dictionaries({n: maybe(ABOVE) for n in ("index", "last", "bid", "ask", "day_volume")})
    return st.builds(
        lambda s, m, p, f, o: Quote(s, m, **p, **f, **o), SYMBOLS, ABOVE, prices, funding, others
    )


def books() -> st.SearchStrategy[Book]:
    rows = st.lists(st.tuples(ABOVE, ABOVE), max_size=4).map(tuple)
    return st.builds(Book, SYMBOLS, rows, rows, ABOVE, st.booleans())


def one_a_symbol(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3, unique_by=lambda each: each.symbol).map(tuple)


MARKETS = st.builds(
    lambda asked, q, b: MarketTaken(
        NOW, Market("main", asked, q, b, "in this case" if None in (q, b) else "")
    ),
    INSTANTS,
    maybe(one_a_symbol(quotes())),
    maybe(one_a_symbol(books())),
)


def fills() -> st.SearchStrategy[Fill]:
    def build(symbol: str, **values: Any) -> Fill:
        return Fill(symbol=symbol, inverse=symbol == "BTC/USD:BTC", **values)

    return st.builds(
        build,
        SYMBOLS,
        id=WORDS,
        at=INSTANTS,
        side=st.sampled_from([1, -1]),
        quantity=ABOVE,
        price=ABOVE,
        fee=SIGNED,
        fee_currency=st.sampled_from(["USDT", "BTC", "BNB"]),
        order_id=WORDS,
        client_id=IDS,
        closed=DECIMALS,
        realised=maybe(SIGNED),
        contract_size=ABOVE,
        cause=st.sampled_from(["trade", "liquidation", "adl"]),
        origin=ORIGINS,
    )


def orders() -> st.SearchStrategy[PastOrder]:
    return st.builds(
        PastOrder,
        id=WORDS,
        client_id=IDS,
        symbol=SYMBOLS,
        side=st.sampled_from([1, -1]),
        quantity=ABOVE,
        filled=DECIMALS,
        price=maybe(ABOVE),
        average=maybe(ABOVE),
        status=st.sampled_from(STATUSES),
        code=IDS,
        reduce_only=st.booleans(),
        created_at=INSTANTS,
        updated_at=INSTANTS,
        origin=ORIGINS,
    )


ACTIVITIES = st.builds(
    lambda asked, f, o: ActivityTaken(
        NOW, Activity("main", asked, f, o, "in this case" if None in (f, o) else "")
    ),
    INSTANTS,
    maybe(st.lists(fills(), max_size=3).map(tuple)),
    maybe(st.lists(orders(), max_size=3).map(tuple)),
)

FLOATS = SIGNED.map(float)
KINDS = st.sampled_from(["paper", "master"])
HOLDINGS = st.lists(st.tuples(SYMBOLS, SIGNED), max_size=3).map(tuple)
SIDES = st.sampled_from([1, -1])
TELEMETRY = st.builds(
    lambda source, beat, g, s, t, f: TelemetryTold(NOW, Telemetry("main", source, beat, g, s, t, f)),
    WORDS,
    st.booleans(),
    st.lists(st.builds(Gauge, WORDS, INSTANTS, FLOATS), max_size=3).map(tuple),
    st.lists(
        st.builds(
            Signal,
            WORDS,
            INSTANTS,
            SYMBOLS,
            st.sampled_from([1, -1]),
            ABOVE,
            IDS,
            maybe(FLOATS),
            maybe(FLOATS),
        ),
        max_size=3,
    ).map(tuple),
    st.lists(
        st.builds(Twin, KINDS, INSTANTS, SIGNED, HOLDINGS, ABOVE.map(float), SIGNED),
        max_size=2,
    ).map(tuple),
    maybe(st.lists(st.builds(TwinFill, INSTANTS, SYMBOLS, SIDES, ABOVE, ABOVE), max_size=3).map(tuple)),
)


@given(st.one_of(MARKETS, ACTIVITIES, TELEMETRY))
def test_what_is_told_back_is_what_was_told(event: Any) -> None:
    what, *words = " ".join(retold(event)).split()

    assert READERS[what](words, "main", NOW) == event


def test_what_is_left_out_is_as_usual() -> None:
    (one, two) = activity(["fill=BTC:1@100", "fill=BTC:-2@101"], "main", NOW).activity.fills or ()
    (order,) = activity(["order=BTC:-2@101"], "main", NOW).activity.orders or ()
    quote = (market(["BTC=1000"], "main", NOW).market.quotes or ())[0]
    told = telemetry(["heartbeat", "signal=BTC:-1@100"], "main", NOW).telemetry

    assert (one.side, two.side, two.quantity, one.at, one.fee_currency) == (1, -1, Decimal(2), NOW, "USDT")
    assert len({one.id, two.id}) == 2
    assert (order.status, order.filled, order.created_at) == ("filled", Decimal(2), NOW)
    assert (quote.mark, quote.index, quote.other) == (Decimal(1000), None, None)
    assert (told.heartbeat, told.signals[0].side, told.signals[0].client_id) == (True, -1, one.client_id)


@pytest.mark.parametrize("odd", ["nan", "inf", "1e30", "-1e-30"])
def test_nonsense_can_be_told(odd: str) -> None:
    """The timeline of a failure must not fail on what caused it."""
    number = Decimal(odd)
    quote = Quote(
        "weird", number, number, number, number, number, number, NOW, float(odd), number, number, "x y"
    )
    fill = Fill("a b", NOW, "", 1, number, number, number, "U,S", "", "c=d", number, number, number)
    told = Telemetry("main", "x y", True, (Gauge("a b", NOW, float(odd)),))
    events = (
        MarketTaken(NOW, Market("main", NOW, (quote,), ())),
        ActivityTaken(NOW, Activity("main", NOW, (fill,), None)),
        TelemetryTold(NOW, told),
    )

    assert len(tell([Step(event, (), ()) for event in events])) == 3


CASE = """\
# A hedge that loses a leg is reduced, a queue and a silent bot halt.
rule hedge hedge_imbalance 1m reduce:0.3:5s:0 blind=ignore stale=60s
rule queue gauge now caution:100 stale=60s of=redis
rule alive heartbeat_age now halt:30s
rule night tod_spending 11:00-14:00:Europe/Berlin caution:0.5 stale=60s
rule only foreign_activity 1m caution:1 stale=60s of=BTC,ETH
-90 activity
-90..-1 read BTC#1=5@1000 BTC#2=-5@1000
0 activity fill=BTC:5@900,closed=5,cause=adl,client=
0 telemetry heartbeat gauge=redis:3
0 market BTC=1000/999 bids=BTC:5@999 asks=BTC:5@1001 funding=BTC@0.0001/4
0..9 read BTC#1=5@1000
10 telemetry gauge=redis:250,ago=1
10..40 read BTC#1=5@1000
40 activity fill=SOL:1@100 fill=BTC:1@100,ago=2 late=1
40 look
"""


def test_a_case_of_what_is_told_plays_and_is_told_back(tmp_path: Path) -> None:
    (tmp_path / "case.txt").write_text(CASE, encoding="utf-8")
    (case,) = read_cases(tmp_path / "case.txt")
    known = steps(case, case.rules)
    deeds = tell(known, case.start, facts=False)
    (tmp_path / "again.txt").write_text(written("Again.", known, case.start), encoding="utf-8")

    (again,) = played([tmp_path / "again.txt"])

    assert again.difference == ""
    assert list(again.deeds) == deeds
    shown = "\n".join(deeds)
    assert "REDUCE (hedge)" in shown
    assert "   10.0  queue breached at 250" in shown
    assert "alive breached at 30" in shown
    assert "only breached" in shown


def test_a_fill_in_a_range_happens_each_time(tmp_path: Path) -> None:
    case = "# Spending.\nrule s tod_spending day caution:0.05 stale=60s\n-100000 activity\n" \
           "-5..-1 read\n0..4 activity fill=BTC:1@100\n5 read\n5 look\n"  # fmt: skip
    (tmp_path / "case.txt").write_text(case, encoding="utf-8")

    (outcome,) = played([tmp_path / "case.txt"])

    assert outcome.deeds[-1].endswith("s breached at 0.05")


def test_several_accounts_are_named(tmp_path: Path) -> None:
    case = "# Two.\nno-rules\naccount a\naccount b\n0 a: market BTC=1\n1 b: telemetry heartbeat\n"
    (tmp_path / "case.txt").write_text(case, encoding="utf-8")
    (read,) = read_cases(tmp_path / "case.txt")

    lines = tell(steps(read, ()), read.start)

    assert ["0.0> a: market BTC=1", "1.0> b: telemetry heartbeat"] == [
        " ".join(line.split()) for line in lines if ">" in line and "arm" not in line
    ]
