"""How the account itself fared, apart from any rule's own window: one fold of what several metrics read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from guardian.core.frozen import replace
from guardian.core.memory import Course, Nav
from guardian.core.metrics.absorption_shift import fold_absorbed
from guardian.core.metrics.capital_utilisation import fold_used
from guardian.core.metrics.flows import fold_flows
from guardian.core.metrics.foreign_activity import fold_traded
from guardian.core.metrics.foreign_transfers import fold_came, fold_sent
from guardian.core.metrics.funding_paid import fold_funding
from guardian.core.metrics.hedge_imbalance import fold_moved
from guardian.core.metrics.realised_loss import fold_realised
from guardian.core.metrics.track import fold_track
from guardian.core.model import Snapshot
from guardian.core.state import AccountState


def fold_course(account: AccountState, seen: Snapshot, nav: Nav | None, folds: Collection[str]) -> Course:
    """What is wanted of the course after one read; `account` is as it was before, `nav` as it is now."""
    course = account.course
    news: dict[str, Any] = {}
    if "track" in folds:
        news["track"] = fold_track(course.track, account.nav, nav)
    if "used" in folds:
        positions = seen.positions if seen.positions is not None else account.evidence.positions
        news["used"], news["using"] = fold_used(course.used, course.using, seen, positions, nav)
    if "absorbed" in folds:
        absorbed = fold_absorbed(course.absorbed, account.correlations)
        if absorbed is not course.absorbed:  # once a cell
            news["absorbed"] = absorbed
    if "course" in folds:
        news |= _booked(account, seen, nav) | fold_flows(account, seen, nav)
    return replace(course, **news) if news else course


def _booked(account: AccountState, seen: Snapshot, nav: Nav | None) -> dict[str, Any]:
    """What the ledger's rows tell."""
    course = account.course
    sent, expected = fold_sent(course.sent, course.expected, account.nav, seen)
    return {
        "realised": fold_realised(course.realised, account.nav, seen, nav),
        "moved": fold_moved(course.moved, seen, account.policy.currency),
        "sent": sent,
        "funding": fold_funding(course.funding, account.nav, seen, nav),
        "came": fold_came(course.came, seen),
        "expected": expected,
        "traded": fold_traded(course.traded, seen, account.policy),
    }
