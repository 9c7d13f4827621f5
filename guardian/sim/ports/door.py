"""Who may ask the venue for something: the face's own rules about keys, before it looks at the request.

Law: a key that is gone, expired or too narrow is answered as on the wire. What guardian would do with a key
that it has lost must not look better here than there.
"""

from __future__ import annotations

from guardian.exchanges.bybit.audit import TRADING_GROUPS
from guardian.ports import KeyAudit
from guardian.sim.faces.bybit.auth import authorise
from guardian.sim.faces.bybit.codes import DENIED, KEY_EXPIRED, KEY_INVALID, TEXTS, BybitProblem
from guardian.sim.faces.bybit.routes import Need
from guardian.sim.ports import view
from guardian.sim.ports.line import Reply
from guardian.sim.ports.stand import Stand
from guardian.sim.world.keys import ApiKey

TRANSFERS = {"AccountTransfer", "SubMemberTransfer"}
MANAGING = TRANSFERS | {"Withdraw"}


def turned_away(stand: Stand, key_id: str, need: Need) -> Reply | None:
    """What the venue says to this key, or None when it may."""
    key = stand.world.keys.get(key_id)
    if key is None or key.deleted_at is not None:
        return refused(KEY_INVALID)
    if key.expired(stand.now_ms()):
        return refused(KEY_EXPIRED)
    if need == "manage" and not _manages(stand, key):
        return refused(DENIED)
    try:
        authorise(stand.world, key, need)
    except BybitProblem as problem:
        return refused(problem.code, problem.text)
    return None


def refused(code: int, text: str = "") -> Reply:
    return Reply(str(code), detail=text or TEXTS.get(code, ""))


async def audit(stand: Stand, key_id: str) -> KeyAudit:
    """What the key may do. An audit that could not be made names its problem, and raises nothing."""

    def deed() -> Reply:
        return turned_away(stand, key_id, "any") or Reply(value=_audited(stand, stand.world.keys[key_id]))

    reply = await stand.line.answer("read", "audit", deed)
    if reply.code:
        return KeyAudit(key_id, problem=reply.detail or "refused", code=reply.code)
    found: KeyAudit = reply.value
    return found


def _audited(stand: Stand, key: ApiKey) -> KeyAudit:
    owner, wallet = stand.world.accounts[key.owner], set(key.grants("Wallet"))
    return KeyAudit(
        key_id=key.id,
        can_trade=not key.read_only and any(key.grants(group) for group in TRADING_GROUPS),
        can_withdraw="Withdraw" in wallet,
        can_transfer=not key.read_only and bool(wallet & TRANSFERS),
        can_manage_keys=_manages(stand, key),
        ip_bound=bool(key.ips),
        expires_at=None if key.expires is None else view.instant(key.expires),
        is_master=owner.master,
        uid=owner.uid,
    )


def _manages(stand: Stand, key: ApiKey) -> bool:
    master = stand.world.accounts[key.owner].master
    return not key.read_only and master and bool(set(key.grants("Wallet")) & MANAGING)
