"""What of the rest of a replay is known: no level is lowered any more, for nobody is there to resume.

At a level that only an operator ends, a rule that goes no further than that level changes nothing: it is not
judged. Where no rule goes further nothing may be bought or sold, and no bar is judged. Every demand that can
still come is then for a level that is reached already, and equity follows from the prices of what is left,
if anything is. The way down is barred for good by what cannot go away without an operator or a gain: a level
that only an operator ends or, where nothing is held, a rule that acts and is past the limit that the user
wrote, below a peak that never expires. A limit of today is never looser than that one, and blindness makes no
rule forget that it was past.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.breaker import acts
from guardian.core.frozen import replace
from guardian.core.metrics.remembered import by_identity
from guardian.core.model import Known, Level, Rule
from guardian.core.rearm import causes_of, partial
from guardian.core.state import AccountState, Incident, RuleState


def ended(account: AccountState, rules: tuple[Rule, ...], now: datetime) -> bool:
    """Whether no later read of this account, without an order or a new row, changes its level."""
    incident, level = account.incident, account.level
    if incident is None or incident.only or level < Level.HALT or account.arming.disarmed_until:
        return False
    if _may_rise(account, incident, rules):
        return False
    if account.evidence.positions:
        # What is halted is kept; what is to be reduced or closed is not done yet.
        return level is Level.HALT and _operator_ends(incident, rules)
    return _still(account) and (level >= Level.FLATTEN or _never_eased(account, incident, rules, now))


def mattering(account: AccountState, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules, and their rungs, that may still change this account's level, or how far it is reduced."""
    incident, level = account.incident, account.level
    if incident is None or incident.only or level < Level.HALT or account.arming.disarmed_until:
        return rules
    least = level if level is Level.REDUCE else level + 1
    if _lowest(rules) >= least or partial(account) or not _operator_ends(incident, rules):
        return rules
    further = (_further(rule, account.rule(rule.id), least) for rule in rules)
    return tuple(rule for rule in further if rule.ladder)


def _further(rule: Rule, own: RuleState | None, least: int) -> Rule:
    """The rule without its rungs below this level. With other rungs all holds begin anew, so none may run."""
    ladder = tuple(rung for rung in rule.ladder if rung.level >= least)
    first = len(rule.ladder) - len(ladder)
    runs = own is not None and (any(own.held[first:]) or True in own.past[first:])
    return rule if ladder and runs else replace(rule, ladder=ladder)


def _still(account: AccountState) -> bool:
    """Nothing moves the equity of an account without positions: no row that waits for a price."""
    return account.nav is not None and account.nav.agreed and not account.nav.waiting


def _may_rise(account: AccountState, incident: Incident, rules: tuple[Rule, ...]) -> bool:
    """Blindness and forecasts stop at HALT; a rule goes no further than the last rung of its ladder."""
    return (account.level is Level.REDUCE and incident.reduce_to != 0) or _highest(rules) > account.level


@by_identity
def _lowest(rules: tuple[Rule, ...]) -> Level:
    return min((rung.level for rule in rules for rung in rule.ladder), default=Level.LOCKOUT)


@by_identity
def _highest(rules: tuple[Rule, ...]) -> Level:
    return max((rung.level for rule in rules for rung in rule.ladder), default=Level.NORMAL)


def _operator_ends(incident: Incident, rules: tuple[Rule, ...]) -> bool:
    return bool(incident.causes) and not causes_of(incident, rules)


def _never_eased(account: AccountState, incident: Incident, rules: tuple[Rule, ...], now: datetime) -> bool:
    """An operator must end it, or something is demanded of this account as long as it stays as it is."""
    if _operator_ends(incident, rules):
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
