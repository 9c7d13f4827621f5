"""What a key may do, in the venue's own words. Source: GET /v5/user/query-api (docs/v5/user/apikey-info)."""

from __future__ import annotations

from datetime import UTC, datetime

from guardian.errors import VenueError
from guardian.exchanges.bybit.client import BybitClient
from guardian.exchanges.generic.fields import (
    Row,
    flag,
    garbage,
    integer,
    mapping,
    optional_text,
    strings,
    text,
)
from guardian.ports import Credential, KeyAudit

TRADING_GROUPS = ("ContractTrade", "Spot", "Options", "Derivatives")
TRANSFERS = {"AccountTransfer", "SubMemberTransfer"}


async def audit_key(client: BybitClient, credential: Credential) -> KeyAudit:
    """Never raises: a refusal or nonsense becomes `problem` with its raw `code`."""
    await client.keep_clock()
    try:
        envelope = await client.ask("privateGetV5UserQueryApi", {}, credential)
        return _parse(envelope.result, credential.key)
    except VenueError as error:
        return KeyAudit(key_id=credential.key, problem=error.detail or "refused", code=error.code)


def may_trade(permissions: Row) -> bool:
    return any(strings(permissions, group) for group in TRADING_GROUPS)


def _parse(result: Row, key_id: str) -> KeyAudit:
    if text(result, "apiKey") != key_id:
        raise garbage("query-api describes another key")
    permissions = mapping(result, "permissions")
    wallet = set(strings(permissions, "Wallet"))
    read_only, master = flag(result, "readOnly"), flag(result, "isMaster")
    ips = strings(result, "ips")
    return KeyAudit(
        key_id=key_id,
        can_trade=not read_only and may_trade(permissions),
        can_withdraw="Withdraw" in wallet,
        # A read-only key lists what it may look at under the same names; withdrawal is refused even so.
        can_transfer=not read_only and bool(wallet & TRANSFERS),
        can_manage_keys=not read_only and master and bool(wallet & (TRANSFERS | {"Withdraw"})),
        ip_bound=bool(ips) and "*" not in ips,
        expires_at=_expiry(optional_text(result, "expiredAt")),
        is_master=master,
        uid=str(integer(result, "userID")),
    )


def _expiry(raw: str) -> datetime | None:
    """Keys bound to an IP do not expire: the venue then writes nothing, or the epoch."""
    if not raw:
        return None
    try:
        when = datetime.fromisoformat(raw)
        when = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        # In the first and the last year of the calendar an offset may lead out of it.
        raise garbage("expiredAt is not an instant") from None
    return when if when.year > 1970 else None
