"""Several accounts as one: what a rule of scope portfolio, mandate or venue looks at.

The members are merged into one account's state, so that every metric of sums reads it as it reads any other.
The group's NAV is chained: between two looks it moves by the mean of its members' NAV, weighted by the equity
that each had at the look before,

    G <- G * sum_a E_a (N_a' / N_a) / sum_a E_a

so that transfers between members, deposits and withdrawals move it no more than they move a member's NAV, and
an account that joins or leaves makes neither a peak nor a loss. A member that cannot be seen counts as it was
seen last, and the value is then AtLeast: it may fire, never clear.

Members are read at different moments, so half of a hedge may be seen before the other half. Each of them
counts by its best read since the moment as of which all are known, and by its worst for a peak:
half of a hedge is then neither a loss nor a peak. A loss of all shows one read later.

Source: time-weighted return of a composite (GIPS); DESIGN section 3, a portfolio with one account blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from guardian.core.frozen import replace
from guardian.core.memory import Group, Member, Nav
from guardian.core.model import Balance, Part, Rule, Wallet
from guardian.core.policy import AccountPolicy
from guardian.core.state import AccountState, Evidence

GROUPS = ("portfolio", "mandate", "venue")
START = 100.0
MOST_READS = 256
"""Bound on one member's reads while another one is waited for: in an incident there are ten a second."""

LONGEST_ROUND_SECONDS = 5.0
"""So long a member that is not read is waited for, or three of its reads: then it counts as not seen."""


def concerns(rule: Rule, policy: AccountPolicy) -> bool:
    """Whether a rule is about this account: `only` selects by what its scope is about."""
    if rule.scope not in ("account", *GROUPS):
        return True
    about = {"mandate": policy.mandate, "venue": policy.venue}.get(rule.scope, policy.name)
    return bool(about) and (not rule.only or about in rule.only)


def members(accounts: Iterable[AccountState], own: AccountState, rule: Rule) -> tuple[AccountState, ...]:
    """The accounts that a rule judges together with this one, itself among them, by name."""
    found = {own.policy.name: own}
    for account in accounts:
        policy = account.policy
        together = {
            "portfolio": True,
            "mandate": bool(policy.mandate) and policy.mandate == own.policy.mandate,
            "venue": policy.venue == own.policy.venue,
        }
        if together[rule.scope] and concerns(rule, policy):
            found.setdefault(policy.name, account)
    return tuple(found[name] for name in sorted(found))


def fold_group(known: Group | None, accounts: Sequence[AccountState], as_of: datetime) -> Group | None:
    """The group's NAV after one look; None until every member has a baseline of its own.

    A member without a NAV is out: should it come back, it joins anew. `as_of` is the moment up to which all
    that can be seen have been read.
    """
    before = {member.name: member for member in known.members} if known else {}
    now = tuple(
        _member(account, before.get(account.policy.name), as_of)
        for account in accounts
        if account.nav is not None and not account.nav.warming
    )
    if known is None:
        return _ranged(START, now) if len(now) == len(accounts) else None
    # Withdrawn to nothing and begun anew, a member's NAV is another number: nothing lies between the two.
    same = [(before[m.name], m) for m in now if m.name in before and before[m.name].since == m.since]
    weight = sum(old.equity for old, _ in same if old.nav > 0)
    if weight <= 0:
        return _ranged(known.value, now)
    moved = sum(old.equity * new.nav / old.nav for old, new in same if old.nav > 0)
    return _ranged(known.value * moved / weight, now)


def settled(group: Group) -> bool:
    """Whether every one of several members was read more than once: a first look has no moment to share."""
    return len(group.members) == 1 or all(len(member.reads) > 1 for member in group.members)


def _member(account: AccountState, before: Member | None, as_of: datetime) -> Member:
    nav = account.nav
    assert nav is not None
    reads = before.reads if before is not None and before.since == nav.since else ()
    if not reads or nav.at > reads[-1][0]:
        reads = (*reads, (nav.at, nav.value))
    # The last one that is older than the moment is kept too: the truth then lies between the two.
    older = sum(1 for at, _ in reads if at < as_of)
    reads = reads[max(0, older - 1) :][-MOST_READS:]
    return Member(account.policy.name, nav.value, max(0.0, float(nav.equity)), nav.since, reads)


def _ranged(value: float, members: tuple[Member, ...]) -> Group:
    """With the least and the most that it may be worth, by the members' reads."""
    counted = [m for m in members if m.nav > 0 and m.equity > 0 and m.reads]
    weight = sum(m.equity for m in counted)
    if len(members) == 1 or not weight:
        return Group(value, members, value, value)
    low = sum(m.equity * min(nav for _, nav in m.reads) / m.nav for m in counted) / weight
    high = sum(m.equity * max(nav for _, nav in m.reads) / m.nav for m in counted) / weight
    return Group(value, members, value * low, value * high)


def read_up_to(accounts: Sequence[AccountState], now: datetime, stale_after: float) -> datetime:
    """The moment up to which every member that can be seen has been read."""
    asked = [a.nav.at for a in accounts if a.nav is not None and _age(a, now) <= stale_after]
    return min(asked, default=now)


def unseen(accounts: Sequence[AccountState], now: datetime, stale_after: float) -> str:
    """Which members' money or positions are older than the rule allows, in words; "" where all are seen."""
    blind = [a.policy.name for a in accounts if _age(a, now) > stale_after]
    return f"not seen for {stale_after:.0f} s: {', '.join(blind)}" if blind else ""


def unlike(accounts: Sequence[AccountState]) -> str:
    """Why their money cannot be added up, in words; "" where all of them report in one currency.

    No price stands between two reporting currencies: the sum would be a number of nothing.
    """
    currencies = sorted({account.policy.currency for account in accounts})
    return f"its accounts report in different currencies: {', '.join(currencies)}" if currencies[1:] else ""


def patience(accounts: Sequence[AccountState], rule: Rule) -> float:
    """How long a member of a group that sums NAVs may be late and still count as seen."""
    slowest = max((account.policy.snapshot_seconds for account in accounts), default=0.0)
    return min(rule.stale_after_seconds, max(LONGEST_ROUND_SECONDS, 3 * slowest))


def _age(account: AccountState, now: datetime) -> float:
    asked = [account.evidence.asked_at(part) for part in (Part.WALLET, Part.POSITIONS)]
    if account.nav is not None:
        asked.append(account.nav.at)
    known = [at for at in asked if at is not None]
    return (now - min(known)).total_seconds() if len(known) == len(asked) else float("inf")


def merged(own: AccountState, accounts: Sequence[AccountState], group: Group | None) -> AccountState:
    """One account's state that holds what all of them hold. `own` gives what is not summed."""
    evidence = _evidence(own.evidence, [account.evidence for account in accounts])
    return replace(own, evidence=evidence, nav=_nav([account.nav for account in accounts], group))


def _nav(navs: Sequence[Nav | None], group: Group | None) -> Nav | None:
    known = [nav for nav in navs if nav is not None]
    if not known or group is None:
        return None
    raws = [nav.raw for nav in known]
    return replace(
        known[0],
        at=max(nav.at for nav in known),
        raw=None if None in raws else sum((raw for raw in raws if raw is not None), Decimal(0)),
        explained=sum((nav.explained for nav in known), Decimal(0)),
        value=group.value if group.high is None else group.high,
        agreed=all(nav.agreed for nav in known),
        sides=min(nav.sides for nav in known),
        reads=min(nav.reads for nav in known),
    )


def _evidence(own: Evidence, all_of_them: Sequence[Evidence]) -> Evidence:
    """As fresh as the freshest member: who is blind is said beside the value and hides nobody else."""
    asked: dict[Part, datetime] = {}
    for evidence in all_of_them:
        for part, at in evidence.asked:
            asked[part] = max(asked.get(part, at), at)
    return replace(
        own,
        wallet=_wallet([e.wallet for e in all_of_them if e.wallet is not None]),
        positions=tuple(p for e in all_of_them for p in e.positions),
        orders=tuple(o for e in all_of_them for o in e.orders),
        asked=tuple(sorted(asked.items())),
    )


def _wallet(wallets: Sequence[Wallet]) -> Wallet | None:
    if not wallets:
        return None
    balances: dict[str, Balance] = {}
    for balance in (b for wallet in wallets for b in wallet.balances):
        known = balances.get(balance.currency)
        quantity = balance.quantity + (known.quantity if known else Decimal(0))
        # What one wallet does not list it may price at zero: the other's price is the one that tells.
        price = max(balance.price, known.price) if known else balance.price
        balances[balance.currency] = Balance(balance.currency, quantity, price)
    return Wallet(
        equity=sum((w.equity for w in wallets), Decimal(0)),
        balances=tuple(balances[currency] for currency in sorted(balances)),
        margin_balance=sum((w.margin_balance for w in wallets), Decimal(0)),
        maintenance_margin=sum((w.maintenance_margin for w in wallets), Decimal(0)),
        initial_margin=sum((w.initial_margin for w in wallets), Decimal(0)),
        position_margin=sum((w.position_margin for w in wallets), Decimal(0)),
    )
