"""A scripted Bybit: each path answers what the test says, every request is remembered.

It knows nothing of trading. What needs a real venue's behaviour is tested on the simulated venue instead.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from guardian.exchanges import Endpoint
from guardian.ports import Credential

WATCH = Credential("WATCHKEY0123456789", "watchsecretABCDEFGHIJKLMNOPQRSTUV")
HANDS = Credential("HANDSKEY0123456789", "handssecretABCDEFGHIJKLMNOPQRSTUV")
ADMIN = Credential("ADMINKEY0123456789", "adminsecretABCDEFGHIJKLMNOPQRSTUV")
SECRETS = tuple(text for key in (WATCH, HANDS, ADMIN) for text in (key.key, key.secret))

WALLET = "/v5/account/wallet-balance"
POSITIONS = "/v5/position/list"
ORDERS = "/v5/order/realtime"
HISTORY = "/v5/order/history"
LEDGER = "/v5/account/transaction-log"
TIME = "/v5/market/time"
INSTRUMENTS = "/v5/market/instruments-info"
CREATE = "/v5/order/create"
BATCH = "/v5/order/create-batch"
CANCEL = "/v5/order/cancel"
QUERY_API = "/v5/user/query-api"
SUB_MEMBERS = "/v5/user/query-sub-members"
SUB_KEYS = "/v5/user/sub-apikeys"
UPDATE_KEY = "/v5/user/update-sub-api"
ELSEWHERE = ("inverse", "option")
DELETE_KEY = "/v5/user/delete-sub-api"


@dataclass(frozen=True)
class Seen:
    """One request: `sent` holds the query of a GET or the body of a POST."""

    path: str
    sent: dict[str, Any]
    headers: dict[str, str]
    at: float


@dataclass(frozen=True)
class Raw:
    """An answer that is not an envelope: any bytes, any status, after any delay, with any headers."""

    body: bytes = b""
    status: int = 200
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[Seen], Any]


class Script:
    """`answers[path]` is a function of the request: a result dict, or a Raw.

    Of inverse contracts and options, which most tests are not about, there is nothing: `elsewhere` says what
    else is answered about them, and they are not in what was `sent_to` a path.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.elsewhere: dict[tuple[str, str], Answer] = {}
        self.seen: list[Seen] = []
        self.venue_ms: Callable[[], int] = lambda: round(time.time() * 1000)
        self.url = ""

    def says(self, path: str, answer: Any) -> None:
        self.answers[path] = answer if callable(answer) else lambda _: answer

    def says_of(self, category: str, path: str, answer: Any) -> None:
        self.elsewhere[path, category] = answer if callable(answer) else lambda _: answer

    def sent_to(self, path: str) -> list[dict[str, Any]]:
        sent = (request.sent for request in self.seen if request.path == path)
        return [each for each in sent if each.get("category") not in ELSEWHERE]

    def asked_of(self, category: str, path: str) -> list[dict[str, Any]]:
        sent = (request.sent for request in self.seen if request.path == path)
        return [each for each in sent if each.get("category") == category]

    def endpoint(self, **changes: Any) -> Endpoint:
        settings: dict[str, Any] = {
            "account": "main",
            "venue": "bybit",
            "url": self.url,
            "currency": "USDT",
            "flows_seconds": 3600.0,
            "timeout_s": 1.0,
        }
        return Endpoint(**(settings | changes))

    def envelope(self, result: Any, code: int = 0, message: str = "OK", age_ms: int = 0) -> bytes:
        body = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}}
        return orjson.dumps(body | {"time": self.venue_ms() - age_ms})

    def batch_verdict(self, code: int, order: dict[str, Any], message: str = "OK") -> Raw:
        """The answer of create-batch to one order: success at the top, the verdict in the extra part."""
        placed = {"orderId": "venue-1", "orderLinkId": order["orderLinkId"]} if code == 0 else {}
        body = {"retCode": 0, "retMsg": "OK", "result": {"list": [placed]}, "time": self.venue_ms()}
        return Raw(orjson.dumps(body | {"retExtInfo": {"list": [{"code": code, "msg": message}]}}))

    def refusal(self, code: int, message: str = "refused", **headers: str) -> Raw:
        return Raw(self.envelope({}, code, message), headers=headers)

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        sent = orjson.loads(body) if body else dict(request.query)
        seen = Seen(request.path, sent, dict(request.headers), time.monotonic())
        self.seen.append(seen)
        answer = self._answer(seen)
        raw = answer if isinstance(answer, Raw) else Raw(self.envelope(answer))
        if raw.delay:
            await asyncio.sleep(raw.delay)
        return web.Response(
            body=raw.body, status=raw.status, headers=raw.headers, content_type="application/json"
        )

    def _answer(self, seen: Seen) -> Any:
        category = seen.sent.get("category")
        if category in ELSEWHERE and seen.path in self.answers and "symbol" not in seen.sent:
            return self.elsewhere.get((seen.path, category), lambda _: listed([]))(seen)
        return self.answers.get(seen.path, _no_route)(seen)


def _no_route(_: Seen) -> Raw:
    return Raw(b"no such route", 404)


@asynccontextmanager
async def scripted() -> AsyncIterator[Script]:
    """A running script with one healthy account: 10 000 USDT, long 0.5 BTC, no orders, no rows."""
    script = Script()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", script._serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    script.url = f"http://{host}:{port}"
    _healthy(script)
    try:
        yield script
    finally:
        await runner.cleanup()


def _healthy(script: Script) -> None:
    script.says(TIME, {"timeSecond": "1", "timeNano": "1"})
    script.says(INSTRUMENTS, {"list": [instrument()], "nextPageCursor": ""})
    script.says(WALLET, wallet())
    script.says(POSITIONS, lambda seen: listed([position()] if seen.sent["settleCoin"] == "USDT" else []))
    script.says(ORDERS, listed([]))
    script.says(HISTORY, listed([]))
    script.says(LEDGER, listed([]))


def listed(rows: list[Any], cursor: str = "") -> dict[str, Any]:
    return {"list": rows, "nextPageCursor": cursor, "category": "linear"}


def instrument(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "settleCoin": "USDT",
        "priceFilter": {"tickSize": "0.10"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "maxMktOrderQty": "100"},
    } | changes


def coin(**changes: Any) -> dict[str, Any]:
    return {
        "coin": "USDT",
        "equity": "10000",
        "usdValue": "9990",
        "walletBalance": "9900",
        "unrealisedPnl": "100",
        "totalPositionIM": "3000",
        "totalOrderIM": "0",
        "totalPositionMM": "150",
    } | changes


def wallet(coins: list[Any] | None = None, **changes: Any) -> dict[str, Any]:
    account = {
        "accountType": "UNIFIED",
        "totalEquity": "9990",
        "totalMarginBalance": "9980",
        "totalInitialMargin": "3100",
        "totalMaintenanceMargin": "150",
        "totalPerpUPL": "100",
        "coin": [coin()] if coins is None else coins,
    }
    return {"list": [account | changes]}


def flat_wallet(cash: str = "10000") -> dict[str, Any]:
    flat = coin(
        equity=cash,
        usdValue=cash,
        walletBalance=cash,
        unrealisedPnl="0",
        totalPositionIM="0",
        totalPositionMM="0",
    )
    return wallet([flat], totalEquity=cash, totalPerpUPL="0")


def position(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "positionIdx": 0,
        "side": "Buy",
        "size": "0.500",
        "avgPrice": "59800",
        "markPrice": "60000",
        "stopLoss": "",
    } | changes


def order(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "orderId": f"order-{number}",
        "orderLinkId": f"ft-{number}",
        "symbol": "BTCUSDT",
        "positionIdx": 0,
        "side": "Sell",
        "qty": "0.100",
        "leavesQty": "0.100",
        "cumExecQty": "0",
        "price": "61000.0",
        "triggerPrice": "",
        "reduceOnly": False,
        "closeOnTrigger": False,
        "orderStatus": "New",
        "createdTime": "1767225600000",
    } | changes


def ledger_row(number: int, at_ms: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"row-{number}",
        "transactionTime": str(at_ms),
        "type": "TRANSFER_IN",
        "currency": "USDT",
        "change": "250",
        "tradeId": "",
    } | changes


def paged(rows: list[Any], page: int, key: str = "list") -> Answer:
    """Answers like the venue: `page` rows at most, a cursor that names where to go on."""

    def answer(seen: Seen) -> dict[str, Any]:
        start = int(seen.sent.get("cursor") or 0)
        size = min(page, int(seen.sent.get("limit", 20)))
        following = str(start + size) if start + size < len(rows) else ""
        return {key: rows[start : start + size], "nextPageCursor": following}

    return answer


def counted(answers: list[Any]) -> Answer:
    """The n-th request of this path gets the n-th answer, the last one from then on."""
    calls: dict[str, int] = defaultdict(int)

    def answer(seen: Seen) -> Any:
        calls[seen.path] += 1
        chosen = answers[min(calls[seen.path], len(answers)) - 1]
        return chosen(seen) if callable(chosen) else chosen

    return answer
