"""What is known beside the snapshots, with its age: the market that an account is in, what was done on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guardian.core.state import AccountState


def market_document(account: AccountState, now: datetime) -> dict[str, Any]:
    """How old the newest good prices and books are, and of how many symbols; null where none ever came."""
    seen = account.markets
    return {
        "quotes": len(seen.quotes),
        "quotes_age_s": _age(seen.quoted_at, now),
        "books": len(seen.books),
        "books_age_s": _age(seen.booked_at, now),
    }


def activity_document(account: AccountState, now: datetime) -> dict[str, Any]:
    """Up to when fills and past orders are known; `watched_s` is how long ago watching them began."""
    done = account.doings
    return {
        "watched_s": _age(done.since, now) if done else None,
        "fills": len(done.fills) if done else 0,
        "fills_age_s": _age(done.filled_at, now) if done else None,
        "orders": len(done.orders) if done else 0,
        "orders_age_s": _age(done.ordered_at, now) if done else None,
    }


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round((now - at).total_seconds(), 3)
