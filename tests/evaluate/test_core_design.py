"""guardian as a design: the real rules through the real core, checked against a page of arithmetic."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from guardian.config import load_packs
from guardian.core.model import Level, Rule
from guardian.errors import ConfigError
from guardian.evaluate.designs.core import Guardian, Watch, scaled
from guardian.evaluate.designs.every import design_of, played, sliding
from guardian.evaluate.designs.graded import NORMAL, Graded, Steps
from guardian.evaluate.play import Seen, Wish, play
from guardian.evaluate.survey import watched
from guardian.replay.rules import all_rules
from tests.evaluate.made import held, random_walk

WINDOWS = (
    ("2021-05-19_binance_spot_1m", 0),
    ("2022-05-09_luna_okx_perp_5m", 0),
    ("2023-08-17_binance_spot_5m", 2),
)


class Both:
    """The core decides; the arithmetic is shown the same and told the same overheat score."""

    def __init__(self, watch: Watch, make: Graded, heat: list[float]) -> None:
        self._watch, self._heat = watch, heat
        self._steps: Steps = make.at(1.0, None)  # type: ignore[arg-type]
        self.levels: list[tuple[int, int]] = []

    def decide(self, seen: Seen) -> Wish:
        wish = self._watch.decide(seen)
        heat = self._watch.overheat
        self._heat.append(0.5 if heat is None else heat)
        self._steps.decide(seen)
        self.levels.append((int(self._watch.level), self._steps.level))
        return wish


def changes(levels: list[int]) -> list[tuple[int, int]]:
    """Bar and level of every change."""
    return [(i, after) for i, (before, after) in enumerate(pairwise(levels), start=1) if before != after]


@pytest.mark.market_data
@pytest.mark.parametrize(("name", "number"), WINDOWS)
def test_the_core_and_the_arithmetic_change_to_the_same_levels_within_a_bar(
    market_data: Path, name: str, number: int
) -> None:
    account = watched(market_data / "dev" / f"{name}.parquet")[number].account
    heat: list[float] = []
    watch = design_of("guardian", "breaker").at(1.0, account)
    assert isinstance(watch, Watch)
    both = Both(watch, Graded(heat), heat)
    play(account, both)
    assert {core for core, _ in both.levels} - {NORMAL}, "nothing happened, so nothing is compared"
    core, arithmetic = (changes([pair[side] for pair in both.levels]) for side in (0, 1))
    assert [level for _, level in core] == [level for _, level in arithmetic]
    # A peak may leave the window in the second in which a hold fills; the arithmetic has no seconds.
    assert max(abs(a - b) for (a, _), (b, _) in zip(core, arithmetic, strict=True)) <= 1


def test_a_crash_walks_down_the_ladder_and_nothing_is_held_at_the_end() -> None:
    account = held([100.0] * 20 + [97.2, 96.2, 93.0] + [93.0] * 5)
    watch = design_of("guardian", "breaker").at(1.0, account)
    assert isinstance(watch, Watch)
    levels: list[Level] = []

    class Noted:
        def decide(self, seen: Seen) -> Wish:
            wish = watch.decide(seen)
            levels.append(watch.level)
            return wish

    found = play(account, Noted())
    assert levels[19:23] == [Level.NORMAL, Level.CAUTION, Level.REDUCE, Level.REDUCE]
    assert found.held[21] == 1.0
    assert found.held[22] == pytest.approx(0.5, abs=0.01)
    assert found.held[-1] == 0.0
    assert len(found.halts) == 1


def halted_hours(falls: int) -> float:
    """How long falls of 7 %, five hours apart, the first out of a calm day, shut the account out."""
    walk = random_walk(7, 700, 0.0005)
    for fall in range(falls):
        walk[330 + 60 * fall :] *= 0.93
    account = held(list(walk))
    found = play(account, design_of("guardian", "breaker").at(1.0, account))
    assert len(found.halts) == 1
    return float((found.held == 0.0).sum()) * 5 / 60


def test_a_halted_account_does_not_see_its_market_stand_still() -> None:
    """Flat for hours in a calm market: the overheat score falls, and so it is re-armed before 24 hours."""
    assert 0.5 < halted_hours(falls=1) < 12


def test_a_market_that_falls_on_is_waited_for_though_the_cooldown_is_long_over() -> None:
    """The cooldown is half an hour; what holds it back is the heat, also of what is not held any more."""
    assert halted_hours(falls=2) > halted_hours(falls=1) + 1


def test_no_look_ahead() -> None:
    first, second = random_walk(9, 160, 0.008), random_walk(10, 160, 0.008)
    second[:100] = first[:100]
    found = []
    for walk in (first, second):
        account = held(list(walk), 2.0)
        found.append(play(account, design_of("guardian", "breaker").at(1.0, account)))
    assert found[0].held[:100].tolist() == found[1].held[:100].tolist()


def test_every_limit_is_scaled_and_no_loss_beyond_the_whole_is_asked() -> None:
    rule = sliding(played("breaker").rules)[0]
    assert [rung.limit for rung in scaled(rule, 2.0).ladder] == [2 * rung.limit for rung in rule.ladder]
    assert max(rung.limit for rung in scaled(rule, 100.0).ladder) < 1


def rules_of(metric: str) -> list[Rule]:
    rules = all_rules(load_packs(["ats-plan"], Path.cwd()))
    return [rule for rule in rules if rule.metric == metric]


def limits(rule: Rule) -> list[float]:
    return [rung.limit for rung in rule.ladder]


def test_what_is_no_fraction_knows_no_whole() -> None:
    """A minute stays a minute, and three times the leverage is three times the leverage."""
    for metric in ("position_age", "gross_exposure"):
        rule = rules_of(metric)[0]
        assert min(limits(rule)) > 1
        assert limits(scaled(rule, 1.0)) == limits(rule)
        assert limits(scaled(rule, 3.0)) == [3 * limit for limit in limits(rule)]


def test_a_rule_that_fires_below_its_limit_grows_slacker_with_the_scale_too() -> None:
    """Twice the scale: 15 % of distance to a liquidation becomes 7.5 %, sixty seconds become thirty."""
    for metric in ("liquidation_distance", "time_to_limit"):
        rule = rules_of(metric)[0]
        assert rule.direction == "under"
        assert limits(scaled(rule, 2.0)) == pytest.approx([limit / 2 for limit in limits(rule)])
    assert max(limits(scaled(rules_of("liquidation_distance")[0], 0.05))) < 1


def test_a_pack_without_an_hours_loss_is_refused() -> None:
    rules = tuple(rule for rule in played("breaker").rules if rule.window.kind != "sliding")
    with pytest.raises(ConfigError, match="sliding"):
        sliding(rules)
    assert Guardian("guardian_pack", rules).name == "guardian_pack"
