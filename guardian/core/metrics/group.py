"""Several accounts as one: what a rule of scope portfolio, mandate or venue looks at.

The members are merged into one account's state, so that every metric of sums reads it as it reads any other.
A member that cannot be seen counts as it was seen last, and the value is then AtLeast: it may fire, never
clear. The group's NAV is that of group_nav.py. Each member judges the group for itself; at a tick all of them
judge the same one, so what is made of its members is made once for all who ask.

Source: DESIGN section 3, a portfolio with one account blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from guardian.core.frozen import replace
from guardian.core.memory import Group, Nav
from guardian.core.metrics.remembered import by_identity, newest_of
from guardian.core.model import Balance, Part, Rule, Wallet
from guardian.core.policy import AccountPolicy
from guardian.core.state import AccountState, Evidence

GROUPS = frozenset({"portfolio", "mandate", "venue"})
Accounts = tuple[AccountState, ...]
LONGEST_ROUND_SECONDS = 5.0
"""So long a member that is not read is waited for, or three of its reads: then it counts as not seen."""


def concerns(rule: Rule, policy: AccountPolicy) -> bool:
    """Whether a rule is about this account: `only` selects by what its scope is about."""
    if rule.scope not in ("account", *GROUPS):
        return True
    about = _about(rule.scope, policy)
    return bool(about) and (not rule.only or about in rule.only)


def _about(scope: str, policy: AccountPolicy) -> str:
    return {"mandate": policy.mandate, "venue": policy.venue}.get(scope, policy.name)


def members(accounts: Iterable[AccountState], own: AccountState, rule: Rule) -> Accounts:
    """The accounts that a rule judges together with this one, itself among them, by name.

    Whoever of them asks, for whatever rule, gets the very same tuple as long as none has been read anew: what
    is made of it below is then made once.
    """
    shared = "" if rule.scope == "portfolio" else _about(rule.scope, own.policy)
    group = f"{rule.scope} {shared} {','.join(rule.only)}"
    known = _listed(group, tuple(accounts), rule.scope, shared, rule.only)
    listed = _by_name(known).get(own.policy.name)
    return known if listed is not None and _same(listed, own) else _joined(group, known, own)


@newest_of
def _listed(group: str, accounts: Accounts, scope: str, shared: str, only: tuple[str, ...]) -> Accounts:
    found: dict[str, AccountState] = {}
    for account in accounts:
        about = _about(scope, account.policy)
        together = scope == "portfolio" or about == shared
        if about and together and (not only or about in only):
            found.setdefault(account.policy.name, account)
    return tuple(found[name] for name in sorted(found))


@by_identity
def _by_name(accounts: Accounts) -> dict[str, AccountState]:
    return {account.policy.name: account for account in accounts}


def _same(a: AccountState, b: AccountState) -> bool:
    """In all that a group looks at: what one account has concluded for itself is nothing to the others."""
    read = a.evidence is b.evidence and a.nav is b.nav and a.policy is b.policy
    return a is b or (read and a.doings is b.doings and a.course is b.course)


@newest_of
def _joined(group: str, known: Accounts, own: AccountState) -> Accounts:
    found = _by_name(known) | {own.policy.name: own}
    return tuple(found[name] for name in sorted(found))


def read_up_to(accounts: Accounts, now: datetime, stale_after: float) -> datetime:
    """The moment up to which every member that can be seen has been read."""
    for at, oldest in _by_read(accounts):
        if oldest is not None and (now - oldest).total_seconds() <= stale_after:
            return at
    return now


def unseen(accounts: Accounts, now: datetime, stale_after: float) -> str:
    """Which members' money or positions are older than the rule allows, in words; "" where all are seen."""
    blind: list[tuple[int, str]] = []
    for oldest, place, name in _by_age(accounts):
        if oldest is not None and (now - oldest).total_seconds() <= stale_after:
            break
        blind.append((place, name))
    named = ", ".join(name for _, name in sorted(blind))
    return f"not seen for {stale_after:.0f} s: {named}" if blind else ""


@by_identity
def _by_read(accounts: Accounts) -> tuple[tuple[datetime, datetime | None], ...]:
    """When each NAV was read and when the oldest of what tells of it was, the longest ago first."""
    known = ((account.nav.at, _oldest_of(account)) for account in accounts if account.nav is not None)
    return tuple(sorted(known, key=lambda each: each[0]))


@by_identity
def _by_age(accounts: Accounts) -> tuple[tuple[datetime | None, int, str], ...]:
    """Who was never read first, then who was read longest ago."""
    never: list[tuple[None, int, str]] = []
    read: list[tuple[datetime, int, str]] = []
    for place, account in enumerate(accounts):
        oldest, name = _oldest_of(account), account.policy.name
        if oldest is None:
            never.append((None, place, name))
        else:
            read.append((oldest, place, name))
    return (*never, *sorted(read))


def _oldest_of(account: AccountState) -> datetime | None:
    return _oldest(account.policy.name, account.evidence, account.nav)


@newest_of
def _oldest(name: str, evidence: Evidence, nav: Nav | None) -> datetime | None:
    """When the oldest of wallet, positions and NAV was asked; None where one never came."""
    asked = [evidence.asked_at(part) for part in (Part.WALLET, Part.POSITIONS)]
    if nav is not None:
        asked.append(nav.at)
    known = [at for at in asked if at is not None]
    return min(known) if len(known) == len(asked) else None


@by_identity
def unlike(accounts: Accounts) -> str:
    """Why their money cannot be added up, in words; "" where all of them report in one currency.

    No price stands between two reporting currencies: the sum would be a number of nothing.
    """
    currencies = sorted({account.policy.currency for account in accounts})
    return f"its accounts report in different currencies: {', '.join(currencies)}" if currencies[1:] else ""


@by_identity
def agreed(accounts: Accounts) -> bool:
    """Whether each member's NAV has two accounts of it that do not differ."""
    return all(account.nav is not None and account.nav.agreed for account in accounts)


def patience(accounts: Accounts, rule: Rule) -> float:
    """How long a member of a group that sums NAVs may be late and still count as seen."""
    return min(rule.stale_after_seconds, max(LONGEST_ROUND_SECONDS, 3 * slowest(accounts)))


@by_identity
def slowest(accounts: Accounts) -> float:
    return max((account.policy.snapshot_seconds for account in accounts), default=0.0)


def merged(own: AccountState, accounts: Accounts, group: Group | None) -> AccountState:
    """One account's state that holds what all of them hold. `own` gives what is not summed."""
    whole = _evidence(accounts)
    evidence = replace(
        own.evidence,
        wallet=whole.wallet,
        positions=whole.positions,
        orders=whole.orders,
        asked=whole.asked,
    )
    nav = _nav(accounts)
    if nav is not None and group is not None:
        nav = replace(nav, value=group.value if group.high is None else group.high)
    return replace(own, evidence=evidence, nav=nav if group is not None else None)


@by_identity
def _nav(accounts: Accounts) -> Nav | None:
    """The members' money as one; its value is for the group to tell."""
    known = [account.nav for account in accounts if account.nav is not None]
    if not known:
        return None
    raws = [nav.raw for nav in known]
    return replace(
        known[0],
        at=max(nav.at for nav in known),
        raw=None if None in raws else sum((raw for raw in raws if raw is not None), Decimal(0)),
        explained=sum((nav.explained for nav in known), Decimal(0)),
        agreed=all(nav.agreed for nav in known),
        sides=min(nav.sides for nav in known),
        reads=min(nav.reads for nav in known),
    )


@by_identity
def _evidence(accounts: Accounts) -> Evidence:
    """As fresh as the freshest member: who is blind is said beside the value and hides nobody else."""
    all_of_them = [account.evidence for account in accounts]
    asked: dict[Part, datetime] = {}
    for evidence in all_of_them:
        for part, at in evidence.asked:
            asked[part] = max(asked.get(part, at), at)
    return Evidence(
        wallet=_wallet([e.wallet for e in all_of_them if e.wallet is not None]),
        positions=tuple([p for e in all_of_them for p in e.positions]),
        orders=tuple([o for e in all_of_them for o in e.orders]),
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
