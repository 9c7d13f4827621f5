"""Keys and sub-accounts: audit, listing, fence (read-only), deletion, freeze, with Bybit's defaults.

The destructive defaults are kept on purpose: `update-sub-api` without `readOnly` makes a key read-write
and without `ips` unbinds it. Deleting a key cancels none of its orders.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from guardian.sim.faces.bybit.codes import DENIED, PARAMS, BybitProblem
from guardian.sim.faces.bybit.wire import Call, Params, Reply, int_of, page_size, paged, required, text_of
from guardian.sim.world.account import Account
from guardian.sim.world.keys import DAY_MS, ApiKey, Permissions

_MASTER_MAY = ("AccountTransfer", "SubMemberTransfer", "Withdraw")
_SUB_MAY = ("AccountTransfer", "SubMemberTransferList")
_NO_EXPIRY = "1970-01-01T00:00:00Z"
_MASTER_ONLY = ("FiatP2P", "FiatConvertBroker", "FiatBitPay", "BitCard", "ByXPost")


def query_api(call: Call) -> Reply:
    key, account = call.caller, call.me
    result = {
        "id": str(key.number),
        "note": key.note,
        "apiKey": key.id,
        "readOnly": int(key.read_only),
        "secret": "",
        "permissions": key.permissions,
        "ips": list(key.ips) or ["*"],
        "type": 1,
        "deadlineDay": _days_left(key, call.now),
        "expiredAt": _stamp(key.expires) if key.expires else _NO_EXPIRY,
        "createdAt": _stamp(key.created),
        "unified": 0,
        "uta": 1,
        "userID": int(account.uid),
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": account.master,
        "parentUid": account.parent,
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
        "userIDInt64": account.uid,
        "inviterIDInt64": "0",
        "affiliateIDInt64": "0",
    }
    return Reply(result, text="")


def _stamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _days_left(key: ApiKey, now: int) -> int:
    return -2 if key.expires is None else (key.expires - now) // DAY_MS


def query_sub_members(call: Call) -> Reply:
    _master(call)
    subs = [a for a in call.world.accounts.values() if a.parent == call.me.uid]
    return Reply({"subMembers": [_member(account) for account in subs]}, text="")


def _member(account: Account) -> dict[str, Any]:
    return {
        "uid": account.uid,
        "username": account.name,
        "memberType": 1,
        "status": 2 if account.frozen else 1,
        "remark": "",
        "accountMode": 5,
    }


def _master(call: Call) -> Account:
    if not call.me.master:
        raise BybitProblem(DENIED)
    return call.me


def _sub(call: Call, uid: str) -> Account:
    account = call.world.accounts.get(uid)
    if account is None or account.parent != _master(call).uid:
        raise BybitProblem(500010, "The subaccount specified does not belong to the parent account")
    return account


def sub_apikeys(call: Call) -> Reply:
    """All live keys of a sub-account, 20 a page, newest first; expired ones are listed too."""
    sub = _sub(call, required(call.params, "subMemberId"))
    keys = [k for k in call.world.keys.values() if k.owner == sub.uid and k.deleted_at is None]
    keys.sort(key=lambda k: -k.number)
    page, cursor = paged(keys, lambda k: k.number, call.params, page_size(call.params, 20, 20))
    return Reply({"result": [_key_row(k, call.now) for k in page], "nextPageCursor": cursor}, text="")


def _key_row(key: ApiKey, now: int) -> dict[str, Any]:
    days = _days_left(key, now)
    status = 1 if key.expires is None else 2 if key.expired(now) else 4 if days < 7 else 3
    return {
        "id": str(key.number),
        "ips": list(key.ips) or ["*"],
        "apiKey": key.id,
        "note": key.note,
        "status": status,
        "expiredAt": _stamp(key.expires) if key.expires else _NO_EXPIRY,
        "createdAt": _stamp(key.created),
        "type": 1,
        "permissions": {g: p for g, p in key.permissions.items() if g not in _MASTER_ONLY},
        "secret": "******",
        "readOnly": key.read_only,
        "deadlineDay": days,
        "flag": "hmac",
    }


def update_sub_api(call: Call) -> Reply:
    key = _managed(call)
    _edit(key, call.params, call.now)
    return _edited(key)


def update_api(call: Call) -> Reply:
    """A master's key edits itself."""
    _master(call)
    _edit(call.caller, call.params, call.now)
    return _edited(call.caller)


def delete_sub_api(call: Call) -> Reply:
    _managed(call).delete(call.now)
    return Reply({}, text="")


def delete_api(call: Call) -> Reply:
    """The calling key of a master deletes itself."""
    _master(call)
    call.caller.delete(call.now)
    return Reply({}, text="")


def frozen_sub_member(call: Call) -> Reply:
    account = _sub(call, required(call.params, "subuid"))
    frozen = int_of(call.params, "frozen", -1)
    if frozen not in (0, 1):
        raise BybitProblem(PARAMS, "params error: frozen invalid")
    account.frozen = bool(frozen)
    return Reply({}, text="")


def _managed(call: Call) -> ApiKey:
    """The sub-account key that this call may edit or delete: named by a master, or a sub's key itself."""
    caller, named = call.caller, text_of(call.params, "apikey")
    may = _MASTER_MAY if call.me.master else _SUB_MAY
    if caller.read_only or not set(may) & set(caller.grants("Wallet")):
        raise BybitProblem(DENIED)
    if not call.me.master:
        if named:
            raise BybitProblem(PARAMS, "apikey can not be passed by a sub account")
        return caller
    key = call.world.keys.get(named)
    owner = call.world.accounts.get(key.owner) if key else None
    if key is None or owner is None or key.deleted_at is not None or owner.parent != call.me.uid:
        raise BybitProblem(PARAMS, "apikey not found")
    return key


def _edit(key: ApiKey, params: Params, now: int) -> None:
    read_only = int_of(params, "readOnly", 0)
    if read_only not in (0, 1):
        raise BybitProblem(PARAMS, "params error: readOnly invalid")
    bound = [ip.strip() for ip in text_of(params, "ips").split(",") if ip.strip() not in ("", "*")]
    key.edit(now, bool(read_only), tuple(bound), _permissions(params))


def _permissions(params: Params) -> Permissions | None:
    given = params.get("permissions")
    if given is None:
        return None
    if not isinstance(given, dict) or not all(isinstance(v, list) for v in given.values()):
        raise BybitProblem(PARAMS, "params error: permissions invalid")
    return {str(group): [str(grant) for grant in grants] for group, grants in given.items()}


def _edited(key: ApiKey) -> Reply:
    result = {
        "id": str(key.number),
        "note": key.note,
        "apiKey": key.id,
        "readOnly": int(key.read_only),
        "secret": "",
        "permissions": key.permissions,
        "ips": list(key.ips) or ["*"],
    }
    return Reply(result, text="")
