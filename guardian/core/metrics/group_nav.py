"""The NAV of several accounts as one.

It is chained: between two looks it moves by the mean of its members' NAV, weighted by the equity
that each had at the look before,

    G <- G * sum_a E_a (N_a' / N_a) / sum_a E_a

so that transfers between members, deposits and withdrawals move it no more than they move a member's NAV, and
an account that joins or leaves makes neither a peak nor a loss.

Members are read at different moments, so half of a hedge may be seen before the other half. Each of them
counts by its best read since the moment as of which all are known, and by its worst for a peak:
half of a hedge is then neither a loss nor a peak. A loss of all shows one read later.

Each account goes on from its own last look, so each has a chain of its own; steps of a member are shared.

Source: time-weighted return of a composite (GIPS).
"""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from guardian.core.memory import Group, Member, Nav
from guardian.core.metrics.group import Accounts
from guardian.core.metrics.remembered import by_identities, by_identity, newest_of

START = 100.0
MOST_READS = 256
"""Bound on one member's reads while another one is waited for: in an incident there are ten a second."""
NAME = attrgetter("name")


def fold_group(known: Group | None, accounts: Accounts, as_of: datetime) -> Group | None:
    """The group's NAV after one look; None until every member has a baseline of its own.

    A member without a NAV is out: should it come back, it joins anew. `as_of` is the moment up to which all
    that can be seen have been read.
    """
    chain = _chained(known.members if known else None, accounts, as_of)
    if known is None:
        value = START if len(chain.members) == len(accounts) else None
    else:
        value = known.value * chain.moved / chain.weight if chain.weight > 0 else known.value
    if value is None:
        return None
    return Group(value, chain.members, value * chain.low, value * chain.high)


class Chain(NamedTuple):
    """What all rules of one group learn by a look: its NAV goes by moved / weight, and lies between low and
    high times that."""

    members: tuple[Member, ...]
    moved: float
    weight: float
    low: float
    high: float


@by_identities
def _chained(known: tuple[Member, ...] | None, accounts: Accounts, as_of: datetime) -> Chain:
    counted, taken = _counted(accounts), _taken(accounts, as_of)
    olds: list[Member | None] = list(known or ())
    if list(map(NAME, olds)) != list(map(NAME, counted)):  # somebody has joined or left
        before = {member.name: member for member in known or ()}
        olds = [before.get(each.name) for each in counted]
    steps = []
    for own, old in zip(counted, olds, strict=True):
        step = taken.get(id(old))
        if step is None:
            step = _step(own, old, as_of)
            if old is not None:
                taken[id(old)] = step
        steps.append(step)
    now, low, high = _ranged(accounts[0].policy.name, tuple([each.new for each in steps]))
    return Chain(now, sum([each.moved for each in steps]), sum([each.weight for each in steps]), low, high)


class Counted(NamedTuple):
    """A member's own NAV, of which its share of the group is made."""

    name: str
    at: datetime
    nav: float
    equity: float
    since: datetime | None


@by_identity
def _counted(accounts: Accounts) -> tuple[Counted, ...]:
    navs = [(account.policy.name, account.nav) for account in accounts]
    return tuple([_counts(name, nav) for name, nav in navs if nav is not None and not nav.warming])


@newest_of
def _counts(name: str, nav: Nav) -> Counted:
    return Counted(name, nav.at, nav.value, max(0.0, float(nav.equity)), nav.since)


class Step(NamedTuple):
    """One member from look to look, and what it adds to both sums: nothing where nothing lies between."""

    old: Member | None
    new: Member
    moved: float = 0.0
    weight: float = 0.0


@by_identities
def _taken(accounts: Accounts, as_of: datetime) -> dict[int, Step]:
    """By what they began with. Each account has looks of its own to go on from, but all remember the same few
    of a member: a step that one has taken is there for all. It keeps what it began with alive."""
    return {}


def _step(own: Counted, old: Member | None, as_of: datetime) -> Step:
    # Withdrawn to nothing and begun anew, a member's NAV is another number: nothing lies between the two.
    begun = old is None or old.since != own.since
    reads = () if old is None or begun else old.reads
    if not reads or own.at > reads[-1][0]:
        reads = (*reads, (own.at, own.nav))
    # The last one that is older than the moment is kept too: the truth then lies between the two.
    older = sum([at < as_of for at, _ in reads])
    new = _member(own.name, own.nav, own.equity, own.since, reads[max(0, older - 1) :][-MOST_READS:])
    if old is None or begun or old.nav <= 0:
        return Step(old, new)
    return Step(old, new, old.equity * new.nav / old.nav, old.equity)


@newest_of
def _member(
    name: str, nav: float, equity: float, since: datetime | None, reads: tuple[tuple[datetime, float], ...]
) -> Member:
    """One value for all accounts that remember the same of this member."""
    return Member(name, nav, equity, since, reads)


@newest_of
def _ranged(first: str, members: tuple[Member, ...]) -> tuple[tuple[Member, ...], float, float]:
    """The least and the most that the group may be worth, over its value, by the members' reads."""
    counted = [m for m in members if m.nav > 0 and m.equity > 0 and m.reads]
    weight = sum([m.equity for m in counted])
    if len(members) == 1 or not weight:
        return members, 1.0, 1.0
    reads = [[nav for _, nav in m.reads] for m in counted]
    low = sum([m.equity * min(navs) / m.nav for m, navs in zip(counted, reads, strict=True)]) / weight
    high = sum([m.equity * max(navs) / m.nav for m, navs in zip(counted, reads, strict=True)]) / weight
    return members, low, high


def settled(group: Group) -> bool:
    """Whether every one of several members was read more than once: a first look has no moment to share."""
    return _settled(group.members)


@by_identity
def _settled(members: tuple[Member, ...]) -> bool:
    return len(members) == 1 or all(len(member.reads) > 1 for member in members)
