"""One answer about what was done on the account, folded into all that remember it.

What is made of fills and of reads together (stakes.py, closed_lots.py) is made of all that came by one
instant, whichever came first: where a read, or a look at the market, comes at the instant of an answer, the
answer is folded anew into what was known before it. That is remembered until a read of a later instant, and
is no larger than what it becomes.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.facts.activity import Activity
from guardian.core.facts.stake import Answer
from guardian.core.frozen import replace
from guardian.core.metrics.closed_lots import fold_closed
from guardian.core.metrics.doings import fold_activity
from guardian.core.metrics.exposure import settle_prices
from guardian.core.metrics.losing_streak import fold_streak
from guardian.core.metrics.opportunity_cost import fold_given_up
from guardian.core.metrics.stakes import fold_stakes
from guardian.core.metrics.tally import fold_tally
from guardian.core.state import AccountState


def fold_done(account: AccountState, seen: Activity, at: datetime) -> AccountState:
    """The account after an answer that came at `at`; what counts each fill once is told which are new."""
    known = {fill.id for fill in account.doings.fills} if account.doings else set()
    doings = fold_activity(account.doings, seen)
    if seen.orders and account.stack.signals:
        doings = replace(doings, given_up=fold_given_up(account, doings))
    course = replace(account.course, streak=fold_streak(account.course.streak, account.doings, seen))
    prices = settle_prices(account.evidence.wallet)
    course = replace(course, tally=fold_tally(course.tally, account.doings, seen, prices))
    if seen.fills is None:
        return replace(account, doings=doings, course=course)
    fresh = tuple([fill for fill in doings.fills if fill.id not in known and not fill.spot])
    first = account.doings is None or account.doings.filled_at is None
    answer, before = Answer(at, seen.asked_at, fresh, first, course.stakes, account.lots), course.answer
    if before is not None and before.at == at:
        rows = tuple(sorted((*before.fills, *fresh), key=lambda fill: (fill.at, fill.id)))
        answer = replace(before, asked_at=max(before.asked_at, seen.asked_at), fills=rows)
    return _answered(replace(account, doings=doings, course=course), answer)


def before_answer(account: AccountState, at: datetime) -> AccountState:
    """The account as it was before an answer that came at this very instant; an older one is settled."""
    course = account.course
    if course.answer is None:
        return account
    if course.answer.at != at:
        return replace(account, course=replace(course, answer=None))
    return replace(account, course=replace(course, stakes=course.answer.stakes), lots=course.answer.lots)


def after_answer(account: AccountState) -> AccountState:
    """And as it is after it, once whatever else came at that instant was folded."""
    answer = account.course.answer
    if answer is None:
        return account
    return _answered(account, replace(answer, stakes=account.course.stakes, lots=account.lots))


def _answered(account: AccountState, answer: Answer) -> AccountState:
    """With the answer folded into the stakes and lots of before it."""
    doings = account.doings
    course = replace(account.course, stakes=fold_stakes(account, answer), answer=answer)
    return replace(account, course=course, lots=fold_closed(answer.lots, doings) if doings else answer.lots)
