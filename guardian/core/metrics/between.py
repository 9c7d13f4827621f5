"""Transfers between accounts that guardian watches: what left one of them and has come to another.

A row out of this account is at home once a row into another account is found with the same coin and the same
amount, dated at most a minute from it. Both must be at one venue, and of one mandate or both of none:
one client's money on another's account is what the rule is there to see. Each row in answers for one row out,
whosever that is, so that what has left all of them together is never excused.

The venue tells each account's row by itself, so one side is seen first. Until a row out is a minute old its
other side may still come: it neither counts nor clears. Where no other account could have it, it counts at
once; and it counts from then on where none has it.

Rows are paired anew at each look, by time, each with the earliest that fits: with one span for all of them
nothing pairs more. What is remembered is bounded, so of more than 200 rows into an account within 25 hours
the oldest answer for nothing any more, and a transfer counts that did not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from guardian.core.facts.transfers import Came, Sent
from guardian.core.metrics.metric import View
from guardian.core.state import AccountState

APART = timedelta(minutes=1)
"""Of the two rows' dates, and how long the second one is waited for."""

Flows = tuple[Sent, ...]
Coin = tuple[str, Decimal]
Row = tuple[datetime, str, str]
"""When, whose, which."""


def gone_away(view: View, sent: Flows) -> tuple[Flows, Flows]:
    """Of these rows out of the account those that count, and those whose other side may still come."""
    homes = _homes(view)
    if len(homes) == 1:
        return sent, ()
    name = view.account.policy.name
    home = _paired(homes, {(each.currency, each.amount) for each in sent if each.currency})
    rest = [each for each in sent if (each.at, name, each.id) not in home]
    moving = tuple(each for each in rest if each.currency and view.now - each.at < APART)
    return tuple(each for each in rest if each not in moving), moving


def _homes(view: View) -> list[AccountState]:
    """The accounts among which money may move, this one as it is now among them."""
    own = view.account.policy
    near = (a for a in view.others if (a.policy.mandate, a.policy.venue) == (own.mandate, own.venue))
    return [view.account, *(account for account in near if account.policy.name != own.name)]


def _paired(accounts: Iterable[AccountState], coins: Collection[Coin]) -> set[Row]:
    """The rows out, of these coins and amounts, that another account has a row in for."""
    outs: dict[Coin, list[Row]] = {coin: [] for coin in coins}
    ins: dict[Coin, list[Row]] = {coin: [] for coin in coins}
    for account in accounts:
        _sort(outs, account.policy.name, account.course.sent)
        _sort(ins, account.policy.name, account.course.came)
    return {row for coin in coins for row in _at_home(sorted(outs[coin]), sorted(ins[coin]))}


def _sort(into: dict[Coin, list[Row]], name: str, rows: Iterable[Sent | Came]) -> None:
    for each in rows:
        if (coin := (each.currency, each.amount)) in into:
            into[coin].append((each.at, name, each.id))


def _at_home(outs: list[Row], ins: list[Row]) -> Iterable[Row]:
    """Those out, by time, that are given a row in of another account, the earliest that fits and is left."""
    left = list(ins)
    for out in outs:
        found = next((row for row in left if row[1] != out[1] and abs(row[0] - out[0]) <= APART), None)
        if found is not None:
            left.remove(found)
            yield out
