"""What ships is what is promised: packs load, the plan only observes, and runbooks can be followed."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from guardian.cli import COMMANDS
from guardian.cli.setup.init import init
from guardian.cli.setup.rules import rules
from guardian.config import Pack, content, load_packs
from guardian.config.catalogue import catalogue
from guardian.config.reading import Page
from guardian.config.routes import KINDS, read_routes
from guardian.core.model import Level, Rule, Rung, Window

ROOT = content.content_root()
HEADINGS = ["What it means", "First three commands", "How to clear it", "Who to call"]
RUNBOOKS = sorted((ROOT / "alerts/runbooks").glob("*.md"))


def packs() -> dict[str, Pack]:
    names = content.names("rules")
    return {pack.name: pack for pack in load_packs([name for name in names if name != "builtin"], ROOT)}


def rule(pack: str, name: str) -> Rule:
    return next(each for each in packs()[pack].rules if each.id == name)


def rungs(pack: str, name: str) -> list[tuple[float, str, float]]:
    return [(rung.limit, rung.level.name, rung.hold_seconds) for rung in rule(pack, name).ladder]


def test_every_shipped_pack_loads_beside_the_others() -> None:
    """A desk may list all of them: their ids are distinct."""
    assert set(PACKS) == set(packs())


PACKS = (
    "builtin",
    "demo",
    "starter",
    "breaker",
    "ats-plan",
    "control-server",
    "factory",
    "managed-mandate",
    "copy-trading",
    "spot-treasury",
    "market-maker",
)


@pytest.mark.parametrize("page", ["README.md", "rules/README.md", "docs/rules.md"])
def test_every_pack_can_be_found(page: str) -> None:
    """A pack that no page names is used by nobody; what is always there, or only shown, needs no choosing."""
    text = (Path(__file__).resolve().parents[2] / page).read_text(encoding="utf-8")

    assert [] == [pack for pack in PACKS if pack not in ("builtin", "demo") and f"`{pack}`" not in text]


def test_the_command_line_names_the_packs() -> None:
    listed = CliRunner().invoke(rules, ["list", "--rules", "starter", "--json"])
    helped = " ".join(CliRunner().invoke(init, ["--help"], terminal_width=2000).output.split())

    assert sorted(PACKS) == json.loads(listed.output)["shipped"]
    assert [] == [pack for pack in PACKS if pack not in ("builtin", "demo") and pack not in helped]


def test_every_shipped_rule_is_explained() -> None:
    every = [each for pack in packs().values() for each in pack.rules]

    assert 98 <= len(every)
    assert [] == [each.id for each in every if not (each.title and each.why and each.runbook)]


def test_the_demo_is_the_ladder_that_is_documented() -> None:
    got = rule("demo", "dd-1h")

    assert Window("sliding", 3600.0) == got.window
    assert (
        Rung(0.025, Level.CAUTION, 2.0, None),
        Rung(0.0375, Level.REDUCE, 2.0, 0.5),
        Rung(0.05, Level.LOCKOUT, 2.0, None),
    ) == got.ladder
    assert got.armed


@pytest.mark.parametrize("pack", ["ats-plan", "breaker", "starter"])
def test_the_packs_to_begin_with_only_observe(pack: str) -> None:
    """Nobody's positions are closed because they tried a pack."""
    assert [] == [each.id for each in packs()[pack].rules if each.armed]


@pytest.mark.parametrize("pack", [name for name in PACKS if name not in ("builtin", "demo")])
def test_forecasts_and_what_the_stack_tells_only_observe(pack: str) -> None:
    """A shipped pack arms hard limits at most: what is a guess, or told by the watched, is watched first."""
    told = {"heartbeat_age", "slippage", "model_vs_fill", "paper_vs_live", "copy_ratio_deviation"}
    told |= {"gauge", "queue_growth", "slippage_delay", "slippage_impact", "slippage_rise"}
    told |= {"drift_ks", "drift_psi", "tracking_difference", "tracking_error"}
    told |= {"opportunity_cost", "trade_match", "fill_price_gap"}

    guesses = [
        each.id
        for each in packs()[pack].rules
        if each.armed and (catalogue()[each.metric].family == "forecast" or each.metric in told)
    ]

    assert [] == guesses


@pytest.mark.parametrize(
    ("pack", "name"),
    [
        ("ats-plan", "ats-time-to-limit"),
        ("control-server", "control-one-market"),
        ("copy-trading", "copy-open-keys"),
        ("copy-trading", "copy-withdrawing-keys"),
        ("factory", "factory-slippage-delay"),
        ("factory", "factory-slippage-impact"),
        ("managed-mandate", "client-funding"),
        ("market-maker", "mm-funding"),
    ],
)
def test_what_nothing_recorded_proves_or_what_is_a_cost_only_warns(pack: str, name: str) -> None:
    assert [Level.CAUTION] == [rung.level for rung in rule(pack, name).ladder]


def test_the_third_halt_waits_for_a_person() -> None:
    """It stops new risk and no more: another halt is no loss that was suffered."""
    halts = rule("control-server", "control-halts")

    assert [(3.0, "HALT", 2.0)] == rungs("control-server", "control-halts")
    assert ("operator", True, Window("sliding", 3 * 86_400.0)) == (halts.clears, halts.armed, halts.window)


def test_no_coin_leaves_the_treasury_unseen() -> None:
    """A withdrawal has its row in the ledger and is no loss: without this rule nobody is told."""
    assert [(0.001, "CAUTION", 2.0), (0.02, "HALT", 2.0)] == rungs("spot-treasury", "treasury-transfers")
    assert rule("spot-treasury", "treasury-transfers").armed


@pytest.mark.parametrize("pack", PACKS)
def test_rungs_are_far_enough_apart_to_be_noticed(pack: str) -> None:
    """Who is told at one rung needs room before the next. Margin has only the way to 1.0 to divide."""
    for each in packs()[pack].rules:
        least = 0.17 if each.metric == "margin_ratio" else 0.25 - 1e-9
        for low, high in pairwise(each.ladder):
            apart = abs(high.limit - low.limit) / max(high.limit, low.limit)
            same = high.limit == low.limit and high.hold_seconds >= 2 * low.hold_seconds
            assert same or apart >= least, each.id


@pytest.mark.parametrize("pack", [name for name in PACKS if name not in ("demo", "ats-plan")])
def test_only_the_plan_and_the_demo_delete_a_key(pack: str) -> None:
    """Deleting a key is irreversible: whoever wants it writes it into a copy."""
    assert [] == [each.id for each in packs()[pack].rules if each.ladder[-1].level is Level.LOCKOUT]


def test_the_plan_is_complete() -> None:
    """Every limit that the plan names has its rule; the others are asserted above and below."""
    cvar = [(0.015, "CAUTION", 60.0), (0.02, "HALT", 300.0)]
    assert cvar == rungs("ats-plan", "ats-cvar")
    assert [(0.5, "CAUTION", 0.0), (0.75, "HALT", 0.0)] == rungs("ats-plan", "ats-utilisation")
    assert "under" == rule("ats-plan", "ats-idle").direction
    assert [2.0, 3.0, 5.0] == [limit for limit, _, _ in rungs("ats-plan", "ats-leverage")]


def test_a_mandate_and_a_factory_have_the_limits_that_they_promise() -> None:
    assert (0.02, "HALT", 30.0) == rungs("factory", "factory-risk-per-signal")[-1]
    assert (0.1, "HALT", 0.0) == rungs("control-server", "control-night-spending")[-1]
    assert (0.25, "HALT", 30.0) == rungs("copy-trading", "copy-ratio")[-1]
    assert [each.clears for each in packs()["factory"].rules if each.metric == "balance_discrepancy"] == [
        "operator"
    ]


def test_the_starter_pack_has_the_limits_that_it_promises() -> None:
    """A solo trader's minimum: told early, halted on a bad hour or day, flat only when it is a disaster."""
    hour = [(0.03, "CAUTION", 2.0), (0.05, "HALT", 2.0), (0.08, "FLATTEN", 5.0)]
    assert hour == rungs("starter", "starter-dd-1h")
    assert [(0.02, "CAUTION", 5.0), (0.04, "HALT", 5.0)] == rungs("starter", "starter-daily-loss")
    assert (0.15, "FLATTEN", 10.0) == rungs("starter", "starter-dd-peak")[-1]
    assert (0.85, "FLATTEN", 2.0) == rungs("starter", "starter-margin")[-1]
    assert [(20.0, "CAUTION", 0.0), (120.0, "HALT", 0.0)] == rungs("starter", "starter-blind")


@pytest.mark.parametrize(
    ("name", "limit", "hours"),
    [("breaker-dd-1h", 0.05, 0.5), ("breaker-daily-loss", 0.05, 4.0), ("breaker-dd-peak", 0.15, 4.0)],
)
def test_the_breaker_is_graded_and_comes_back_by_itself(name: str, limit: float, hours: float) -> None:
    got = rule("breaker", name)

    steps = [(0.5, "CAUTION", None), (0.75, "REDUCE", 0.5), (1.0, "REDUCE", 0.0)]
    assert [(pytest.approx(x * limit), level, to) for x, level, to in steps] == [
        (r.limit, r.level.name, r.to) for r in got.ladder
    ]
    assert ("auto", hours * 3600.0, 0.25) == (got.clears, got.cooldown_seconds, got.gamma)


def test_the_plan_has_the_limits_that_it_promises() -> None:
    hour = [(0.025, "CAUTION", 2.0), (0.0375, "REDUCE", 10.0), (0.05, "LOCKOUT", 2.0)]
    assert hour == rungs("ats-plan", "ats-dd-1h")
    assert (0.05, "LOCKOUT", 2.0) == rungs("ats-plan", "ats-dd-peak")[-1]
    assert [(0.01, "CAUTION", 2.0), (0.02, "HALT", 2.0)] == rungs("ats-plan", "ats-daily-loss")
    assert [(10.0, "CAUTION", 0.0), (60.0, "HALT", 0.0)] == rungs("ats-plan", "ats-blind")
    assert [(0.01, "CAUTION", 10.0), (0.01, "HALT", 30.0)] == rungs("ats-plan", "ats-stop-missing")
    assert (0.02, "CAUTION", 30.0) == rungs("ats-plan", "ats-risk-per-signal")[0]
    assert [(60.0, "CAUTION", 0.0)] == rungs("ats-plan", "ats-position-age")


def test_an_unexplained_change_warns_at_once_and_halts_when_it_stays() -> None:
    assert [(0.01, "CAUTION", 5.0), (0.01, "HALT", 120.0)] == rungs("builtin", "integrity")
    assert rule("builtin", "integrity").armed


def test_the_shipped_routes_page_people_from_halt_up() -> None:
    page = Page("routes")

    routes = read_routes(ROOT / "alerts/routes.yaml", Path("/desk"), page)

    assert [] == page.findings
    assert routes is not None
    assert {(Level.CAUTION, ("ops",)), (Level.HALT, ("ops", "page"))} == {
        (r.level, r.to) for r in routes.routes
    }
    assert set(KINDS) == {channel.kind for channel in routes.channels}


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_says_what_to_do(runbook: Path) -> None:
    """Meaning, three commands that exist, the way back, and a person."""
    text = runbook.read_text(encoding="utf-8")
    commands = re.findall(r"^guardian ([a-z]+)", text, re.M)

    assert HEADINGS == re.findall(r"^## (.+)$", text, re.M)
    assert 3 == len(commands)
    assert set(commands) <= set(COMMANDS)


def test_a_runbook_says_where_a_level_ends_by_itself() -> None:
    """Who does not know of it resumes too early, or waits for what never comes."""
    own = {each.runbook for pack in packs().values() for each in pack.rules if each.clears == "auto"}
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in own}

    assert own
    silent = [name for name, text in texts.items() if "`clears: auto`" not in text or "half-open" not in text]
    assert [] == silent


def test_every_runbook_belongs_to_a_rule() -> None:
    """An orphan page is one that nobody corrects."""
    named = {each.runbook for pack in packs().values() for each in pack.rules}

    assert named == {f"alerts/runbooks/{path.name}" for path in RUNBOOKS}


def test_the_example_in_the_docs_is_a_rule_that_loads(tmp_path: Path) -> None:
    """What people copy first must work."""
    text = (Path(__file__).resolve().parents[2] / "docs/rules.md").read_text(encoding="utf-8")
    example = re.search(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    assert example
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/rules.yaml").write_text(example[1])

    loaded = load_packs(["pack"], tmp_path)[-1]

    assert ["dd-1h"] == [each.id for each in loaded.rules]


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_the_docs_name_every_metric(name: str) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text(encoding="utf-8")

    assert f"`{name}`" in text
