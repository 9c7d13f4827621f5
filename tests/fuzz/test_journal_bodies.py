"""Whatever a record or checkpoint holds, a restart folds what makes sense, tells the rest, and watches."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.engine import step
from guardian.core.events import Tick
from guardian.runtime.codec import encode_state, encode_step
from guardian.runtime.start.restore import fold
from tests.core.build import Desk, at, position, read, rule, rung, stop
from tests.fuzz.effort import examples
from tests.fuzz.spoilt import edited, edits


class Written(Desk):
    """A desk that keeps the body of everything that it was told."""

    def __init__(self, *args: Any, **changes: Any) -> None:
        self.bodies: list[str] = []
        super().__init__(*args, **changes)

    def send(self, event: Any) -> Any:
        effects = super().send(event)
        self.bodies.append(encode_step(event, self.state.decisions, effects))
        return effects


def incident() -> Written:
    """A crash into LOCKOUT, as far as the first answers."""
    desk = Written(rule(rung(0.02, "caution"), rung(0.05, "lockout")))
    desk.warm(position(), orders=(stop(),))
    effects = desk.see(read(0, (position(mark=60),), (stop(),)))
    for effect in effects[:4]:
        desk.report(0.1, effect)
    desk.demand(1, "flatten")
    return desk


DESK = incident()
BODIES = tuple(DESK.bodies)
CHECKPOINT = encode_state(DESK.state)
CUTS = st.integers(0, 100_000)


def still_decides(checkpoint: str | None, bodies: tuple[str, ...]) -> str:
    """The problem that a fold told; the state that it gave must go on deciding and be written again."""
    folded = fold(checkpoint, bodies)
    state, problem = folded[0], folded[1]
    state, _ = step(state, Tick(at(500)))
    assert encode_state(state)
    return str(problem or "")


def test_the_honest_journal_folds_to_the_same_state() -> None:
    assert "" == still_decides(None, BODIES)
    assert CHECKPOINT == encode_state(fold(None, BODIES)[0])


@examples(60)
@given(st.integers(0, len(BODIES) - 1), edits(most=2))
def test_a_record_that_was_edited_never_stops_a_restart(place: int, changes: list[Any]) -> None:
    bodies = list(BODIES)
    bodies[place] = orjson.dumps(edited(orjson.loads(bodies[place]), changes)).decode()

    still_decides(None, tuple(bodies))


@examples(30)
@given(st.integers(0, len(BODIES) - 1), CUTS, st.text(max_size=5))
def test_a_record_that_was_cut_costs_neither_the_latch_nor_the_incident(
    place: int, cut: int, more: str
) -> None:
    """Every other record still folds: one bad line must not let go of an account that is being closed."""
    bodies = list(BODIES)
    bodies[place] = bodies[place][: cut % len(bodies[place])] + more

    assert still_decides(None, tuple(bodies))


DOCUMENTS = edits(most=2).map(lambda changes: edited(orjson.loads(CHECKPOINT), changes))


@examples(60)
@given(st.one_of(DOCUMENTS, st.none(), st.just([])))
def test_any_checkpoint_is_folded_or_told(document: Any) -> None:
    state, problem, *_ = fold(orjson.dumps(document).decode(), BODIES[-3:])

    assert problem or encode_state(state)


def test_a_checkpoint_that_contradicts_its_own_rules_never_stops_deciding() -> None:
    """Well-typed, and every step on it fails: guardian would be up, and blind, until its rules change."""
    document = orjson.loads(CHECKPOINT)
    document["accounts"][0]["rules"][0]["past"] = []

    still_decides(orjson.dumps(document).decode(), BODIES[-3:])
