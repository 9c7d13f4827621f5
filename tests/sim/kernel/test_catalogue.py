"""Every fault of the catalogue is drawn and changes an answer: one that cannot strike proves nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from guardian.sim.play.incident import play
from guardian.sim.scenario.catalogue import FAULTS
from guardian.sim.scenario.draw import draw
from guardian.sim.scenario.shapes import Scenario

SEEDS = range(1, 301)
FAR = range(1, 10_001)
NAMES = {fault.name for fault in FAULTS}


def named(scenario: Scenario) -> set[str]:
    return {fault.name for fault in scenario.faults}


def helpful(missing: set[str]) -> Iterator[Scenario]:
    """The scenarios that could show something which is still missing, while anything is."""
    for seed in FAR:
        if not missing:
            return
        scenario = draw(seed)
        if missing & named(scenario):
            yield scenario


def test_every_fault_is_drawn_within_three_hundred_seeds() -> None:
    assert set().union(*(named(draw(seed)) for seed in SEEDS)) == NAMES


def test_every_fault_changes_an_answer_somewhere() -> None:
    """The rarest needs a LOCKOUT that deletes within its time: about one seed of five hundred."""
    missing = set(NAMES)
    for scenario in helpful(missing):
        missing -= set(play(scenario).faults)

    assert missing == set()


def test_a_tenth_of_the_incidents_has_no_fault_at_all() -> None:
    """Fair weather must be played too: there a wrong flatten has no excuse."""
    calm = sum(not draw(seed).faults for seed in SEEDS)

    assert 5 <= calm <= 60


def test_rules_wider_and_narrower_than_an_account_are_drawn_now_and_then() -> None:
    scopes = Counter(rule.scope for seed in SEEDS for rule in draw(seed).rules)

    assert scopes.keys() == {"account", "symbol", "portfolio", "mandate"}
    assert scopes["symbol"] + scopes["portfolio"] + scopes["mandate"] < 0.15 * len(SEEDS)


def test_the_market_moves_once_the_slowest_account_has_read_four_times() -> None:
    for seed in SEEDS:
        scenario = draw(seed)
        slowest = max(plan.poll_seconds for plan in scenario.accounts)
        assert 4 * slowest < scenario.market.moves_at < 4 * slowest + 3


def test_every_fault_has_healed_when_the_weather_has() -> None:
    for seed in SEEDS:
        scenario = draw(seed)
        assert all(plan.until <= scenario.heals_at + 0.01 for plan in scenario.faults)
