"""What a rule looks at, by its scope: this account, several as one, or each part of this one by itself.

scope                       looks at                             the value
account                     the account                          the metric's
portfolio, mandate, venue   the group's accounts merged (group)  the metric's; AtLeast while one is blind
symbol, cluster, strategy   each part of the account (slices)    the worst part's; `fault` names the symbols

`only` selects: accounts for account and portfolio, mandates for mandate, venues for venue, symbols or assets
for symbol and cluster, for strategy client order id prefixes, or an account that names none. Each member
judges a group's rule for itself, so that no account waits for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from guardian.core.frozen import replace
from guardian.core.metrics.baseline import fold_baseline, missing_since
from guardian.core.metrics.deeds import with_deeds
from guardian.core.metrics.fresh import fresh
from guardian.core.metrics.group import (
    GROUPS,
    agreed,
    members,
    merged,
    patience,
    read_up_to,
    slowest,
    unlike,
    unseen,
)
from guardian.core.metrics.group_nav import fold_group, settled
from guardian.core.metrics.limits import limit_today, within
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.slices import SLICES, parts, sliced
from guardian.core.model import AtLeast, Known, Measured, Rule, Unknown
from guardian.core.state import AccountState, RuleState

Accounts = Sequence[AccountState]
Fault = tuple[tuple[str, float], ...]


class Look(NamedTuple):
    """One rule's measurement, whether its evidence is too old, and the symbols past its first rung."""

    measured: Measured
    stale: bool
    fault: Fault = ()


def gathered(
    own: RuleState, rule: Rule, account: AccountState, accounts: Accounts, now: datetime
) -> RuleState:
    """What a group rule remembers after this look: the group's NAV, and its window once all is confirmed."""
    together = members(accounts, account, rule)
    if unlike(together):
        return own
    group = fold_group(own.group, together, read_up_to(together, now, patience(together, rule)))
    if group is None or rule.window.kind == "none":
        return replace(own, group=group)
    before = None if own.group is None else own.group.confirmed_at
    if not agreed(together) or not settled(group) or unseen(together, now, patience(together, rule)):
        return replace(own, group=replace(group, confirmed_at=before))
    missing = missing_since(before, now, slowest(together))
    value = group.value if group.low is None else group.low
    baseline = fold_baseline(own.baseline, rule.window, now, value, missing)
    return replace(own, group=replace(group, confirmed_at=now), baseline=baseline)


def look(metric: Metric, view: View, accounts: Accounts) -> tuple[Measured, bool, Fault]:
    """A rule's measurement, if its evidence is too old, and the symbols at fault: by the rule's scope."""
    scope = view.rule.scope
    if scope in GROUPS:
        return _together(metric, view, accounts)
    if metric.among:
        view = replace(view, others=accounts)
    if scope in SLICES:
        return _worst(metric, view)
    measured, stale = fresh(metric, view)
    return measured, stale, ()


def _together(metric: Metric, view: View, accounts: Accounts) -> Look:
    together = members(accounts, view.account, view.rule)
    mixed = unlike(together)
    if mixed and metric.unit != "count":
        # It will not pass by itself: what the rule says of blindness is done.
        return Look(Unknown(mixed), True)
    whole = merged(view.account, together, view.own.group)
    if metric.deeds:
        whole = with_deeds(whole, together)
    measured, stale = fresh(metric, replace(view, account=whole, others=together))
    late = patience(together, view.rule) if metric.baseline else view.rule.stale_after_seconds
    blind = unseen(together, view.now, late)
    if isinstance(measured, Unknown):
        # Without a read of one of them nothing is ever measured: that is blindness, once this one is read.
        nav = view.account.nav
        since = nav.since if nav is not None and nav.since is not None else view.now
        watched = (view.now - since).total_seconds()
        return Look(measured, stale or (bool(blind) and watched > view.rule.stale_after_seconds))
    return Look(AtLeast(measured.value, blind), stale) if blind else Look(measured, stale)


def _worst(metric: Metric, view: View) -> Look:
    """The worst slice's value; what is past the first rung is at fault. Nothing held: nothing is past it."""
    looks = [(symbols, *fresh(metric, part)) for symbols, part in parts(view)]
    # What is read of the account is of one age in every part and in none; what is told beside it may not be.
    apart = metric.aged is not None or metric.dated is not None
    if apart or not looks or True in [stale for _, _, stale in looks]:
        rest = Look(*fresh(metric, replace(view, account=sliced(view.account, ()))))
        if rest.stale or not looks:
            return rest
    measured = [m for _, m, _ in looks]
    limit = limit_today(view.rule, view.rule.ladder[0], view.account.overheat)
    fault: dict[str, float] = {}
    for symbols, m, _ in looks:
        if not isinstance(m, Unknown) and not within(m.value, view.rule, limit):
            for symbol in symbols:
                fault[symbol] = _worst_of(view.rule, [m.value, fault.get(symbol, m.value)])
    return Look(_of_all(view.rule, measured), False, tuple(sorted(fault.items())))


def _of_all(rule: Rule, parts: Sequence[Measured]) -> Measured:
    """The worst of the parts, only as strong as each of them is known: what one proves may fire, and that
    another may be worse may not clear."""
    if len(parts) == 1 and type(parts[0]) is Known:
        return parts[0]  # most accounts have one
    sure = [m.value for m in parts if isinstance(m, Known)]
    if sure and len(sure) == len(parts):
        return Known(_worst_of(rule, sure))
    known = [m for m in parts if not isinstance(m, Unknown)]
    unknown = [m for m in parts if isinstance(m, Unknown)]
    if not known:
        return unknown[0] if unknown else Unknown("there is nothing to look at")
    worst = _worst_of(rule, [m.value for m in known])
    if unknown:
        return AtLeast(worst, unknown[0].why)
    least = min([m for m in known if isinstance(m, AtLeast)], key=lambda m: m.filling)
    return AtLeast(worst, least.why, least.filling)


def _worst_of(rule: Rule, values: Sequence[float]) -> float:
    return max(values) if rule.direction == "over" else min(values)
