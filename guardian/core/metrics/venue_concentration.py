"""M12 venue_concentration: the largest venue's share of what several accounts are worth together.

Formula: max over venues of sum E_a / sum of all E_a, E_a the equity of an account at that venue, or 0 where
it owes more than it has. By scope portfolio or mandate it is of the accounts that the rule judges together;
by scope account it is the share of the account's own venue among all accounts that are watched, so that a
rule acts where too much lies and nowhere else. Nothing anywhere: 0.

Unit: fraction. Needs wallet and positions. Unknown until an equity of each of them was read, and where they
report in different currencies. AtLeast while one of them is not seen, which counts as it was, or while the
two accounts of an equity differ: the venue's lower ones then against the higher ones of all others.
Its family is forecast: that a venue does not pay is a loss once it does not. Source: metrics.md M12.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from guardian.core.frozen import replace
from guardian.core.memory import Nav
from guardian.core.metrics.exposure import NOTHING
from guardian.core.metrics.group import GROUPS, Accounts, members, unlike, unseen
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

Sums = dict[str, Decimal]


def measure(view: View) -> Measured:
    alone = view.rule.scope not in GROUPS
    accounts = everybody(view) if alone else tuple(view.others)
    mixed = unlike(accounts)
    if mixed:
        return Unknown(mixed)
    navs = [(account.policy.venue, account.nav) for account in accounts]
    known = [(venue, nav) for venue, nav in navs if nav is not None]
    if len(known) < len(navs):
        unread = [account.policy.name for account in accounts if account.nav is None]
        return Unknown(f"no equity read yet: {', '.join(unread)}", warming=True)
    found = share(known, view.account.policy.venue if alone else "")
    blind = unseen(accounts, view.now, view.rule.stale_after_seconds) if alone else ""
    disputed = "" if all(nav.agreed for _, nav in known) else "the two accounts of an equity differ"
    return AtLeast(found, blind or disputed) if blind or disputed else Known(found)


def everybody(view: View) -> Accounts:
    """All accounts that are watched, as a rule of them all would see them: made once for who asks."""
    return members(view.others, view.account, replace(view.rule, scope="portfolio", only=()))


def share(known: Sequence[tuple[str, Nav]], only: str = "") -> float:
    """The largest share that is proven; of one venue alone where `only` names it."""
    low, high = Sums(), Sums()
    for venue, nav in known:
        least, most = _bounds(nav)
        low[venue] = low.get(venue, NOTHING) + least
        high[venue] = high.get(venue, NOTHING) + most
    rest = sum(high.values(), NOTHING)
    shares = {v: low[v] / (low[v] + rest - high[v]) for v in low if low[v] > 0}
    return float(shares.get(only, NOTHING) if only else max(shares.values(), default=NOTHING))


def _bounds(nav: Nav) -> tuple[Decimal, Decimal]:
    """An equity, twice; while its two accounts differ the lower and the higher."""
    least = nav.equity if nav.agreed or nav.raw is None else min(nav.raw, nav.explained)
    return max(least, NOTHING), max(nav.equity, NOTHING)


METRIC = Metric(
    "venue_concentration",
    "fraction",
    "forecast",
    ("none",),
    (Part.WALLET, Part.POSITIONS),
    measure,
    scopes=("account", "portfolio", "mandate"),
    among=True,
    reads=(),
)
