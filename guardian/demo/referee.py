"""The demo's own eyes: what happened at the venue, by its books and by a client that guardian never sees.

Of guardian's word only two instants are taken, and named so: t0 (when the breach was confirmed) and its claim
of having verified the flat. Everything else is the venue's receipt or effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from guardian.demo.client import CLIENT_ERRORS, bybit, raw_code
from guardian.demo.samples import instant
from guardian.errors import GuardianError

DEAD_KEY_CODE = "10003"
ORDER_PATHS = frozenset({"/v5/order/create", "/v5/order/create-batch"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One order as the venue received it; a batch is one of these for each order.

    `at` is its receipt, `decided` when it took effect. `code` "0" is accepted (of a batch: read).
    """

    at: datetime
    decided: datetime
    key: str
    code: str
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    """The venue's own books of one account at one instant. `last_fill` is the newest execution."""

    at: datetime
    equity: float
    notionals: Mapping[str, float]
    quantities: Mapping[str, float]
    marks: Mapping[str, float]
    orders_open: int
    sign_flips: int
    fenced_at: datetime | None
    deleted_at: datetime | None
    asked: tuple[Asked, ...]
    last_fill: datetime | None


@dataclass(frozen=True, slots=True)
class Findings:
    """The venue's side of the result. Seconds are since t0; None means that it never happened."""

    breach_to_first_order_ms: float | None
    fenced_s: float | None
    flat_s: float | None
    key_deleted_s: float | None
    positions_left: int
    orders_left: int
    bot_orders_accepted_after_fence: int
    bot_orders_refused_after_fence: int
    sign_flips: int


class Referee:
    """Reads the venue's books, moves its market, and probes the bot's key with a ccxt client of its own."""

    def __init__(self, url: str, account: str, bot_key: str, bot_secret: str) -> None:
        self.bot_key = bot_key
        self._account = account
        self._venue = aiohttp.ClientSession(base_url=url, timeout=aiohttp.ClientTimeout(total=5.0))
        self._probe = bybit(url, bot_key, bot_secret)
        self._asked: list[Asked] = []
        self._next = 0

    async def truth(self) -> Truth:
        """The books of this instant. Raises GuardianError when the simulated venue itself is gone."""
        page = await self._call("GET", f"/_sim/truth?since={self._next}")
        # The log is read once, row by row: asking for all of it each time would slow the venue down.
        self._asked += [order for row in page["requests"] for order in asked_of(row)]
        self._next = page["next"]
        account = next(row for row in page["accounts"] if row["name"] == self._account)
        return read_truth(page, account, tuple(self._asked), self.bot_key)

    async def push(self, prices: Mapping[str, float]) -> None:
        """Move the market: all symbols at once."""
        shown = {symbol: f"{price:.8f}" for symbol, price in prices.items()}
        await self._call("POST", "/_sim/price", {"prices": shown})

    async def probe(self) -> str:
        """The venue's raw code for a signed read with the bot's key: "0" alive, "10003" dead."""
        try:
            await self._probe.private_get_v5_position_list({"category": "linear", "settleCoin": "USDT"})
        except CLIENT_ERRORS as error:
            return raw_code(error)
        return "0"

    async def close(self) -> None:
        await self._venue.close()
        await self._probe.close()

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            async with self._venue.request(method, path, json=body) as answer:
                if answer.status == 200:
                    return await answer.json()
                said = await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            said = type(error).__name__
        raise GuardianError(f"the simulated venue does not answer {method} {path}: {said}")


def asked_of(row: Mapping[str, Any]) -> list[Asked]:
    """The orders in one row of the venue's request log; nothing for a row that is not about new orders."""
    if row["path"] not in ORDER_PATHS or row["method"] != "POST":
        return []
    at = datetime.fromisoformat(row["at"])
    decided = datetime.fromisoformat(row["effect_at"]) if row["effect_at"] else at
    ids = [order["order_link_id"] for order in row.get("orders", ())] or [row["order_link_id"]]
    return [Asked(at, decided, row["key"], str(row["code"]), client_id or "") for client_id in ids]


def read_truth(
    page: Mapping[str, Any], account: Mapping[str, Any], asked: tuple[Asked, ...], bot_key: str
) -> Truth:
    """One answer of `/_sim/truth` in the referee's words; legs of one symbol are added up."""
    notionals: dict[str, float] = {}
    quantities: dict[str, float] = {}
    for leg in account["positions"]:
        notionals[leg["symbol"]] = notionals.get(leg["symbol"], 0.0) + float(leg["notional"])
        quantities[leg["symbol"]] = quantities.get(leg["symbol"], 0.0) + float(leg["size"])
    key: Mapping[str, Any] = next((row for row in account["keys"] if row["id"] == bot_key), {})
    fills = [datetime.fromisoformat(row["at"]) for row in account["executions"]]
    return Truth(
        at=datetime.fromisoformat(page["now"]),
        equity=float(account["equity"]),
        notionals=notionals,
        quantities=quantities,
        marks={symbol: float(price) for symbol, price in page["prices"].items()},
        orders_open=len(account["orders"]),
        sign_flips=account["sign_flips"],
        fenced_at=instant(key.get("fenced_at")),
        deleted_at=instant(key.get("deleted_at")),
        asked=asked,
        last_fill=max(fills, default=None),
    )


def judge(truth: Truth, bot_key: str, t0: datetime | None) -> Findings:
    """Compute the findings from the venue's books alone; without a `t0` there are no durations."""
    first = min((order.at for order in _closes(truth, bot_key) if t0 and order.at >= t0), default=None)
    late = [o for o in truth.asked if truth.fenced_at and o.key == bot_key and o.decided > truth.fenced_at]
    accepted = sum(order.code == "0" for order in late)
    flat_at = None if truth.quantities else truth.last_fill
    first_s = _since(t0, first)
    return Findings(
        breach_to_first_order_ms=None if first_s is None else round(first_s * 1000, 3),
        fenced_s=_since(t0, truth.fenced_at),
        flat_s=_since(t0, flat_at),
        key_deleted_s=_since(t0, truth.deleted_at),
        positions_left=len(truth.quantities),
        orders_left=truth.orders_open,
        bot_orders_accepted_after_fence=accepted,
        bot_orders_refused_after_fence=len(late) - accepted,
        sign_flips=truth.sign_flips,
    )


def _closes(truth: Truth, bot_key: str) -> list[Asked]:
    return [o for o in truth.asked if o.key != bot_key and o.client_id.startswith("gdn-")]


def _since(t0: datetime | None, at: datetime | None) -> float | None:
    return None if t0 is None or at is None else round((at - t0).total_seconds(), 3)
