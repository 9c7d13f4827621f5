"""guardian rules explain, live: today's limits, heat, holds, and what would end the level."""

from __future__ import annotations

from typing import Any

import pytest

from guardian.cli.setup.explain import clears_words, described, lines, live
from guardian.core.memory import Heat
from guardian.core.metrics import limits
from guardian.core.metrics.cvar_error import standard_error
from guardian.core.metrics.overheat import Overheat
from guardian.core.metrics.stress_loss import by_scenario
from guardian.core.metrics.tail_methods import by_method
from guardian.core.model import Rule
from guardian.core.state import AccountState
from guardian.runtime.control import leaving, status
from tests.core.build import Desk, at, position, read, replace, rule, rung
from tests.core.metrics.returns.market import Market, watching
from tests.core.metrics.returns.test_cvar_error import account as with_a_past
from tests.core.rearm.desk import FULL, HOUR, LADDER, auto, down, halted, run, watched_for_a_week

PARTS = (
    ("volatility", 0.8, 0.4),
    ("turbulence", 0.2, 0.4),
    ("correlation", 0.0, 0.2),
    ("funding", None, 0.1),
)


@pytest.fixture(autouse=True)
def six_tenths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "overheat", lambda account, now: Overheat(0.6, (), False))


def told(desk: Desk, rule: Rule, seconds: float) -> dict[str, Any]:
    """The rule's live document, from what the status of this state would say."""
    account = replace(desk.account, heat=Heat(at(seconds), 0.6, 0.6, PARTS))
    own = account.rule(rule.id)
    assert own is not None
    incident = status._incident(account.incident, at(seconds)) if account.incident else None
    document = {
        "name": "main",
        "level": account.level.name,
        "rules": [status._rule(account, rule, own, at(seconds))],
        "overheat": leaving.hot(account, at(seconds)),
        "leaves": leaving.leaves(account, desk.state.rules, at(seconds)),
        "incident": incident,
    }
    (found,) = live({"accounts": [document]}, rule.id)
    return found


def text(desk: Desk, rule: Rule, seconds: float) -> str:
    return "\n".join(lines(described(rule, "breaker"), [told(desk, rule, seconds)]))


def test_a_halt_says_everything_that_it_waits_for():
    """5 % at a heat of 0.6 and with a gamma of 0.25 is 4.25 % today."""
    rule = auto(*LADDER, gamma=0.25)
    desk = halted(rule)

    said = text(desk, rule, 1)

    assert "cooldown until 2026-03-02 16:00 UTC" in said
    assert "value of dd below 0.02231 (now at least 0.04)" in said
    assert "overheat below 0.3 (now 0.60), or 2026-03-03 12:00 UTC" in said
    assert "waits for every rule to be within its limits" in said, "its own demand counts too"
    assert "HALT at 0.03188 today (hard 0.0375): fired" in said
    assert "REDUCE to 0 at 0.0425 today (hard 0.05): not past" in said
    assert "overheat 0.60 (volatility 0.80; turbulence 0.20; correlation 0.00; not known: funding)" in said


def test_the_shares_of_the_components_add_up_to_the_score():
    rule = auto(*LADDER, gamma=0.25)

    heat = told(halted(rule), rule, 1)["overheat"]

    shares = [part["share"] for part in heat["components"] if part["share"] is not None]
    assert pytest.approx(0.4 + 0.5 * (0.8 * 0.4 + 0.2 * 0.4)) == sum(shares)
    assert 3 == len(shares)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (auto(*LADDER, clears="operator"), "an operator: guardian resume main"),
        (auto(gamma=0.0), "cooldown"),
    ],
    ids=["operator", "auto"],
)
def test_who_ends_it(rule: Rule, words: str):
    leaves = told(halted(rule), rule, 1)["leaves"]

    assert leaves["waits_for"][0].startswith(words), "it is read after `waits for`"
    assert ("operator" if rule.clears == "operator" else "itself") == leaves["by"]


def test_half_open_says_the_cap_and_how_long_it_has_been_clean(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "overheat", lambda account, now: Overheat(0.1, (), False))
    rule = auto(gamma=0.0)
    desk = halted(rule)
    run(desk, 60, 4 * HOUR + 720, 4.0, every=60)

    said = text(desk, rule, 4 * HOUR + 720)

    assert "account at CAUTION, half-open: new size capped at 25%, clean for 12 of 60 min" in said
    assert "waits for" not in said


def test_what_is_only_smaller_waits_for_half_an_hour_and_no_cooldown():
    """The ladder's first REDUCE leaves half: explain told of a cooldown, and the way back is another one."""
    partly = auto(rung(0.0375, "reduce", to=0.5), rung(0.05, "reduce", to=0))

    assert clears_words(partly).endswith("; a REDUCE to a part: calm and 30m")
    assert "a REDUCE to a part" not in clears_words(auto(rung(0.05, "reduce", to=0)))


def test_caution_says_the_minute_it_waits_for():
    rule = auto(*LADDER, gamma=0.0)
    desk = Desk(rule).warm(FULL)
    desk.see(read(0, (down(2.6),)))

    assert "waits for a minute of dd below 0.0175" in text(desk, rule, 0)


def test_a_calm_account_waits_for_nothing():
    rule = auto(*LADDER, gamma=0.0)
    desk = Desk(rule).warm(FULL)

    assert "waits for" not in text(desk, rule, 0)
    assert None is told(desk, rule, 0)["leaves"]


@pytest.mark.parametrize("clears", ["auto", "operator"])
def test_the_bound_of_calm_is_todays_as_the_limit_is(clears: str):
    """The judge asks for 0.7 of 0.02125, today's limit; 0.0175, of the written one, ends no CAUTION."""
    rule = auto(*LADDER, gamma=0.25, clears=clears)
    desk = Desk(rule).warm(FULL)
    desk.see(read(0, (down(0.1),)))

    calm = told(desk, rule, 0)["calm"]

    assert pytest.approx(0.7 * 0.02125) == calm["caution"]
    assert (pytest.approx(0.7 * 0.031875) if clears == "auto" else None) == calm["above"]
    words = ", HALT and REDUCE below 0.02231" if clears == "auto" else ""
    assert f"calm today: CAUTION below 0.01487{words}" in text(desk, rule, 0)


def test_it_is_the_bound_at_which_the_judge_counts_calm():
    """Just under the bound that is told the minute begins; under 0.7 of the written limit it does not."""
    rule = auto(*LADDER, gamma=0.25)
    desk = Desk(rule).warm(FULL)
    desk.see(read(0, (down(0.1),)))
    bound = told(desk, rule, 0)["calm"]["caution"]

    def calm_at(percent: float) -> bool:
        own = Desk(rule).warm(FULL)
        watched_for_a_week(own).see(read(0, (down(percent),)))
        judged = own.account.rule(rule.id)
        return judged is not None and judged.below_since is not None

    assert calm_at(100 * bound - 0.01)
    assert not calm_at(100 * bound + 0.01)
    assert not calm_at(1.74)


def test_in_the_trial_it_is_half_of_todays_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "overheat", lambda account, now: Overheat(0.1, (), False))
    rule = auto(gamma=0.25)
    desk = halted(rule)
    run(desk, 60, 4 * HOUR + 720, 4.0, every=60)

    assert pytest.approx(0.5 * 0.05 * 0.975) == told(desk, rule, 4 * HOUR + 720)["calm"]["above"]
    assert "calm today: half-open below 0.02438" in text(desk, rule, 4 * HOUR + 720)


def test_a_bound_that_adapts_is_told_as_the_widest_without_a_daemon():
    """At no heat; what does not adapt, a rule of a forecast for one, is told as it is."""
    assert clears_words(auto(*LADDER, gamma=0.25)).startswith(
        "CAUTION by itself after a minute below 0.0175, tighter as its limits adapt; HALT"
    )
    assert "tighter" not in clears_words(auto(*LADDER, gamma=0.0))
    assert "tighter" not in clears_words(rule(rung(0.1, "caution"), metric="cvar", gamma=0.5))


# --- how sure a simulated CVaR is ---------------------------------------------------------------------

CVAR = rule(rung(9e9, "caution"), id="cvar", metric="cvar")


def told_of(on: AccountState) -> dict[str, Any]:
    own = on.rule("cvar")
    assert own is not None
    document = {"name": "main", "level": "NORMAL", "rules": [status._rule(on, CVAR, own, at(0))]}
    (found,) = live({"accounts": [document]}, "cvar")
    return found


def test_the_error_stands_beside_the_value():
    held = with_a_past(400)

    found = told_of(held)

    assert found["error"] == standard_error(held)
    said = "\n".join(lines(described(CVAR, "ats-plan"), [found]))
    assert f"give or take {found['error']:.2g} (standard error of the simulated days)" in said


def test_the_tail_by_other_methods_stands_beside_it_too():
    held = with_a_past(600)

    found = told_of(held)

    assert found["methods"] == by_method(held, "cvar")
    said = "\n".join(lines(described(CVAR, "ats-plan"), [found]))
    assert f"by method: normal {found['methods']['normal']:.4g}, pareto " in said
    assert f", simulated {found['methods']['simulated']:.4g}" in said


def test_what_each_scenario_takes_stands_beside_the_worst():
    """Of a book of two in BTC: which of them it is, the number alone does not say."""
    desk = Desk(rule(rung(0.9, "halt"), metric="stress_loss", id="stress")).warm(position(quantity=20))

    found = told(desk, desk.state.rules[0], 0)

    assert found["methods"] == by_scenario(desk.account)
    said = "\n".join(lines(described(desk.state.rules[0], "own"), [found]))
    assert "by scenario: alts+50 0, alts-50 0, btc+30 0, btc-30 0.6, funding-spike 0.018, stable-5 0" in said


def test_of_a_group_no_scenarios_of_one_account_are_told():
    own = rule(rung(0.9, "halt"), metric="stress_loss", id="stress", scope="portfolio")
    desk = Desk(own).warm(position(quantity=20))

    assert {} == told(desk, desk.state.rules[0], 0)["methods"]


def test_where_nothing_is_simulated_nothing_is_said():
    young = Market(watching("cvar"), {"A": 1.0}).run(60).account

    found = told_of(young)

    assert found["error"] is None
    assert "give or take" not in "\n".join(lines(described(CVAR, "ats-plan"), [found]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "drawdown, each account"),
        ({"scope": "symbol", "only": ("BTC", "ETH")}, "drawdown, each symbol: BTC, ETH"),
        ({"metric": "drift_psi", "of": "ft-a-"}, "drift_psi of ft-a-, each account"),
        (
            {"metric": "gross_exposure", "of": "BTC,ETH", "scope": "cluster"},
            "gross_exposure of BTC, ETH, each cluster",
        ),
        ({"metric": "stress_loss", "of": "btc-30"}, "stress_loss of btc-30, each account"),
        ({"scope": "mandate"}, "drawdown, all accounts of each mandate"),
        ({"scope": "portfolio"}, "drawdown, all accounts together"),
    ],
)
def test_what_is_judged_is_told(changes: dict[str, Any], words: str):
    """Which strategy, which symbols, whose accounts: without it two rules look the same."""
    own = replace(rule(rung(0.05, "halt"), metric="drawdown"), **changes)

    assert f"  measures    {words}" in lines(described(own, "pack"), [])


def test_a_value_that_is_only_a_bound_says_why():
    """Half an hour of an hour's window was seen: the number alone would read as calm."""
    numbers = {"limit": 0.05, "level": "CAUTION", "held_s": 0.0, "hold_s": 2.0, "age_s": 1.0, "name": "main"}
    row = {"id": "dd", "verdict": "unknown", "bound": "at_least", "value": 0.0, **numbers}
    document = {"accounts": [{"name": "main", "rules": [{**row, "why": "window filled 1800 s of 3600 s"}]}]}

    said = lines(described(rule(), "breaker"), live(document, "dd"))

    assert any("unknown: at least 0 of 0.05" in line and "1800 s of 3600 s" in line for line in said)
