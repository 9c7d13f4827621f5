"""What happened, told in the words of cases: for a failed seed, a rehearsal, a journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.config.content import names
from guardian.config.packs import load_packs, surroundings
from guardian.config.reading import Page, Spot
from guardian.config.rules import rule_reader
from guardian.core.effects import SetPermit
from guardian.core.events import SnapshotTaken, Tick
from guardian.core.model import Call, Level
from guardian.core.state import Decision
from guardian.runtime.casebook.book import files_of, played
from guardian.runtime.casebook.case import Case
from guardian.runtime.casebook.inline import inline_rule
from guardian.runtime.casebook.play import play, steps
from guardian.runtime.casebook.read import read_cases
from guardian.runtime.casebook.recount import Recount
from guardian.runtime.casebook.tell import Step, followed, tell
from guardian.runtime.casebook.words import READ
from guardian.runtime.casebook.write import rule_line, written
from tests.core.build import at, order, position, read, row, wallet

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.txt"))
SCENARIOS = [case for file in FILES for case in read_cases(file)]


def step_of(seconds: float, *decisions: Decision, account: str = "main") -> Step:
    effects = (SetPermit("1", account, "halt", 0.0),) if decisions else ()
    snapshot = read(seconds, (position(quantity=10, mark=940, entry=1000),), cash=10_000, account=account)
    return Step(SnapshotTaken(at(seconds), snapshot), decisions, effects)


def test_a_timeline_tells_facts_that_are_news_and_every_deed() -> None:
    """Two hundred equal reads are one line; what followed from them is all there."""
    level = Decision("main", "level", "dd", Level.NORMAL.name, Level.HALT.name)

    lines = tell([*(step_of(n) for n in range(200)), step_of(200, level), Step(Tick(at(201)), (), ())])

    assert [
        "    0.0> read BTC=10@940/1000 equity=9400",
        "  200.0> read BTC=10@940/1000 equity=9400",
        "  200.0  NORMAL -> HALT (dd)",
        "  200.0  permit halt 0",
        "  201.0> tick",
    ] == lines


def test_several_accounts_are_told_apart() -> None:
    lines = tell([step_of(0, account="a"), step_of(1, account="b")])

    assert [
        "    0.0> a: read BTC=10@940/1000 equity=9400",
        "    1.0> b: read BTC=10@940/1000 equity=9400",
    ] == lines


@pytest.mark.parametrize("garbage", ["nan", "inf", "-1e30", "0", "1e-30"])
def test_whatever_a_venue_says_can_be_told(garbage: str) -> None:
    """The timeline of a failure must not fail on what caused it."""
    number = Decimal(garbage)
    odd = position(quantity=number, mark=number, entry=number, liquidation=number)
    claims = wallet(number, number, maintenance_margin=number, position_margin=number)
    orders = (order(remaining=number, price=number),)
    snapshot = replace(read(0), positions=(odd,), orders=orders, wallet=claims)

    steps = [Step(SnapshotTaken(at(0), replace(snapshot, ledger=(row("1", number),))), (), ())]

    assert len(tell(steps)) == 1
    assert written("Garbage.", steps).startswith("# Garbage.\n")


def test_nothing_is_told_of_nothing() -> None:
    assert [] == tell([])


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda case: case.name)
def test_what_is_written_down_plays_to_the_same_deeds(case: Case, tmp_path: Path) -> None:
    """A recorded run becomes a case of its own: same facts, same deeds."""
    known = steps(case, case.rules)
    (tmp_path / "again.txt").write_text(written("Again.", known, case.start), encoding="utf-8")

    (again,) = played([tmp_path / "again.txt"])

    assert again.difference == ""
    assert list(again.deeds) == tell(known, case.start, facts=False)
    deeds = replace(case, facts=tuple(fact for fact in case.facts if fact.what != "look"))
    assert tuple(play(deeds, case.rules)) == again.deeds, "but for looks, nothing else was said"


@pytest.mark.parametrize("pack", names("rules"))
def test_a_pack_s_cases_survive_being_written_down(pack: str, tmp_path: Path) -> None:
    for file in files_of(pack, tmp_path):
        folder = file.parent.parent
        for case in read_cases(file):
            packs = load_packs(case.packs or [str(folder)], file.parent if case.packs else folder)
            known = steps(case, [rule for each in packs for rule in each.rules])
            (tmp_path / "again.txt").write_text(written("Again.", known, case.start), encoding="utf-8")

            (again,) = played([tmp_path / "again.txt"])

            assert again.difference == "", case.name


@pytest.mark.parametrize("pack", names("rules"))
def test_a_rule_in_one_line_is_the_same_rule(pack: str, tmp_path: Path) -> None:
    page = Page("case")
    reader = rule_reader(surroundings(tmp_path))
    for each in load_packs([pack], tmp_path):
        for rule in each.rules:
            again = inline_rule(rule_line(rule).split()[1:], 1, Spot(page), reader)

            words = {"title": again.title, "why": again.why, "runbook": again.runbook}
            assert replace(rule, **words) == again


@pytest.mark.parametrize(
    "line",
    [
        "dd drawdown 1h reduce:0.05:2s:0.5 clears=auto",
        "dd drawdown 1h halt:0.05 clears=auto cooldown=30m gamma=0.0",
        "lev leverage now halt:3.0 gamma=0.5 blind=halt",
        "q queue_growth 1m halt:10.0 observe of=redis:orders",
        "night tod_spending 22:00-06:00:Europe/Berlin halt:0.1",
        "night tod_spending 22:00-06:00 halt:0.1",
        "few foreign_activity 1h halt:1.0 of=BTC,ETH/USDT:USDT",
    ],
)
def test_every_word_of_a_rule_is_kept(line: str, tmp_path: Path) -> None:
    reader = rule_reader(surroundings(tmp_path))
    rule = inline_rule(line.split(), 1, Spot(Page("case")), reader)

    assert rule == inline_rule(rule_line(rule).split()[1:], 1, Spot(Page("case")), reader)
    given = line.split()
    assert {*given[:3], *given[4:]} <= set(rule_line(rule).split()), "all but the rung, which has a hold now"


def test_the_events_of_a_journal_are_enough(tmp_path: Path) -> None:
    """Decisions and effects follow from them, as in a replay."""
    (case,) = read_cases(next(file for file in FILES if file.stem == "crash_to_lockout"))
    known = steps(case, case.rules)

    assert known == list(followed(each.event for each in known))


def test_an_instant_that_is_no_round_second_is_kept() -> None:
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)

    text = written("A run.", [Step(Tick(at(0.123456)), (), ())], start)

    assert "\n0.123456 tick\n" in text


def test_what_requests_told_of_the_allowance_is_retold_as_it_is_read() -> None:
    calls = (Call("case", 0.1, budget=(9, 50)), Call("case", 0.1), Call("case", 0.2, "10006", budget=(0, 50)))
    event = SnapshotTaken(at(0), read(0, calls=calls))

    words = Recount().fact(event).split()
    found: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "calls":
            READ[name](found, value)

    assert [word for word in words if word.startswith("calls")] == [
        "calls=1@0.1",
        "calls=1@0.1/9of50",
        "calls=1@0.2/0of50:10006",
    ]
    assert set(calls) == set(found["calls"])
