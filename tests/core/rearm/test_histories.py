"""Any history: up at once, down once a dwell, and nothing that is unknown lowers a level."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.engine import step
from guardian.core.events import Event
from guardian.core.metrics import limits
from guardian.core.metrics.overheat import Overheat
from guardian.core.model import Known, Level, Part, Rule
from guardian.core.rearm import CLEAN
from guardian.core.state import State
from guardian.runtime.codec import decode_event, decode_state, encode_event, encode_state
from tests.core.build import Desk, at, read, without
from tests.core.rearm.desk import FULL, LADDER, auto, down

Script = list[tuple[str, float, float]]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["see", "see", "see", "blind", "restart", "tick"]),
        st.sampled_from([0, 0, 0, 1, 2.6, 4, 6, 7]),
        st.sampled_from([60.0, 300.0, 600.0, 1800.0]),
    ),
    min_size=5,
    max_size=50,
)
SHORT: Rule = auto(*LADDER, cooldown_seconds=60.0, gamma=0.25)


def played(script: Script) -> list[tuple[State, State, str]]:
    """The states before and after each step, and what it was."""
    desk, second, history = Desk(SHORT).warm(FULL), 0.0, []
    for what, percent, seconds in script:
        second += seconds
        before = desk.state
        match what:
            case "see":
                desk.see(read(second, (down(percent),)))
            case "blind":
                desk.see(without(read(second, (down(percent),)), Part.POSITIONS, Part.WALLET))
            case "restart":
                desk.restart(second)
            case "tick":
                desk.tick(second)
        history.append((before, desk.state, what))
    return history


@pytest.fixture(autouse=True)
def some_heat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "overheat", lambda account, now: Overheat(0.2, (), False))


def levels(before: State, after: State) -> tuple[Level, Level]:
    return before.accounts[0].level, after.accounts[0].level


@given(STEPS)
@settings(deadline=None)
def test_unknown_never_lowers(script: Script):
    for before, after, what in played(script):
        own = after.accounts[0].rule("dd")
        assert own is not None
        if not isinstance(own.measured, Known) or what != "see":
            was, now = levels(before, after)
            assert now >= was


@given(STEPS)
@settings(deadline=None)
def test_up_is_at_once(script: Script):
    """Whatever is past a rung without a hold is demanded by the step that shows it."""
    for _, after, _ in played(script):
        account = after.accounts[0]
        own = account.rule("dd")
        assert own is not None
        demanded = [g.level for g, fired in zip(SHORT.ladder, own.fired, strict=True) if fired]
        assert account.level >= max(demanded, default=Level.NORMAL)


@given(STEPS)
@settings(deadline=None)
def test_at_most_one_step_down_in_a_dwell(script: Script):
    """No two levels at once, and an hour at least between the trial's own steps."""
    last = None
    for before, after, _ in played(script):
        was, now = levels(before, after)
        if now >= was:
            continue
        assert (was, now) in {
            (Level.REDUCE, Level.CAUTION),
            (Level.HALT, Level.CAUTION),
            (Level.CAUTION, Level.NORMAL),
        }
        assert after.now is not None
        tried = before.accounts[0].incident
        if tried is not None and tried.trial is not None:
            assert after.now - tried.trial.opened_at >= CLEAN
        assert last is None or (after.now - last).total_seconds() >= 60
        last = after.now


@given(STEPS)
@settings(deadline=None)
def test_a_checkpoint_at_any_step_gives_the_same_future(script: Script):
    """What the way back depends on lives in the state, and survives being written down."""
    for _, after, _ in played(script):
        assert after == decode_state(encode_state(after))


@given(STEPS)
@settings(deadline=None)
def test_replay_equals_live(script: Script):
    live, again, second = Desk(SHORT).warm(FULL), Desk(SHORT).warm(FULL), 0.0
    assert live.state == again.state
    for what, percent, seconds in script:
        second += seconds
        kept: list[Event] = []
        send = live.send

        def recorded(event: Event, send: Any = send, kept: list[Event] = kept) -> Any:
            kept.append(decode_event(encode_event(event)))
            return send(event)

        live.send = recorded  # type: ignore[method-assign]
        if what == "tick":
            live.tick(second)
        elif what == "restart":
            live.restart(second)
        else:
            live.see(read(second, (down(percent),)))
        live.send = send  # type: ignore[method-assign]
        for event in kept:
            again.state, _ = step(again.state, event)
    assert encode_state(live.state) == encode_state(again.state)
    assert at(second) == live.state.now
