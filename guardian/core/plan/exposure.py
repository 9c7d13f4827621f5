"""Orders and positions: cancel what adds risk, bring each leg to its goal, keep protection until closed.

Actions are goals, not deltas: each pass plans again from the newest evidence. When reads fail but orders
work, a leg whose last close is five seconds old is resolved by its client id and closed size-free:
reduce-only and "whatever is left" can never sell more than is held.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from zlib import crc32

from guardian.core.effects import CancelOrder, CloseOrder, ClosePosition, ReadNow, ResolveOrder, base36
from guardian.core.events import RESTART, Outcome
from guardian.core.model import FLATTEN, OpenOrder, Part, Position
from guardian.core.plan.draft import UNSENT, Draft
from guardian.core.state import Evidence, Target

BLIND_AFTER = timedelta(seconds=5)
LONGEST_REST = timedelta(seconds=2)
"""A refused close is never tried later than this again: of sixty seconds not one try may be given away."""

ORDERS_IN_THE_WAY = ("conflict", "orders")
"""The fact that a trader reports where the venue refused a close because of resting reduce-only orders."""

HEDGE_CLOSING_SIDE = {1: -1, 2: 1}
"""By the venue's leg index: a sell closes the long leg, a buy the short one."""


DUST_TRIES = 3


def plan_cancels(draft: Draft) -> None:
    """Cancel risk-increasing orders one by one; protective ones when the wallet too says that all is closed.

    A listing that lacks a leg is no proof that the leg is gone, and its stop may be all that protects it.
    """
    closed = bool(draft.account.evidence.orders) and nothing_held(draft.account.evidence)
    for order in draft.account.evidence.orders:
        if _must_go(draft, order, closed):
            _try_cancel(draft, order)


def nothing_held(evidence: Evidence) -> bool:
    """No position above dust, by two endpoints: the wallet may hold margin for the dust that is listed."""
    if evidence.wallet is None or not all(dust(p) for p in evidence.positions):
        return False
    return evidence.wallet.position_margin <= sum((abs(p.worth) for p in evidence.positions), Decimal(0))


def _must_go(draft: Draft, order: OpenOrder, closed: bool) -> bool:
    only = draft.incident.only
    if only and order.symbol not in only and draft.account.level < FLATTEN:
        return False
    if _adds_risk(draft, order):
        return True
    if draft.account.level < FLATTEN:
        return False
    return closed or _in_the_way(draft, f"{order.symbol}#{order.index}")


def _adds_risk(draft: Draft, order: OpenOrder) -> bool:
    """Whether filling it could open or grow a position.

    In hedge mode a leg's opposite side only closes, whatever the order's flag says. One-way, a conditional
    order that takes no more than the position has is a stop that was placed without the flag; while the
    position is being closed, though, it would open the other side.
    """
    if order.reduce_only or order.side == HEDGE_CLOSING_SIDE.get(order.index):
        return False
    if draft.account.level >= FLATTEN:
        return True
    legs = {(p.symbol, p.index): p.quantity for p in draft.account.evidence.positions}
    held = legs.get((order.symbol, order.index), Decimal(0))
    against = order.trigger is not None and held * order.side < 0
    return not (against and order.remaining <= abs(held))


def _tried_enough(draft: Draft, leg: str) -> bool:
    """A venue may close less than its minimum; where it does not, dust is listed and not chased."""
    target = draft.target(f"close:{leg}")
    return target is not None and (target.outcome is Outcome.REFUSED or target.attempts >= DUST_TRIES)


def dust(position: Position) -> bool:
    """Less than the venue's smallest order."""
    return abs(position.quantity) < position.minimum


def _in_the_way(draft: Draft, leg: str) -> bool:
    """The venue refused the close because resting orders hold the leg's reduce-only capacity.

    Any other refusal (a rate limit, a ban) leaves protection where it is.
    """
    target = draft.target(f"close:{leg}")
    return target is not None and target.outcome is Outcome.REFUSED and ORDERS_IN_THE_WAY in target.facts


def _try_cancel(draft: Draft, order: OpenOrder) -> None:
    key = f"cancel:{order.id}"
    target = draft.target(key)
    if target is not None and (target.in_flight or not draft.newer_than(Part.ORDERS, target.reported_at)):
        return
    account, conditional = draft.account.policy.name, order.trigger is not None
    draft.send(key, "cancel", CancelOrder(UNSENT, account, order.symbol, order.id, conditional))


def plan_reduction(draft: Draft) -> None:
    """REDUCE: each leg to its fraction of what it was at entry; legs opened since count from zero."""
    entry, goals = dict(draft.incident.legs), dict(draft.incident.goals)
    whole = draft.incident.reduce_to
    for position in _largest_first(draft):
        found = [to for to in (whole, goals.get(position.symbol)) if to is not None]
        if not found:
            continue
        goal = Decimal(str(min(found)))
        allowed = abs(entry.get(position.leg, Decimal(0))) * goal
        excess = abs(position.quantity) - allowed
        chased = dust(position) and _tried_enough(draft, position.leg)
        if excess >= position.minimum or (excess > 0 and goal == 0 and not chased):
            _close(draft, position, _rounded(excess, position))


def plan_closes(draft: Draft) -> None:
    """FLATTEN: every leg to zero, largest risk first."""
    for position in _largest_first(draft):
        if position.quantity != 0 and not (dust(position) and _tried_enough(draft, position.leg)):
            _close(draft, position, abs(position.quantity))


def _largest_first(draft: Draft) -> list[Position]:
    return sorted(draft.account.evidence.positions, key=lambda p: (-abs(p.worth), p.leg))


def _rounded(quantity: Decimal, position: Position) -> Decimal:
    """Up to the lot, so that the goal is reached, but never beyond the position."""
    step = position.step or quantity
    return min((quantity / step).to_integral_value(ROUND_UP) * step, abs(position.quantity))


def _close(draft: Draft, position: Position, quantity: Decimal) -> None:
    key = f"close:{position.leg}"
    target = draft.target(key)
    if target is None:
        _send_close(draft, position, quantity, attempt=1)
        return
    if target.in_flight or target.reported_at is None:
        return
    if draft.newer_than(Part.POSITIONS, target.reported_at):
        if not _rested(draft, position, target, target.reported_at):
            return
        again = target.outcome is Outcome.UNKNOWN
        _send_close(draft, position, quantity, target.attempts + 1, target.client_id if again else "")
    elif draft.account.level >= FLATTEN and draft.now >= target.reported_at + BLIND_AFTER:
        _close_blindly(draft, position, target)


def _rested(draft: Draft, position: Position, target: Target, refused_at: datetime) -> bool:
    """A venue that refuses, or hands that are not there, are tried again after a quarter of the time in which
    nothing has changed.

    So the pause grows from nothing to its longest. A fill changes something, for it costs a fee; so do a new
    level, and an order that was in the way and is gone.
    """
    evidence, entered_at = draft.account.evidence, draft.incident.entered_at
    in_the_way = any((o.symbol, o.index) == (position.symbol, position.index) for o in evidence.orders)
    if target.outcome not in (Outcome.REFUSED, Outcome.IMPOSSIBLE) or (
        ORDERS_IN_THE_WAY in target.facts and not in_the_way
    ):
        return True
    changed_at = max(entered_at, evidence.cash_moved_at or entered_at)
    return draft.now >= refused_at + min((refused_at - changed_at) / 4, LONGEST_REST)


def _close_blindly(draft: Draft, position: Position, target: Target) -> None:
    """No read since the last answer: ask for that order once in each life, then close whatever is left."""
    key = f"resolve:{position.leg}"
    resolved = draft.target(key)
    if resolved is None or resolved.client_id != target.client_id or resolved.code == RESTART:
        effect = ResolveOrder(UNSENT, draft.account.policy.name, position.symbol, target.client_id)
        draft.send(key, "resolve", effect, target.client_id)
        return
    if not resolved.in_flight:
        _send_close(draft, position, abs(position.quantity), target.attempts + 1)


def _send_close(
    draft: Draft, position: Position, quantity: Decimal, attempt: int, client_id: str = ""
) -> None:
    """First a price-capped order for what is known, then at market, and size-free where one order does it."""
    account = draft.account
    whole = position.maximum >= quantity >= abs(position.quantity)
    side = -1 if position.quantity > 0 else 1
    client_id = client_id or _client_id(draft, position, attempt)
    order = CloseOrder(
        client_id=client_id,
        symbol=position.symbol,
        index=position.index,
        side=side,
        quantity=None if whole and attempt > 1 else min(quantity, position.maximum),
        price=_capped(position, side, account.policy.slippage) if attempt == 1 else None,
    )
    effect = ClosePosition(UNSENT, account.policy.name, order)
    draft.send(f"close:{position.leg}", "close", effect, client_id)


def _capped(position: Position, side: int, slippage: float) -> Decimal:
    return position.mark * (1 + side * Decimal(str(slippage)))


def _client_id(draft: Draft, position: Position, attempt: int) -> str:
    """Built from incident, leg and attempt; at most 36 characters of [a-z0-9-].

    The check sum tells legs apart whose names begin alike, as a perpetual and its dated futures do.
    """
    base = "".join(c for c in position.base.lower() if c.isascii() and c.isalnum())[:7]
    return f"gdn-{draft.incident.code}-{base}{base36(crc32(position.leg.encode()))}-{attempt}"


def plan_read(draft: Draft) -> None:
    """Ask for fresh evidence as soon as everything in flight on the book has been answered."""
    book = draft.targets("close", "cancel")
    if not book or any(t.in_flight for t in book):
        return
    last = max(t.reported_at for t in book if t.reported_at is not None)
    read = draft.target("read")
    asked_for = read is not None and read.sent_at >= last
    if draft.newer_than(Part.POSITIONS, last) or asked_for:
        return
    draft.send("read", "read", ReadNow(UNSENT, draft.account.policy.name))
