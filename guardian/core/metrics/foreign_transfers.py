"""foreign_transfers: the part of the equity that left the account in the window, by withdrawal or transfer.

Formula: 1 - product of (1 - w_i / E_i) over the ledger's flows out in (now - W, now]; w_i is what the row
took at the wallet's price, E_i the equity just before it: what all of them took of what would be there
without them. Unit: fraction, 1 once everything is gone. What came in does not make up for it. A trading bot
moves no money: whatever does is a person, a thief or another program; the ledger does not say which.

Not counted is a row that an operator announced (`guardian expect transfer`, expected.py), and one that has
come to another account that guardian watches for the same mandate (between.py); until it may have come there,
the value is AtLeast. `resume --rebase RULE` accepts afterwards what has left. The venue's own flows (a bonus
taken back, a loan repaid) count.

Needs the ledger: Unknown until it was read. AtLeast while watching began inside the window, rows were
forgotten (200 of 25 hours are remembered), a coin had no price, or a transfer may be on its way to another
account.
Its family is integrity. Source: metrics.md M01 (external flows), G.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from guardian.core.facts.transfers import Came, Sent
from guardian.core.memory import MAXIMUM_MOVES, Nav
from guardian.core.metrics.between import Flows, gone_away
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.expected import Open, met_by
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.within import Gap, bounded, start_of
from guardian.core.model import LedgerEntry, LedgerKind, Measured, Part, Snapshot, Wallet

Arrivals = tuple[Came, ...]


def fold_sent(known: Flows, expected: Open, before: Nav | None, seen: Snapshot) -> tuple[Flows, Open]:
    """What has left, oldest first, each row once, as old as fills are kept; and what is still expected to.

    `before`: the NAV until now.
    """
    since = seen.asked_at - KEPT
    rows = [row for row in seen.ledger or () if _crosses(row) and row.change < 0]
    if not rows and (not known or known[0].at > since):
        return known, expected  # almost always
    booked = {sent.id for sent in known} | set(before.booked if before else ())
    first = before.since if before else None  # what is older, the first wallet lacked already
    new = [row for row in rows if row.id not in booked and (first is None or row.at > first)]
    fresh, expected = _told(sorted(new, key=_when), expected, (before, seen.wallet))
    kept = (sent for sent in (*known, *fresh) if sent.at > since)
    return tuple(sorted(kept, key=lambda sent: (sent.at, sent.id)))[-MAXIMUM_MOVES:], expected


def fold_came(known: Arrivals, seen: Snapshot) -> Arrivals:
    """What has come, oldest first, each row once, as old as fills are kept."""
    since = seen.asked_at - KEPT
    rows = [row for row in seen.ledger or () if _crosses(row) and row.change > 0]
    if not rows and (not known or known[0].at > since):
        return known  # almost always
    booked = {came.id for came in known}
    fresh = (Came(row.id, row.at, row.currency, row.change) for row in rows if row.id not in booked)
    kept = (came for came in (*known, *fresh) if came.at > since)
    return tuple(sorted(kept, key=lambda came: (came.at, came.id)))[-MAXIMUM_MOVES:]


def _crosses(row: LedgerEntry) -> bool:
    return row.kind is LedgerKind.FLOW and row.change.is_finite()


def _when(row: LedgerEntry) -> tuple[datetime, str]:
    return row.at, row.id


def _told(
    rows: list[LedgerEntry], expected: Open, before: tuple[Nav | None, Wallet | None]
) -> tuple[list[Sent], Open]:
    """Each row as what left; of those that were announced each takes what announced it."""
    found = []
    for row, share in zip(rows, shares(rows, *before), strict=True):
        rest = met_by(expected, row)
        found.append(Sent(row.id, row.at, share, row.currency, -row.change, rest is not None))
        expected = expected if rest is None else rest
    return found, expected


def shares(rows: list[LedgerEntry], nav: Nav | None, wallet: Wallet | None) -> list[float | None]:
    """Of each row the part that it took of what those before it had left; None where that is not known."""
    prices = {balance.currency: balance.price for balance in wallet.balances} if wallet else {}
    prices |= dict(nav.prices) if nav else {}
    left = nav.equity if nav else Decimal(0)
    found = []
    for row in rows:
        worth = -row.change * prices.get(row.currency, Decimal(0))
        known = worth > 0 and left > 0
        found.append(float(min(worth / left, Decimal(1))) if known else None)
        left -= worth
    return found


def gone(sent: Iterable[Sent]) -> float:
    """What several shares in a row take together."""
    left = 1.0
    for each in sent:
        left *= 1.0 - (each.share or 0.0)
    return 1.0 - left


def measure(view: View) -> Measured:
    account, start = view.account, start_of(view)
    sent = tuple(each for each in account.course.sent if each.at > start and not each.expected)
    away, moving = gone_away(view, sent) if sent else ((), ())
    return bounded(gone(away), _missing(view, (away, moving), start))


def _missing(view: View, sent: tuple[Flows, Flows], start: datetime) -> Gap:
    remembered, (away, moving) = view.account.course.sent, sent
    if any(each.share is None for each in away):
        return "what left had no price, or no equity was known", False
    if moving:
        return "what left may be on its way to another account", False
    if view.now - KEPT > start:
        return f"only {KEPT.total_seconds() / 3600:.0f} h are remembered", False
    if len(remembered) >= MAXIMUM_MOVES and remembered[0].at > start:
        return f"more than {MAXIMUM_MOVES} rows; the oldest are forgotten", False
    since = view.account.watched_since
    return (f"watching since {since:%H:%M} UTC", True) if since > start else None


METRIC = Metric(
    "foreign_transfers",
    "fraction",
    "integrity",
    ("sliding",),
    (Part.LEDGER,),
    measure,
    among=True,
)
