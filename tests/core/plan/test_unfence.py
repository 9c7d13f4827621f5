"""What a resume owes to the bots: their keys are given back until the venue says so, and never in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from guardian.core.effects import Effect, UnfenceKey
from guardian.core.events import Demanded, Outcome, Troubled
from guardian.core.model import Level
from guardian.core.state import Facts
from tests.core.build import ACCOUNT, BOT_KEY, Desk, at, kinds, only, position, read, read_only, rule, rung

BEFORE: Facts = (("read_only", "false"),)
FENCE_ITSELF: Facts = (("read_only", "true"),)


def flattening() -> tuple[Desk, Effect]:
    desk = Desk(halt_targets=()).warm()
    return desk, only(desk.demand(0, "flatten"), "fence_key")


def resumed(seconds: float = 10) -> tuple[Desk, UnfenceKey]:
    """Flattened, fenced and resumed: the unfence is in flight."""
    desk, fence = flattening()
    desk.report(0.1, fence, read_only="false")
    desk.keys(0.5, read_only())
    unfence = only(desk.resume(seconds), "unfence_key")
    assert isinstance(unfence, UnfenceKey)
    return desk, unfence


def owed(desk: Desk) -> tuple[tuple[str, Facts], ...]:
    return tuple((debt.key, debt.facts) for debt in desk.account.to_unfence)


def unfences(desk: Desk, *instants: float) -> Iterator[tuple[float, UnfenceKey]]:
    """Every one that is planned when time passes to these instants."""
    for seconds in instants:
        for effect in kinds(desk.tick(seconds), "unfence_key"):
            yield seconds, effect


# --- until the venue says so --------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.GONE])
def test_what_is_given_back_or_gone_is_owed_no_more(outcome: Outcome) -> None:
    desk, unfence = resumed()
    before = owed(desk)

    desk.report(11, unfence, outcome)

    assert ((BOT_KEY, BEFORE),) == before
    assert () == desk.account.to_unfence
    assert [] == list(unfences(desk, 12, 30, 300))


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN, Outcome.IMPOSSIBLE])
def test_what_was_not_given_back_is_tried_again_after_a_rest(outcome: Outcome) -> None:
    desk, unfence = resumed()

    in_flight = list(unfences(desk, 10.5, 15, 19))
    desk.report(20, unfence, outcome)
    (tried,) = unfences(desk, 20.4, 20.6, 20.9)

    assert [] == in_flight
    assert (20.6, BOT_KEY, BEFORE) == (tried[0], tried[1].key_id, tried[1].facts)


def test_the_waits_grow_to_eight_seconds_and_it_never_gives_up() -> None:
    desk, unfence = resumed()
    gaps, answered = [], 10.1
    for _ in range(8):
        desk.report(answered, unfence, Outcome.IMPOSSIBLE)
        steps = (round(answered + tenth / 10, 1) for tenth in range(1, 100))
        seconds, unfence = next(unfences(desk, *steps))
        gaps.append(round(seconds - answered, 1))
        answered = round(seconds + 0.1, 1)

    assert [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0] == gaps


def test_a_restart_between_the_resume_and_its_unfence_tries_again() -> None:
    """The record of the resume is folded by a restart, and its effects are not performed again."""
    desk, _ = resumed()

    desk.restart(11)
    effects = desk.see(read(12))

    assert BEFORE == only(effects, "unfence_key").facts


# --- a fence whose answer is not there yet, or never came ----------------------------------------------


def test_a_fence_in_flight_at_the_resume_is_answered_first_and_then_given_back() -> None:
    desk, fence = flattening()

    at_once = desk.resume(3)
    later = desk.tick(4)
    answered = desk.report(5, fence, read_only="false")

    assert [] == kinds((*at_once, *later), "unfence_key")
    assert BEFORE == only(answered, "unfence_key").facts


def test_a_second_fence_in_flight_cannot_land_after_its_own_way_back() -> None:
    """The first has recorded what was there, the second is on its way: it would close the key for ever."""
    desk, fence = flattening()
    again = only((*desk.report(0.1, fence, Outcome.UNKNOWN, read_only="false"), *desk.tick(1)), "fence_key")

    at_once = desk.resume(1.1)
    answered = desk.report(2, again, read_only="true")

    assert [] == kinds(at_once, "unfence_key")
    assert BEFORE == only(answered, "unfence_key").facts, "what was there before the first fence"


def test_a_fence_whose_answer_was_lost_is_given_back_by_what_its_adapter_knows() -> None:
    desk, fence = flattening()
    desk.report(0.1, fence, Outcome.UNKNOWN)

    unfence = only(desk.resume(0.2), "unfence_key")

    assert (BOT_KEY, ()) == (unfence.key_id, unfence.facts)


def test_a_restart_before_the_fences_answer_leaves_nothing_fenced() -> None:
    desk, _ = flattening()
    desk.resume(3)

    effects = desk.restart(4)

    assert BOT_KEY == only(effects, "unfence_key").key_id


@pytest.mark.parametrize("outcome", [Outcome.GONE, Outcome.IMPOSSIBLE])
def test_a_fence_that_never_was_owes_nothing(outcome: Outcome) -> None:
    desk, fence = flattening()
    desk.resume(3)

    desk.report(4, fence, outcome)

    assert () == desk.account.to_unfence
    assert [] == list(unfences(desk, 5, 30))


# --- flat once more ------------------------------------------------------------------------------------


def test_nothing_is_given_back_while_the_account_must_be_flat() -> None:
    desk, unfence = resumed()
    desk.demand(11, "flatten")
    desk.report(12, unfence, Outcome.REFUSED)

    assert [] == list(unfences(desk, 13, 20, 60, 300))
    assert ((BOT_KEY, BEFORE),) == owed(desk)


def test_a_way_back_that_fails_at_halt_leaves_the_listing_as_it_was() -> None:
    """It is tried on at HALT, and told each time: what the listing shows is no older for it."""
    desk, unfence = resumed()
    desk.demand(11, "halt")
    desk.keys(12, read_only())

    desk.report(13, unfence, Outcome.REFUSED)
    desk.send(Troubled(at(13), ACCOUNT, f"unfence-{unfence.key_id}", "refused", healed=False))

    assert at(12) == desk.account.evidence.keys_asked
    assert BEFORE == only(desk.tick(14), "unfence_key").facts


def test_what_was_there_before_the_first_fence_is_what_the_last_resume_restores() -> None:
    desk, unfence = resumed()
    fence = only(desk.demand(11, "flatten"), "fence_key")
    desk.report(12, unfence, Outcome.REFUSED)
    desk.report(12.1, fence, read_only="true")

    back = only(desk.resume(20), "unfence_key")

    assert BEFORE == back.facts


def test_a_way_back_that_came_late_is_recorded_anew_by_the_fence_that_it_undid() -> None:
    """It has opened the key: what the next fence finds is the truth, and nothing else is owed."""
    desk, unfence = resumed()
    fence = only(desk.demand(11, "flatten"), "fence_key")
    desk.report(11.1, unfence, Outcome.DONE)
    desk.report(11.2, fence, permissions="new")

    back = only(desk.resume(20), "unfence_key")

    assert (("permissions", "new"),) == back.facts


def test_resumed_into_a_breach_that_holds_the_key_is_owed_and_given_back_by_the_next_resume() -> None:
    desk = Desk(rule(rung(0.05, "flatten")), halt_targets=()).warm(position(quantity=10))
    for seconds in (0, 3, 7):
        desk.see(read(seconds, (position(quantity=10, mark=80, entry=100),)))
    desk.report(7.1, only(tuple(desk.effects), "fence_key"), read_only="false")
    desk.keys(7.5, read_only())

    blocked = desk.resume(8)
    into = desk.level
    desk.report(8.1, only(blocked, "fence_key"), read_only="true")
    back = desk.resume(30, "dd")

    assert Level.FLATTEN is into
    assert [] == kinds(blocked, "unfence_key")
    assert BEFORE == only(back, "unfence_key").facts


def test_a_key_that_the_next_incident_has_killed_is_owed_no_more() -> None:
    desk, unfence = resumed()
    effects = [*desk.demand(11, "lockout"), *desk.report(11.1, unfence, Outcome.REFUSED)]
    desk.report(11.2, only(tuple(effects), "fence_key"), read_only="true")
    for seconds in range(12, 90, 3):
        for effect in kinds(desk.see(read(seconds)), "delete_key"):
            desk.report(seconds + 0.1, effect)
        desk.keys(seconds + 0.2)

    desk.resume(100)

    assert () == desk.account.to_unfence


# --- what another action's fence has recorded -----------------------------------------------------------


def continued(level: Level) -> Demanded:
    demand = Demanded(at(5), ACCOUNT, level, "operator (direct)", "test")
    return replace(demand, recorded=((BOT_KEY, BEFORE),))


def test_what_a_direct_action_has_fenced_comes_back_with_the_resume() -> None:
    """The daemon's own fence finds the key read-only and can only record that."""
    desk = Desk(halt_targets=()).warm()
    effects = desk.send(continued(Level.FLATTEN))
    desk.report(5.1, only(effects, "fence_key"), read_only="true")
    desk.keys(5.5, read_only())

    back = only(desk.resume(20), "unfence_key")

    assert [] == kinds(effects, "unfence_key")
    assert BEFORE == back.facts


def test_a_demand_that_fences_nothing_gives_nothing_back() -> None:
    """Nothing un-fences itself: only a resume does."""
    desk = Desk(halt_targets=()).warm()

    assert [] == kinds(desk.send(continued(Level.HALT)), "unfence_key")
    assert () == desk.account.to_unfence


def test_a_trouble_of_the_way_back_alone_changes_no_debt() -> None:
    desk, unfence = resumed()

    desk.send(Troubled(at(11), ACCOUNT, f"unfence-{unfence.key_id}", "sealed", healed=False))

    assert ((BOT_KEY, BEFORE),) == owed(desk)
