"""Money that crosses an account's border: what left, what came, and what somebody says will leave."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """One row of money that left the account: the part of the equity that it took, None where not known.

    `expected`: an operator had announced it. Older journals do not tell the amount and its currency.
    """

    id: str
    at: datetime
    share: float | None
    currency: str = ""
    amount: Decimal = Decimal(0)
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """One row of money that came to the account: the other side of what left another one."""

    id: str
    at: datetime
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Flow:
    """Money crossed the border, which a read of `at` has told: the account has `ratio` times as many units.

    0 where everything left, and where money came back after that; None: flows before it are forgotten, or
    nobody knows. `marks` are those of the moment, of what is held and of what was traded of late.
    """

    at: datetime
    ratio: Decimal | None
    marks: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """One transfer out of the account that an operator has announced, between `since` and `until`.

    `tolerance` is a fraction of the amount. `met_at` is when a row of the ledger was it: it excuses only one.
    """

    currency: str
    amount: Decimal
    tolerance: Decimal
    since: datetime
    until: datetime
    by: str
    met_at: datetime | None = None
