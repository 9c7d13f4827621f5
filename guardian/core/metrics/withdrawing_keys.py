"""withdrawing_keys: API keys of the account, guardian's own aside, that may take money out of it.

Formula: the number of keys in the newest complete listing that are not read-only, are not guardian's own, and
may withdraw or transfer, from whatever address and since whenever: `foreign_keys` believes a first listing;
what was too wide from the beginning is told here. Unit: count. Who holds such a key needs no trade to empty
the account. Guardian's own keys are judged by their audit, which lets an admin key transfer; the drill's
canary counts as a bot's key does.

Needs a complete listing, so an admin key: without one Unknown. A key of which the venue does not tell whether
it may withdraw or transfer is never taken for a narrow one: at least those that are told, Unknown where none
is. It ages as that of `foreign_keys`. Its family is integrity. Source: metrics.md F, G; DESIGN section 4.
"""

from __future__ import annotations

from guardian.core.metrics.foreign_keys import listed_at
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, KeyRecord, Known, Measured, Unknown


def measure(view: View) -> Measured:
    evidence, own = view.account.evidence, view.account.policy.own_keys
    if evidence.keys_asked is None:
        return Unknown("the account's keys are not listed yet", warming=True)
    able = [key for key in evidence.keys if not key.read_only and key.id not in own]
    taking = sum(_takes(key) for key in able)
    untold = [key.id for key in able if not _takes(key) and None in (key.can_withdraw, key.can_transfer)]
    if not untold:
        return Known(float(taking))
    why = f"not told whether {untold[0]} may withdraw or transfer"
    return AtLeast(float(taking), why) if taking else Unknown(why)


def _takes(key: KeyRecord) -> bool:
    return bool(key.can_withdraw or key.can_transfer)


METRIC = Metric("withdrawing_keys", "count", "integrity", ("none",), (), measure, aged=listed_at)
