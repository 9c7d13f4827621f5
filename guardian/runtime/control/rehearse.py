"""Rehearse: the core's own planning against a world that yields, to list everything that a level would do.

Pure, on a copy of the state: every effect is answered "done", and the next read shows it. Rules are left out,
so that nothing but the level itself is planned for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from guardian.core.effects import Effect
from guardian.core.engine import step
from guardian.core.events import EffectReported, Event, KeysListed, Outcome, SnapshotTaken
from guardian.core.model import KeyRecord, Level, OpenOrder, Position, Snapshot, Wallet
from guardian.core.state import AccountState, State

STEPS = 120
"""Reads, one a rehearsed second: past every grace and proof of an undisturbed LOCKOUT."""

NOTHING = Decimal(0)


@dataclass
class Yielding:
    """A venue that does at once what it is asked: orders and positions go, keys lose their power."""

    wallet: Wallet | None
    positions: dict[str, Position]
    orders: dict[str, OpenOrder]
    keys: dict[str, KeyRecord]

    @classmethod
    def of(cls, account: AccountState) -> Yielding:
        evidence, policy = account.evidence, account.policy
        keys = {key: KeyRecord(key, read_only=False, can_trade=True) for key in policy.bot_keys}
        keys |= {record.id: record for record in evidence.keys}
        positions = {p.leg: p for p in evidence.positions}
        return cls(evidence.wallet, positions, {o.id: o for o in evidence.orders}, keys)

    def yield_to(self, effect: Any) -> None:
        match effect.kind:
            case "cancel_order":
                self.orders.pop(effect.order_id, None)
            case "close_position":
                self._close(effect.order)
            case "fence_key" if effect.key_id in self.keys:
                self.keys[effect.key_id] = replace(self.keys[effect.key_id], read_only=True, can_trade=False)
            case "delete_key":
                self.keys.pop(effect.key_id, None)

    def _close(self, order: Any) -> None:
        leg = f"{order.symbol}#{order.index}"
        held = self.positions.get(leg)
        if held is None:
            return
        taken = abs(held.quantity) if order.quantity is None else min(order.quantity, abs(held.quantity))
        left = held.quantity - taken * (1 if held.quantity > 0 else -1)
        self.positions.pop(leg)
        if left != 0:
            self.positions[leg] = replace(held, quantity=left)

    def read(self, name: str, asked: datetime) -> Snapshot:
        wallet = self.wallet
        if wallet is not None and not self.positions:
            wallet = replace(wallet, position_margin=NOTHING, maintenance_margin=NOTHING)
        legs, orders = tuple(self.positions.values()), tuple(self.orders.values())
        return Snapshot(name, asked, wallet, legs, orders, ())


def rehearsed(state: State, account: AccountState, first: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """`first` and every effect that follows from it until the level's goal is proven (or STEPS have passed).

    `account` already has its level and its incident; `first` are the effects of that decision.
    """
    name = account.policy.name
    now = account.incident.entered_at if account.incident else state.now
    assert now is not None
    world = Yielding.of(account)
    state = replace(state, rules=(), accounts=(account,), now=now)
    found = list(first)
    waiting: tuple[Effect, ...] = first
    for _ in range(STEPS):
        now += timedelta(seconds=1)
        state, waiting = _answered(state, world, waiting, now)
        found += waiting
        state, more = step(state, SnapshotTaken(now, world.read(name, now - timedelta(milliseconds=100))))
        found += more
        waiting = (*waiting, *more)
        if not waiting and _reached(state.accounts[0]):
            break
    return tuple(found)


def _answered(
    state: State, world: Yielding, effects: tuple[Effect, ...], now: datetime
) -> tuple[State, tuple[Effect, ...]]:
    new: list[Effect] = []
    at = now - timedelta(milliseconds=500)
    for effect in effects:
        if effect.kind in ("notify", "read_now"):
            continue
        world.yield_to(effect)
        event: Event = EffectReported(at, effect.account, effect.id, Outcome.DONE)
        if effect.kind == "list_keys":
            event = KeysListed(at, effect.account, at, True, tuple(world.keys.values()))
            state, more = step(state, event)
            new += more
            event = EffectReported(at, effect.account, effect.id, Outcome.DONE)
        state, more = step(state, event)
        new += more
    return state, tuple(new)


def _reached(account: AccountState) -> bool:
    """Nothing more will be planned: flat is proven, bots are stopped, and at LOCKOUT the key is dead."""
    incident = account.incident
    if incident is None or account.level < Level.FLATTEN:
        return True
    if incident.flatness.verified_at is None:
        return False
    if account.policy.halt_targets and incident.bots_stopped_at is None:
        return False
    dying = account.level is Level.LOCKOUT and account.policy.has_admin and account.policy.bot_keys
    return not dying or incident.key_dead_at is not None
