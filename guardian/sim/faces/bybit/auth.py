"""Who is calling: signature, receive window, expiry, bound address, permission, in Bybit's order."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from guardian.sim.faces.bybit import codes
from guardian.sim.faces.bybit.codes import BybitProblem
from guardian.sim.faces.bybit.routes import Need
from guardian.sim.world.engine import World
from guardian.sim.world.keys import ApiKey

CLOCK_SLACK_MS = 1000


def authenticate(world: World, headers: Mapping[str, str], signed: bytes, remote: str, now: int) -> ApiKey:
    """The live key that signed `signed` (query string or raw body); raises BybitProblem."""
    identity = headers.get("X-BAPI-API-KEY", "")
    if not identity:
        raise BybitProblem(codes.NO_AUTH)
    key = world.keys.get(identity)
    if key is None or key.deleted_at is not None:
        raise BybitProblem(codes.KEY_INVALID)
    if key.expired(now):
        raise BybitProblem(codes.KEY_EXPIRED)
    stamp, window = headers.get("X-BAPI-TIMESTAMP", ""), headers.get("X-BAPI-RECV-WINDOW") or "5000"
    _check_window(stamp, window, now)
    sent_window = headers.get("X-BAPI-RECV-WINDOW", "")
    payload = f"{stamp}{identity}{sent_window}".encode() + signed
    expected = hmac.new(key.secret.encode(), payload, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers.get("X-BAPI-SIGN", "").lower()):
        raise BybitProblem(codes.BAD_SIGN)
    if key.ips and remote not in key.ips:
        raise BybitProblem(codes.IP_MISMATCH)
    return key


def _check_window(stamp: str, window: str, now: int) -> None:
    """Bybit's rule: server_time - recv_window <= timestamp < server_time + 1000."""
    numbers = (stamp + window).isascii() and stamp.isdigit() and window.isdigit()
    if numbers and now - int(window) <= int(stamp) < now + CLOCK_SLACK_MS:
        return
    text = (
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{stamp[:20]}],server_timestamp[{now}],recv_window[{window[:20]}]"
    )
    raise BybitProblem(codes.TIME_WINDOW, text)


def authorise(world: World, key: ApiKey, need: Need) -> None:
    """Whether the key may call an endpoint with this need; a frozen sub-account may not act at all."""
    if need in ("public", "any"):
        return
    if need == "manage":
        if key.read_only:
            raise BybitProblem(codes.DENIED)
        return
    if world.accounts[key.owner].frozen:
        raise BybitProblem(codes.BANNED)
    wanted = {"order": "Order", "position": "Position"}[need]
    if key.read_only or wanted not in key.grants("ContractTrade"):
        raise BybitProblem(codes.DENIED)
