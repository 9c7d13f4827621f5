"""Judge: one rule, one account, one verdict; today's limits, and the holds of its rungs.

Laws: a verdict is clear, pending, breached, unknown or warming. Partial evidence may fire, never clear.
Today's limit is the user's or tighter, never looser; FLATTEN and LOCKOUT wait for the user's own number.
Unknown never disarms a hold: it neither fills nor drains it. Holds are leaky buckets, spent faster than they
are regained, so that a flapping value still fires.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.fresh import failed
from guardian.core.metrics.group import GROUPS
from guardian.core.metrics.limits import limit_today, limits_today, share_of, within
from guardian.core.metrics.subjects import Accounts, gathered, look
from guardian.core.model import AtLeast, Known, Measured, Rule, Unknown, Verdict
from guardian.core.state import AccountState, RuleState

LEAK = 0.5
"""Seconds a hold loses per clear second: two clear seconds undo one breached second."""

LONGEST_STEP_SECONDS = 5.0
"""Time between two looks that one look may account for, so that one read after a gap fires nothing alone."""

LONGEST_CROSSING_SECONDS = 1.0

CLEAR, PENDING, BREACHED, UNKNOWN, WARMING = Verdict
"""By names of their own, as the levels are."""

Rungs = tuple[tuple[float, ...], tuple[bool, ...], tuple[bool, ...]]

CLEAR_BELOW = 0.7
"""A rung counts as left once the value is under this fraction of its limit (`under`: over its inverse)."""


def judge(
    account: AccountState, rule: Rule, own: RuleState, now: datetime, accounts: Accounts = ()
) -> RuleState:
    """One rule on one account; `accounts` are all that a rule of a wider scope may look at."""
    try:
        if rule.scope in GROUPS:
            own = gathered(own, rule, account, accounts, now)
        measured, stale, fault = look(BY_NAME[rule.metric], View(account, rule, own, now), accounts)
    except Exception as error:
        measured, stale, fault = *failed(error), ()  # a group's or a slice's defect is the rule's, too
    # A ladder climbs: what is not past the limit of its first rung is past none.
    mildest = limit_today(rule, rule.ladder[0], account.overheat)
    over = past_limit(measured, rule, mildest)
    held, past, fired = own.held, own.past, own.past
    if over or True in past or any(held):
        overs = [past_limit(measured, rule, limit) for limit in limits_today(rule, account.overheat)]
        held, past, fired = _filled(own, rule, overs, now)
    # Otherwise nothing is past a limit and nothing was, almost always: every hold stays empty, no rung fires.
    verdict, below_since = _verdict(measured, over, fired), None
    # Only Known may say that the value is well clear of the lowest rung.
    if type(measured) is Known and within(measured.value, rule, share_of(mildest, rule, CLEAR_BELOW)):
        below_since = own.below_since or now
    # By position: nothing that guardian decides is done more often, and names would take as long again.
    return RuleState(
        own.rule_id,
        verdict,
        measured,
        held,
        past,
        fired,
        now,
        below_since,
        own.baseline,
        own.episode,
        own.told,
        stale,
        own.group,
        fault,
    )


def _filled(own: RuleState, rule: Rule, overs: list[bool | None], now: datetime) -> Rungs:
    """Each rung's hold after this look, whether it was past its limit when last known, and if it fires."""
    elapsed = 0.0 if own.judged_at is None else (now - own.judged_at).total_seconds()
    step = min(max(elapsed, 0.0), LONGEST_STEP_SECONDS)
    held, past, fired = [], [], []
    for i, over in enumerate(overs):
        was, full = own.past[i], rule.ladder[i].hold_seconds
        hold = _hold(own.held[i], was, over, step, full)
        held.append(hold)
        past.append(was if over is None else over)
        fired.append(over is True and hold >= full)
    return tuple(held), tuple(past), tuple(fired)


def _hold(held: float, was: bool, over: bool | None, step: float, full: float) -> float:
    """The hold after one look. The value crossed somewhere in the step, so a change counts half of it.

    After a gap nobody knows where: a change then counts as after a second, or one odd read would fill a hold.
    """
    if over is not None:
        if over is not was:
            step = min(step, LONGEST_CROSSING_SECONDS)
        breached = step * (over + was) / 2
        held = max(held + breached - LEAK * (step - breached), 0.0)
    return min(held, full)


def past_limit(measured: Measured, rule: Rule, limit: float) -> bool | None:
    """True past the limit, False proven within, None when the evidence cannot tell."""
    if type(measured) is Known:  # almost always; asked for each rung of each rule at each event
        return measured.value >= limit if rule.direction == "over" else measured.value <= limit
    match measured:
        case AtLeast(value, filling=filling) if rule.direction == "over":
            if value >= limit:
                return True
            return False if filling else None
        case _:
            return None


def _verdict(measured: Measured, over: bool | None, fired: tuple[bool, ...]) -> Verdict:
    if over:
        return BREACHED if True in fired else PENDING
    if type(measured) is Known:
        return CLEAR
    return WARMING if isinstance(measured, Unknown) and measured.warming else UNKNOWN
