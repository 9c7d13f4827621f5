"""Whatever the venue answers to an order, a cancel or a key request, a report comes back that claims no more.

A refusal frees the order's client id and lets the plan try anew, so that nonsense may never be told as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.core.model import Position
from guardian.exchanges.bybit.canary import BybitCanary
from guardian.exchanges.bybit.keys import BybitKeyAdmin
from guardian.exchanges.bybit.read import BybitReader
from guardian.exchanges.bybit.trade import BybitTrader
from guardian.ports import KeyListing, Report
from tests.fuzz.answers import PAGES, spoils
from tests.fuzz.booth import ENDPOINT, Booth, Said, Spoil, connected
from tests.fuzz.effort import examples
from tests.fuzz.sound import assert_finite, assert_untold
from tests.fuzz.spoilt import ANY_VALUE, NEVER_TEXT, edited, edits

CREATE = "/v5/order/create"
BATCH = "/v5/order/create-batch"
CANCEL = "/v5/order/cancel"
REALTIME = "/v5/order/realtime"
HISTORY = "/v5/order/history"
TICKERS = "/v5/market/tickers"
INSTRUMENTS = "/v5/market/instruments-info"
MEMBERS = "/v5/user/query-sub-members"
KEYS = "/v5/user/sub-apikeys"
UPDATE = "/v5/user/update-sub-api"
DELETE = "/v5/user/delete-sub-api"
SYMBOL = "BTC/USDT:USDT"
STOP = "ft-stop-xrp"

T = TypeVar("T")


def assert_report(report: Report, booth: Booth) -> None:
    assert_finite(report.facts)
    assert report.outcome in Outcome
    assert_untold([report.code, report.detail], booth.secrets)


def claims_a_verdict(report: Report) -> bool:
    """A raw code of the venue, or an HTTP refusal: somebody did answer no."""
    return report.code.lstrip("-").isdigit() or report.code.startswith("http-4")


def unreadable() -> st.SearchStrategy[Spoil]:
    """Answers that tell neither yes nor no: their code is intact or gone, what belongs to it is not."""

    def inner(changes: list[Any]) -> Spoil:
        def spoil(honest: dict[str, Any]) -> Said:
            told = edited([honest["result"], honest["retExtInfo"]], changes)
            result, extra = [*(told if isinstance(told, list) else [told]), None, None][:2]
            return Said(orjson.dumps(honest | {"result": result, "retExtInfo": extra}))

        return spoil

    def other(body: bytes, status: int) -> Spoil:
        return lambda _: Said(body, status)

    garbage = [page for page in PAGES if b"10003" not in page]
    return st.one_of(
        st.builds(inner, edits(tuple(value for value in ANY_VALUE if isinstance(value, str | list | dict)))),
        st.builds(other, st.sampled_from(garbage), st.sampled_from([200, 201, 204, 302, 408, 500, 503, 999])),
    )


# --- the hands ----------------------------------------------------------------------------------


def with_hands(booth: Booth, act: Callable[[BybitTrader], Awaitable[T]]) -> T:
    async def run() -> T:
        trader = BybitTrader(ENDPOINT, warm_connections=1)
        trader.hold(booth.credential("hands"))
        await trader.warm()
        found = await act(trader)
        await trader.close()
        return found

    with connected(booth):
        return asyncio.run(run())


def close(number: int = 1) -> CloseOrder:
    return CloseOrder(f"gdn-x-{number}", SYMBOL, 0, -1, Decimal("0.01"), None)


async def closes(trader: BybitTrader) -> list[Report]:
    """Eleven at once, so that both order endpoints carry some."""
    return list(await asyncio.gather(*(trader.close_position(close(n)) for n in range(11))))


@examples(40)
@given(spoils())
def test_any_answer_to_an_order_is_a_report(spoil: Spoil) -> None:
    booth = Booth()
    booth.spoils = {CREATE: spoil, BATCH: spoil}

    for report in with_hands(booth, closes):
        assert_report(report, booth)


@examples(60)
@given(unreadable())
def test_an_answer_that_makes_no_sense_is_never_told_as_a_refusal_of_an_order_that_was_taken(
    spoil: Spoil,
) -> None:
    booth = Booth()
    booth.spoils = {CREATE: spoil, BATCH: spoil}

    for report in with_hands(booth, closes):
        assert report.outcome in (Outcome.DONE, Outcome.UNKNOWN) or claims_a_verdict(report)


@pytest.mark.parametrize("code", [None, "", "ok", True, [], {"secret": "x"}])
def test_a_batch_whose_verdict_has_no_code_may_have_placed_the_order(code: Any) -> None:
    booth = Booth()

    def spoil(honest: dict[str, Any]) -> Said:
        for verdict in honest["retExtInfo"]["list"]:
            verdict["code"] = code
        return Said(orjson.dumps(honest))

    booth.spoils = {BATCH: spoil}

    outcomes = [report.outcome for report in with_hands(booth, closes)]

    assert {Outcome.DONE, Outcome.UNKNOWN} == set(outcomes)


@pytest.mark.parametrize(
    "lot", [{"minOrderQty": "1e9"}, {"qtyStep": "50"}, {"maxMktOrderQty": "0.0000001"}], ids=str
)
def test_lot_sizes_that_contradict_themselves_do_not_shape_an_order(lot: dict[str, str]) -> None:
    """A minimum above every order would make all of a position dust, which is listed and left open."""
    booth = Booth()

    def spoil(honest: dict[str, Any]) -> Said:
        for row in honest["result"]["list"]:
            row["lotSizeFilter"] |= lot
        return Said(orjson.dumps(honest))

    booth.spoils = {INSTRUMENTS: spoil}

    async def act() -> tuple[Position, ...] | None:
        reader = BybitReader(ENDPOINT, booth.credential("watch"))
        await reader.snapshot()
        found = await reader.snapshot()
        await reader.close()
        return found.positions

    with connected(booth):
        positions = asyncio.run(act())

    assert positions
    assert all(abs(p.quantity) >= p.minimum for p in positions)


@examples(30)
@given(st.dictionaries(st.sampled_from([CANCEL, REALTIME, HISTORY]), spoils(), min_size=1))
def test_any_answer_to_a_cancel_or_a_question_about_an_order_is_a_report(spoilt: dict[str, Spoil]) -> None:
    booth = Booth()
    booth.spoils = dict(spoilt)

    async def act(trader: BybitTrader) -> list[Report]:
        return [await trader.cancel(SYMBOL, "order-1", True), await trader.resolve(SYMBOL, STOP)]

    for report in with_hands(booth, act):
        assert_report(report, booth)


@examples(30)
@given(
    st.one_of(
        st.tuples(st.sampled_from(["orderLinkId", "orderStatus", "orderId"]), st.sampled_from(NEVER_TEXT)),
        st.tuples(st.just("cumExecQty"), st.sampled_from(["", "NaN", None, True, "1e99"])),
    )
)
def test_an_order_that_the_venue_knows_is_never_gone_because_its_row_makes_no_sense(
    nonsense: tuple[str, Any],
) -> None:
    """GONE means never seen: the plan would send the close again under a new id."""
    booth = Booth()

    def spoil(honest: dict[str, Any]) -> Said:
        for row in honest["result"]["list"]:
            row[nonsense[0]] = nonsense[1]
        return Said(orjson.dumps(honest))

    booth.spoils = {REALTIME: spoil}

    report = with_hands(booth, lambda trader: trader.resolve("XRP/USDT:USDT", STOP))

    assert Outcome.UNKNOWN is report.outcome


@examples(40)
@given(
    st.dictionaries(st.sampled_from([TICKERS, INSTRUMENTS, CREATE, REALTIME, CANCEL]), spoils(), min_size=1)
)
def test_any_answer_to_the_canary_is_a_report(spoilt: dict[str, Spoil]) -> None:
    booth = Booth()
    booth.spoils = dict(spoilt)
    credential = booth.credential("canary")

    async def act() -> list[Report]:
        canary = BybitCanary(ENDPOINT)
        placed = await canary.place(credential, SYMBOL, "gdn-canary")
        found = await canary.find(credential, SYMBOL, "gdn-canary")
        cancelled = await canary.cancel(credential, SYMBOL, "gdn-canary")
        await canary.close()
        return [placed, found, cancelled]

    with connected(booth):
        for report in asyncio.run(act()):
            assert_report(report, booth)


# --- the keys -----------------------------------------------------------------------------------


def with_admin(booth: Booth, act: Callable[[BybitKeyAdmin], Awaitable[T]]) -> T:
    async def run() -> T:
        admin = BybitKeyAdmin(ENDPOINT, booth.credential("watch").key, (booth.credential("hands").key,))
        found = await act(admin)
        await admin.close()
        return found

    with connected(booth):
        return asyncio.run(run())


def bot_key(booth: Booth) -> Any:
    return booth.venue.tenants[0].keys["bot"]


def listing(booth: Booth) -> KeyListing:
    return with_admin(booth, lambda admin: admin.list_keys(booth.credential("admin")))


@examples(50)
@given(st.dictionaries(st.sampled_from([MEMBERS, KEYS]), spoils(), min_size=1))
def test_any_listing_is_complete_or_says_why_not(spoilt: dict[str, Spoil]) -> None:
    booth = Booth()
    booth.spoils = dict(spoilt)

    found = listing(booth)

    assert_finite(found)
    assert_untold([found.code, found.detail], booth.secrets)
    assert found.complete is not bool(found.code)


KEY_FIELDS = st.one_of(
    st.tuples(st.just("apiKey"), st.sampled_from(NEVER_TEXT)),
    st.tuples(st.just("readOnly"), st.sampled_from([None, "", "no", [], 2, -1])),
    st.tuples(st.just("permissions"), st.sampled_from([None, "", [], 1, {"ContractTrade": "Order"}])),
)


@examples(50)
@given(st.integers(0, 9), KEY_FIELDS)
def test_a_key_is_never_dropped_because_its_row_makes_no_sense(place: int, nonsense: tuple[str, Any]) -> None:
    """Absence from a complete listing is what proves that a key is dead."""
    booth = Booth()

    def spoil(honest: dict[str, Any]) -> Said:
        rows = honest["result"]["result"]
        rows[place % len(rows)][nonsense[0]] = nonsense[1]
        return Said(orjson.dumps(honest))

    booth.spoils = {KEYS: spoil}

    assert not listing(booth).complete


def test_a_key_that_is_listed_twice_and_contradicts_itself_spoils_the_listing() -> None:
    """Fenced by one row and trading by the other: neither may be believed."""
    booth = Booth()
    bot = bot_key(booth).id

    def spoil(honest: dict[str, Any]) -> Said:
        rows = honest["result"]["result"]
        rows += [row | {"readOnly": 1} for row in rows if row["apiKey"] == bot]
        return Said(orjson.dumps(honest))

    booth.spoils = {KEYS: spoil}

    assert ("garbage", False) == ((found := listing(booth)).code, found.complete)


@examples(60)
@given(st.dictionaries(st.sampled_from([UPDATE, DELETE]), st.one_of(spoils(), unreadable()), min_size=1))
def test_a_fence_or_a_deletion_is_claimed_only_where_it_happened(spoilt: dict[str, Spoil]) -> None:
    booth = Booth()
    booth.spoils = dict(spoilt)
    key, credential = bot_key(booth), booth.credential("admin")

    async def act(admin: BybitKeyAdmin) -> tuple[Report, bool, Report]:
        fenced = await admin.fence(credential, key.id)
        return fenced, key.can_trade, await admin.delete(credential, key.id)

    fenced, could_trade, deleted = with_admin(booth, act)

    assert_report(fenced, booth)
    assert_report(deleted, booth)
    assert fenced.outcome is not Outcome.DONE or not could_trade
    assert deleted.outcome not in (Outcome.DONE, Outcome.GONE) or key.deleted_at is not None


FACTS = st.dictionaries(
    st.sampled_from(["read_only", "ips", "permissions"]),
    st.sampled_from(
        ["true", "false", "", "[]", "{}", "[1]", '{"a":1}', '["*"]', "null", "NaN", "[" * 2000, "\x00"]
    ),
)


@examples(30)
@given(FACTS, spoils())
def test_restoring_from_any_record_is_a_report(facts: dict[str, str], spoil: Spoil) -> None:
    booth = Booth()
    booth.spoils = {UPDATE: spoil}
    credential = booth.credential("admin")

    report = with_admin(
        booth, lambda admin: admin.restore(credential, bot_key(booth).id, tuple(facts.items()))
    )

    assert_report(report, booth)
