"""Bars after which nothing can change, and rules that can change nothing, are not judged: what is said is the
same as what judging them says."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.events import Configured
from guardian.core.model import Rule, Window
from guardian.replay import drive as driving
from guardian.replay.drive import Course
from tests.candles.build import driven
from tests.core.build import SLIDING_HOUR, rule, rung

ALL_TIME, MONTH = Window("hwm"), Window("hwm", 2_592_000.0)
FALL = [100.0, 100.0, 94.0, 93.0, 92.0]
BACK = [92.0, 100.0, 110.0] * 60
FLAT_AT_5 = rule(rung(0.05, "flatten"))
AUTO: dict[str, Any] = {"clears": "auto", "cooldown_seconds": 300.0, "gamma": 0.25}


def closing(*limits: float, **changes: Any) -> Rule:
    """CAUTION, then all closed, by a rule that clears by itself."""
    low, high = limits
    return rule(rung(low, "caution"), rung(high, "reduce", to=0.0), **(AUTO | changes))


def judged(closes: list[float], *rules: Rule, **plan: Any) -> tuple[Course, int]:
    """The course, and of how many events, other than new rules, the core was told."""
    told = []
    with pytest.MonkeyPatch.context() as patch:
        own = driving.step
        patch.setattr(driving, "step", lambda state, event: told.append(event) or own(state, event))
        course = driven(closes, *rules, **plan)
    return course, sum(not isinstance(event, Configured) for event in told)


def to_the_end(closes: list[float], *rules: Rule, **plan: Any) -> tuple[Course, int]:
    """With every bar judged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driving, "ended", lambda account, rules, now: False)
        patch.setattr(driving, "mattering", lambda account, rules: rules)
        return judged(closes, *rules, **plan)


def same(one: Course, other: Course) -> bool:
    pairs = zip(asdict(one).values(), asdict(other).values(), strict=True)
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)


FOREVER = {
    "flattened": (FLAT_AT_5,),
    "closed, and the operator must end it": (rule(rung(0.05, "reduce", to=0.0)),),
    "closed below a peak of all time": (closing(0.02, 0.05, window=ALL_TIME),),
    "halted, and the operator must end it": (rule(rung(0.05, "halt")),),
}
NOT_YET = {
    "half is open": (rule(rung(0.05, "reduce", to=0.5)),),
    "halted, and it may end by itself": (rule(rung(0.05, "halt"), **AUTO),),
    "halted, and a reduction may follow": (rule(rung(0.05, "halt"), rung(0.5, "reduce", to=0.0)),),
    "halted, and another rule may do more": (
        rule(rung(0.05, "halt")),
        rule(rung(0.5, "flatten"), id="other"),
    ),
    "a lockout may follow": (rule(rung(0.05, "flatten"), rung(0.5, "lockout")),),
    "the hour is over soon": (closing(0.02, 0.05, window=SLIDING_HOUR),),
    "the peak expires": (closing(0.02, 0.05, window=MONTH),),
    "another rule may do more": (
        rule(rung(0.05, "reduce", to=0.0)),
        rule(rung(0.5, "flatten"), id="other"),
    ),
}


@pytest.mark.parametrize("why", FOREVER)
def test_what_nothing_can_change_is_not_judged(why: str) -> None:
    rules = FOREVER[why]
    (course, events), (whole, more) = judged(FALL + BACK, *rules), to_the_end(FALL + BACK, *rules)

    assert events < more - len(BACK) / 2
    assert same(course, whole)
    assert bool(course.held[-1]) is why.startswith("halted")


@pytest.mark.parametrize("why", NOT_YET)
def test_what_may_change_is_judged_to_the_end(why: str) -> None:
    rules = NOT_YET[why]
    (course, events), (whole, more) = judged(FALL + BACK, *rules), to_the_end(FALL + BACK, *rules)

    assert events == more
    assert same(course, whole)


def test_what_is_closed_a_little_too_early_for_the_users_number_may_begin_again() -> None:
    """Heat has tightened the limit, and it cools down: past today's limit is not past the user's own."""
    early = closing(0.09, 0.093, window=ALL_TIME, gamma=0.5)
    (course, events), (whole, more) = judged(FALL + BACK, early), to_the_end(FALL + BACK, early)

    assert course.transitions
    assert events == more
    assert same(course, whole)


def test_a_halted_account_that_loses_everything_is_over_at_the_same_close() -> None:
    """What it holds is not judged any more, and still worth what its prices say."""
    gone = [*FALL, 60.0, 49.0, 80.0, 120.0]
    halts = rule(rung(0.05, "halt"))
    (course, events), (whole, more) = judged(gone, halts, multiple=2.0), to_the_end(gone, halts, multiple=2.0)

    assert events < more
    assert same(course, whole)
    assert course.protected[-4:].tolist() == [2000.0, 0.0, 0.0, 0.0]


HALTS = rule(rung(0.05, "halt"), id="halts")
FURTHER = rule(rung(0.02, "caution"), rung(0.5, "reduce", to=0.5), id="further")
FORGOTTEN = {
    "halted": ((HALTS, FURTHER), ("further",)),
    "one that warns, and one that clears by itself": (
        (HALTS, FURTHER, rule(rung(0.07, "caution"), id="warns"), rule(rung(0.2, "halt"), id="auto", **AUTO)),
        ("further",),
    ),
    "flattened": (
        (rule(rung(0.05, "flatten"), id="flat"), FURTHER, rule(rung(0.9, "lockout"), id="locks")),
        ("locks",),
    ),
    "locked out": ((rule(rung(0.05, "lockout"), id="locks"), FURTHER), ()),
    "halted by one that clears by itself": (
        (rule(rung(0.05, "halt"), id="auto", **AUTO), FURTHER),
        ("auto", "further"),
    ),
    "halted, then made smaller": (
        (HALTS, rule(rung(0.07, "reduce", to=0.5), id="half"), rule(rung(0.9, "reduce", to=0.0), id="all")),
        ("half", "all"),
    ),
    "one symbol is halted": (
        (
            rule(rung(1.05, "halt"), id="one", metric="gross_exposure", scope="symbol"),
            rule(rung(0.07, "halt"), id="all"),
            FURTHER,
        ),
        ("further",),
    ),
    "made smaller, and a halt would be more": (
        (rule(rung(0.05, "reduce", to=0.5), id="smaller"), rule(rung(0.9, "halt"), id="halts")),
        ("smaller", "halts"),
    ),
}


@pytest.mark.parametrize("why", FORGOTTEN)
def test_a_rule_that_can_change_nothing_any_more_is_not_judged(why: str) -> None:
    rules, left = FORGOTTEN[why]
    judging = []
    with pytest.MonkeyPatch.context() as patch:
        own = driving.step
        patch.setattr(driving, "step", lambda state, event: judging.append(state.rules) or own(state, event))
        course = driven(FALL + BACK, *rules, multiple=1.2)

    assert tuple(each.id for each in judging[-1]) == left
    assert same(course, to_the_end(FALL + BACK, *rules, multiple=1.2)[0])


def test_rungs_that_can_change_nothing_any_more_are_not_judged_but_a_hold_that_runs_is_kept() -> None:
    """Held for 90 s from the close on at which it halts: the reduction comes after these 90 s, not later."""
    hold = rule(rung(0.01, "caution"), rung(0.05, "halt"), rung(0.07, "reduce", to=0.5, hold=90.0))
    closes = [100.0, 100.0, 92.0, 92.0, 92.0, 92.0, *[110.0] * 10]
    judging = []
    with pytest.MonkeyPatch.context() as patch:
        own = driving.step
        patch.setattr(driving, "step", lambda state, event: judging.append(state.rules) or own(state, event))
        course = driven(closes, hold)

    assert same(course, to_the_end(closes, hold)[0])
    assert [each.after.name for each in course.transitions] == ["HALT", "REDUCE"]
    assert (course.transitions[1].at - course.transitions[0].at).total_seconds() == 90.0
    assert {len(rules[0].ladder) for rules in judging[1:]} == {3, 1}


@settings(max_examples=40, deadline=None)
@given(
    moves=st.lists(st.floats(-0.04, 0.035), min_size=20, max_size=120),
    low=st.floats(0.01, 0.06),
    windows=st.lists(st.sampled_from([SLIDING_HOUR, ALL_TIME, MONTH]), min_size=1, max_size=3, unique=True),
    ends=st.sampled_from(["auto", "operator", "halted", "further"]),
    multiple=st.sampled_from([1.0, -1.0, 3.0]),
)
def test_it_never_changes_what_is_told(
    moves: list[float], low: float, windows: list[Window], ends: str, multiple: float
) -> None:
    closes = (100 * np.cumprod(1 + np.array(moves))).tolist()
    changes = {"clears": "auto" if ends == "auto" else "operator"}
    rules = [closing(low, low * 1.5, window=w, id=f"rule-{i}", **changes) for i, w in enumerate(windows)]
    if ends in ("halted", "further"):
        rules = [replace(own, ladder=(own.ladder[0], rung(low * 1.5, "halt"))) for own in rules]
    if ends == "further":
        rules += [
            rule(rung(low, "caution"), rung(low * times, "reduce", to=0.5, hold=90.0), id=f"further-{times}")
            for times in (1.2, 2.0, 4.0)
        ]

    one, other = judged(closes, *rules, multiple=multiple), to_the_end(closes, *rules, multiple=multiple)

    assert same(one[0], other[0])
