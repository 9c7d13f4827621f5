"""From verdicts and operators to one level: up at once, down only as the law says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.breaker import LAWS, SCOPE_CEILING, Demand, acts, ceiling, decide
from guardian.core.events import Armed, Disarmed, Resumed, Tick, Troubled
from guardian.core.metrics import CEILING
from guardian.core.model import Level, OnUnknown, Part, Rule
from guardian.core.observe import blank
from guardian.core.state import Arming
from tests.core.build import (
    ACCOUNT,
    LEVELS,
    Desk,
    at,
    kinds,
    money,
    only,
    order,
    position,
    read,
    row,
    rule,
    rung,
    says,
    without,
)

FULL = position(mark=1000)


def down(percent: float, quantity: float | str = 1) -> Any:
    """The same leg after a fall that costs this percentage of an equity of 1000."""
    return position(quantity=quantity, mark=1000 - 10 * percent, entry=1000)


LADDER = (rung(0.02, "caution"), rung(0.04, "reduce", to=0.5), rung(0.05, "lockout"))


# --- demands to level ---------------------------------------------------------------------------------


def demand(level: str, to: float | None = None, does: bool = True) -> Demand:
    return Demand(f"{level}-{to}", LEVELS[level], does, "breach", to)


@pytest.mark.parametrize(
    ("found", "level", "to"),
    [
        ([], "normal", None),
        ([demand("caution")], "caution", None),
        ([demand("halt"), demand("caution")], "halt", None),
        ([demand("caution"), demand("lockout"), demand("flatten")], "lockout", None),
        ([demand("lockout", does=False)], "normal", None),
        ([demand("lockout", does=False), demand("caution")], "caution", None),
        ([demand("reduce", 0.5), demand("halt")], "reduce", 0.5),
        ([demand("reduce", 0.5), demand("reduce", 0.25)], "reduce", 0.25),
        ([demand("reduce", 0.5), demand("reduce", 0.0)], "reduce", 0.0),
    ],
)
def test_the_worst_demand_that_acts_wins_at_once(found: list[Demand], level: str, to: float | None):
    account, _ = decide(Desk().warm().account, (), tuple(found), at(0))

    assert LEVELS[level] is account.level
    assert to == (account.incident.reduce_to if account.incident else None)


@pytest.mark.parametrize("level", ["halt", "reduce", "flatten", "lockout"])
@pytest.mark.parametrize("lesser", ["caution", "halt", "reduce"])
def test_a_lesser_demand_lowers_nothing(level: str, lesser: str):
    account, _ = decide(Desk().warm().account, (), (demand(level, 0.1),), at(0))

    after, changes = decide(account, (), (demand(lesser, 0.9),), at(1))

    assert max(LEVELS[level], LEVELS[lesser]) is after.level
    assert after.incident is not None
    assert level != "reduce" or after.incident.reduce_to == 0.1
    # Who asks for a halt of what was only made smaller raises nothing, but shuts the bot out from now on.
    shut_out = (level, lesser) == ("reduce", "halt")
    assert LEVELS[level] < LEVELS[lesser] or bool(changes) is shut_out
    assert len(after.halts) - len(account.halts) == shut_out


def test_the_levels_laws_as_a_table():
    assert {
        "NORMAL": ("auto", "normal", 1.0),
        "CAUTION": ("auto", "normal", 0.5),
        "HALT": ("rule", "reduce_only", 0.0),
        "REDUCE": ("rule", "reduce_only", 0.0),
        "FLATTEN": ("operator", "halt", 0.0),
        "LOCKOUT": ("operator", "halt", 0.0),
    } == {level.name: (law.leaves, law.permit, law.size_cap) for level, law in LAWS.items()}


@pytest.mark.parametrize("level", [level for level in Level if level])
def test_each_level_writes_its_permit_and_fetches_its_keys(level: Level):
    desk = Desk().warm()

    effects = desk.demand(0, level.name.lower())

    assert (LAWS[level].permit, LAWS[level].size_cap) == (
        only(effects, "permit").mode,
        only(effects, "permit").size_cap,
    )
    assert (level >= Level.HALT) is only(effects, "prepare_keys").hold


# --- what may demand what -----------------------------------------------------------------------------


def test_ceilings_of_families_and_scopes_as_tables():
    assert {"forecast": "HALT", "blindness": "HALT", "behaviour": "HALT"} == {
        f: c.name for f, c in CEILING.items() if c < Level.LOCKOUT
    }
    assert {"symbol", "cluster", "strategy"} == {s for s, c in SCOPE_CEILING.items() if c is Level.REDUCE}
    assert {"account", "portfolio", "mandate", "venue"} == {
        s for s, c in SCOPE_CEILING.items() if c is Level.LOCKOUT
    }


@pytest.mark.parametrize(
    ("metric", "scope", "expected"),
    [
        ("drawdown", "account", Level.LOCKOUT),
        ("drawdown", "symbol", Level.REDUCE),
        ("concentration", "account", Level.HALT),
        ("concentration", "symbol", Level.HALT),
        ("data_age", "portfolio", Level.HALT),
        ("margin_ratio", "account", Level.LOCKOUT),
        ("leverage", "cluster", Level.REDUCE),
        ("unexplained", "venue", Level.LOCKOUT),
    ],
)
def test_a_rule_may_go_as_far_as_its_metric_and_its_scope(metric: str, scope: Any, expected: Level):
    account = Desk().warm().account

    asked = rule(metric=metric, scope=scope)
    assert expected is ceiling(account, asked, blank(asked))


def test_a_loss_that_only_one_account_shows_stops_risk_but_flattens_nothing():
    """The wallet is silent and positions show -10 %: HALT at least, no more than REDUCE."""
    plain = Desk(rule(rung(0.05, "lockout"))).warm(FULL)
    ladder = Desk(rule(*LADDER)).warm(FULL)
    for desk in (plain, ladder):
        for second in range(5):
            desk.see(without(read(second, (down(10),)), Part.WALLET))

    assert (Level.HALT, Level.REDUCE) == (plain.level, ladder.level)


def test_when_the_second_account_comes_back_the_loss_acts_in_full():
    desk = Desk(rule(*LADDER)).warm(FULL)
    desk.see(without(read(0, (down(10),)), Part.WALLET))

    desk.see(read(1, (down(10),)))

    assert Level.LOCKOUT is desk.level


@pytest.mark.parametrize(
    ("wallet_says", "level"),
    [
        (700, Level.REDUCE),
        (850, Level.REDUCE),
        (860, Level.LOCKOUT),
        (980, Level.CAUTION),
        (1000, Level.NORMAL),
    ],
)
def test_disputed_evidence_acts_on_the_loss_that_both_prove(wallet_says: float, level: Level):
    """Positions show -10 % each time; a wallet that no move of their price explains moves no further."""
    desk = Desk(rule(*LADDER)).warm(FULL)

    desk.see(says(read(0, (down(10),)), wallet_says))

    assert level is desk.level


@pytest.mark.parametrize(("wallet_says", "level"), [(790, Level.REDUCE), (810, Level.LOCKOUT)])
def test_more_than_twice_the_loss_is_another_story_whatever_the_leverage(wallet_says: float, level: Level):
    """Ten times leverage and -10 %: a price that moved by 1 % between two answers is 10 % of the equity."""
    desk = Desk(rule(*LADDER)).warm(position(quantity=10, mark=1000))

    desk.see(says(read(0, (position(quantity=10, mark=990, entry=1000),)), wallet_says))

    assert level is desk.level


def test_a_leg_that_a_listing_lacks_and_a_wallet_that_is_old_are_no_two_accounts_of_a_loss():
    """After a rise of 18 %: the wallet of before it, and positions without the leg that earned most of it."""
    earns, other = position(mark=500), position("ETH/USDT:USDT", 1, 500)
    risen = replace(earns, mark=money(640)), replace(other, mark=money(540))
    desk = Desk(rule(*LADDER)).warm(earns, other)
    desk.see(read(0, risen))

    desk.see(says(read(1, risen[1:]), 1000))

    assert Level.REDUCE is desk.level


# --- observe, arm, disarm -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arming", "in_yaml", "hands", "expected"),
    [
        (Arming(True), True, True, True),
        (Arming(False), True, True, False),
        (Arming(True), False, True, False),
        (Arming(True), True, False, False),
        (Arming(True, rules=("dd",)), True, True, True),
        (Arming(True, rules=("other",)), True, True, False),
        (Arming(True, disarmed_until=at(10)), True, True, False),
        (Arming(True, disarmed_until=at(5)), True, True, True),
    ],
)
def test_a_rule_acts_only_where_everything_is_armed(
    arming: Arming, in_yaml: bool, hands: bool, expected: bool
):
    account = replace(Desk(has_hands=hands).warm().account, arming=arming)

    assert expected is acts(account, rule(armed=in_yaml), at(5))


@pytest.mark.parametrize("why", ["account unarmed", "rule observes", "no hands"])
def test_observing_judges_and_says_would_have_and_does_nothing(why: str):
    desk = Desk(
        rule(*LADDER, armed=why != "rule observes"),
        armed=why != "account unarmed",
        has_hands=why != "no hands",
    ).warm(FULL)
    desk.effects.clear()

    for second in range(20):
        desk.see(read(second, (down(10),), (order(),)))

    assert Level.NORMAL is desk.level
    assert [("notify", True)] == [(e.kind, getattr(e, "would", None)) for e in desk.effects]
    assert "LOCKOUT" in only(tuple(desk.effects), "notify").title


def test_would_have_is_told_once_a_rise_and_resolved_when_proven_calm():
    desk = Desk(rule(*LADDER, armed=False)).warm(FULL)
    told = []
    for second, percent in enumerate((3, 3, 6, 6, 3, 1.9, 1.9, 1, 1, 3)):
        told += [
            (second, e.level.name, e.notification)
            for e in kinds(desk.see(read(second, (down(percent),))), "notify")
        ]

    assert [
        (0, "CAUTION", "trigger"),
        (2, "LOCKOUT", "trigger"),
        (7, "LOCKOUT", "resolve"),
        (9, "CAUTION", "trigger"),
    ] == told


def test_an_operators_demand_acts_unarmed_and_without_a_second_account():
    desk = Desk(armed=False).warm(FULL)

    effects = desk.demand(0, "flatten")

    assert Level.FLATTEN is desk.level
    assert kinds(effects, "close_position", "fence_key")


def disarm(desk: Desk, seconds: float, until: float) -> tuple[Any, ...]:
    return desk.send(Disarmed(at(seconds), ACCOUNT, at(until), "anna", "maintenance"))


def test_disarming_ends_by_itself_after_four_hours_at_most_and_says_so():
    desk = Desk(rule(*LADDER)).warm(FULL)
    page = only(disarm(desk, 0, 100 * 3600), "notify")
    desk.see(read(4 * 3600 - 1, (down(10),)))
    quiet = desk.level

    effects = desk.see(read(4 * 3600, (down(10),)))
    told = [e for e in kinds(effects, "notify") if e.key == page.key]

    assert (Level.NORMAL, Level.LOCKOUT) == (quiet, desk.level)
    assert ["resolve"] == [e.notification for e in told]


def test_arming_again_early_resolves_the_page_of_the_disarming():
    desk = Desk(rule(*LADDER)).warm(FULL)
    page = only(disarm(desk, 0, 3600), "notify")

    told = only(desk.send(Armed(at(5), ACCOUNT, (), "anna", "back")), "notify")

    assert (page.key, "resolve") == (told.key, told.notification)


# --- hypothesis: nothing but an operator leaves what is above CAUTION ----------------------------------

EVENTS = st.one_of(
    st.tuples(st.just("see"), st.sampled_from([0, 1, 2.5, 4.5, 6, 20])),
    st.tuples(st.just("wallet"), st.sampled_from([0, 400, 1000, 3000])),
    st.tuples(st.just("blind"), st.sampled_from(list(Part))),
    st.tuples(st.just("empty"), st.just(0)),
    st.tuples(st.just("flow"), st.sampled_from([-500, 500])),
    st.tuples(st.just("tick"), st.sampled_from([0.1, 1, 15, 700])),
    st.tuples(st.just("report"), st.just(0)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("disarm"), st.just(0)),
    st.tuples(st.just("trouble"), st.booleans()),
)
RULES: tuple[Rule, ...] = (
    rule(*LADDER, on_unknown=OnUnknown.HALT),
    rule(rung(0.01, "caution"), rung(0.01, "halt", hold=120), id="integrity", metric="unexplained"),
)


def play(desk: Desk, now: float, what: str, how: Any, cash: float) -> float:
    whole = read(now, (down(2),), cash=cash)
    match what:
        case "see":
            desk.see(read(now, (down(how),), cash=cash))
        case "wallet":
            desk.see(says(whole, how))
        case "blind":
            desk.see(without(whole, how))
        case "empty":
            desk.see(replace(whole, positions=()))
        case "flow":
            cash += how if cash + how > 0 else 0
            desk.see(read(now, (down(2),), cash=cash, ledger=(row(f"f{now}", how),)))
        case "tick":
            desk.send(Tick(at(now)))
        case "report":
            for target in desk.account.incident.targets[:3] if desk.account.incident else ():
                effect = next(e for e in desk.effects if e.id == target.effect_id)
                desk.report(now, effect)
        case "restart":
            desk.restart(now)
        case "disarm":
            disarm(desk, now, now + 60)
        case "trouble":
            desk.send(Troubled(at(now), ACCOUNT, "journal", "disk full", how))
    return cash


@given(st.lists(EVENTS, min_size=1, max_size=30))
def test_nothing_above_caution_falls_without_an_operator(script: list[tuple[str, Any]]):
    desk, now, cash = Desk(*RULES).warm(FULL), 0.0, 1000.0
    for what, how in script:
        before = desk.level
        now += how if what == "tick" else 1
        cash = play(desk, now, what, how, cash)

        assert desk.level >= before or before is Level.CAUTION
        assert (desk.level is Level.NORMAL) is (desk.account.incident is None)

    desk.send(Resumed(at(now + 1), ACCOUNT, "anna", "checked"))
    assert desk.account.incident is None or desk.incident.opened_at == at(now + 1)
