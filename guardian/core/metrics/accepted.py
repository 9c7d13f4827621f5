"""What `resume --rebase RULE` accepts of a rule that compares with what was seen before.

A rule of NAVs begins its window anew (engine.py); one of keys takes the newest listing as the first, and one
of transfers forgets what has left. An operator has looked at it: nothing else may make it the usual.
"""

from __future__ import annotations

from collections.abc import Iterable

from guardian.core.frozen import replace
from guardian.core.metrics import foreign_keys, foreign_transfers
from guardian.core.model import Rule
from guardian.core.state import AccountState


def accepted(account: AccountState, rebased: Iterable[str], rules: Iterable[Rule]) -> AccountState:
    """The account after an operator has accepted what these rules (by id) have found."""
    wanted = set(rebased)
    metrics = {rule.metric for rule in rules if rule.id in wanted}
    course = account.course
    if foreign_keys.METRIC.name in metrics and account.evidence.keys_asked is not None:
        listed = foreign_keys.accepted_keys(course.keys, account.evidence.keys, account.policy)
        course = replace(course, keys=listed)
    if foreign_transfers.METRIC.name in metrics:
        course = replace(course, sent=())
    return replace(account, course=course)
