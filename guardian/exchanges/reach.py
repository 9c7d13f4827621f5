"""How an account is reached: the one place where its configuration becomes an `Endpoint`."""

from __future__ import annotations

from datetime import datetime

from guardian.config.shapes import AccountConfig
from guardian.exchanges.generic.venue import Endpoint


def endpoint_of(account: AccountConfig, booked_to: datetime | None = None) -> Endpoint:
    """Whoever reaches an account, daemon, check or drill, keeps to the same limits and the same way out.

    `booked_to` is for who continues the ledger of an earlier run.
    """
    return Endpoint(
        account=account.name,
        venue=account.venue,
        url=account.url,
        currency=account.currency,
        flows_seconds=account.poll.flows_seconds,
        egress=account.egress or "",
        orders_per_second=account.flatten.orders_per_second,
        booked_to=booked_to,
        clock_seconds=account.poll.clock_seconds,
    )
