"""One answer about what was done on the account, folded into all that remember it."""

from __future__ import annotations

from guardian.core.facts.activity import Activity
from guardian.core.frozen import replace
from guardian.core.metrics.closed_lots import fold_closed
from guardian.core.metrics.doings import fold_activity
from guardian.core.metrics.exposure import settle_prices
from guardian.core.metrics.losing_streak import fold_streak
from guardian.core.metrics.opportunity_cost import fold_given_up
from guardian.core.metrics.stakes import fold_stakes
from guardian.core.metrics.tally import fold_tally
from guardian.core.state import AccountState


def fold_done(account: AccountState, seen: Activity) -> AccountState:
    """The account after it; what counts each fill once is told which of them are new."""
    known = {fill.id for fill in account.doings.fills} if account.doings else set()
    doings = fold_activity(account.doings, seen)
    if seen.orders and account.stack.signals:
        doings = replace(doings, given_up=fold_given_up(account, doings))
    course = replace(account.course, streak=fold_streak(account.course.streak, account.doings, seen))
    prices = settle_prices(account.evidence.wallet)
    course = replace(course, tally=fold_tally(course.tally, account.doings, seen, prices))
    lots = account.lots
    if seen.fills is not None:
        lots = fold_closed(lots, doings)
        fresh = [fill for fill in doings.fills if fill.id not in known and not fill.spot]
        course = replace(course, stakes=fold_stakes(account, fresh, seen.asked_at))
    return replace(account, doings=doings, course=course, lots=lots)
