"""foreign_keys: API keys of the account that are not the bot's, and keys that may do more than at first.

Formula: the number of keys in the newest complete listing that are not read-only, are neither guardian's own
nor the drill's canary, and
- are not among `bot.keys`; where these are left out, were not in the first listing; or
- may be used from an address that their first listing did not name: one was added, or the binding is gone.
  Addresses are compared as they are written; or
- may do what they could not at first: withdraw, transfer, or trade (which is no news of a key that is named).
Of the last two guardian's own keys count too. What the venue did not tell at first is learned when it does.
Unit: count. A key that may only read does nothing here and is left out; a first listing is believed, so that
it is no alarm to begin. `resume --rebase RULE` takes the newest listing as the first one; where `bot.keys` is
given, that is the list, and a key is accepted by naming it there.

Needs a complete listing, so an admin key: without one Unknown. Guardian lists at its start, every `poll.keys`
(5 minutes) and in every incident that fences. A listing ages from when the next one is due, by the rule's
`stale_after`: a venue or a vault that refuses it makes the rule Unknown, never clear.
Its family is integrity: somebody else may act. Source: metrics.md F, G; DESIGN section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from guardian.core.frozen import replace
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import KeyRecord, Known, Measured, Unknown
from guardian.core.policy import AccountPolicy

MAXIMUM_KEYS = 200
"""Bound on the keys whose first listing is remembered; no venue gives an account as many."""

Keys = tuple[KeyRecord, ...]


def fold_keys(first: Keys | None, listed: Keys, policy: AccountPolicy) -> Keys:
    """Each key as a complete listing first showed it; one that came later only if the configuration knows it.

    What is listed no more is forgotten: at no venue does an id come back.
    """
    known = {key.id: key for key in first or ()}
    named = {*policy.own_keys, *policy.known_keys, *policy.bot_keys}
    kept = (
        _told(known.get(key.id, key), key)
        for key in listed
        if first is None or key.id in known or key.id in named
    )
    return tuple(sorted(kept, key=lambda key: key.id))[:MAXIMUM_KEYS]


def _told(first: KeyRecord, key: KeyRecord) -> KeyRecord:
    """The first listing of a key, with what only this one says: an older one did not tell all."""
    withdraw = key.can_withdraw if first.can_withdraw is None else first.can_withdraw
    transfer = key.can_transfer if first.can_transfer is None else first.can_transfer
    if (withdraw, transfer) == (first.can_withdraw, first.can_transfer):
        return first
    return replace(first, can_withdraw=withdraw, can_transfer=transfer)


def accepted_keys(first: Keys | None, listed: Keys, policy: AccountPolicy) -> Keys:
    """The newest listing as the first one. A key that is fenced meanwhile may trade again afterwards."""
    traded = {key.id for key in first or () if key.can_trade}
    return tuple(
        replace(key, read_only=False, can_trade=True) if key.read_only and key.id in traded else key
        for key in fold_keys(None, listed, policy)
    )


def strange_keys(listed: Sequence[KeyRecord], first: Sequence[KeyRecord], policy: AccountPolicy) -> Keys:
    """Those that can act and are nobody's that is known, or may do more, or from elsewhere, than at first."""
    before = {key.id: key for key in first}
    bots = set(policy.bot_keys) or set(before)
    known = {*policy.own_keys, *policy.known_keys}
    able = [key for key in listed if not key.read_only]
    named = {*policy.bot_keys, *policy.known_keys}
    return tuple(
        key
        for key in able
        if key.id not in bots | known
        or _wider(key, before.get(key.id))
        or _gained(key, before.get(key.id), key.id in named)
    )


def _gained(key: KeyRecord, before: KeyRecord | None, named: bool) -> bool:
    if before is None:
        return False
    withdraws = key.can_withdraw is True and before.can_withdraw is False
    transfers = key.can_transfer is True and before.can_transfer is False
    return withdraws or transfers or (key.can_trade and not before.can_trade and not named)


def _wider(key: KeyRecord, before: KeyRecord | None) -> bool:
    """No address means any: nothing is wider than that, and it is wider than all else."""
    if before is None or not before.ips:
        return False
    return not key.ips or not set(key.ips) <= set(before.ips)


def measure(view: View) -> Measured:
    account = view.account
    if account.evidence.keys_asked is None or account.course.keys is None:
        return Unknown("the account's keys are not listed yet", warming=True)
    return Known(float(len(strange_keys(account.evidence.keys, account.course.keys, account.policy))))


def listed_at(view: View) -> datetime | None:
    """`Metric.aged` of what reads the listing: as good as new until the next one is due."""
    asked, every = view.account.evidence.keys_asked, view.account.policy.keys_seconds
    return None if asked is None else min(view.now, asked + timedelta(seconds=every))


METRIC = Metric("foreign_keys", "count", "integrity", ("none",), (), measure, aged=listed_at)
