"""Nonsense never becomes evidence: every malformed answer fails its part, by name."""

from __future__ import annotations

from typing import Any

import pytest

from guardian.core.model import Failure, Part
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import Raw, Script

NONSENSE = {
    "empty": b"",
    "html": b"<html>502</html>",
    "cut json": b'{"retCode":0,"retMsg":"OK","result":{"li',
    "null": b"null",
    "list": b"[]",
    "no code": b'{"retMsg":"OK","result":{"list":[]},"time":1767225600000}',
    "code is true": b'{"retCode":true,"result":{"list":[]},"time":1767225600000}',
    "no result": b'{"retCode":0,"retMsg":"OK","time":1767225600000}',
    "result is a list": b'{"retCode":0,"result":[],"time":1767225600000}',
    "no time": b'{"retCode":0,"result":{"list":[]}}',
    "time is text": b'{"retCode":0,"result":{"list":[]},"time":"soon"}',
    "invalid utf-8": b'{"retCode":0,"retMsg":"\xff\xfe","result":{"list":[]},"time":1}',
    "nan literal": b'{"retCode":0,"result":{"list":[{"totalEquity":NaN}]},"time":1767225600000}',
}


@pytest.mark.parametrize("path", [stub.WALLET, stub.POSITIONS, stub.ORDERS])
@pytest.mark.parametrize("name", NONSENSE)
async def test_bytes_that_are_no_answer_are_garbage_never_an_empty_account(
    script: Script, reader: BybitReader, path: str, name: str
) -> None:
    script.says(path, Raw(NONSENSE[name]))

    snapshot = await reader.snapshot()

    unasked = {"unasked"} if path == stub.WALLET else set()
    assert {failure.code for failure in snapshot.failures} == {"garbage"} | unasked


BAD_WALLETS = {
    "nan equity": stub.wallet(totalEquity="NaN"),
    "infinite equity": stub.wallet(totalEquity="Infinity"),
    "empty equity": stub.wallet(totalEquity=""),
    "null equity": stub.wallet(totalEquity=None),
    "boolean equity": stub.wallet(totalEquity=True),
    "underscored equity": stub.wallet(totalEquity="1_000"),
    "foreign digits": stub.wallet(totalEquity="١٢"),
    "immense": stub.wallet(totalEquity="1e99"),
    "one margin empty": stub.wallet(totalInitialMargin=""),
    "negative margin": stub.wallet(totalMaintenanceMargin="-5"),
    "two accounts": {"list": stub.wallet()["list"] * 2},
    "no account": {"list": []},
    "no coins": stub.wallet(coin=None),
    "coin is text": stub.wallet(coin=["USDT"]),
    "coin twice": stub.wallet([stub.coin(), stub.coin()]),
    "coin without name": stub.wallet([stub.coin(coin="")]),
    "nan balance": stub.wallet([stub.coin(walletBalance="nan")]),
    "negative price": stub.wallet([stub.coin(usdValue="-10")]),
    "no open pnl": stub.wallet([stub.coin(unrealisedPnl="")]),
    "negative position margin": stub.wallet([stub.coin(totalPositionIM="-3")]),
}


@pytest.mark.parametrize("name", BAD_WALLETS)
async def test_a_wallet_with_a_number_that_is_none_is_garbage(
    script: Script, reader: BybitReader, name: str
) -> None:
    script.says(stub.WALLET, BAD_WALLETS[name])

    snapshot = await reader.snapshot()

    assert snapshot.wallet is None
    assert (Part.WALLET, "garbage") == (snapshot.failures[0].part, snapshot.failures[0].code)


BAD_POSITIONS: dict[str, dict[str, Any]] = {
    "nan size": {"size": "NaN"},
    "empty size": {"size": ""},
    "negative size": {"size": "-1"},
    "no size and a value": {"size": "0", "positionValue": "29900"},
    "no side": {"side": ""},
    "unknown side": {"side": "Long"},
    "leg three": {"positionIdx": 3},
    "short leg that is long": {"positionIdx": 2},
    "no symbol": {"symbol": ""},
    "zero mark": {"markPrice": "0"},
    "empty mark": {"markPrice": ""},
    "nan entry": {"avgPrice": "nan"},
    "infinite stop": {"stopLoss": "Infinity"},
}


@pytest.mark.parametrize("name", BAD_POSITIONS)
async def test_a_position_that_makes_no_sense_fails_the_part(
    script: Script, reader: BybitReader, name: str
) -> None:
    """Skipping the row would leave that position open."""
    rows = [stub.position(symbol="ETHUSDT"), stub.position(**BAD_POSITIONS[name])]
    script.says(stub.POSITIONS, lambda seen: stub.listed(rows if seen.sent["settleCoin"] == "USDT" else []))

    snapshot = await reader.snapshot()

    assert snapshot.positions is None
    assert [(failure.part, failure.code) for failure in snapshot.failures] == [(Part.POSITIONS, "garbage")]


BAD_ORDERS: dict[str, dict[str, Any]] = {
    "no id": {"orderId": ""},
    "no side": {"side": ""},
    "no status": {"orderStatus": None},
    "reduce-only is text": {"reduceOnly": "yes"},
    "nan remaining": {"leavesQty": "NaN"},
    "no quantity at all": {"leavesQty": "", "qty": ""},
    "nan price": {"price": "NaN"},
    "created never": {"createdTime": ""},
    "created in another age": {"createdTime": "99999999999999"},
    "leg nine": {"positionIdx": 9},
}


@pytest.mark.parametrize("name", BAD_ORDERS)
async def test_an_order_that_makes_no_sense_fails_the_part(
    script: Script, reader: BybitReader, name: str
) -> None:
    script.says(stub.ORDERS, stub.listed([stub.order(1), stub.order(2, **BAD_ORDERS[name])]))

    snapshot = await reader.snapshot()

    assert snapshot.orders is None
    assert [(failure.part, failure.code) for failure in snapshot.failures] == [(Part.ORDERS, "garbage")]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Raw(b"bad gateway", 502), "http-502"),
        (Raw(b"", 403), "http-403"),
        (Raw(b'{"retCode":10003,"retMsg":"API key is invalid."}'), "10003"),
        (Raw(b'{"retCode":"33004","retMsg":"Your api key has expired."}', 401), "33004"),
        (Raw(b'{"retCode":10006,"retMsg":"Too many visits!"}'), "10006"),
        (Raw(b'{"retCode":10016,"retMsg":"Server error."}', 500), "10016"),
        (Raw(b'{"retCode":0,"result":{"list":[]},"time":1767225600000}', 500), "http-500"),
    ],
)
async def test_a_refusal_keeps_the_venues_raw_code(
    script: Script, reader: BybitReader, answer: Raw, code: str
) -> None:
    """ccxt's classes confuse dead keys, bad moments and outages; the raw code does not."""
    script.says(stub.POSITIONS, answer)

    snapshot = await reader.snapshot()

    assert [(failure.part, failure.code) for failure in snapshot.failures] == [(Part.POSITIONS, code)]


# --- what is no linear contract: only what is understood is read -------------------------------------

LINEAR = {"contractType": "LinearPerpetual", "baseCoin": "BTC", "quoteCoin": "USDT", "settleCoin": "USDT"}
QUANTO = {**LINEAR, "quoteCoin": "BTC"}


async def positions_of(script: Script, reader: BybitReader, **market: Any) -> Any:
    """The positions of a reader that has loaded what the venue says of BTCUSDT, or how that part failed."""
    script.says(stub.INSTRUMENTS, stub.listed([stub.instrument(**market)]))
    await reader._instruments.load_if_due()
    snapshot = await reader.snapshot()
    return snapshot.positions, [f for f in snapshot.failures if f.part is Part.POSITIONS]


@pytest.mark.parametrize(
    "market",
    [
        LINEAR,
        {**LINEAR, "contractType": "LinearFutures"},
        {**LINEAR, "quoteCoin": "USD", "settleCoin": "USDC"},
        {},
    ],
    ids=["perpetual", "futures", "dollars", "not said"],
)
async def test_a_linear_contract_is_read(script: Script, reader: BybitReader, market: dict[str, str]) -> None:
    positions, failures = await positions_of(script, reader, **market)

    assert (1, []) == (len(positions), failures)


@pytest.mark.parametrize(
    ("market", "why"),
    [
        (QUANTO, "BTCUSDT is a quanto contract: quoted in 'BTC', settled in 'USDT'"),
        ({**LINEAR, "contractType": "InversePerpetual"}, "BTCUSDT is no linear contract: 'InversePerpetual'"),
        ({**LINEAR, "contractType": "Power<Perp>\n"}, r"BTCUSDT is no linear contract: 'Power<Perp>\n'"),
    ],
    ids=["quanto", "inverse", "unheard of"],
)
async def test_a_position_in_any_other_contract_fails_the_part(
    script: Script, reader: BybitReader, market: dict[str, str], why: str
) -> None:
    """Its worth has a multiplier that nobody told: read as linear it would be any size, and safe."""
    assert (None, [Failure(Part.POSITIONS, "contract", why)]) == await positions_of(script, reader, **market)


async def test_such_a_listing_alone_fails_nothing(script: Script, reader: BybitReader) -> None:
    """Only what is held must be understood."""
    script.says(stub.POSITIONS, stub.listed([]))
    script.says(stub.WALLET, stub.flat_wallet())

    assert ((), []) == await positions_of(script, reader, **QUANTO)
