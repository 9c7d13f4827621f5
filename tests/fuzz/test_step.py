"""`step` is total: whatever happens, in whatever order, it decides, and never acts beyond what it knows."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from math import isfinite
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.effects import ClosePosition, Effect
from guardian.core.events import SnapshotTaken
from guardian.core.metrics import METRICS
from guardian.core.model import Rule, Window
from guardian.runtime.codec import decode_state, decode_step_event, encode_state, encode_step
from tests.core.build import Desk, at, read, rule, rung, says
from tests.fuzz.effort import examples
from tests.fuzz.hostile import answers, commands, events

pytestmark = pytest.mark.long

LIMITS = {"fraction": 0.05, "multiple": 2.0, "seconds": 5.0, "count": 2.0}
WINDOWS = {
    "none": Window(),
    "sliding": Window("sliding", 60.0),
    "session": Window("session"),
    "hwm": Window("hwm"),
    "hours": Window("hours", tz="Europe/Berlin", opens=600, closes=1320),
}
MOST_EVENTS = 9


def rules() -> tuple[Rule, ...]:
    """Every metric with every kind of window that it takes, as far up as it may demand."""
    found = []
    for metric in METRICS:
        for kind in metric.windows:
            ladder = (
                rung(LIMITS[metric.unit], "caution"),
                rung(LIMITS[metric.unit] * 2, metric.ceiling.name.lower()),
            )
            name = f"r{len(found)}"
            of = "queue" if metric.of else ""
            found.append(rule(*ladder, id=name, metric=metric.name, window=WINDOWS[kind], of=of))
    return tuple(found)


RULES = rules()


class Watched(Desk):
    """A desk on which every effect is held against what was known when it was planned."""

    def send(self, event: Any) -> tuple[Effect, ...]:
        effects = super().send(event)
        for effect in effects:
            if isinstance(effect, ClosePosition):
                self._only_reduces(effect)
        assert len({effect.id for effect in self.effects}) == len(self.effects), "an effect's id came twice"
        return effects

    def _only_reduces(self, effect: ClosePosition) -> None:
        order = effect.order
        held = [
            p for p in self.account.evidence.positions if (p.symbol, p.index) == (order.symbol, order.index)
        ]
        assert any(p.quantity * order.side < 0 for p in held), "a close must oppose the position"
        largest = max(abs(p.quantity) for p in held)
        assert order.quantity is None or 0 < order.quantity <= largest, "more than is known to be there"
        assert order.price is None or order.price.is_finite()


def played(desk: Watched, data: st.DataObject, *, operator: bool) -> None:
    for _ in range(data.draw(st.integers(1, MOST_EVENTS))):
        kinds = [events(), events(), answers(desk.effects)]
        desk.send(data.draw(st.one_of(*kinds, *([commands()] if operator else []))))


@examples(80)
@given(st.data())
def test_no_sequence_of_events_is_too_much_for_an_armed_account(data: st.DataObject) -> None:
    desk = Watched(*RULES, hands_late=False)
    if data.draw(st.booleans()):
        desk.warm()

    played(desk, data, operator=True)

    assert desk.state.now is not None
    whys = {RULES[n].metric: getattr(own.measured, "why", "") for n, own in enumerate(desk.account.rules)}
    assert [] == [name for name, why in whys.items() if why.startswith("the metric failed")]


@examples(30)
@given(st.data())
def test_an_account_that_is_not_armed_only_tells_people(data: st.DataObject) -> None:
    """Without an operator's demand nothing but notifications leaves: not even a permit changes."""
    desk = Watched(*RULES, armed=False)
    if data.draw(st.booleans()):
        desk.warm()

    played(desk, data, operator=False)

    kinds = {effect.kind for effect in desk.effects}
    assert kinds <= {"notify"}


@examples(30)
@given(st.data())
def test_what_was_decided_can_be_written_and_read_back(data: st.DataObject) -> None:
    """A record that cannot be written is a hole in the journal; an unreadable checkpoint is a lost latch."""
    desk = Desk(*RULES)
    for _ in range(data.draw(st.integers(1, 6))):
        event = finite(data.draw(st.one_of(events(), commands(), answers(desk.effects))))
        effects = desk.send(event)

        body = encode_step(event, desk.state.decisions, effects)

        assert event.kind == decode_step_event(body).kind
        assert encode_state(desk.state) == encode_state(decode_state(encode_state(desk.state)))


def finite(value: Any) -> Any:
    """The same value with every number that is none replaced by zero."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: finite(getattr(value, each.name)) for each in fields(value)}
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(map(finite, value))
    if isinstance(value, Decimal):
        return value if value.is_finite() else Decimal(0)
    return 0.0 if isinstance(value, float) and not isfinite(value) else value


def test_a_read_with_a_number_that_is_none_can_be_read_back_from_the_journal() -> None:
    """The core refuses such a part and goes on; a restart must fold the record as it was folded then."""
    event = SnapshotTaken(at(0), says(read(0), Decimal("NaN")))

    body = encode_step(event, (), ())

    assert event.kind == decode_step_event(body).kind
