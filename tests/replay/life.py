"""A life of guardian's in a small world that answers it: what a release records for those after it.

Calm, a deposit, a feed that lies and fails, a caution that ends, a crash to LOCKOUT with a restart in the
middle, an operator's way back, HALT and FLATTEN by hand. Nothing is drawn, so every run is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from guardian.core.effects import Effect
from guardian.core.events import Disarmed, Drilled, Event, Outcome, Tick, Troubled
from guardian.core.model import LedgerEntry, LedgerKind, OpenOrder, Part, Position
from guardian.runtime.codec import encode_state, encode_step
from tests.core.build import (
    ACCOUNT,
    BTC,
    ETH,
    SLIDING_HOUR,
    Desk,
    at,
    order,
    position,
    read,
    read_only,
    row,
    rule,
    rung,
    says,
    stop,
    trading,
    without,
)
from tests.replay.tape import Recorded

RULES = (
    rule(rung(0.025, "caution", 2.0), rung(0.0375, "reduce", 2.0, 0.5), rung(0.05, "lockout", 2.0)),
    rule(rung(0.02, "caution"), rung(0.2, "halt", 5.0), id="dd-1h", window=SLIDING_HOUR),
    rule(rung(30.0, "caution"), id="leverage", metric="leverage", armed=False),
)
SILENT = {"notify", "permit"}


class Tape(Desk):
    """Keeps every event with what was decided on it, and puts a checkpoint between when it is told to."""

    def __init__(self) -> None:
        self.records: list[Recorded] = []
        super().__init__(*RULES)

    def send(self, event: Event) -> tuple[Effect, ...]:
        effects = super().send(event)
        self.records.append(Recorded(event.kind, encode_step(event, self.state.decisions, effects)))
        return effects

    def checkpoint(self) -> None:
        self.records.append(Recorded("checkpoint", encode_state(self.state)))


class World:
    """Two positions, two orders, one key; it does what guardian asks, at times only on the second try."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.sizes = {BTC: Decimal(10), ETH: Decimal(-20)}
        self.marks = {BTC: Decimal(1000), ETH: Decimal(100)}
        self.entries = dict(self.marks)
        self.cash = Decimal(10_000)
        self.orders: dict[str, OpenOrder] = {"o1": order("o1"), "s1": stop("s1")}
        self.keys = [trading()]
        self.refusals = 2
        self.ledger: list[LedgerEntry] = []

    def look(self, second: float, change: Any = None, **more: Any) -> None:
        """One read, and everything that guardian then does, answered 0.1 s later each."""
        snapshot = read(
            second,
            tuple(self._positions()),
            tuple(self.orders.values()),
            self.cash,
            **{"ledger": tuple(self.ledger), **more},
        )
        self.answer(second, self.tape.see(change(snapshot) if change else snapshot))

    def _positions(self) -> Iterator[Position]:
        for symbol, size in self.sizes.items():
            if size:
                yield position(symbol, size, self.marks[symbol], entry=self.entries[symbol])

    def answer(self, second: float, effects: tuple[Effect, ...]) -> None:
        waiting = [effect for effect in effects if effect.kind not in SILENT]
        while waiting and second % 1 < 0.9:
            second = round(second + 0.1, 3)
            waiting += [e for e in self._do(second, waiting.pop(0)) if e.kind not in SILENT]

    def _do(self, second: float, effect: Any) -> tuple[Effect, ...]:
        match effect.kind:
            case "list_keys":
                return self.tape.keys(second, *self.keys)
            case "read_now":
                return ()
            case "close_position":
                return self._close(second, effect)
            case "cancel_order":
                self.orders.pop(effect.order_id, None)
            case "fence_key":
                self.keys = [read_only()]
                return self.tape.report(second, effect, permissions="ContractTrade")
            case "delete_key":
                self.keys = []
        return self.tape.report(second, effect)

    def _close(self, second: float, effect: Any) -> tuple[Effect, ...]:
        if self.refusals:
            self.refusals -= 1
            outcome = Outcome.REFUSED if self.refusals else Outcome.UNKNOWN
            return self.tape.report(second, effect, outcome)
        symbol, held = effect.order.symbol, self.sizes[effect.order.symbol]
        amount = abs(held) if effect.order.quantity is None else min(abs(held), effect.order.quantity)
        gain = amount * (self.marks[symbol] - self.entries[symbol]) * (1 if held > 0 else -1)
        self.cash += gain
        trade = row(f"trade-{effect.id}", gain, LedgerKind.TRADE)
        self.ledger.append(replace(trade, at=at(second)))
        self.sizes[symbol] = held - amount * (1 if held > 0 else -1)
        return self.tape.report(second, effect)


def recorded() -> list[Recorded]:
    """The whole life."""
    tape = Tape()
    world = World(tape)
    calm(tape, world)
    lies(tape, world)
    crash(tape, world)
    way_back(tape, world)
    return tape.records


def calm(tape: Tape, world: World) -> None:
    for second in range(-6, 10):
        world.look(second)
    world.cash += 500
    world.ledger.append(replace(row("deposit", "500"), at=at(9.5)))
    world.look(10)
    tape.send(Drilled(at(11), ACCOUNT, "anna", "drill-1.json"))
    tape.send(Troubled(at(12), ACCOUNT, "clock", "the machine's clock is 7 s behind"))
    tape.send(Troubled(at(13), ACCOUNT, "clock", "in step again", healed=True))
    tape.send(Disarmed(at(14), ACCOUNT, at(24), "anna", "moving collateral"))
    for second in range(15, 30):
        world.look(second)
    tape.checkpoint()


def lies(tape: Tape, world: World) -> None:
    """A wallet that is off by half for one read, parts that fail, a second that is silent, a small loss."""
    world.look(30, lambda snapshot: says(snapshot, 5_000))
    world.look(31)
    world.look(32, lambda snapshot: without(snapshot, Part.POSITIONS))
    world.look(33, lambda snapshot: without(snapshot, Part.WALLET, Part.ORDERS))
    for second in range(34, 50):
        tape.send(Tick(at(second)))
    world.marks[BTC] = Decimal(969)
    for second in range(50, 60):
        world.look(second)
    world.marks[BTC] = Decimal(1001)
    for second in range(60, 140, 4):
        world.look(second)


def crash(tape: Tape, world: World) -> None:
    for second, mark in enumerate((990, 960, 955, 950, 945, 930, 900, 860), start=140):
        world.marks[BTC] = Decimal(mark)
        world.look(second)
    tape.checkpoint()
    tape.restart(148.5)
    for second in range(149, 175):
        world.look(second)


def way_back(tape: Tape, world: World) -> None:
    tape.resume(176, "dd", "dd-1h")
    world.keys = [trading()]
    world.sizes = {BTC: Decimal(2), ETH: Decimal(0)}
    world.entries[BTC] = world.marks[BTC]
    for second in range(177, 190):
        world.look(second)
    world.orders = {"o2": replace(order("o2"), created_at=at(185))}
    world.answer(190.1, tape.demand(190.1, "halt"))
    for second in range(191, 196):
        world.look(second)
    world.answer(196.1, tape.demand(196.1, "flatten"))
    for second in range(197, 206):
        world.look(second)
    world.answer(206.1, tape.resume(206.1))
    for second in range(207, 210):
        world.look(second)
    tape.checkpoint()
