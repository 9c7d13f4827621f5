"""Closed again and again, and there again each time: a halted bot reopens between any two reads.

Formula, of each leg: what guardian's own closes took since ten seconds after HALT, by the ledger rows that
carry their ids, against the most of the leg that any read has shown. Reduce-only orders cannot take more than
there is: what they took beyond it was opened anew in between, though no read ever showed it growing. Twice
the most is asked for, because a read may be behind. Quantities in the venue's units. No proof without rows.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.frozen import replace
from guardian.core.metrics.growth import IGNORED_AFTER
from guardian.core.model import LedgerEntry, Position, Snapshot
from guardian.core.state import AccountState, Incident, Taken, Target

TIMES_OVER = 2
"""So many times the most that was seen of a leg must have been closed."""


def fold_reopened(account: AccountState, seen: Snapshot, held: tuple[Position, ...]) -> AccountState:
    """Add what the rows of this read say about guardian's own closes; each row counts once.

    `held` are the newest known positions; the account is as it was before the read.
    """
    incident = account.incident
    if incident is None or incident.halted_at is None or incident.t0 is not None:
        return account
    closes = [target for target in incident.targets if target.step == "close"]
    if not closes or account.nav is None or seen.asked_at < incident.halted_at + IGNORED_AFTER:
        return account
    booked = frozenset(account.nav.booked)
    rows = [row for row in seen.ledger or () if row.client_id and row.id not in booked]
    taken = tuple([_taken(incident, target, rows, held) for target in closes])
    if taken == incident.taken:
        return account  # no fill and no larger leg: almost always
    return replace(account, incident=replace(incident, taken=taken))


def reopened(incident: Incident) -> bool:
    """More of a leg was closed than there ever was of it."""
    return any(leg.taken > leg.most * TIMES_OVER for leg in incident.taken)


def _taken(incident: Incident, target: Target, rows: list[LedgerEntry], held: tuple[Position, ...]) -> Taken:
    leg = target.key.removeprefix("close:")
    known = next((t for t in incident.taken if t.leg == leg), None) or Taken(leg, target.attempts, Decimal(0))
    at_entry = abs(dict(incident.legs).get(leg, Decimal(0)))
    now = max((abs(p.quantity) for p in held if p.leg == leg), default=Decimal(0))
    more = sum((row.quantity for row in rows if _counts(row, target, known.attempts)), Decimal(0))
    return replace(known, most=max(known.most, at_entry, now), taken=known.taken + more)


def _counts(row: LedgerEntry, target: Target, attempts: int) -> bool:
    """Whether the row is a fill of a close of this leg that was sent after number `attempts`."""
    stem, _, attempt = row.client_id.rpartition("-")
    same = stem == target.client_id.rpartition("-")[0]
    return same and attempt.isdecimal() and int(attempt) > attempts
