"""Isolated margin: each position has money of its own, and is taken over alone, whatever else there is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.model import AtLeast, Known, Level, Measured, OnUnknown, Unknown
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import Script
from tests.core.build import ACCOUNT, Desk, at, rule, rung

EMPTY: dict[str, Any] = dict.fromkeys(
    ("totalMarginBalance", "totalInitialMargin", "totalMaintenanceMargin"), ""
)
MARGIN = rule(rung(0.5, "caution"), rung(0.85, "flatten"), id="margin", metric="margin_ratio")


def leg(**changes: Any) -> dict[str, Any]:
    """Long 0.1 at 60,000 with 1,000 of its own: taken over at 50,300, where 30 are left."""
    usual = {
        "size": "0.1",
        "avgPrice": "60000",
        "markPrice": "60000",
        "liqPrice": "50300",
        "positionMM": "30",
    }
    return stub.position(**usual | changes)


def profit(row: dict[str, Any]) -> Decimal:
    size, entry, mark = (Decimal(row[name]) for name in ("size", "avgPrice", "markPrice"))
    return size * (mark - entry) * (1 if row["side"] == "Buy" else -1)


def an_account(script: Script, *legs: dict[str, Any], equity: str = "100000") -> None:
    rows = list(legs)
    script.says(stub.POSITIONS, lambda seen: stub.listed(rows if seen.sent["settleCoin"] == "USDT" else []))
    margin = {"totalPositionIM": "1000", "totalPositionMM": "30"} if rows else {"totalPositionIM": "0"}
    pnl = sum(profit(row) for row in rows)
    coin = stub.coin(
        equity=equity,
        usdValue=equity,
        walletBalance=str(Decimal(equity) - pnl),
        unrealisedPnl=str(pnl),
        **margin,
    )
    script.says(stub.WALLET, stub.wallet([coin], totalEquity=equity, **EMPTY))


async def watched(reader: BybitReader, *rules: Any, reads: int = 6) -> Desk:
    desk = Desk(*rules)
    for second in range(reads):
        desk.see(replace(await reader.snapshot(), account=ACCOUNT, asked_at=at(second)))
    return desk


def measured(desk: Desk) -> Measured:
    return desk.account.rules[0].measured


CASES: dict[str, tuple[list[dict[str, Any]], float]] = {
    "far": ([leg()], 30 / 1000),
    "half of the way": ([leg(markPrice="55150")], 30 / 515),
    "0.2 % before": ([leg(markPrice="50400")], 30 / 40),
    "there": ([leg(markPrice="50300")], 1.0),
    "past it": ([leg(markPrice="50100")], 3.0),
    "a short": ([leg(side="Sell", liqPrice="69700", markPrice="69600")], 30 / 40),
    "the worst of two": ([leg(), leg(symbol="ETHUSDT", markPrice="50400")], 30 / 40),
    "hedged, each alone": (
        [leg(positionIdx=1), leg(positionIdx=2, side="Sell", liqPrice="60100")],
        30 / 40,
    ),
    "covered so well that no price takes it": ([leg(liqPrice="")], 0.0),
    "nothing held": ([], 0.0),
}


@pytest.mark.parametrize(("legs", "ratio"), CASES.values(), ids=CASES)
async def test_the_worst_position_is_the_ratio(
    script: Script, reader: BybitReader, legs: list[dict[str, Any]], ratio: float
) -> None:
    an_account(script, *legs)

    assert Known(pytest.approx(ratio)) == measured(await watched(reader, MARGIN))


async def test_what_is_about_to_be_taken_is_flattened_however_rich_the_account(
    script: Script, reader: BybitReader
) -> None:
    an_account(script, leg(markPrice="50320"), equity="100000")

    assert Level.FLATTEN is (await watched(reader, MARGIN)).level


@pytest.mark.parametrize("missing", ["positionMM", "liqPrice"])
@pytest.mark.parametrize("demand", [OnUnknown.IGNORE, OnUnknown.HALT])
async def test_a_position_whose_margin_is_not_told_is_unknown_and_blindness(
    script: Script, reader: BybitReader, missing: str, demand: OnUnknown
) -> None:
    untold = leg()
    del untold[missing]
    an_account(script, leg(), untold | {"symbol": "ETHUSDT"})

    desk = await watched(reader, replace(MARGIN, on_unknown=demand), reads=20)

    assert Unknown("isolated, and the venue tells no maintenance margin of ETH/USDT:USDT") == measured(desk)
    assert (Level.HALT if demand is OnUnknown.HALT else Level.NORMAL) == desk.level


async def test_positions_that_are_not_read_any_more_grow_stale(script: Script, reader: BybitReader) -> None:
    """The wallet alone tells nothing of an isolated position."""
    an_account(script, leg())
    desk = await watched(reader, MARGIN)
    for second in range(6, 30):
        seen = replace(await reader.snapshot(), account=ACCOUNT, asked_at=at(second))
        desk.see(replace(seen, positions=None))

    assert isinstance(measured(desk), Unknown)


async def test_margins_are_summed_at_the_price_of_their_coins(script: Script, reader: BybitReader) -> None:
    coins = [
        stub.coin(totalPositionIM="3000", totalOrderIM="100", totalPositionMM="150"),
        stub.coin(
            coin="BTC",
            equity="2",
            usdValue="120000",
            walletBalance="2",
            unrealisedPnl="0",
            totalPositionIM="0.1",
            totalPositionMM="0.01",
        ),
    ]
    script.says(stub.WALLET, stub.wallet(coins, **EMPTY))

    wallet = (await reader.snapshot()).wallet

    assert wallet is not None
    assert wallet.isolated
    assert wallet.margin_balance == wallet.equity
    assert wallet.maintenance_margin == Decimal("149.85") + 600
    assert wallet.initial_margin == Decimal("3096.9") + 6000


async def test_across_the_account_the_wallet_tells_the_ratio_as_ever(
    script: Script, reader: BybitReader
) -> None:
    script.says(stub.WALLET, stub.wallet(totalMarginBalance="9000", totalMaintenanceMargin="4500"))

    snapshot = await reader.snapshot()
    desk = Desk(MARGIN)
    desk.see(replace(snapshot, account=ACCOUNT, asked_at=at(0)))

    assert snapshot.wallet is not None
    assert not snapshot.wallet.isolated
    found = measured(desk)
    assert isinstance(found, Known | AtLeast)
    assert found.value == 0.5
