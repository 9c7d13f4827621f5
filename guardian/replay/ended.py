"""When the rest of a replay is known: nothing is held, nothing may be bought, and nobody is there to resume.

Equity is then what it is, at whatever price, and every demand that can still come is for a level that is
reached already. The way down is barred for good by what cannot go away without an operator or a gain: a
level that only an operator ends, or a rule that acts and is past the limit that the user wrote, below a peak
that never expires. A limit of today is never looser than that one, and blindness makes no rule forget that it
was past.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.breaker import acts
from guardian.core.model import Known, Level, Rule
from guardian.core.rearm import causes_of
from guardian.core.state import AccountState, Incident, RuleState


def ended(account: AccountState, rules: tuple[Rule, ...], now: datetime) -> bool:
    """Whether no later read of this account, as flat as it is and without a new row, changes its level."""
    incident = account.incident
    if incident is None or incident.only or account.level < Level.HALT:
        return False
    if not _still(account) or _may_rise(account, incident, rules):
        return False
    return account.level >= Level.FLATTEN or _never_eased(account, incident, rules, now)


def _still(account: AccountState) -> bool:
    """Nothing moves its equity: no position, no row that waits for a price, no arming that runs out."""
    nav, flat = account.nav, not account.evidence.positions
    return flat and nav is not None and nav.agreed and not nav.waiting and not account.arming.disarmed_until


def _may_rise(account: AccountState, incident: Incident, rules: tuple[Rule, ...]) -> bool:
    """Blindness and forecasts stop at HALT; a rule goes no further than the last rung of its ladder."""
    if account.level is Level.REDUCE and incident.reduce_to != 0:
        return True
    return any(rung.level > account.level for rule in rules for rung in rule.ladder)


def _never_eased(account: AccountState, incident: Incident, rules: tuple[Rule, ...], now: datetime) -> bool:
    """An operator must end it, or something is demanded of this account as long as it stays as it is."""
    if incident.causes and not causes_of(incident, rules):
        return True
    acting = (rule for rule in rules if rule.scope == "account" and acts(account, rule, now))
    return any(_past_for_good(rule, own) for rule in acting if (own := account.rule(rule.id)))


def _past_for_good(rule: Rule, own: RuleState) -> bool:
    """Below a peak that never expires, by as much as the user's own number or more."""
    expires = rule.metric != "drawdown" or rule.window.kind != "hwm" or rule.window.seconds is not None
    if expires or rule.direction != "over" or not isinstance(own.measured, Known):
        return False
    rungs = zip(own.past, rule.ladder, strict=True)
    return any(past and own.measured.value >= rung.limit for past, rung in rungs)
