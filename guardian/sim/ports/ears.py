"""Who hears what guardian does to the outside, at the moment when it takes effect there."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from guardian.core.effects import Effect
from guardian.core.events import Event
from guardian.core.state import State
from guardian.ports import Message
from guardian.sim.ports.stand import Stand
from guardian.sim.world.orders import Order, OrderRequest


class Ears(Protocol):
    """`decided` comes before the effects are performed, the others when the world has taken them."""

    def decided(self, before: State, event: Event, after: State, effects: tuple[Effect, ...]) -> None: ...

    def ordered(self, stand: Stand, request: OrderRequest, before: Decimal, after: Decimal) -> None: ...

    def cancelled(self, stand: Stand, order: Order) -> None: ...

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None: ...

    def told(self, channel: str, message: Message) -> None: ...
