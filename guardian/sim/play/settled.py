"""When one account of an incident is where it must be."""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.model import Level
from guardian.core.state import AccountState
from guardian.sim.actors.bot import OBEDIENT
from guardian.sim.ports.stand import Stand

DEFIED = timedelta(seconds=26)
PROVEN_MS = 6_000
SHOWN_SECONDS = 21.0


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


def answered(account: AccountState, stand: Stand, now: datetime) -> bool:
    """Whether it shows by now what was made of a dead key, and of a bot that was halted."""
    return _proven(account, stand) and _heeded(account, stand, now)


def _proven(account: AccountState, stand: Stand) -> bool:
    """A key that has gone is called dead soon; where it cannot be, nothing more will come."""
    gone, incident = stand.bot_key.deleted_at, account.incident
    if gone is None or incident is None or account.level is not Level.LOCKOUT:
        return True
    return incident.key_dead_at is not None or stand.now_ms() - gone > PROVEN_MS


def _heeded(account: AccountState, stand: Stand, now: datetime) -> bool:
    """Ten seconds of HALT, and as long again for a slow bot to grow: then it shows whether it listens."""
    incident, arming = account.incident, account.arming
    acts = account.policy.has_hands and arming.armed and arming.disarmed_until is None
    if incident is None or not Level.HALT <= account.level < Level.FLATTEN or not acts:
        return True
    grows = stand.plan.bot.style in ("runaway", "deaf") or account.level is Level.REDUCE
    trades = stand.plan.bot.style not in ("idle", *OBEDIENT) and stand.bot_key.can_trade and not stand.forced
    return not (grows and trades) or now - incident.entered_at > DEFIED


def shown(account: AccountState, stand: Stand, now: datetime, healed_for: float) -> bool:
    """Whether the venue must show by now what a strategy was reduced to."""
    incident = account.incident
    if incident is None or account.level is not Level.REDUCE or not stand.plan.strategies:
        return True
    return min((now - incident.entered_at).total_seconds(), healed_for) > SHOWN_SECONDS


def unstoppable(stand: Stand) -> bool:
    """A bot that opens again whatever is closed, with a key that nobody can fence and no switch to force.

    Guardian can only close, page, and go on doing both.
    """
    return stand.plan.bot.style != "idle" and not stand.plan.admin and not stand.plan.halt
