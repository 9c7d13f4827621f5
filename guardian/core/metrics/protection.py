"""M28, the arithmetic: how much of a position its protective stops close, and at what loss.

A stop protects as far as it surely closes the position before the venue does: on the losing side of the mark,
not beyond the liquidation price where that is known, for the same leg, and unable to open the other side
(reduce-only, the closing side in hedge mode, or no larger than the position). A stop with a limit on the
better side of its trigger rests and closes nothing. Stops count from the nearest to the farthest, together no
more than the position. A trigger attached to the position, and a stop without quantity, are for all of it.
Stops that a bot keeps to itself are invisible here and count as missing.

Source: metrics.md M28.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from guardian.core.metrics.worst_case_exposure import HEDGE_CLOSING_SIDE
from guardian.core.model import OpenOrder, Position

STRESS_MOVE = Decimal("0.2")
"""The adverse move of what no stop covers, where the venue names no liquidation price."""


@dataclass(frozen=True, slots=True)
class Cover:
    """`quantity` contracts that are closed at `exit` at the latest (the trigger, or its worse limit)."""

    exit: Decimal
    quantity: Decimal


def covers(position: Position, orders: tuple[OpenOrder, ...]) -> tuple[Cover, ...]:
    """What protects the position, nearest first, together at most the position."""
    whole = abs(position.quantity)
    stops = [_cover(position, order) for order in orders if _protects(position, order)]
    if position.stop_loss is not None and _effective(position, position.stop_loss):
        stops.append(Cover(position.stop_loss, whole))
    left, found = whole, []
    for stop in sorted(stops, key=lambda s: abs(position.mark - s.exit)):
        taken = min(left, stop.quantity)
        left -= taken
        if taken:
            found.append(Cover(stop.exit, taken))
    return tuple(found)


def coverage(position: Position, orders: tuple[OpenOrder, ...]) -> Decimal:
    """The fraction of the position that stops close: 0 is unprotected, 1 is wholly protected."""
    whole = abs(position.quantity)
    return sum((c.quantity for c in covers(position, orders)), Decimal(0)) / whole if whole else Decimal(1)


def covered_loss(position: Position, orders: tuple[OpenOrder, ...]) -> Decimal:
    """What is lost from the mark on, in the settle currency, if every stop fills at its exit."""
    losses = (abs(position.gain(c.quantity, position.mark, c.exit)) for c in covers(position, orders))
    return sum(losses, Decimal(0))


def uncovered_loss(position: Position, orders: tuple[OpenOrder, ...]) -> Decimal:
    """What the rest loses on the way to liquidation, or in a stress move where that is unknown."""
    rest = position.quantity * (1 - coverage(position, orders))
    liquidation = _liquidation(position)
    stressed = position.mark * (1 - STRESS_MOVE if position.quantity > 0 else 1 + STRESS_MOVE)
    return abs(position.gain(rest, position.mark, stressed if liquidation is None else liquidation))


def assumed(position: Position, orders: tuple[OpenOrder, ...]) -> bool:
    """Whether the loss rests on the assumed stress move."""
    return _liquidation(position) is None and coverage(position, orders) < 1


def _protects(position: Position, order: OpenOrder) -> bool:
    if order.trigger is None or (order.symbol, order.index) != (position.symbol, position.index):
        return False
    if order.side * position.quantity >= 0 or not _effective(position, order.trigger):
        return False
    if order.price is not None and order.side * (order.price - order.trigger) < 0:
        return False
    return _only_closes(position, order)


def _only_closes(position: Position, order: OpenOrder) -> bool:
    if order.reduce_only or order.side == HEDGE_CLOSING_SIDE.get(order.index):
        return True
    return 0 < order.remaining <= abs(position.quantity)


def _effective(position: Position, trigger: Decimal) -> bool:
    """Between the mark and the liquidation price."""
    side = 1 if position.quantity > 0 else -1
    if trigger <= 0 or side * (position.mark - trigger) <= 0:
        return False
    liquidation = _liquidation(position)
    return liquidation is None or side * (trigger - liquidation) > 0


def _liquidation(position: Position) -> Decimal | None:
    """Where the venue takes the position over; a price on the winning side is no distance and no bound."""
    side = 1 if position.quantity > 0 else -1
    price = position.liquidation
    if price is None or (position.inverse and price <= 0):
        return None
    return price if side * (position.mark - price) > 0 else None


def _cover(position: Position, order: OpenOrder) -> Cover:
    assert order.trigger is not None
    quantity = order.remaining * order.contract_size / position.contract_size or abs(position.quantity)
    side = 1 if position.quantity > 0 else -1
    exit = side * min(side * order.trigger, side * order.price) if order.price else order.trigger
    return Cover(exit, quantity)
