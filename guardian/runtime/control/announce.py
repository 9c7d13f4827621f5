"""`guardian expect transfer`: one transfer out of an account that rules of foreign_transfers do not count.

It makes things riskier, so it is confirmed, bounded and told; what can mean nothing, or too much, is refused.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from guardian.core.events import Expected
from guardian.core.metrics.expected import LONGEST, MAXIMUM_EXPECTED, WIDEST
from guardian.core.state import AccountState
from guardian.errors import RefusedError
from guardian.runtime.control.status import iso

COIN = re.compile(r"[A-Z0-9]{2,12}", re.ASCII)


def expectation(account: AccountState, body: dict[str, Any], asked: tuple[datetime, str]) -> Expected:
    """The event; `asked` is when, and by whom. Raises RefusedError for what cannot be meant."""
    now, by = asked
    coin, reason = str(body.get("currency", "")), str(body.get("reason", ""))
    amount, tolerance = _number(body, "amount"), _number(body, "tolerance")
    seconds = float(body.get("seconds", 0))
    if amount <= 0:
        raise RefusedError("expect needs --amount above zero")
    if not COIN.fullmatch(coin):
        raise RefusedError("expect needs the coin as the venue writes it: --coin USDT")
    if not 0 <= tolerance <= WIDEST:
        raise RefusedError(f"--tolerance is a fraction of the amount from 0 to {WIDEST}")
    if not 0 < seconds <= LONGEST.total_seconds():
        raise RefusedError("expect needs --within between 1s and 24h; what has not left by then is foreign")
    if not reason:
        raise RefusedError("expect needs a reason: --reason TEXT")
    if len(account.course.expected) >= MAXIMUM_EXPECTED:
        raise RefusedError(f"{MAXIMUM_EXPECTED} transfers are expected already: wait until one has left")
    until = now + timedelta(seconds=seconds)
    return Expected(now, account.policy.name, coin, amount, tolerance, until, by, reason)


def _number(body: dict[str, Any], name: str) -> Decimal:
    """A decimal as it was written. Raises RefusedError."""
    try:
        number = Decimal(str(body.get(name, "")))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise RefusedError(f"--{name} is not a number")
    return number


def expected(event: Expected) -> dict[str, Any]:
    """What is answered to whoever has announced it."""
    return {
        "account": event.account,
        "currency": event.currency,
        "amount": f"{event.amount:f}",
        "tolerance": float(event.tolerance),
        "until": iso(event.until),
    }
