"""Judges every effect against what the core was told: the invariants of acting, stated on their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from guardian.core.effects import CancelOrder, ClosePosition, Effect
from guardian.core.events import Event, KeysListed, Outcome, SnapshotTaken
from guardian.core.model import Level, Part, Position, Snapshot
from tests.core.build import BOT_KEY, Desk, at

if TYPE_CHECKING:
    from tests.core.world import World

APART = timedelta(seconds=2)
ACTS = ("close_position", "cancel_order", "fence_key")


class Referee:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.in_flight: dict[str, str] = {}
        self.last: dict[str, tuple[datetime, Outcome, str]] = {}
        self.client_ids: dict[str, str] = {}
        self.reads: list[Snapshot] = []
        self.listings: list[KeysListed] = []
        self.acted_at = at(0)
        self.deleted_at: datetime | None = None
        self.claimed = False

    # --- what the core was told -----------------------------------------------------------------------

    def told(self, event: Event) -> None:
        if isinstance(event, SnapshotTaken) and event.snapshot.complete:
            self.reads.append(event.snapshot)
        if isinstance(event, KeysListed) and event.complete:
            self.listings.append(event)

    def answered(self, effect: Effect, outcome: Outcome, now: float) -> None:
        key = target_of(effect)
        if self.in_flight.get(key) == effect.id:
            del self.in_flight[key]
            client_id = effect.order.client_id if isinstance(effect, ClosePosition) else ""
            self.last[key] = (at(now), outcome, client_id)
            if effect.kind in ACTS:
                self.acted_at = at(now)
            if effect.kind == "delete_key":
                self.deleted_at = at(now)

    def restarted(self, now: float) -> None:
        """What was in flight has an unknown outcome, as of now."""
        for key in self.in_flight:
            client_id = self.client_ids.get(key, "")
            self.last[key] = (at(now), Outcome.UNKNOWN, client_id)
            if key.split()[0] in ACTS:
                self.acted_at = at(now)
        self.in_flight.clear()

    # --- what it may do then --------------------------------------------------------------------------

    def sent(self, effect: Effect, now: float) -> None:
        if effect.kind in ("notify", "permit", "prepare_keys", "read_now"):
            return
        key = target_of(effect)
        assert key not in self.in_flight, f"two in flight: {key}"
        self.in_flight[key] = effect.id
        match effect.kind:
            case "close_position":
                self._close(effect, key, now)
            case "cancel_order":
                self._cancel(effect)
            case "fence_key" | "delete_key":
                assert effect.key_id == BOT_KEY
            case "halt_bot" if effect.force:
                self._force(now)

    def _close(self, effect: ClosePosition, key: str, now: float) -> None:
        known = self._known(effect)
        close = effect.order
        assert known is not None
        assert known.quantity * close.side < 0, "a close must oppose the leg"
        assert close.quantity is None or 0 < close.quantity <= abs(known.quantity), "more than is known"
        assert close.client_id.startswith("gdn-")
        assert len(close.client_id) <= 36
        taken = [k for k, client_id in self.client_ids.items() if client_id == close.client_id and k != key]
        assert not taken, "a client id belongs to one leg"
        self.client_ids[key] = close.client_id
        if key not in self.last:
            return
        answered, outcome, before = self.last[key]
        newer = self.desk.account.evidence.asked_at(Part.POSITIONS)
        if newer is not None and newer > answered:
            assert (close.client_id == before) is (outcome is Outcome.UNKNOWN), "an id lives while unknown"
        else:
            blind = self.desk.level >= Level.FLATTEN and at(now) >= answered + timedelta(seconds=5)
            assert blind, "sent again without newer evidence"
            assert close.quantity is None or close.quantity == known.maximum

    def _known(self, effect: ClosePosition) -> Position | None:
        return next(
            (p for p in self.desk.account.evidence.positions if p.symbol == effect.order.symbol), None
        )

    def _cancel(self, effect: CancelOrder) -> None:
        found = next(o for o in self.desk.account.evidence.orders if o.id == effect.order_id)
        if not found.reduce_only:
            return
        assert self.desk.level >= Level.FLATTEN, "a protective stop is untouched below FLATTEN"
        held = {p.symbol for p in self.desk.account.evidence.positions}
        refused = self.last.get(f"close_position {found.symbol}", (None, None, ""))[1] is Outcome.REFUSED
        assert found.symbol not in held or refused, "protection goes only with its position"

    def _force(self, now: float) -> None:
        incident = self.desk.incident
        assert incident.t0 is not None
        if at(now) >= incident.t0 + timedelta(seconds=60):
            return
        assert incident.fenced
        assert at(now) >= max(when for _, when in incident.fenced) + timedelta(seconds=10)
        assert self.desk.level is not Level.LOCKOUT or incident.key_dead_at is not None

    # --- what it claims -------------------------------------------------------------------------------

    def claims(self, world: World) -> None:
        incident = self.desk.account.incident
        if incident is None:
            return
        flat = incident.flatness.verified_at is not None
        if flat and not self.claimed:
            self._flat_claimed(world)
        self.claimed = flat
        if incident.key_dead_at is not None:
            assert world.key is None, "claimed dead, but the key lives"
            assert self.deleted_at is not None
            asked = [e.asked_at for e in self.listings if BOT_KEY not in {k.id for k in e.keys}]
            assert max(asked) >= min(asked) + APART

    def _flat_claimed(self, world: World) -> None:
        assert not any(world.positions.values()), "claimed flat, but positions are open"
        assert not world.orders, "claimed flat, but orders rest"
        assert self.desk.incident.fenced, "claimed flat before the fence"
        flat = [
            s.asked_at for s in self.reads if not s.positions and not s.orders and s.asked_at > self.acted_at
        ]
        assert max(flat) >= min(flat) + APART, "one read is no proof"
        assert not [k for k in self.in_flight if k.split()[0] in ACTS]


def target_of(effect: Effect) -> str:
    match effect.kind:
        case "close_position":
            return f"close_position {effect.order.symbol}"
        case "cancel_order":
            return f"cancel_order {effect.order_id}"
        case "fence_key" | "delete_key":
            return f"{effect.kind} {effect.key_id}"
        case "halt_bot":
            return f"halt_bot {effect.target} {effect.force}"
        case "resolve_order":
            return f"resolve_order {effect.symbol}"
    return effect.kind
