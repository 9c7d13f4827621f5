"""The fills of several accounts as those of one: for metrics of a group that read what was done.

All are known only since the last of them was watched. The answers age by the one that is farthest behind its
own account's positions: where these show a leg gone and no fill says so, nothing is known. An account that is
wholly unseen is as it was: the group says so beside the value. Where one has forgotten rows, older ones of
the others are left out, so that what is left is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from guardian.core.facts.activity import Fill
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_DOINGS, MAXIMUM_MOVES, Doings
from guardian.core.metrics.remembered import by_identity, newest_of
from guardian.core.model import LedgerEntry, Part
from guardian.core.state import AccountState


def with_deeds(whole: AccountState, accounts: tuple[AccountState, ...]) -> AccountState:
    """`whole` (merged of the others) with what all of them did, and the coins that came or went there."""
    doings, moved = _deeds(accounts)
    return replace(whole, course=replace(whole.course, moved=moved), doings=doings)


@by_identity
def _deeds(accounts: tuple[AccountState, ...]) -> tuple[Doings | None, tuple[LedgerEntry, ...]]:
    """Made once for all of them, as what is merged (group.py)."""
    known = [account.doings for account in accounts]
    owner = ",".join(account.policy.name for account in accounts)
    moved = _moved(owner, tuple(account.course.moved for account in accounts))
    told = [doings for doings in known if doings is not None and doings.filled_at is not None]
    return _together(owner, told, _filled_at(accounts)) if len(told) == len(known) else None, moved


def _together(owner: str, known: list[Doings], filled_at: datetime | None) -> Doings:
    since = max(doings.since for doings in known)
    return Doings(since, fills=_rows(owner, tuple(doings.fills for doings in known)), filled_at=filled_at)


def _filled_at(accounts: Sequence[AccountState]) -> datetime | None:
    """The newest read of positions, less the longest that fills are behind those of their own account."""
    told = [(a.evidence.asked_at(Part.POSITIONS), a.doings.filled_at) for a in accounts if a.doings]
    both = [(seen, filled) for seen, filled in told if seen is not None and filled is not None]
    behind = max((seen - filled for seen, filled in both), default=timedelta(0))
    return max(seen for seen, _ in both) - max(behind, timedelta(0)) if both else None


@newest_of
def _rows(owner: str, series: tuple[tuple[Fill, ...], ...]) -> tuple[Fill, ...]:
    """Oldest first, from the instant on since which none of them has forgotten any."""
    whole = max((rows[0].at for rows in series if len(rows) >= MAXIMUM_DOINGS), default=None)
    found = [row for rows in series for row in rows if whole is None or row.at >= whole]
    return tuple(sorted(found, key=lambda row: (row.at, row.id)))


@newest_of
def _moved(owner: str, series: tuple[tuple[LedgerEntry, ...], ...]) -> tuple[LedgerEntry, ...]:
    whole = max((rows[0].at for rows in series if len(rows) >= MAXIMUM_MOVES), default=None)
    found = [row for rows in series for row in rows if whole is None or row.at >= whole]
    return tuple(sorted(found, key=lambda row: (row.at, row.id)))
