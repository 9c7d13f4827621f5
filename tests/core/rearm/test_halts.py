"""The third halt of a day waits for a person: what rules halted and nobody has looked at since is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.halts import measure
from guardian.core.metrics.metric import View
from guardian.core.model import AtLeast, Known, Level, Rule, Window
from guardian.core.state import KEPT_HALTS
from tests.core.build import BTC, Desk, at, read, rule, rung
from tests.core.rearm.desk import FULL, HOUR, auto, down, halted, run, standing_in_the_way

DAY = Window("sliding", 24 * HOUR)


def counting(limit: float = 3, **changes: object) -> Rule:
    return rule(rung(limit, "halt"), id="halts", metric="halts", window=DAY, **changes)


def relapse(desk: Desk, second: float, percent: float) -> float:
    """A cooldown later the trial has opened, and another four percent are lost; when that was."""
    while desk.level is not Level.CAUTION:
        second += 60
        run(desk, second, second, percent - 4)
    run(desk, second + 5, second + 5, percent)
    return second + 5


def thrice(*more: Rule) -> tuple[Desk, float]:
    """Halted, and twice again out of the trial: within 13 hours (cooldowns of four and of eight)."""
    desk, second = halted(auto(), *more, percent=4.0), 0.0
    for percent in (8.0, 12.0):
        second = relapse(desk, second, percent)
        assert Level.HALT is desk.level
    return desk, second


def test_without_it_any_number_of_halts_ends_by_itself():
    desk, second = thrice()

    assert 3 == len(desk.account.halts)
    assert Level.NORMAL is run(desk, second + 60, second + 25 * HOUR, 12.0, every=60)


def test_the_third_halt_of_a_day_waits_for_a_person():
    desk, second = thrice(counting())
    run(desk, second + 5, second + 5, 12.0)

    assert Level.HALT is run(desk, second + 60, second + 30 * HOUR, 12.0, every=60)
    assert 3 == len(desk.account.halts)
    assert ["operator"] == standing_in_the_way(desk, second + 30 * HOUR)


def test_it_does_not_halt_again_what_a_person_has_resumed():
    """Its window still holds the three halts: counted on, nobody could trade before the next day."""
    desk, second = thrice(counting())
    run(desk, second + 5, second + 5, 12.0)
    desk.resume(second + 60, "dd")

    level = run(desk, second + 65, second + 2 * HOUR, 12.0, every=60)

    assert Level.NORMAL is level
    assert Known(0.0) == next(r.measured for r in desk.account.rules if r.rule_id == "halts")
    assert 3 == len(desk.account.halts)


def test_two_halts_are_not_three():
    desk, second = halted(auto(), counting(), percent=4.0), 0.0
    second = relapse(desk, second, 8.0)

    assert Level.HALT is desk.level
    assert Level.NORMAL is run(desk, second + 60, second + 11 * HOUR, 8.0, every=60)


def test_an_operators_halt_is_none():
    desk = Desk(auto(), counting(1)).warm(FULL)
    desk.demand(0, "halt")
    desk.tick(5)

    assert Known(0.0) == desk.account.rules[1].measured
    assert () == desk.account.halts


def test_its_own_halt_comes_once():
    """Where the rule is new to an account that has been halted before, it halts, and adds itself once."""
    desk = Desk(counting(1)).warm(FULL)
    desk.state = replace(desk.state, accounts=(replace(desk.account, halts=(at(-60),)),))
    for second in range(0, 120, 5):
        desk.see(read(second, (FULL,)))

    assert Level.HALT is desk.level
    assert 2 == len(desk.account.halts)


def test_a_rule_that_only_observes_has_halted_nobody():
    desk = Desk(auto(armed=False), counting()).warm(FULL)
    run(desk, 0, 60, 4.0)

    assert Known(0.0) == desk.account.rules[1].measured


def test_a_smaller_book_is_no_halt():
    desk = Desk(auto(rung(0.025, "reduce", to=0.5)), counting(1)).warm(FULL)
    run(desk, 0, 60, 3.0)

    assert Level.REDUCE is desk.level
    assert Known(0.0) == desk.account.rules[1].measured


# --- the number ---------------------------------------------------------------------------------------


def view(halts: list[int], now: int = 0, looked: int | None = None) -> View:
    desk = Desk(counting())
    account = replace(
        desk.account,
        halts=tuple(at(each) for each in halts),
        resumed_at=None if looked is None else at(looked),
    )
    return View(account, desk.state.rules[0], account.rules[0], at(now))


@pytest.mark.parametrize(("age", "count"), [(24 * 3600, 0.0), (24 * 3600 - 1, 1.0)])
def test_the_window_is_open_at_its_beginning(age: int, count: float):
    assert Known(count) == measure(view([-age]))


def test_more_than_are_remembered_is_a_bound():
    assert AtLeast(16.0, "only the newest 16 are remembered") == measure(view(list(range(-16, 0))))
    assert Known(15.0) == measure(view([-90_000, *range(-15, 0)]))
    assert Known(0.0) == measure(view(list(range(-16, 0)), looked=0))


AGES = st.integers(-200_000, 0)


@given(st.lists(AGES, max_size=KEPT_HALTS).map(sorted), st.none() | AGES)
def test_a_look_never_adds_and_time_never_does(halts: list[int], looked: int | None):
    seen, alone, later = (
        measure(each) for each in (view(halts, 0, looked), view(halts), view(halts, 3600, looked))
    )

    assert seen.value <= alone.value  # type: ignore[union-attr]
    assert later.value <= seen.value  # type: ignore[union-attr]


def test_one_symbol_that_is_halted_counts():
    per_symbol = rule(rung(0.5, "halt"), id="size", metric="gross_exposure", scope="symbol")
    desk = Desk(per_symbol, counting()).warm(FULL)
    run(desk, 0, 5, 0.0)

    assert (BTC,) == (desk.incident.only if desk.account.incident else ())
    assert Known(1.0) == desk.account.rules[1].measured
    assert down(0.0).symbol == BTC
