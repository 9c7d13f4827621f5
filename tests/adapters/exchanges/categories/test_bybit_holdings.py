"""Inverse contracts and options: asked about as often as it takes to overlook nothing, and no oftener."""

from __future__ import annotations

import asyncio
import gc
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.model import Failure, Part, Snapshot
from guardian.exchanges.bybit.categories import holdings
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script, flat_wallet, instrument, listed, order, position

OPTION = "BTC-27MAR26-70000-C"
COINS = {"contractType": "InversePerpetual", "baseCoin": "BTC", "quoteCoin": "USD", "settleCoin": "BTC"}
GRID = {"qtyStep": "1", "minOrderQty": "1", "maxMktOrderQty": "1000000"}


def inverse(**changes: Any) -> dict[str, Any]:
    return position(**({"symbol": "BTCUSD", "size": "20000", "side": "Sell"} | changes))


def held_option(**changes: Any) -> dict[str, Any]:
    return position(**({"symbol": OPTION, "size": "0.10", "avgPrice": "900", "markPrice": "950"} | changes))


def flat(script: Script) -> None:
    """An account with nothing in linear contracts."""
    script.says(stub.WALLET, flat_wallet())
    script.says(stub.POSITIONS, listed([]))


def asked(script: Script) -> list[tuple[int, int]]:
    """How often positions, and orders, were asked for of each of the other categories."""
    ways = (stub.POSITIONS, stub.ORDERS)
    return [(len(script.asked_of(c, ways[0])), len(script.asked_of(c, ways[1]))) for c in stub.ELSEWHERE]


def failed(snapshot: Snapshot) -> list[tuple[Part, str]]:
    return [(failure.part, failure.code) for failure in snapshot.failures]


# --- what is seen -----------------------------------------------------------------------------------


async def test_an_inverse_position_is_read_in_its_coin(script: Script, reader: BybitReader) -> None:
    script.says(stub.ORDERS, listed([order()]))
    script.says_of("inverse", stub.POSITIONS, listed([inverse(liqPrice="71000", positionMM="0.004")]))
    script.says_of(
        "inverse", stub.INSTRUMENTS, listed([instrument(symbol="BTCUSD", **COINS) | {"lotSizeFilter": GRID}])
    )
    await reader.snapshot()
    await asyncio.sleep(0.1)

    snapshot = await reader.snapshot()

    assert snapshot.complete
    linear, coins = snapshot.positions or ()
    assert (linear.symbol, linear.inverse, linear.settle) == ("BTC/USDT:USDT", False, "USDT")
    assert (coins.symbol, coins.inverse, coins.settle) == ("BTC/USD:BTC", True, "BTC")
    assert (coins.quantity, coins.contract_size) == (Decimal(-20_000), Decimal(1))
    assert (coins.step, coins.minimum, coins.maximum) == (1, 1, 1_000_000)
    assert coins.notional == Decimal(-20_000) / Decimal(60_000)
    assert coins.open_pnl == Decimal(-20_000) / Decimal(59_800) + Decimal(20_000) / Decimal(60_000)
    assert (coins.liquidation, coins.maintenance) == (Decimal(71_000), Decimal("0.004"))


async def test_an_inverse_future_is_an_asset_of_its_base(script: Script, reader: BybitReader) -> None:
    script.says_of("inverse", stub.POSITIONS, listed([inverse(symbol="BTCUSDH26")]))

    _, future = (await reader.snapshot()).positions or ()

    assert (future.symbol, future.base, future.settle) == ("BTC/USD:BTC-260327", "BTC", "BTC")


async def test_orders_of_every_category_are_read(script: Script, reader: BybitReader) -> None:
    script.says(stub.ORDERS, lambda seen: listed([order()] if seen.sent["settleCoin"] == "USDT" else []))
    script.says_of("inverse", stub.ORDERS, listed([order(2, symbol="BTCUSD", qty="500", leavesQty="500")]))
    script.says_of("option", stub.ORDERS, listed([order(3, symbol=OPTION, price="900")]))

    orders = (await reader.snapshot()).orders or ()

    assert [o.symbol for o in orders] == ["BTC/USDT:USDT", "BTC/USD:BTC", OPTION]
    assert orders[1].notional(Decimal(50_000)) == Decimal("0.01"), "coins"


@pytest.mark.parametrize(
    ("category", "row", "why"),
    [
        ("option", held_option(), f"option: an option is held, which is not read: '{OPTION}'"),
        ("inverse", inverse(symbol="BTC-EUR"), "inverse: 'BTC-EUR' is not named as an inverse contract"),
    ],
)
async def test_what_cannot_be_read_is_named_and_hides_nothing_else(
    script: Script, reader: BybitReader, category: str, row: dict[str, Any], why: str
) -> None:
    """A key that can buy one option must not blind guardian for the contracts that it could close."""
    script.says_of(category, stub.POSITIONS, listed([row]))

    for _ in range(3):
        snapshot = await reader.snapshot()

        assert snapshot.failures == (Failure(Part.POSITIONS, "contract", why),)
        assert [p.symbol for p in snapshot.positions or ()] == ["BTC/USDT:USDT"]

    assert len(script.asked_of(category, stub.POSITIONS)) == 3, "so that its end is seen at once"
    script.says_of(category, stub.POSITIONS, listed([dict(row, size="0", side="", positionValue="")]))

    assert (await reader.snapshot()).complete


async def test_an_inverse_contract_in_another_coin_is_not_read(script: Script, reader: BybitReader) -> None:
    odd = instrument(symbol="BTCUSD", **(COINS | {"settleCoin": "ETH"}))
    script.says_of("inverse", stub.INSTRUMENTS, listed([odd]))
    await reader.snapshot()
    script.says_of("inverse", stub.POSITIONS, listed([inverse()]))
    await asyncio.sleep(0.1)
    reader._flat = True

    (failure,) = (await reader.snapshot()).failures

    assert failure.why == "inverse: BTCUSD is a quanto contract: on 'BTC', settled in 'ETH'"


# --- how often ---------------------------------------------------------------------------------------


async def test_an_account_in_linear_contracts_is_asked_at_the_pace_of_its_ledger(script: Script) -> None:
    reader = BybitReader(script.endpoint(flows_seconds=0.15), WATCH)
    script.says(stub.ORDERS, listed([order()]))
    for _ in range(5):
        await reader.snapshot()
    once = asked(script)
    await asyncio.sleep(0.2)
    await reader.snapshot()
    await reader.close()

    assert once == [(1, 1), (1, 1)]
    assert asked(script) == [(2, 2), (2, 2)]
    assert len(script.sent_to(stub.POSITIONS)) == 12


async def test_what_is_held_is_asked_by_every_read(script: Script, reader: BybitReader) -> None:
    script.says_of("inverse", stub.POSITIONS, listed([inverse()]))
    for _ in range(3):
        await reader.snapshot()

    assert asked(script) == [(3, 1), (1, 1)]


async def test_a_read_that_looks_flat_has_asked_everything(script: Script, reader: BybitReader) -> None:
    """An option is bought after the last slow look, and then the last linear contract is closed."""
    await reader.snapshot()
    script.says_of("option", stub.POSITIONS, listed([held_option()]))
    blind = await reader.snapshot()
    flat(script)

    snapshot = await reader.snapshot()

    assert blind.complete, "within the pace of the slow look"
    assert failed(snapshot) == [(Part.POSITIONS, "contract")]
    assert snapshot.positions == ()


async def test_dust_looks_flat_too(script: Script, reader: BybitReader) -> None:
    """What guardian calls flat may have dust (core/plan/verify.py)."""
    await reader.snapshot()
    await asyncio.sleep(0.1)
    script.says(
        stub.POSITIONS,
        lambda seen: listed([position(size="0.0005")] if seen.sent["settleCoin"] == "USDT" else []),
    )
    script.says_of("inverse", stub.ORDERS, listed([order(2, symbol="BTCUSD")]))

    snapshot = await reader.snapshot()

    assert [o.symbol for o in snapshot.orders or ()] == ["BTC/USD:BTC"]


# --- what fails --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [stub.POSITIONS, stub.ORDERS])
@pytest.mark.parametrize("category", ["inverse", "option"])
async def test_what_could_not_be_asked_is_not_flat(
    script: Script, reader: BybitReader, category: str, path: str
) -> None:
    flat(script)
    await reader.snapshot()
    script.says_of(category, path, script.refusal(10005, "Permission denied"))

    for _ in range(2):
        (failure,) = (await reader.snapshot()).failures

        assert (failure.code, failure.why) == ("10005", f"{category}: Permission denied")


@pytest.mark.parametrize(
    ("answer", "code"),
    [(Raw(b"", 503), "http-503"), (Raw(b"{}"), "garbage"), (Raw(delay=5.0), "timeout")],
)
async def test_what_was_never_answered_is_named(
    script: Script, reader: BybitReader, answer: Raw, code: str
) -> None:
    """Also on an account that is far from flat: it has never been known to hold nothing else."""
    script.says_of("inverse", stub.POSITIONS, answer)

    snapshot = await reader.snapshot()

    assert failed(snapshot) == [(Part.POSITIONS, code)]
    assert len(snapshot.positions or ()) == 1, "what could be read can be closed"


async def test_one_failure_after_a_good_answer_is_no_blindness_yet(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
    await reader.snapshot()
    script.says_of("option", stub.POSITIONS, Raw(b"", 503))

    soon = await reader.snapshot()
    monkeypatch.setattr(holdings, "_GRACE_S", 0.0)
    late = await reader.snapshot()
    await reader.close()

    assert soon.complete
    assert failed(late) == [(Part.POSITIONS, "http-503")]


@pytest.mark.parametrize(
    "answer", [Raw(b"", 503), Raw(b"{}"), Raw(delay=5.0), listed([inverse(symbol="BTC-EUR")])]
)
async def test_what_was_held_is_missed_at_once_and_can_still_be_closed(
    script: Script, reader: BybitReader, answer: Any
) -> None:
    """A part replaces what is acted on (core/observe.py): a leg that it leaves out is closed by nobody."""
    script.says_of("inverse", stub.POSITIONS, listed([inverse()]))
    await reader.snapshot()
    script.says_of("inverse", stub.POSITIONS, answer)

    for _ in range(2):
        snapshot = await reader.snapshot()

        assert [part for part, _ in failed(snapshot)] == [Part.POSITIONS]
        assert [(p.symbol, p.quantity) for p in snapshot.positions or ()] == [
            ("BTC/USDT:USDT", Decimal("0.500")),
            ("BTC/USD:BTC", Decimal(-20_000)),
        ]

    script.says_of("inverse", stub.POSITIONS, listed([]))
    after = await reader.snapshot()

    assert after.complete
    assert [p.symbol for p in after.positions or ()] == ["BTC/USDT:USDT"]


async def test_orders_that_were_there_are_not_told_again_without_an_answer(
    script: Script, reader: BybitReader
) -> None:
    """Orders in a part count as newly seen: each read would cancel once more what may be gone for long."""
    script.says_of("inverse", stub.ORDERS, listed([order(2, symbol="BTCUSD")]))
    await reader.snapshot()
    script.says_of("inverse", stub.ORDERS, Raw(b"", 503))

    snapshot = await reader.snapshot()

    assert failed(snapshot) == [(Part.ORDERS, "http-503")]
    assert snapshot.orders == ()


async def test_nonsense_about_them_is_no_answer(script: Script, reader: BybitReader) -> None:
    script.says_of("option", stub.POSITIONS, listed([held_option(size="NaN")]))
    script.says_of("inverse", stub.ORDERS, listed([order(orderStatus=None)]))

    snapshot = await reader.snapshot()

    assert failed(snapshot) == [(Part.POSITIONS, "garbage"), (Part.ORDERS, "garbage")]


async def test_what_the_account_cannot_trade_is_never_asked_about(script: Script) -> None:
    """Where a venue refuses the question for good, an account that looks flat would never be seen."""
    reader = BybitReader(script.endpoint(contracts=("linear", "inverse")), WATCH)
    flat(script)
    script.says_of("option", stub.POSITIONS, Raw('{"retCode": 10005, "retMsg": "Permission denied"}'))
    script.says_of("inverse", stub.POSITIONS, listed([inverse()]))

    snapshot = await reader.snapshot()
    await reader.close()

    assert snapshot.complete
    assert [p.symbol for p in snapshot.positions or ()] == ["BTC/USD:BTC"]
    assert script.asked_of("option", stub.POSITIONS) == script.asked_of("option", stub.ORDERS) == []


async def test_questions_that_are_given_up_leave_nothing_behind(script: Script) -> None:
    """Linear contracts failed while the others were still asked about: nobody waits for these any more."""
    left: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: left.append(context["message"]))
    reader = BybitReader(script.endpoint(), WATCH)
    script.says(stub.POSITIONS, Raw(b"oops", 500))
    script.says_of("inverse", stub.POSITIONS, Raw(b"late", delay=0.3))

    snapshot = await reader.snapshot()
    await reader.close()
    await asyncio.sleep(0.05)
    gc.collect()

    assert snapshot.positions is None
    assert not left
