"""What the trader sends, and what it makes of every kind of answer."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.exchanges.bybit.trade import BybitTrader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import HANDS, Raw, Script, Seen


def close(number: int = 1, **changes: Any) -> CloseOrder:
    order: dict[str, Any] = {
        "client_id": f"gdn-1-{number}-1",
        "symbol": "BTC/USDT:USDT",
        "index": 0,
        "side": -1,
        "quantity": Decimal("0.5"),
        "price": None,
    }
    return CloseOrder(**(order | changes))


def accepted(seen: Seen) -> dict[str, str]:
    return {"orderId": "venue-1", "orderLinkId": seen.sent["orderLinkId"]}


@pytest.fixture(autouse=True)
def healthy_orders(script: Script) -> None:
    script.says(stub.CREATE, accepted)
    script.says(stub.BATCH, lambda seen: script.batch_verdict(0, seen.sent["request"][0]))
    script.says(stub.CANCEL, lambda seen: {"orderId": seen.sent["orderId"], "orderLinkId": ""})


class TestWhatIsSent:
    async def test_a_market_close_is_reduce_only_and_names_its_leg(
        self, script: Script, trader: BybitTrader
    ) -> None:
        report = await trader.close_position(close(index=1))

        assert (report.outcome, dict(report.facts)) == (Outcome.DONE, {"order_id": "venue-1"})
        assert script.sent_to(stub.CREATE) == [
            {
                "category": "linear",
                "symbol": "BTCUSDT",
                "side": "Sell",
                "orderType": "Market",
                "qty": "0.5",
                "reduceOnly": True,
                "positionIdx": 1,
                "orderLinkId": "gdn-1-1-1",
            }
        ]

    async def test_a_close_without_quantity_lets_the_venue_close_what_is_there(
        self, script: Script, trader: BybitTrader
    ) -> None:
        await trader.close_position(close(quantity=None, price=Decimal(59000), side=1, index=2))

        (sent,) = script.sent_to(stub.CREATE)
        assert (sent["qty"], sent["reduceOnly"], sent["closeOnTrigger"]) == ("0", True, True)
        assert (sent["orderType"], sent["side"], sent["positionIdx"]) == ("Market", "Buy", 2)
        assert "price" not in sent

    async def test_a_capped_close_is_immediate_or_cancel_on_the_venues_steps(
        self, script: Script, trader: BybitTrader
    ) -> None:
        """An off-step number is refused; rounding never goes beyond the cap or the quantity."""
        await trader.warm()

        await trader.close_position(close(1, quantity=Decimal("0.50049"), price=Decimal("59000.01")))
        await trader.close_position(close(2, quantity=Decimal("5E+1"), price=Decimal("61000.19"), side=1))

        sold, bought = script.sent_to(stub.CREATE)
        assert (sold["orderType"], sold["timeInForce"], sold["reduceOnly"]) == ("Limit", "IOC", True)
        assert (sold["qty"], sold["price"]) == ("0.5", "59000.1")
        assert (bought["qty"], bought["price"]) == ("50", "61000.1")

    async def test_the_broker_header_of_ccxt_is_not_sent(self, script: Script, trader: BybitTrader) -> None:
        await trader.close_position(close())

        assert "Referer" not in script.seen[-1].headers

    async def test_cancel_names_one_order(self, script: Script, trader: BybitTrader) -> None:
        report = await trader.cancel("BTC/USDT:USDT", "order-7", conditional=True)

        assert report.outcome is Outcome.DONE
        assert script.sent_to(stub.CANCEL) == [
            {"category": "linear", "symbol": "BTCUSDT", "orderId": "order-7"}
        ]


class TestOutcomes:
    @pytest.mark.parametrize(
        ("code", "message", "outcome"),
        [
            (110072, "OrderLinkedID is duplicate", Outcome.DONE),
            (110017, "current position is zero, cannot fix reduce-only order qty", Outcome.GONE),
            (110017, "orderQty will be truncated to zero", Outcome.REFUSED),
            (110034, "There is no net position", Outcome.GONE),
            (110017, "Reduce-only rule not satisfied", Outcome.REFUSED),
            (10001, "position idx not match position mode", Outcome.REFUSED),
            (10003, "API key is invalid.", Outcome.REFUSED),
            (33004, "Your api key has expired.", Outcome.REFUSED),
            (10005, "Permission denied", Outcome.REFUSED),
            (110007, "ab not enough for new order", Outcome.REFUSED),
            (10000, "Server Timeout", Outcome.UNKNOWN),
            (10016, "Server error.", Outcome.UNKNOWN),
            (429, "high server load", Outcome.UNKNOWN),
        ],
    )
    async def test_a_close_is_judged_by_its_raw_code_on_either_endpoint(
        self, script: Script, trader: BybitTrader, code: int, message: str, outcome: Outcome
    ) -> None:
        script.says(stub.CREATE, script.refusal(code, message))
        script.says(stub.BATCH, lambda seen: script.batch_verdict(code, seen.sent["request"][0], message))

        reports = await asyncio.gather(*(trader.close_position(close(number)) for number in range(11)))

        assert {(report.outcome, report.code) for report in reports} == {(outcome, str(code))}
        assert len(script.sent_to(stub.CREATE)) == 10
        assert len(script.sent_to(stub.BATCH)) == 1

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            (110001, Outcome.GONE),
            (110008, Outcome.GONE),
            (110010, Outcome.GONE),
            (10005, Outcome.REFUSED),
            (10016, Outcome.UNKNOWN),
        ],
    )
    async def test_a_cancel_is_judged_by_its_raw_code(
        self, script: Script, trader: BybitTrader, code: int, outcome: Outcome
    ) -> None:
        script.says(stub.CANCEL, script.refusal(code))

        report = await trader.cancel("BTC/USDT:USDT", "order-7", conditional=False)

        assert (report.outcome, report.code) == (outcome, str(code))

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Raw(b""), "garbage"),
            (Raw(b"<html>"), "garbage"),
            (Raw(b'{"retCode":0,"result":{},"time":1767225600000}'), "garbage"),
            (Raw(b'{"retCode":0,"result":{"orderId":"x","orderLinkId":"another"},"time":1}'), "garbage"),
            (Raw(b"bad gateway", 502), "http-502"),
            (Raw(b"", delay=2.0), "timeout"),
        ],
    )
    async def test_an_answer_that_cannot_be_trusted_is_unknown(
        self, script: Script, answer: Raw, code: str
    ) -> None:
        """The order may have taken effect: calling it refused would send a second one under a new id."""
        trader = BybitTrader(script.endpoint(timeout_s=0.3))
        trader.hold(HANDS)
        script.says(stub.CREATE, answer)

        report = await trader.close_position(close())

        assert (report.outcome, report.code) == (Outcome.UNKNOWN, code)
        await trader.close()

    async def test_a_batch_without_a_verdict_is_unknown(self, script: Script, trader: BybitTrader) -> None:
        script.says(stub.BATCH, {"list": []})

        reports = await asyncio.gather(*(trader.close_position(close(number)) for number in range(11)))

        assert [report.outcome for report in reports].count(Outcome.UNKNOWN) == 1

    async def test_a_venue_that_is_not_there_is_unknown(self, script: Script) -> None:
        trader = BybitTrader(script.endpoint(url="http://127.0.0.1:9"))
        trader.hold(HANDS)

        report = await trader.close_position(close())

        assert (report.outcome, report.code) == (Outcome.UNKNOWN, "network")
        await trader.close()

    async def test_without_a_key_nothing_is_sent(self, script: Script, trader: BybitTrader) -> None:
        trader.hold(None)

        reports = [
            await trader.close_position(close()),
            await trader.cancel("BTC/USDT:USDT", "order-7", conditional=False),
            await trader.resolve("BTC/USDT:USDT", "gdn-1-1-1"),
        ]

        assert {(report.outcome, report.code) for report in reports} == {(Outcome.IMPOSSIBLE, "no-key")}
        assert script.seen == []


class TestResolve:
    async def test_a_known_order_is_done_with_what_became_of_it(
        self, script: Script, trader: BybitTrader
    ) -> None:
        row = stub.order(1, orderLinkId="gdn-1-1-1", orderStatus="Filled", cumExecQty="0.500")
        script.says(stub.ORDERS, stub.listed([row]))

        report = await trader.resolve("BTC/USDT:USDT", "gdn-1-1-1")

        assert report.outcome is Outcome.DONE
        assert dict(report.facts) == {"order_id": "order-1", "status": "Filled", "filled": "0.5"}

    async def test_the_history_is_asked_when_the_open_orders_do_not_know_it(
        self, script: Script, trader: BybitTrader
    ) -> None:
        row = stub.order(1, orderLinkId="gdn-1-1-1", orderStatus="Cancelled")
        script.says(stub.HISTORY, stub.listed([row]))

        report = await trader.resolve("BTC/USDT:USDT", "gdn-1-1-1")

        assert (report.outcome, dict(report.facts)["status"]) == (Outcome.DONE, "Cancelled")

    async def test_only_two_answers_make_it_gone(self, script: Script, trader: BybitTrader) -> None:
        gone = await trader.resolve("BTC/USDT:USDT", "gdn-1-1-1")
        script.says(stub.HISTORY, Raw(b"", 502))

        unknown = await trader.resolve("BTC/USDT:USDT", "gdn-1-1-1")

        assert gone.outcome is Outcome.GONE
        assert (unknown.outcome, unknown.code) == (Outcome.UNKNOWN, "http-502")

    async def test_an_answer_about_another_order_is_unknown(
        self, script: Script, trader: BybitTrader
    ) -> None:
        script.says(stub.ORDERS, stub.listed([stub.order(1)]))

        report = await trader.resolve("BTC/USDT:USDT", "gdn-1-1-1")

        assert (report.outcome, report.code) == (Outcome.UNKNOWN, "garbage")


class TestPacing:
    async def test_twenty_orders_a_second_go_through_two_budgets(
        self, script: Script, trader: BybitTrader
    ) -> None:
        """One budget would need a third second. A busy machine delays some arrivals."""
        await trader.warm()

        reports = await asyncio.gather(*(trader.close_position(close(number)) for number in range(25)))

        assert {report.outcome for report in reports} == {Outcome.DONE}
        orders = [seen for seen in script.seen if seen.path in (stub.CREATE, stub.BATCH)]
        assert len(orders) == 25
        assert orders[-1].at - orders[0].at < 2.0
        for path in (stub.CREATE, stub.BATCH):
            at = sorted(seen.at for seen in orders if seen.path == path)
            assert all(later - first > 0.6 for first, later in zip(at, at[10:], strict=False))

    async def test_a_raised_limit_is_used_as_soon_as_the_venue_shows_it(
        self, script: Script, trader: BybitTrader
    ) -> None:
        script.says(
            stub.CREATE,
            lambda seen: Raw(script.envelope(accepted(seen)), headers={"X-Bapi-Limit": "200"}),
        )
        begun = time.monotonic()

        await asyncio.gather(*(trader.close_position(close(number)) for number in range(60)))

        assert time.monotonic() - begun < 1.9, "at the published pace the third second would have begun"

    async def test_a_refusal_for_the_limit_waits_for_the_reset_and_keeps_the_client_id(
        self, script: Script, trader: BybitTrader
    ) -> None:
        """The bot shares the budget, so ours may be spent before we begin."""
        await trader.warm()
        reset = str(script.venue_ms() + 250)
        limited = script.refusal(10006, "Too many visits!", **{"X-Bapi-Limit-Reset-Timestamp": reset})
        script.says(stub.CREATE, stub.counted([limited, accepted]))
        script.says(stub.BATCH, limited)
        begun = time.monotonic()

        report = await trader.close_position(close())

        assert report.outcome is Outcome.DONE
        assert 0.15 < time.monotonic() - begun < 3.5
        ids = {sent["orderLinkId"] for sent in script.sent_to(stub.CREATE)}
        ids |= {sent["request"][0]["orderLinkId"] for sent in script.sent_to(stub.BATCH)}
        assert ids == {"gdn-1-1-1"}

    async def test_a_limit_that_never_ends_is_a_refusal_in_time(self, script: Script) -> None:
        trader = BybitTrader(script.endpoint(timeout_s=0.4))
        trader.hold(HANDS)
        limited = script.refusal(10006, "Too many visits!")
        script.says(stub.CREATE, limited)
        script.says(stub.BATCH, limited)

        report = await trader.close_position(close())

        assert (report.outcome, report.code) == (Outcome.REFUSED, "10006")
        await trader.close()

    async def test_one_hung_close_does_not_delay_the_others(
        self, script: Script, trader: BybitTrader
    ) -> None:
        script.says(
            stub.CREATE,
            lambda seen: Raw(b"", delay=3.0) if seen.sent["orderLinkId"] == "gdn-1-2-1" else accepted(seen),
        )
        begun = time.monotonic()
        ends: dict[int, float] = {}

        async def one(number: int) -> Outcome:
            report = await trader.close_position(close(number))
            ends[number] = time.monotonic() - begun
            return report.outcome

        outcomes = await asyncio.gather(*(one(number) for number in range(5)))

        assert outcomes == [Outcome.DONE, Outcome.DONE, Outcome.UNKNOWN, Outcome.DONE, Outcome.DONE]
        assert max(end for number, end in ends.items() if number != 2) < ends[2]

    async def test_a_waiter_whose_deadline_passed_leaves_the_line(
        self, script: Script, trader: BybitTrader
    ) -> None:
        crowd = [asyncio.create_task(trader.close_position(close(number))) for number in range(22)]
        await asyncio.sleep(0.1)
        for waiting in crowd[20:]:
            waiting.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)

        report = await trader.close_position(close(99))

        assert report.outcome is Outcome.DONE
        sent = {sent["orderLinkId"] for sent in script.sent_to(stub.CREATE)}
        sent |= {sent["request"][0]["orderLinkId"] for sent in script.sent_to(stub.BATCH)}
        assert "gdn-1-20-1" not in sent


async def test_warming_opens_the_connections_that_a_burst_uses(script: Script) -> None:
    trader = BybitTrader(script.endpoint(), warm_connections=6)

    await trader.warm()

    assert len(script.sent_to(stub.TIME)) >= 6
    assert all("X-BAPI-API-KEY" not in seen.headers for seen in script.seen)
    session = trader._client._wire._session
    assert session is not None
    assert session.connector is not None
    pooled = sum(len(connections) for connections in session.connector._conns.values())
    assert pooled >= 6
    await trader.close()


async def test_warming_survives_a_venue_that_is_down(script: Script, trader: BybitTrader) -> None:
    script.says(stub.TIME, Raw(b"", 503))
    script.says(stub.INSTRUMENTS, Raw(b"", 503))

    await trader.warm()

    assert (await trader.close_position(close())).outcome is Outcome.DONE
