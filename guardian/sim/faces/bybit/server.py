"""The life of one request: arrival, half the latency, effect, answer (perhaps spoilt by a fault), reply.

Whatever a request does to the world happens in one synchronous step at its effect time, so that two
requests never interleave; the sockets around it are aiohttp's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from guardian.sim.faces.bybit import codes
from guardian.sim.faces.bybit.auth import authenticate, authorise
from guardian.sim.faces.bybit.codes import REFUSALS, TEXTS, BybitProblem
from guardian.sim.faces.bybit.routes import ENDPOINTS, Endpoint
from guardian.sim.faces.bybit.wire import Call, Reply, envelope
from guardian.sim.faces.faults import BEFORE, Faults, Rule, rewrite
from guardian.sim.faces.limits import Grant, RateLimits
from guardian.sim.faces.record import RequestLog, Seen, order_fields
from guardian.sim.world.engine import World
from guardian.sim.world.orders import Refused

LONGEST_SILENCE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as read from its socket; `signed` is what the signature covers, `params` None if not JSON."""

    method: str
    path: str
    signed: bytes
    params: dict[str, Any] | None
    headers: Any
    remote: str
    seen: Seen
    rules: list[Rule]

    def fault(self, *effects: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.effect in effects), None)


@dataclass(slots=True)
class Outgoing:
    """What the venue is about to say."""

    payload: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


class BybitServer:
    """Handles every /v5/ request against one world. `clock` gives the venue's time in ms."""

    def __init__(
        self,
        world: World,
        clock: Callable[[], int],
        faults: Faults,
        limits: RateLimits,
        log: RequestLog,
    ) -> None:
        self.world = world
        self.clock = clock
        self.faults = faults
        self.limits = limits
        self.log = log
        self.latency_seconds = 0.0
        self._last: dict[tuple[str, str, str], bytes] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        incoming = await self._read(request)
        if self.limits.banned(incoming.remote, incoming.seen.at):
            incoming.seen.status = 403
            return web.Response(status=403, text="403, access too frequent")
        await self._pause(self.latency_seconds / 2)
        before = incoming.fault(*BEFORE)
        if before is not None:
            return await self._refuse_by_fault(request, incoming, before)
        stall = incoming.fault("hang")
        if stall is not None and stall.when == "before":
            stall.changed += 1
            incoming.seen.fault = "hang"
            await self._pause(stall.seconds)
        outgoing = self._effect(incoming)
        await self._pause(self.latency_seconds / 2)
        return await self._reply(request, incoming, outgoing)

    async def _read(self, request: web.Request) -> Incoming:
        at = self.clock()
        raw_path = request.raw_path
        path, _, query = raw_path.partition("?")
        body = await request.read()
        params: dict[str, Any] | None
        if request.method == "GET":
            signed, params = query.encode(), dict(parse_qsl(query, keep_blank_values=True))
        else:
            signed, params = body, _json_object(body)
        identity = request.headers.get("X-BAPI-API-KEY", "")
        key = self.world.keys.get(identity)
        role = key.role if key else ""
        known = identity if key else identity[:18]
        seen = Seen(self.log.next_number(), at, request.method, path, known, role, order_fields(params))
        self.log.add(seen)
        rules = self.faults.draw(_call(request.method, path, params), _symbols(params), role)
        remote = request.remote or ""
        return Incoming(request.method, path, signed, params, request.headers, remote, seen, rules)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)

    # --- effect -------------------------------------------------------------------------------

    def _effect(self, incoming: Incoming) -> Outgoing:
        """Authenticate, spend the budget, do it. Synchronous: nothing else happens meanwhile."""
        now = self.clock()
        incoming.seen.effect_at = now
        headers: dict[str, str] = {}
        try:
            reply = self._answer(incoming, now, headers)
        except BybitProblem as problem:
            status = {codes.NO_ROUTE: 404, codes.NO_AUTH: 401}.get(problem.code, 200)
            payload = envelope(problem.code, problem.text, {}, now)
        except Refused as refused:
            code, text = REFUSALS[refused.reason]
            status, payload = 200, envelope(code, text, {}, now)
        else:
            status, payload = 200, envelope(0, reply.text, reply.result, now, reply.ext)
            _note_batch(incoming.seen, reply)
        incoming.seen.code = payload["retCode"]
        return Outgoing(payload, headers, status)

    def _answer(self, incoming: Incoming, now: int, headers: dict[str, str]) -> Reply:
        endpoint = ENDPOINTS.get((incoming.method, incoming.path))
        if endpoint is None:
            raise BybitProblem(codes.NO_ROUTE)
        if incoming.params is None:
            raise BybitProblem(codes.PARAMS, "params error: body is not a JSON object")
        if endpoint.need == "public":
            return endpoint.answer(Call(self.world, now, incoming.params))
        key = authenticate(self.world, incoming.headers, incoming.signed, incoming.remote, now)
        account = self.world.accounts[key.owner]
        grant = self._spend(endpoint, incoming, account.uid, now)
        headers.update(_limit_headers(grant))
        if grant.granted <= 0:
            raise BybitProblem(codes.TOO_MANY, "Too many visits!")
        authorise(self.world, key, endpoint.need)
        return endpoint.answer(Call(self.world, now, incoming.params, key, account, grant.granted))

    def _spend(self, endpoint: Endpoint, incoming: Incoming, uid: str, now: int) -> Grant:
        batch = (incoming.params or {}).get("request")
        units = max(1, len(batch)) if endpoint.batch and isinstance(batch, list) else 1
        return self.limits.spend(uid, incoming.path, endpoint.per_second, units, now)

    # --- answer -------------------------------------------------------------------------------

    async def _refuse_by_fault(
        self, request: web.Request, incoming: Incoming, rule: Rule
    ) -> web.StreamResponse:
        rule.changed += 1
        incoming.seen.fault = rule.effect
        await self._pause(self.latency_seconds / 2)
        if rule.effect == "drop_before":
            return _drop(request)
        if rule.effect == "status":
            incoming.seen.status = rule.code or 503
            return web.Response(status=rule.code or 503, text=rule.body)
        code = rule.code or 10016
        incoming.seen.status = 200
        text = rule.body or TEXTS.get(code, "error")
        return _json(orjson.dumps(envelope(code, text, {}, self.clock())), {}, 200)

    async def _reply(
        self, request: web.Request, incoming: Incoming, outgoing: Outgoing
    ) -> web.StreamResponse:
        place = (incoming.seen.key, incoming.method, incoming.path)
        truth = orjson.dumps(outgoing.payload)
        body = _spoil(incoming, truth, self._last.get(place))
        if incoming.seen.role or not incoming.seen.key:
            self._last[place] = truth
        silent = incoming.fault("timeout_after_effect")
        if silent is not None:
            silent.changed += 1
            incoming.seen.fault = silent.effect
            await _wait_for_hang_up(request)
            return _drop(request)
        late = incoming.fault("hang")
        if late is not None and late.when != "before":
            late.changed += 1
            incoming.seen.fault = "hang"
            await self._pause(late.seconds)
        incoming.seen.status = outgoing.status
        return _json(body, outgoing.headers, outgoing.status)


def _spoil(incoming: Incoming, body: bytes, before: bytes | None) -> bytes:
    """The bytes to send after the faults that change an answer's text."""
    for rule in incoming.rules:
        spoilt = _spoilt(rule, body, before)
        if spoilt is not None:
            body = spoilt
            rule.changed += 1
            incoming.seen.fault = rule.effect
    return body


def _spoilt(rule: Rule, body: bytes, before: bytes | None) -> bytes | None:
    """The body after one rule, or None when the rule found nothing to change in it."""
    if rule.effect in ("replace", "scale"):
        payload = _json_object(body)
        changed = payload is not None and rewrite(rule, payload.get("result"))
        return orjson.dumps(payload) if changed else None
    if rule.effect == "garbage":
        return b"<html><body>upstream connect error or disconnect/reset before headers</body></html>"
    if rule.effect == "empty":
        return b""
    if rule.effect == "truncate":
        return body[: len(body) // 2]
    return before if rule.effect == "stale" else None


def _json_object(body: bytes) -> dict[str, Any] | None:
    if not body:
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _call(method: str, path: str, params: dict[str, Any] | None) -> str:
    """What a rule's `match` is looked for in."""
    category = params.get("category") if params else None
    return f"{method} {path}?category={category}" if isinstance(category, str) else f"{method} {path}"


def _symbols(params: dict[str, Any] | None) -> frozenset[str]:
    if not params:
        return frozenset()
    batch = params.get("request")
    items = [params, *(batch if isinstance(batch, list) else [])]
    return frozenset(str(item.get("symbol")) for item in items if isinstance(item, dict))


def _note_batch(seen: Seen, reply: Reply) -> None:
    """A batch's own codes go to its orders in the log."""
    orders = seen.fields.get("orders")
    if orders and reply.ext:
        for order, verdict in zip(orders, reply.ext["list"], strict=False):
            order["code"] = verdict["code"]


def _limit_headers(grant: Grant) -> dict[str, str]:
    return {
        "X-Bapi-Limit": str(grant.limit),
        "X-Bapi-Limit-Status": str(grant.left),
        "X-Bapi-Limit-Reset-Timestamp": str(grant.reset_ms),
    }


def _json(body: bytes, headers: dict[str, str], status: int) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _drop(request: web.Request) -> web.Response:
    """Close the connection instead of answering."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _wait_for_hang_up(request: web.Request) -> None:
    waited = 0.0
    while waited < LONGEST_SILENCE_SECONDS:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(0.05)
        waited += 0.05
