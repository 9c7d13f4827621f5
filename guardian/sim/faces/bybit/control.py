"""The local control under /_sim/: move the market, inject faults, move money, read the truth."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from guardian.errors import GuardianError
from guardian.sim.faces.faults import rule_of
from guardian.sim.faces.record import iso
from guardian.sim.faces.truth import account_truth
from guardian.sim.world.orders import Refused

if TYPE_CHECKING:
    from guardian.sim.faces.bybit.venue import BybitVenue

LARGEST_OFFSET_MS = 3_600_000


class Control:
    """Each call acts at once, without latency, limits or faults. Wrong input answers 400 and a reason."""

    def __init__(self, venue: BybitVenue) -> None:
        self.venue = venue

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_sim/price", self._guarded(self._price)),
            web.post("/_sim/depth", self._guarded(self._depth)),
            web.post("/_sim/inverse", self._guarded(self._inverse)),
            web.post("/_sim/flow", self._guarded(self._flow)),
            web.post("/_sim/funding", self._guarded(self._funding)),
            web.post("/_sim/clock", self._guarded(self._clock)),
            web.post("/_sim/faults", self._guarded(self._faults)),
            web.delete("/_sim/faults", self._guarded(self._clear)),
            web.get("/_sim/truth", self._guarded(self._truth)),
        ]

    def _guarded(self, act: Any) -> Any:
        async def handler(request: web.Request) -> web.Response:
            try:
                sent = orjson.loads(await request.read() or b"{}")
                result = act(sent, request)
            except (GuardianError, Refused, KeyError, TypeError, ValueError, InvalidOperation) as error:
                body = orjson.dumps({"error": f"{type(error).__name__}: {error}"})
                return web.Response(body=body, status=400, content_type="application/json")
            return web.Response(body=orjson.dumps(result), content_type="application/json")

        return handler

    def _price(self, sent: dict[str, Any], _: web.Request) -> dict[str, Any]:
        """{symbol, price} or {prices: {symbol: price}}; together, then everything matches once."""
        given = sent["prices"] if "prices" in sent else {sent["symbol"]: sent["price"]}
        prices = {str(symbol): _positive(price) for symbol, price in given.items()}
        self.venue.world.set_prices(prices, self.venue.clock())
        return {"prices": {s: str(self.venue.world.markets[s].mark) for s in prices}}

    def _depth(self, sent: dict[str, Any], _: web.Request) -> dict[str, Any]:
        """{symbol, level_notional}: USDT at each level of the synthetic book."""
        market = self.venue.world.market(sent["symbol"])
        market.level_notional = _positive(sent["level_notional"])
        return {"symbol": sent["symbol"], "level_notional": str(market.level_notional)}

    def _inverse(self, sent: dict[str, Any], _: web.Request) -> dict[str, Any]:
        """{base}: list the contract that is margined in this coin ("BTCUSD"); it follows the linear one."""
        return {"symbol": self.venue.world.list_inverse(str(sent["base"])).symbol}

    def _flow(self, sent: dict[str, Any], _: web.Request) -> dict[str, Any]:
        """{account: name or uid, amount}: a deposit, or a withdrawal when negative."""
        wanted = str(sent["account"])
        tenants = self.venue.tenants
        account = next((t.account for t in tenants if wanted in (t.account.name, t.account.uid)), None)
        if account is None:
            raise KeyError(f"no account {wanted}")
        row = self.venue.world.transfer(account, Decimal(str(sent["amount"])), self.venue.clock())
        return {"type": row.type, "change": str(row.change), "cash": str(row.cash)}

    def _funding(self, sent: dict[str, Any], _: web.Request) -> dict[str, Any]:
        """{symbol, rate}: settle funding now."""
        self.venue.world.settle_funding(sent["symbol"], Decimal(str(sent["rate"])), self.venue.clock())
        return {"symbol": sent["symbol"]}

    def _clock(self, sent: dict[str, Any], _: web.Request) -> dict[str, Any]:
        """{offset_ms}: set the venue's clock this much ahead of the machine's (behind when negative)."""
        offset = int(sent["offset_ms"])
        if abs(offset) > LARGEST_OFFSET_MS:
            raise ValueError(f"at most {LARGEST_OFFSET_MS} ms either way")
        self.venue.clock.offset_ms = offset
        return {"offset_ms": offset, "now": iso(self.venue.clock())}

    def _faults(self, sent: Any, _: web.Request) -> dict[str, Any]:
        """A list of rules, or one rule; they are added to those in force."""
        raw = sent if isinstance(sent, list) else sent.get("rules", [sent])
        self.venue.faults.rules.extend([rule_of(item) for item in raw])
        return {"faults": self.venue.faults.report()}

    def _clear(self, _: Any, __: web.Request) -> dict[str, Any]:
        self.venue.faults.clear()
        return {"faults": self.venue.faults.report()}

    def _truth(self, _: Any, request: web.Request) -> dict[str, Any]:
        venue = self.venue
        since = int(request.query.get("since", "0"))
        return {
            "now": iso(venue.clock()),
            "accounts": [account_truth(venue.world, tenant) for tenant in venue.tenants],
            "prices": {symbol: str(market.mark) for symbol, market in venue.world.markets.items()},
            "requests": venue.log.since(since),
            "next": venue.log.count,
            "faults": venue.faults.report(),
        }


def _positive(raw: Any) -> Decimal:
    value = Decimal(str(raw))
    if not value.is_finite() or value <= 0:
        raise ValueError(f"must be a positive number, not {raw}")
    return value
