"""M22 flatten_cost, stressed_flatten_cost: what closing everything now would cost, over equity.

Formula: sum over symbols and sides of notional (c + fee) / E, c the cost of walking the book with the whole
quantity (book.py), for the stressed one in a book of 0.2 of its depth. What lies beyond the last visible
level costs at least as much as that level, or Y sigma sqrt(quantity / day's volume) where that is more
(Y = 1, sigma 4 % a day). The taker fee is the account's `flatten.fee`, and not counted where the
configuration does not tell it. Unit: fraction of equity; nothing held is 0. Needs wallet, positions, books.

AtLeast where a position cannot be filled from what is seen (UNFILLABLE: never clear), a held symbol has no
book, or the equity is disputed. Unknown without any book, or without equity.
Its family is forecast. A book is what others promise, and can be spoofed: closing positions because closing
looks dear would pay that price on the word of strangers. It may stop a position from growing.
Source: metrics.md M22; Toth et al., PRX 1, 2011 (square-root impact).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guardian.core.metrics.book import impact, mid, thinned, walk
from guardian.core.metrics.closing import Closing, booked_at, closings
from guardian.core.metrics.exposure import multiple
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

STRESS = Decimal("0.2")
"""Of the visible depth: what a crash leaves."""


def cost(closing: Closing, factor: Decimal = Decimal(1)) -> tuple[float, Decimal] | None:
    """The fraction of its notional that closing costs, and the contracts that nobody is seen to take.

    None without a book that has two sides.
    """
    if closing.book is None or mid(closing.book) is None:
        return None
    seen = thinned(closing.book, factor) if factor != 1 else closing.book
    walked = walk(seen, closing.side, closing.quantity, closing.inverse)
    rest = closing.quantity - walked.filled
    if not rest:
        return walked.cost, rest
    volume = closing.quote.day_volume if closing.quote else None
    beyond = walked.last if volume is None else max(walked.last, impact(closing.quantity, volume))
    whole = float(closing.quantity)
    return (walked.cost * float(walked.filled) + beyond * float(rest)) / whole, rest


def costing(factor: Decimal) -> Callable[[View], Measured]:
    def measure(view: View) -> Measured:
        held = closings(view)
        costs = [(c, cost(c, factor)) for c in held]
        known = [(c, found) for c, found in costs if found is not None]
        if held and not known:
            return Unknown(f"no book of {held[0].symbol}")
        fee = Decimal(str(view.account.policy.fee))
        paid = sum((c.notional * Decimal(found[0]) for c, found in known), Decimal(0))
        paid += fee * sum((c.notional for c in held), Decimal(0))
        why = next((f"no book of {c.symbol}" for c, found in costs if found is None), "")
        short = next((f"{found[1]:f} of {c.symbol} find no taker" for c, found in known if found[1]), "")
        return _flagged(multiple(view.account, paid), why or short)

    return measure


def _flagged(found: Measured, why: str) -> Measured:
    return AtLeast(found.value, why) if why and isinstance(found, Known) else found


NEEDS = (Part.WALLET, Part.POSITIONS)
COST = Metric("flatten_cost", "fraction", "forecast", ("none",), NEEDS, costing(Decimal(1)), aged=booked_at)
STRESSED = Metric(
    "stressed_flatten_cost", "fraction", "forecast", ("none",), NEEDS, costing(STRESS), aged=booked_at
)
