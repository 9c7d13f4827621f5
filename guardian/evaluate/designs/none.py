"""No protection: what every design is measured against."""

from __future__ import annotations

from guardian.evaluate.accounts import Account
from guardian.evaluate.play import Seen, Wish


class Unprotected:
    """The whole exposure, always; it is its own breaker and knows no scale."""

    name = "none"

    def at(self, scale: float, account: Account) -> Unprotected:
        return self

    def decide(self, seen: Seen) -> Wish:
        return Wish(1.0)
