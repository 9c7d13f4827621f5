"""All checkers at once: the panel passes on what happens, counts it, and keeps what they found."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guardian.core.effects import Effect
from guardian.core.events import Event, SnapshotTaken, Tick
from guardian.core.model import Level
from guardian.core.state import State
from guardian.ports import Message
from guardian.runtime.casebook.recount import Recount
from guardian.runtime.casebook.tell import Step, account_of, at, deeds, named
from guardian.sim.checkers import laws
from guardian.sim.checkers.checker import Checker, Decided, Deed, Scene, Violation
from guardian.sim.checkers.truth import Truth
from guardian.sim.play.life import Life
from guardian.sim.play.stage import Stage
from guardian.sim.ports.stand import Stand
from guardian.sim.scenario.shapes import Act
from guardian.sim.world.orders import Order, OrderRequest

HOOKS = (
    "born", "died", "decided", "ordered", "cancelled", "edited", "told", "operated", "moved", "ended",
)  # fmt: skip


class Panel:
    """Implements every ear of the incident. `tells` keeps `steps`, their `moments`, and a timeline.

    Guardian's part of the timeline is in the words of a case; what the world saw stands between, marked `|`.
    All of it is by the world's clock, also where guardian's is off.
    """

    def __init__(self, stage: Stage, now: Callable[[], float], tells: bool = False) -> None:
        self.scene = Scene(stage, Truth(stage.stands), now)
        self.violations: list[Violation] = []
        self.timeline: list[str] = []
        self.steps: list[Step] = []
        self.moments: list[float] = []
        self.events = 0
        self.others = 0
        self.flat_seconds: list[float] = []
        self._tells = tells
        self._recount, self._several = Recount(brief=True), len(stage.stands) > 1
        self._awaited: dict[int, list[Callable[[], None]]] = {}
        self._begun: dict[str, float] = {}
        self.scene.truth.look(now())
        checkers: list[Checker] = [kind(self.scene, self._found) for kind in laws.ALL]
        # Most checkers listen to a few things only, and some things happen hundreds of times.
        self._ears = {hook: [c for c in checkers if _listens(c, hook)] for hook in HOOKS}

    def at_event(self, number: int, job: Callable[[], None]) -> None:
        """Call `job` when decision number `number` has been taken."""
        self._awaited.setdefault(number, []).append(job)

    def _found(self, violation: Violation) -> None:
        seen = {(v.checker, v.text) for v in self.violations}
        if (violation.checker, violation.text) not in seen:
            self.violations.append(violation)
            self._line(f"VIOLATION {violation.checker}: {violation.text}", "")

    def _line(self, text: str, mark: str = "| ") -> None:
        if self._tells:
            self.timeline.append(at(self.scene.now(), mark + text))

    def born(self, life: Life) -> None:
        self.scene.life = life
        self._line("guardian starts")
        for checker in self._ears["born"]:
            checker.born(life)

    def died(self) -> None:
        life = self.scene.life
        self._line("guardian is gone")
        if life is not None:
            for checker in self._ears["died"]:
                checker.died(life)
        self.scene.life = None

    def decided(self, before: State, event: Event, after: State, effects: tuple[Effect, ...]) -> None:
        self.events += 1
        for job in self._awaited.pop(self.events, ()):
            job()
        step = Decided(before, event, after, effects)
        self._measure(step)
        if self._tells:
            self._tell(step)
        for checker in self._ears["decided"]:
            checker.decided(step)

    def _measure(self, step: Decided) -> None:
        """Seconds from the breach to the claim of flat, by the world's clock."""
        for old, new in step.pairs():
            name = new.policy.name
            if old is not None and old.level < Level.FLATTEN <= new.level:
                self._begun[name] = self.scene.now()
            had = old is not None and old.incident is not None and old.incident.flatness.verified_at
            has = new.incident is not None and new.incident.flatness.verified_at
            if has and not had and name in self._begun:
                self.flat_seconds.append(self.scene.now() - self._begun.pop(name))

    def _tell(self, step: Decided) -> None:
        """The fact and its deeds. The market moves between any two reads: only one that led on is news."""
        event, told = step.event, Step(step.event, step.after.decisions, step.effects)
        self.steps.append(told)
        self.moments.append(self.scene.now())
        fact, after = self._recount.fact(event), deeds(told.decisions, told.effects, self._several)
        self._recount.planned(told.effects)
        if fact and (after or not isinstance(event, SnapshotTaken | Tick)):
            whose = named(account_of(event), fact, self._several)
            self.timeline.append(f"{self.scene.now():7.1f}> {whose}")
        self.timeline += [at(self.scene.now(), line) for line in after]

    def ordered(self, stand: Stand, request: OrderRequest, before: Decimal, after: Decimal) -> None:
        self._line(f"{stand.name}: {request.side} {request.symbol} {before} -> {after} {request.link_id}")
        deed = Deed(stand, request, before, after)
        for checker in self._ears["ordered"]:
            checker.ordered(deed)

    def cancelled(self, stand: Stand, order: Order) -> None:
        self._line(f"{stand.name}: cancelled {order.symbol} {order.link_id}")
        for checker in self._ears["cancelled"]:
            checker.cancelled(stand, order)

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None:
        self._line(f"{stand.name}: key {endpoint}")
        for checker in self._ears["edited"]:
            checker.edited(stand, endpoint, key_id)

    def told(self, channel: str, message: Message) -> None:
        self.others += 1
        self._line(f"told {channel}: {message.title}")
        for checker in self._ears["told"]:
            checker.told(channel, message)

    def operated(self, act: Act) -> None:
        self.others += 1
        self._line(f"{act.account}: operator {act.kind}")
        for checker in self._ears["operated"]:
            checker.operated(act)

    def moved(self) -> None:
        self.others += 1
        self.scene.truth.look(self.scene.now())
        for checker in self._ears["moved"]:
            checker.moved()

    def ended(self) -> None:
        self.scene.truth.look(self.scene.now())
        for checker in self._ears["ended"]:
            checker.ended()


def _listens(checker: Checker, hook: str) -> bool:
    return getattr(type(checker), hook) is not getattr(Checker, hook)
