"""How an account is reached: the one place where its configuration becomes an `Endpoint`."""

from __future__ import annotations

from datetime import datetime

from guardian.config.shapes import AccountConfig
from guardian.exchanges.generic.venue import Compared, Endpoint, Heard


def endpoint_of(
    account: AccountConfig, booked_to: datetime | None = None, done_to: Heard | None = None
) -> Endpoint:
    """Whoever reaches an account, daemon, check or drill, keeps to the same limits and the same way out.

    `booked_to` is for who continues the ledger of an earlier run, `done_to` for its fills and past orders.
    """
    compare = account.compare
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
        done_to=done_to or Heard(),
        compare=None if compare is None else Compared(compare.venue, compare.url),
        contracts=account.contracts,
    )
