"""foreign_transfers: the part of the equity that left the account in the window, by withdrawal or transfer.

Formula: 1 - product of (1 - w_i / E_i) over the ledger's flows out in (now - W, now]; w_i is what the row
took at the wallet's price, E_i the equity just before it: what all of them took of what would be there
without them. Unit: fraction, 1 once everything is gone. What came in does not make up for it. A trading bot
moves no money: whatever does is a person, a thief or another program; the ledger does not say which.

What was announced is not known either: disarm the account for as long as an announced withdrawal takes, or
accept it afterwards with `resume --rebase RULE`, which forgets what has left. The venue's own flows (a bonus
taken back, a loan repaid) count. So does what goes to another account that guardian watches.

Needs the ledger. AtLeast while watching began inside the window, rows were forgotten (200 of 25 hours are
remembered), or a coin had no price.
Its family is integrity. Source: metrics.md M01 (external flows), G.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.memory import MAXIMUM_MOVES, Nav, Sent
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.within import Gap, bounded, start_of
from guardian.core.model import LedgerEntry, LedgerKind, Measured, Part, Snapshot, Wallet

Flows = tuple[Sent, ...]


def fold_sent(known: Flows, before: Nav | None, seen: Snapshot) -> Flows:
    """What has left, oldest first, each row once, as old as fills are kept. `before`: the NAV until now."""
    since = seen.asked_at - KEPT
    rows = [row for row in seen.ledger or () if _is_out(row)]
    if not rows and (not known or known[0].at > since):
        return known  # almost always
    booked = {sent.id for sent in known} | set(before.booked if before else ())
    first = before.since if before else None  # what is older, the first wallet lacked already
    new = [row for row in rows if row.id not in booked and (first is None or row.at > first)]
    fresh = shares(sorted(new, key=lambda r: (r.at, r.id)), before, seen.wallet)
    kept = (sent for sent in (*known, *fresh) if sent.at > since)
    return tuple(sorted(kept, key=lambda sent: (sent.at, sent.id)))[-MAXIMUM_MOVES:]


def _is_out(row: LedgerEntry) -> bool:
    return row.kind is LedgerKind.FLOW and row.change.is_finite() and row.change < 0


def shares(rows: list[LedgerEntry], nav: Nav | None, wallet: Wallet | None) -> list[Sent]:
    """Of each row the part that it took of what those before it had left; None where that is not known."""
    prices = {balance.currency: balance.price for balance in wallet.balances} if wallet else {}
    prices |= dict(nav.prices) if nav else {}
    left = nav.equity if nav else Decimal(0)
    found = []
    for row in rows:
        worth = -row.change * prices.get(row.currency, Decimal(0))
        known = worth > 0 and left > 0
        found.append(Sent(row.id, row.at, float(min(worth / left, Decimal(1))) if known else None))
        left -= worth
    return found


def gone(sent: Flows) -> float:
    """What several shares in a row take together."""
    left = 1.0
    for each in sent:
        left *= 1.0 - (each.share or 0.0)
    return 1.0 - left


def measure(view: View) -> Measured:
    account, start = view.account, start_of(view)
    sent = tuple(each for each in account.course.sent if each.at > start)
    return bounded(gone(sent), _missing(view, sent, start))


def _missing(view: View, sent: Flows, start: datetime) -> Gap:
    remembered = view.account.course.sent
    if any(each.share is None for each in sent):
        return "what left had no price, or no equity was known", False
    if view.now - KEPT > start:
        return f"only {KEPT.total_seconds() / 3600:.0f} h are remembered", False
    if len(remembered) >= MAXIMUM_MOVES and remembered[0].at > start:
        return f"more than {MAXIMUM_MOVES} rows; the oldest are forgotten", False
    since = view.account.watched_since
    return (f"watching since {since:%H:%M} UTC", True) if since > start else None


METRIC = Metric("foreign_transfers", "fraction", "integrity", ("sliding",), (Part.LEDGER,), measure)
