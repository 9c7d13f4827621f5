"""open_keys: API keys of the account that can act and may be used from any address.

Formula: the number of keys in the newest complete listing that can trade, withdraw or transfer and whose list
of addresses is empty. Unit: count. Whoever learns the secret of such a key can use it; a bound one is worth
nothing elsewhere. Guardian's own keys count too.

Needs a complete listing, so an admin key: without one Unknown. It ages as that of `foreign_keys`.
Its family is integrity. Source: metrics.md F, G; DESIGN section 4.
"""

from __future__ import annotations

from guardian.core.metrics.foreign_keys import listed_at
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import KeyRecord, Known, Measured, Unknown


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    if evidence.keys_asked is None:
        return Unknown("the account's keys are not listed yet", warming=True)
    return Known(float(sum(_acts(key) and not key.ips for key in evidence.keys)))


def _acts(key: KeyRecord) -> bool:
    return key.can_trade or (not key.read_only and bool(key.can_withdraw or key.can_transfer))


METRIC = Metric("open_keys", "count", "integrity", ("none",), (), measure, aged=listed_at)
