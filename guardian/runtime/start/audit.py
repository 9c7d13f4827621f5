"""The audit of guardian's own keys at boot: what each may do, and what is refused.

A watch key must only read. No key may withdraw; hands may not transfer either. The admin key may hold the
least transfer permission that the venue ties key management to (Bybit: SubMemberTransfer).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from guardian.ports import KeyAudit


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """The audit of one role. `excess`: what the key may but must not do; `problem`: why it is unaudited."""

    role: str
    audit: KeyAudit
    excess: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        return self.audit.problem

    @property
    def sentence(self) -> str:
        if self.problem:
            return f"{self.role} key could not be audited: {self.problem}"
        if self.excess:
            may = " and ".join(self.excess)
            return (
                f"{self.role} key {self.audit.key_id} may {may}; make a new key without it ({FIX[self.role]})"
            )
        return f"{self.role} key {self.audit.key_id} is as narrow as it should be"


FORBIDDEN = {
    "watch": ("trade", "withdraw", "transfer"),
    "hands": ("withdraw", "transfer"),
    "admin": ("withdraw",),
}

FIX = {
    "watch": "read-only",
    "hands": "orders and positions only, on the bot's own sub-account",
    "admin": "the least that lets it manage sub-account keys",
}


def narrow_roles(findings: Iterable[KeyFinding]) -> frozenset[str]:
    """The roles whose key is proven to be as narrow as it should be."""
    return frozenset(f.role for f in findings if not f.problem and not f.excess)


def judge_key(role: str, audit: KeyAudit) -> KeyFinding:
    """What this key may do beyond its role."""
    may = {"trade": audit.can_trade, "withdraw": audit.can_withdraw, "transfer": audit.can_transfer}
    excess = tuple(power for power in FORBIDDEN[role] if may[power]) if not audit.problem else ()
    return KeyFinding(role, audit, excess)
