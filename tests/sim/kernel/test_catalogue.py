"""Every fault of the catalogue is drawn and changes an answer: one that cannot strike proves nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import get_args, get_type_hints

from guardian.core.model import Level, Rule
from guardian.sim.checkers.fills.told import OF_FILLS
from guardian.sim.play.incident import play
from guardian.sim.scenario.catalogue import FAULTS
from guardian.sim.scenario.draw import draw
from guardian.sim.scenario.shapes import HOUR, AccountPlan, Scenario

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
    other = set(get_args(get_type_hints(Rule)["scope"])) - {"account", "strategy"}

    assert scopes.keys() == {"account", "strategy", *other}
    assert 0.06 * len(SEEDS) < sum(scopes[scope] for scope in other) < 0.2 * len(SEEDS)


def test_several_strategies_in_one_account_are_drawn_now_and_then_with_rules_of_each_kind() -> None:
    drawn = [draw(seed) for seed in range(1, 1001)]
    several = [scenario for scenario in drawn if any(plan.strategies for plan in scenario.accounts)]

    assert 0.1 * len(drawn) < len(several) < 0.17 * len(drawn)
    metrics = Counter(rule.metric for scenario in several for rule in scenario.rules)
    for metric in OF_FILLS:
        assert metrics[metric] > 0.2 * len(several), metric
    shared = [plan for scenario in several for plan in scenario.accounts if _share(plan)]
    assert len(shared) > 0.3 * len(several)


def _share(plan: AccountPlan) -> bool:
    """Whether a symbol is held by more than one strategy."""
    held = Counter(stake.symbol for each in plan.strategies for stake in each.stakes)
    return any(times > 1 for times in held.values())


def test_coins_are_traded_now_and_then() -> None:
    drawn = [draw(seed) for seed in SEEDS]
    coined = sum(any(act.kind == "coins" for act in scenario.acts) for scenario in drawn)

    assert 0.04 * len(drawn) < coined < 0.13 * len(drawn)


def test_several_accounts_are_flattened_at_once_or_only_after_a_while() -> None:
    rules = (rule for seed in range(1, 1001) for rule in draw(seed).rules if rule.id == "together")
    holds = {rung.hold_seconds for rule in rules for rung in rule.ladder if rung.level is Level.FLATTEN}

    assert holds == {0.0, 10.0}


def test_a_venue_that_loses_is_drawn_beside_one_that_wins() -> None:
    for scenario in (draw(seed) for seed in SEEDS):
        if any(rule.scope == "venue" for rule in scenario.rules):
            assert {plan.venue for plan in scenario.accounts} == {"east", "west"}


def test_the_way_up_is_mostly_drawn_to_its_end_with_bots_that_come_back() -> None:
    short = [draw(seed) for seed in SEEDS if draw(seed).hour != HOUR]

    assert 0.05 * len(SEEDS) < len(short) < 0.15 * len(SEEDS)
    assert {"returning", "greedy"} <= {plan.bot.style for scenario in short for plan in scenario.accounts}


def test_the_market_moves_once_the_slowest_account_has_read_four_times() -> None:
    for seed in SEEDS:
        scenario = draw(seed)
        slowest = max(plan.poll_seconds for plan in scenario.accounts)
        assert 4 * slowest < scenario.market.moves_at < 4 * slowest + 3


def test_every_fault_has_healed_when_the_weather_has() -> None:
    for seed in SEEDS:
        scenario = draw(seed)
        assert all(plan.until <= scenario.heals_at + 0.01 for plan in scenario.faults)
