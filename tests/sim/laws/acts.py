"""Scenes for the laws about what guardian does to the account: one in which each is kept, one broken."""

from __future__ import annotations

from dataclasses import replace

from guardian.core.effects import CancelOrder, Effect, FenceKey, UnfenceKey
from guardian.core.events import SnapshotTaken, Tick
from guardian.core.model import Level, Snapshot
from guardian.runtime.codec import encode_step
from guardian.sim.checkers import acts, gates
from guardian.sim.checkers.checker import Checker
from guardian.sim.ports import view
from guardian.sim.ports.journal import Written
from guardian.sim.scenario.shapes import Act
from guardian.sim.world.orders import Order
from tests.sim.laws.theatre import PLAN, Play, Theatre


def reduces(t: Theatre) -> None:
    t.checker.ordered(t.deed("5", "0"))


def grows(t: Theatre) -> None:
    t.checker.ordered(t.deed("5", "7"))


def flips(t: Theatre) -> None:
    t.checker.ordered(t.deed("5", "-1"))


def stop(t: Theatre) -> Order:
    return next(o for o in t.stand.books.open_orders.values() if o.trigger is not None)


def stop_goes_for_a_close(t: Theatre) -> None:
    t.step(None, t.account(Level.FLATTEN), effects=(t.close(),))
    t.checker.cancelled(t.stand, stop(t))


def stop_goes(t: Theatre) -> None:
    t.checker.cancelled(t.stand, stop(t))


def bot_key_fenced(t: Theatre) -> None:
    t.checker.edited(t.stand, "fence", t.stand.bot_key.id)
    t.checker.ordered(t.deed("5", "0"))


def own_key_fenced(t: Theatre) -> None:
    t.checker.edited(t.stand, "fence", t.stand.keys["hands"].id)


def orders_where_nothing_is(t: Theatre) -> None:
    t.checker.ordered(t.deed("0", "0"))


def acts_on_a_stranger(t: Theatre) -> None:
    t.step(None, t.account(Level.FLATTEN), effects=(replace(t.close(), account="a9"),))


def asked_to_act(t: Theatre) -> None:
    t.checker.operated(Act(5.0, "flatten", "a1"))
    t.checker.ordered(t.deed("5", "0"))


def acts_unasked(t: Theatre) -> None:
    t.checker.ordered(t.deed("5", "0"))


def cancels_unasked(t: Theatre) -> None:
    t.checker.cancelled(t.stand, stop(t))


def fences_unasked(t: Theatre) -> None:
    t.checker.edited(t.stand, "fence", t.stand.bot_key.id)


def write(t: Theatre, *effects: Effect) -> None:
    event = Tick(t.instant())
    t.stage.disk.records.append(Written(t.instant(), event.kind, encode_step(event, (), effects)))


def does_it_all(t: Theatre) -> None:
    t.checker.ordered(t.deed("5", "0"))
    t.checker.cancelled(t.stand, stop(t))
    t.checker.edited(t.stand, "fence", t.stand.bot_key.id)


def written_first(t: Theatre) -> None:
    t.life()
    cancel = CancelOrder("a1/2", "a1", "BTC/USDT:USDT", stop(t).id, True)
    write(t, t.close(), cancel, FenceKey("a1/3", "a1", t.stand.bot_key.id))
    does_it_all(t)


def never_written(t: Theatre) -> None:
    t.life()
    t.checker.ordered(t.deed("5", "0"))


def cancel_never_written(t: Theatre) -> None:
    """A read has listed the order: its id is in the journal, and no intent to cancel it."""
    t.life()
    seen = Snapshot("a1", t.instant(), None, (), view.orders(t.stand), ())
    event = SnapshotTaken(t.instant(), seen)
    t.stage.disk.records.append(Written(t.instant(), event.kind, encode_step(event, (), ())))
    t.checker.cancelled(t.stand, stop(t))


def other_fence_written(t: Theatre) -> None:
    t.life()
    write(t, FenceKey("a2/3", "a2", "another key"))
    t.checker.edited(t.stand, "fence", t.stand.bot_key.id)


def gap_declared(t: Theatre) -> None:
    """Not written, but guardian has said that its journal fails."""
    t.life().runtime.committer.ok = False
    does_it_all(t)


def fenced_and_resumed(t: Theatre) -> None:
    t.at = 20.0
    t.checker.edited(t.stand, "fence", t.stand.bot_key.id)
    t.step(t.account(Level.FLATTEN), t.account())
    t.life(t.account())


def given_back(t: Theatre) -> None:
    fenced_and_resumed(t)
    t.checker.edited(t.stand, "restore", t.stand.bot_key.id)
    t.at = 60.0
    t.checker.ended()


def still_tried(t: Theatre) -> None:
    fenced_and_resumed(t)
    t.at = 55.0
    t.step(t.account(), t.account(), effects=(UnfenceKey("a1/9", "a1", t.stand.bot_key.id, ()),))
    t.at = 60.0
    t.checker.ended()


def deleted_meanwhile(t: Theatre) -> None:
    """By its owner: nobody can give that key back."""
    fenced_and_resumed(t)
    t.stand.bot_key.delete(1)
    t.at = 60.0
    t.checker.ended()


def left_fenced(t: Theatre) -> None:
    fenced_and_resumed(t)
    t.at = 60.0
    t.checker.ended()


def given_up(t: Theatre) -> None:
    still_tried(t)
    t.at = 90.0
    t.checker.ended()


def permit_taken(t: Theatre) -> None:
    t.life(t.account(Level.HALT), permit="reduce_only")
    t.checker.moved()


def permit_left(t: Theatre) -> None:
    t.life(t.account(Level.HALT))
    t.checker.moved()


def marked(t: Theatre) -> None:
    t.checker.ordered(t.deed("5", "0"))


def plain(t: Theatre) -> None:
    t.checker.ordered(t.deed("5", "0", reduce_only=False))


OBSERVED = replace(PLAN, armed=False)

SCENES: list[tuple[type[Checker], Play, Play]] = [
    (acts.OnlyReduces, reduces, grows),
    (acts.OnlyReduces, reduces, flips),
    (acts.KeepsStops, stop_goes_for_a_close, stop_goes),
    (acts.StaysInScope, bot_key_fenced, own_key_fenced),
    (acts.StaysInScope, bot_key_fenced, orders_where_nothing_is),
    (acts.StaysInScope, bot_key_fenced, acts_on_a_stranger),
    (acts.OnlyWatches, asked_to_act, acts_unasked),
    (acts.OnlyWatches, asked_to_act, cancels_unasked),
    (acts.OnlyWatches, asked_to_act, fences_unasked),
    (acts.HasIntent, written_first, never_written),
    (acts.HasIntent, gap_declared, cancel_never_written),
    (acts.HasIntent, written_first, other_fence_written),
    (acts.GivesBack, given_back, left_fenced),
    (acts.GivesBack, still_tried, given_up),
    (acts.GivesBack, deleted_meanwhile, left_fenced),
    (acts.PermitFollows, permit_taken, permit_left),
    (gates.MarkedReduceOnly, marked, plain),
]
