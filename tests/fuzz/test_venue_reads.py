"""Whatever the venue answers to a read, the reader gives whole evidence or says which part is missing.

The worst that a reader can do is to give a shorter list as the whole one: what it drops stays open.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.model import Part, Snapshot
from guardian.exchanges.bybit.read import BybitReader
from guardian.ports import KeyAudit
from tests.fuzz.answers import CODES, spoils
from tests.fuzz.booth import ENDPOINT, Booth, Said, Spoil, connected
from tests.fuzz.effort import examples
from tests.fuzz.sound import assert_finite, assert_sound, assert_untold
from tests.fuzz.spoilt import NEVER_A_NUMBER, NEVER_TEXT

pytestmark = pytest.mark.long

WALLET = "/v5/account/wallet-balance"
POSITIONS = "/v5/position/list"
ORDERS = "/v5/order/realtime"
LEDGER = "/v5/account/transaction-log"
TIME = "/v5/market/time"
INSTRUMENTS = "/v5/market/instruments-info"
AUDIT = "/v5/user/query-api"
PARTS = {WALLET: Part.WALLET, POSITIONS: Part.POSITIONS, ORDERS: Part.ORDERS, LEDGER: Part.LEDGER}
SECONDS_BEFORE = 3600.0

BOOTH = Booth()


def looks(*spoils: dict[str, Spoil]) -> list[Snapshot]:
    """A read under each of these answers, one after another, by one reader."""

    async def look() -> list[Snapshot]:
        since = replace(ENDPOINT, booked_to=_hour_ago())
        reader = BybitReader(since, BOOTH.credential("watch"))
        seen = []
        for each in spoils:
            BOOTH.spoils = each
            seen.append(await reader.snapshot())
        await reader.close()
        return seen

    with connected(BOOTH):
        return asyncio.run(look())


def _hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=SECONDS_BEFORE)


TRUTH = looks({})[0]


def test_the_honest_answers_are_whole_and_have_something_to_lose() -> None:
    assert TRUTH.complete
    assert (4, 2) == (len(TRUTH.positions or ()), len(TRUTH.ledger or ()))
    assert len(TRUTH.orders or ()) >= 2


@examples(150)
@given(st.dictionaries(st.sampled_from([*PARTS, TIME, INSTRUMENTS]), spoils(), min_size=1, max_size=3))
def test_any_answers_give_sound_evidence_or_a_named_failure(spoilt: dict[str, Spoil]) -> None:
    first, healed = looks(spoilt, {})

    assert_sound(first)
    assert_sound(healed)
    assert_untold([text for failure in first.failures for text in (failure.code, failure.why)], BOOTH.secrets)


@examples(75)
@given(st.dictionaries(st.sampled_from([*PARTS, TIME, INSTRUMENTS]), spoils(), min_size=1, max_size=3))
def test_nonsense_at_the_start_does_not_blind_the_reads_after_it(spoilt: dict[str, Spoil]) -> None:
    """A poisoned memory would make every true answer that follows look old, or late, or seen before."""
    *_, healed = looks(spoilt, {}, {})

    assert healed.complete, healed.failures


@examples(50)
@given(st.sampled_from([WALLET, POSITIONS, ORDERS, TIME, INSTRUMENTS]), spoils())
def test_nonsense_elsewhere_costs_no_row_of_the_ledger(path: str, spoil: Spoil) -> None:
    """A deposit that is never delivered would look like a gain, a withdrawal like a loss."""
    seen = looks({path: spoil}, {}, {})

    delivered = [entry.id for snapshot in seen for entry in snapshot.ledger or ()]
    assert sorted(delivered) == sorted(entry.id for entry in TRUTH.ledger or ())


@pytest.mark.parametrize("shift_ms", [-(2**40), -120_000, 120_000, 2**39])
@pytest.mark.parametrize("cold", [True, False], ids=["clock unknown", "clock known"])
def test_a_time_far_from_ours_is_not_believed_once(shift_ms: int, cold: bool) -> None:
    """The newest answer's time is remembered, and what comes after it must not look older than that."""

    def shifted(honest: dict[str, Any]) -> Said:
        return Said(orjson.dumps(honest | {"time": honest["time"] + shift_ms}))

    wrong = dict.fromkeys(PARTS, shifted) | ({TIME: lambda _: Said(b"", 502)} if cold else {})
    lie, healed = looks(wrong, {})

    assert set(Part) == {failure.part for failure in lie.failures}
    assert healed.complete, healed.failures


# --- one field of one row is nonsense -----------------------------------------------------------


def in_row(place: int, field: str, value: Any) -> Spoil:
    def spoil(honest: dict[str, Any]) -> Said:
        rows = honest["result"]["list"]
        if rows:
            rows[place % len(rows)][field] = value
        return Said(orjson.dumps(honest))

    return spoil


NUMBERS = st.sampled_from(NEVER_A_NUMBER)
TEXTS = st.sampled_from(NEVER_TEXT)
POSITION_FIELDS = st.one_of(
    st.tuples(
        st.sampled_from(["size", "avgPrice", "markPrice"]), st.one_of(NUMBERS, st.just(""), st.just("-1"))
    ),
    st.tuples(st.just("size"), st.sampled_from(["0", "-0", 0, "0.000", "-0.0"])),
    st.tuples(st.sampled_from(["symbol", "side"]), TEXTS),
    st.tuples(st.just("positionIdx"), st.sampled_from([None, True, 3, -1, "", "0.0", [], 1.0, "a"])),
    st.tuples(
        st.sampled_from(["stopLoss", "liqPrice"]), st.sampled_from(["NaN", True, [], "-5", "1e99", "x"])
    ),
)


@examples(100)
@given(st.integers(0, 9), POSITION_FIELDS)
def test_a_position_is_never_dropped_because_its_row_makes_no_sense(
    place: int, nonsense: tuple[str, Any]
) -> None:
    seen = looks({POSITIONS: in_row(place, *nonsense)})[0]

    if seen.positions is not None:
        legs = {(p.leg, p.quantity) for p in seen.positions}
        assert {(p.leg, p.quantity) for p in TRUTH.positions or ()} == legs
    else:
        assert Part.POSITIONS in {failure.part for failure in seen.failures}


ORDER_FIELDS = st.one_of(
    st.tuples(
        st.sampled_from(["price", "triggerPrice"]), st.sampled_from(["NaN", True, [], "-5", "1e99", "x"])
    ),
    st.tuples(st.sampled_from(["orderId", "symbol", "side", "orderStatus", "createdTime"]), TEXTS),
    st.tuples(st.just("leavesQty"), st.sampled_from(["NaN", True, [], "-5", "1e99", "x"])),
    st.tuples(st.sampled_from(["reduceOnly", "positionIdx"]), st.sampled_from([None, "", "x", [], 7, -1])),
)


@examples(75)
@given(st.integers(0, 9), ORDER_FIELDS)
def test_an_order_is_never_dropped_because_its_row_makes_no_sense(
    place: int, nonsense: tuple[str, Any]
) -> None:
    seen = looks({ORDERS: in_row(place, *nonsense)})[0]

    if seen.orders is not None:
        assert {(o.id, o.side, o.price, o.trigger) for o in TRUTH.orders or ()} == {
            (o.id, o.side, o.price, o.trigger) for o in seen.orders
        }


@examples(30)
@given(st.integers(0, 9), st.sampled_from(["change", "transactionTime"]), NUMBERS)
def test_a_row_of_the_ledger_is_never_dropped_because_it_makes_no_sense(
    place: int, field: str, nonsense: Any
) -> None:
    seen = looks({LEDGER: in_row(place, field, nonsense)})[0]

    assert seen.ledger is None


CONTRADICTIONS = [(ORDERS, {"side": "Sell"}), (ORDERS, {"symbol": "SOLUSDT"})]


@pytest.mark.parametrize(("path", "change"), CONTRADICTIONS, ids=str)
def test_a_row_that_comes_twice_and_contradicts_itself_fails_the_part(
    path: str, change: dict[str, str]
) -> None:
    """Either could be the true one, and taking the later of them would lose the other without a word."""

    def spoil(honest: dict[str, Any]) -> Said:
        rows = honest["result"]["list"]
        rows += [rows[0] | change] if rows else []
        return Said(orjson.dumps(honest))

    seen = looks({path: spoil})[0]

    assert {PARTS[path]} == {failure.part for failure in seen.failures}


@examples(30)
@given(
    st.sampled_from(["totalEquity", "totalMarginBalance", "totalInitialMargin", "totalMaintenanceMargin"]),
    st.one_of(NUMBERS, st.just("")),
)
def test_a_wallet_is_never_built_on_a_number_that_is_none(field: str, nonsense: Any) -> None:
    seen = looks({WALLET: in_row(0, field, nonsense)})[0]

    assert seen.wallet is None


@pytest.mark.parametrize("path", [POSITIONS, ORDERS, LEDGER])
@pytest.mark.parametrize("cursor", [7, [], {}, True])
def test_a_list_whose_cursor_is_none_at_all_is_not_the_whole_list(path: str, cursor: Any) -> None:
    def spoil(honest: dict[str, Any]) -> Said:
        return Said(orjson.dumps(honest | {"result": honest["result"] | {"nextPageCursor": cursor}}))

    seen = looks({path: spoil})[0]

    assert PARTS[path] in {failure.part for failure in seen.failures}


def test_a_row_of_the_ledger_that_comes_twice_with_two_amounts_is_told_with_both_and_blinds_no_read() -> None:
    """Which of them is true the wallet must show; refused, the pair would be refused by every later read."""

    def spoil(honest: dict[str, Any]) -> Said:
        rows = honest["result"]["list"]
        rows += [rows[0] | {"change": "-9999"}] if rows else []
        return Said(orjson.dumps(honest))

    first, second = looks({LEDGER: spoil}, {LEDGER: spoil})

    assert len(first.ledger or ()) == len(TRUTH.ledger or ()) + 1
    assert second.ledger == ()


# --- what a key may do --------------------------------------------------------------------------


def audit(spoil: Spoil) -> KeyAudit:
    async def ask() -> KeyAudit:
        BOOTH.spoils = {AUDIT: spoil}
        reader = BybitReader(ENDPOINT, BOOTH.credential("watch"))
        found = await reader.audit()
        await reader.close()
        return found

    with connected(BOOTH):
        return asyncio.run(ask())


@examples(75)
@given(spoils())
def test_an_audit_says_what_the_venue_says_or_that_it_could_not_be_made(spoil: Spoil) -> None:
    found = audit(spoil)

    assert_finite(found)
    assert_untold([found.problem, found.code], BOOTH.secrets)
    assert bool(found.problem) is bool(found.code)
    assert found.problem or found.uid


EXPIRIES = [
    "",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-13-01",
    "soon",
    "2026-W01",
    "0",
]


@pytest.mark.parametrize("expiry", EXPIRIES)
def test_any_expiry_is_an_instant_none_or_a_problem(expiry: str) -> None:
    def spoil(honest: dict[str, Any]) -> Said:
        honest["result"]["expiredAt"] = expiry
        return Said(orjson.dumps(honest))

    assert_finite(audit(spoil))


# --- what the venue echoes ----------------------------------------------------------------------


@examples(30)
@given(
    st.sampled_from([WALLET, POSITIONS, ORDERS, LEDGER]),
    st.sampled_from(CODES),
    st.sampled_from([200, 401, 502]),
)
def test_a_refusal_that_prints_the_secret_is_told_without_it(path: str, code: Any, status: int) -> None:
    secret = BOOTH.credential("watch").secret

    def spoil(honest: dict[str, Any]) -> Said:
        code_told = f"{code}{secret}" if isinstance(code, str) else code
        text = f"error sign! origin[{secret}] {secret}"
        return Said(orjson.dumps(honest | {"retCode": code_told, "retMsg": text}), status)

    seen = looks({path: spoil})[0]

    assert secret not in repr(seen)
