"""When one account of an incident is where it must be."""

from __future__ import annotations

from guardian.core.model import Level
from guardian.core.state import AccountState
from guardian.sim.ports.stand import Stand


def settled(account: AccountState, stand: Stand) -> bool:
    """Where it must be: below FLATTEN always, at FLATTEN verified flat, at LOCKOUT with a dead key too.

    A fence that was impossible while it was refused is tried on; so that one is awaited as well.
    """
    if account.level < Level.FLATTEN or not account.policy.has_hands or unstoppable(stand):
        return True
    if account.incident is None or account.incident.flatness.verified_at is None:
        return False
    if not account.policy.has_admin:
        return True
    if account.level is Level.LOCKOUT:
        # A key that a forgotten life has fenced is one of many read-only keys now; only its name tells it.
        nameless = not account.policy.bot_keys and not stand.bot_key.can_trade
        dead = account.incident.key_dead_at is not None or stand.bot_key.deleted_at is not None
        return dead or nameless
    return not stand.bot_key.can_trade


def unstoppable(stand: Stand) -> bool:
    """A bot that opens again whatever is closed, with a key that nobody can fence and no switch to force.

    Guardian can only close, page, and go on doing both.
    """
    return stand.plan.bot.style != "idle" and not stand.plan.admin and not stand.plan.halt
