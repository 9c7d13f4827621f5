"""How the account itself fared, apart from any rule's own window: one fold of what several metrics read."""

from __future__ import annotations

from guardian.core.memory import Course, Nav
from guardian.core.metrics.absorption_shift import fold_absorbed
from guardian.core.metrics.capital_utilisation import fold_used
from guardian.core.metrics.foreign_activity import fold_traded
from guardian.core.metrics.foreign_transfers import fold_came, fold_sent
from guardian.core.metrics.funding_paid import fold_funding
from guardian.core.metrics.hedge_imbalance import fold_moved
from guardian.core.metrics.realised_loss import fold_realised
from guardian.core.metrics.track import fold_track
from guardian.core.model import Snapshot
from guardian.core.state import AccountState


def fold_course(account: AccountState, seen: Snapshot, nav: Nav | None) -> Course:
    """The course after one read; `account` is as it was before, `nav` as it is now."""
    course = account.course
    positions = seen.positions if seen.positions is not None else account.evidence.positions
    sent, expected = fold_sent(course.sent, course.expected, account.nav, seen)
    used, using = fold_used(course.used, course.using, seen, positions, nav)
    return Course(
        track=fold_track(course.track, account.nav, nav),
        used=used,
        using=using,
        realised=fold_realised(course.realised, account.nav, seen, nav),
        streak=course.streak,
        moved=fold_moved(course.moved, seen, account.policy.currency),
        sent=sent,
        keys=course.keys,
        funding=fold_funding(course.funding, account.nav, seen, nav),
        absorbed=fold_absorbed(course.absorbed, account.correlations),
        came=fold_came(course.came, seen),
        expected=expected,
        stakes=course.stakes,
        traded=fold_traded(course.traded, seen, account.policy),
        tally=course.tally,
    )
