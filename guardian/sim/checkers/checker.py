"""What every checker is: a law in one sentence, and ears for what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from guardian.core.effects import Effect
from guardian.core.events import Event
from guardian.core.state import AccountState, State
from guardian.ports import Message
from guardian.sim.checkers.truth import Truth
from guardian.sim.play.life import Life
from guardian.sim.play.stage import Stage
from guardian.sim.ports.stand import Stand
from guardian.sim.scenario.shapes import Act
from guardian.sim.world.orders import Order, OrderRequest


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that was broken: by which checker it was found, when, and what is wrong."""

    checker: str
    at: float
    text: str


@dataclass(slots=True)
class Scene:
    """What a checker may look at. `life` is the process that lives now; it may be None between two."""

    stage: Stage
    truth: Truth
    now: Callable[[], float]
    life: Life | None = None
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Deed:
    """One order of guardian's as it reached the world: the leg's size before and after."""

    stand: Stand
    request: OrderRequest
    before: Decimal
    after: Decimal


Pair = tuple[AccountState | None, AccountState]


@dataclass(frozen=True, slots=True)
class Decided:
    """One step: what was known before and after, and what is to be done now."""

    before: State
    event: Event
    after: State
    effects: tuple[Effect, ...]
    _pairs: list[Pair] = field(default_factory=list, compare=False, repr=False)

    def pairs(self) -> list[Pair]:
        """Each account before and after, where something may have changed; every checker asks."""
        if not self._pairs:
            known = {a.policy.name: a for a in self.before.accounts}
            found = ((known.get(a.policy.name), a) for a in self.after.accounts)
            self._pairs.extend((old, new) for old, new in found if old is not new)
        return self._pairs


class Checker:
    """Listens to what it needs; `fail` reports a violation, once per text."""

    law = ""

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        self.scene = scene
        self._report = report

    @classmethod
    def name(cls) -> str:
        """CamelCase as words: FlatClaim is flat-claim."""
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("-")

    def fail(self, text: str) -> None:
        self._report(Violation(self.name(), round(self.scene.now(), 3), text))

    def born(self, life: Life) -> None:
        """A process has started; nothing has been decided in it yet."""

    def died(self, life: Life) -> None:
        """The process is gone."""

    def decided(self, step: Decided) -> None:
        """A step was taken; its effects are about to be committed and performed."""

    def ordered(self, deed: Deed) -> None:
        """An order of guardian's took effect at the venue."""

    def cancelled(self, stand: Stand, order: Order) -> None:
        """Guardian cancelled an order of the account."""

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None:
        """Guardian changed a key: fence, restore or delete."""

    def told(self, channel: str, message: Message) -> None:
        """A person has got this message."""

    def operated(self, act: Act) -> None:
        """An operator has acted."""

    def moved(self) -> None:
        """The market has moved, and the truth was looked at."""

    def ended(self) -> None:
        """The incident is over."""
