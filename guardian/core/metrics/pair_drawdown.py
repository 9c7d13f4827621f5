"""M07 pair_drawdown: what all fills in one pair together have given back within the last hour, over equity.

Formula: (max P of the last hour - P now) / E, P the P&L of the pair by everybody's fills and its position at
mark, whoever traded it; the pair that has lost the most counts. Unit: fraction of the account's equity. Needs
wallet, positions and an answer about fills, and is as new as that.

Unknown until all of them were read. Deposits and withdrawals do not move it: what was given back before one
counts over the equity then, as in the NAV. AtLeast while the first hour is watched, while the two accounts of
the equity differ (money may be on its way), and for an hour after fills and position did not add up
(stakes.py) or one was not known at a flow.
Its family is loss, corroborated as every loss; one pair's loss goes to REDUCE at most, and a rule of scope
symbol acts on that pair only. Source: metrics.md M07.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.stakes import EVERYBODY, PATIENCE, WINDOW, doubtful, symbols_of
from guardian.core.metrics.within import Gap, bounded, filled_at
from guardian.core.model import REDUCE, Measured, Part, Unknown


def measure(view: View) -> Measured:
    doings, evidence = view.account.doings, view.account.evidence
    if doings is None or doings.filled_at is None:
        return Unknown("no fills read yet", warming=True)
    stakes = [s for s in view.account.course.stakes if s.name == EVERYBODY]
    if view.rule.scope == "symbol":
        stakes = [s for s in stakes if s.symbol in symbols_of(view.account)]
    told_at = doings.filled_at
    missing: Gap = None
    if told_at - doings.since < WINDOW:
        missing = f"watching since {doings.since:%H:%M} UTC", True
    unsure = {s.symbol for s in stakes if doubtful(s, told_at) or (s.quantity and late(s.seen_at, told_at))}
    held = {p.symbol for p in evidence.positions if p.quantity}
    unseen = sorted(unsure | (held - {s.symbol for s in stakes}))
    nav = view.account.nav
    if nav is not None and not nav.agreed:
        missing = "the two accounts of the equity differ", False
    if unseen:
        missing = f"the fills that are known do not add up to the position in {unseen[0]}", False
    return bounded(max((s.fell for s in stakes), default=0.0), missing)


def late(seen_at: datetime | None, told_at: datetime) -> bool:
    return seen_at is None or told_at - seen_at > PATIENCE


METRIC = Metric(
    "pair_drawdown",
    "fraction",
    "loss",
    ("none",),
    (Part.WALLET, Part.POSITIONS),
    measure,
    corroborated=True,
    aged=filled_at,
    scopes=("account", "symbol"),
    reads=("course",),
    most=REDUCE,
)
