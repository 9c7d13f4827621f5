"""Transfers out of the account that an operator has announced (`guardian expect transfer`).

Laws: an announcement excuses one row of the ledger, once, and only for foreign_transfers: losses are of the
NAV, which no flow moves. The row must be of the coin and, within its tolerance, of the amount, and dated
between the announcement and its end. It lapses once a read of the ledger has not shown one that is newer than
its end by as much as rows may be late. At most 20 are open, each for at most a day.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from guardian.core.events import Expected
from guardian.core.facts.transfers import Expectation
from guardian.core.frozen import replace
from guardian.core.model import LedgerEntry, Part
from guardian.core.state import AccountState

LONGEST = timedelta(days=1)
WIDEST = Decimal("0.1")
MAXIMUM_EXPECTED = 20
"""Bound on what is announced and not over yet; of more the oldest is forgotten."""

SKEW = timedelta(seconds=5)
"""How far the venue's clock, which dates the row, may be behind guardian's, which dates the announcement."""

LATE = timedelta(minutes=3)
"""How long after its own date a row may still be told; venues name two minutes."""

Open = tuple[Expectation, ...]


def announced(account: AccountState, event: Expected) -> AccountState:
    """The account with one more expectation; what is no amount is none."""
    fine = event.amount.is_finite() and event.amount > 0 and event.tolerance.is_finite()
    if not fine or event.until <= event.at:
        return account
    tolerance = min(max(event.tolerance, Decimal(0)), WIDEST)
    until = min(event.until, event.at + LONGEST)
    new = Expectation(event.currency, event.amount, tolerance, event.at, until, event.by)
    kept = (*account.course.expected, new)[-MAXIMUM_EXPECTED:]
    return replace(account, course=replace(account.course, expected=kept))


def met_by(known: Open, row: LedgerEntry) -> Open | None:
    """What is expected after this row has left, None where nobody expected it. The first to end is taken."""
    fit = [each for each in known if _is(each, row)]
    if not fit:
        return None
    chosen = min(fit, key=lambda each: (each.until, each.since))
    at = known.index(chosen)
    return (*known[:at], replace(chosen, met_at=row.at), *known[at + 1 :])


def _is(each: Expectation, row: LedgerEntry) -> bool:
    if each.met_at is not None or row.currency != each.currency:
        return False
    near = abs(-row.change - each.amount) <= each.tolerance * each.amount
    return near and each.since - SKEW <= row.at <= each.until


def over(account: AccountState) -> tuple[AccountState, Open]:
    """The account without what was met or has lapsed, and that: people are told of each."""
    known = account.course.expected
    if not known:
        return account, ()  # almost always
    asked = account.evidence.asked_at(Part.LEDGER)
    done = tuple(e for e in known if e.met_at is not None or (asked is not None and asked > e.until + LATE))
    kept = tuple(each for each in known if each not in done)
    return replace(account, course=replace(account.course, expected=kept)) if done else account, done
