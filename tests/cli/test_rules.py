"""guardian rules: explained from the code, played through the core, and compared by what a change does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guardian.cli import root
from guardian.config import load_packs
from guardian.config.content import content_root
from guardian.core.metrics import METRICS
from tests.integration.conftest import OpenDesk, open_desk

__all__ = ["open_desk"]

RULE = """\
- id: dd
  title: Lost
  why: A test.
  metric: drawdown
  window: hwm
  ladder:
    - {over: 0.02, level: caution}
    - {over: 0.05, level: halt, hold: 5s}
  stale_after: 10s
  mode: observe
"""

CASES = """\
# Six percent halts.
pack pack
only dd
-5..-1 read BTC=1@1000
0..6 read BTC=1@400/1000
----
   -1.0  dd clear at 0
    0.0  dd breached at 0.06
    0.0  NORMAL -> CAUTION (dd)
    0.0  permit normal 0.5
    0.0  keys checked, none held
    0.0  page CAUTION: main
    5.0  CAUTION -> HALT (dd)
    5.0  permit reduce_only 0
    5.0  keys fetched and held
    5.0  ask bot to stop
    5.0  page HALT: main
"""


def guardian(*arguments: str) -> Result:
    return CliRunner().invoke(root, list(arguments), prog_name="guardian")


def pack(folder: Path, text: str = RULE) -> str:
    folder.mkdir()
    (folder / "rules.yaml").write_text(text)
    return str(folder)


def cases(folder: Path, text: str = CASES) -> str:
    """A file of cases beside a pack."""
    (folder / "cases.txt").write_text(text, encoding="utf-8")
    return str(folder / "cases.txt")


def test_the_cases_of_a_shipped_pack_are_found_by_its_name() -> None:
    said = guardian("rules", "test", "starter", "--json")

    document = json.loads(said.output)
    assert (0, True) == (said.exit_code, document["ok"])
    assert len(document["cases"]) >= 20
    assert [] == document["gaps"]


def test_a_case_that_differs_is_told_as_a_unified_diff(tmp_path: Path) -> None:
    pack(tmp_path / "pack")

    good = guardian("rules", "test", cases(tmp_path))
    bad = guardian("rules", "test", cases(tmp_path, CASES.replace("CAUTION -> HALT", "CAUTION -> FLATTEN")))

    assert (0, 3) == (good.exit_code, bad.exit_code)
    assert "cases: 1; not as written: 0" in good.output
    assert "-    5.0  CAUTION -> FLATTEN (dd)\n+    5.0  CAUTION -> HALT (dd)" in bad.output


def test_a_loosened_limit_fails_the_case_that_guards_it(tmp_path: Path) -> None:
    """The test of the tests: the cases judge the pack, not themselves."""
    pack(tmp_path / "pack", RULE.replace("0.05", "0.07"))

    said = guardian("rules", "test", cases(tmp_path), "--json")

    (case,) = json.loads(said.output)["cases"]
    assert 3 == said.exit_code
    assert not case["ok"]
    assert "-    5.0  CAUTION -> HALT (dd)" in case["difference"]


def test_other_rules_may_be_asked_than_those_of_the_case(tmp_path: Path) -> None:
    """What would the new pack have done in the case of the old one?"""
    pack(tmp_path / "pack")
    stricter = pack(tmp_path / "stricter", RULE.replace("hold: 5s", "hold: 1s"))

    said = guardian("rules", "test", cases(tmp_path), "--rules", stricter)

    assert 3 == said.exit_code
    assert "+    1.0  CAUTION -> HALT (dd)" in said.output


def test_rewrite_writes_what_guardian_does(tmp_path: Path) -> None:
    pack(tmp_path / "pack")
    file = cases(tmp_path, CASES.replace("    5.0  page HALT: main\n", ""))

    first = guardian("rules", "test", file, "--rewrite", "--json")
    second = guardian("rules", "test", file, "--rewrite", "--json")

    assert (0, 0) == (first.exit_code, second.exit_code)
    assert [[file], []] == [json.loads(said.output)["rewritten"] for said in (first, second)]
    assert CASES == Path(file).read_text(encoding="utf-8")


def test_a_pack_s_unproven_rules_are_named(tmp_path: Path) -> None:
    """Cases that all pass say little when there are none for what matters."""
    folder = pack(tmp_path / "pack")
    (tmp_path / "pack/cases").mkdir()
    cases(tmp_path / "pack/cases", CASES.replace("pack pack\n", ""))

    said = guardian("rules", "test", folder)

    assert 0 == said.exit_code
    assert "no proof: dd: no case in which it comes near its limit and does not fire" in said.output
    assert "no proof: dd: no case in which it goes blind and demands caution" in said.output


def test_of_one_file_only_what_it_is_about_is_missed() -> None:
    """Whoever works on one rule is not told of the cases that lie in the files beside it."""
    file = content_root() / "rules/factory/cases/factory-slippage.txt"

    said, all_of_them = guardian("rules", "test", str(file)), guardian("rules", "test", "factory")

    assert (0, 0) == (said.exit_code, all_of_them.exit_code)
    assert "no proof" not in said.output + all_of_them.output


def test_a_case_is_read_strictly(tmp_path: Path) -> None:
    """A misspelt fact that passes is worse than none; tests/rules/test_casebook.py has the list."""
    file = cases(tmp_path, CASES.replace("0..6 read", "0..6 raed"))

    said = guardian("rules", "test", file)

    assert f"{file}:5: unknown fact raed; did you mean read?" in str(said.exception)


def test_a_pack_without_cases_is_answered_with_where_to_put_them(tmp_path: Path) -> None:
    said = guardian("rules", "test", pack(tmp_path / "pack"))
    near = guardian("rules", "test", "startre")

    assert "a pack with a folder `cases`" in str(said.exception)
    assert "did you mean starter?" in str(near.exception)


@pytest.mark.parametrize(
    ("old", "new", "effect", "field"),
    [
        ("over: 0.05", "over: 0.06", "loosen", "ladder halt limit"),
        ("over: 0.05", "over: 0.04", "tighten", "ladder halt limit"),
        ("hold: 5s", "hold: 9s", "loosen", "ladder halt hold"),
        ("level: halt, hold: 5s", "level: flatten, hold: 5s", "loosen", "ladder halt"),
        ("level: halt, hold: 5s", "level: flatten, hold: 5s", "tighten", "ladder flatten"),
        ("mode: observe", "mode: armed", "tighten", "mode"),
        ("stale_after: 10s", "stale_after: 20s", "loosen", "stale_after"),
        ("mode: observe", "mode: observe\n  on_unknown: halt", "tighten", "on_unknown"),
        ("window: hwm", "window: 1h", "loosen", "window"),
        ("title: Lost", "title: Lost much", "neutral", "title"),
        ("id: dd", "id: dd-new", "loosen", "rule"),
    ],
)
def test_each_change_is_classified(tmp_path: Path, old: str, new: str, effect: str, field: str) -> None:
    before = pack(tmp_path / "before")
    after = pack(tmp_path / "after", RULE.replace(old, new))

    said = guardian("rules", "diff", before, after, "--json", "--exit-code")

    document = json.loads(said.output)
    assert (effect, field) in [(c["effect"], c["field"]) for c in document["changes"]]
    assert (6 if document["loosens"] else 0) == said.exit_code


ALLOWED = (
    RULE.replace("drawdown", "foreign_activity")
    .replace("hwm", "1h")
    .replace("0.02", "1")
    .replace("0.05", "2")
)


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("[BTC]", "[BTC, ETH]", "loosen"),
        ("[BTC, ETH]", "[BTC]", "tighten"),
        ("[BTC, ETH]", "[BTC, SOL]", "loosen"),
        ("", "[BTC]", "tighten"),
        ("[BTC]", "", "loosen"),
    ],
)
def test_what_a_list_of_symbols_allows_is_compared(tmp_path: Path, old: str, new: str, effect: str) -> None:
    """Without a list every symbol is allowed; one that names another symbol allows it."""
    before, after = (
        pack(tmp_path / name, ALLOWED + (f"  of: {of}\n" if of else ""))
        for name, of in (("before", old), ("after", new))
    )

    said = guardian("rules", "diff", before, after, "--json")

    assert [(effect, "of")] == [(c["effect"], c["field"]) for c in json.loads(said.output)["changes"]]


CLUSTER = RULE.replace("drawdown", "cluster_exposure").replace("  window: hwm\n", "")


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("", "[BTC, ETH]", "tighten"),
        ("[BTC, ETH]", "[BTC, ETH, SOL]", "tighten"),
        ("[BTC, ETH, SOL]", "[BTC, ETH]", "loosen"),
        ("[BTC, ETH]", "[BTC, SOL]", "loosen"),
        ("[BTC, ETH]", "", "loosen"),
    ],
)
def test_a_larger_declared_cluster_is_tighter(tmp_path: Path, old: str, new: str, effect: str) -> None:
    """What is named can only be more than what was measured."""
    before, after = (
        pack(tmp_path / name, CLUSTER + (f"  of: {of}\n" if of else ""))
        for name, of in (("before", old), ("after", new))
    )

    said = guardian("rules", "diff", before, after, "--json")

    assert [(effect, "of")] == [(c["effect"], c["field"]) for c in json.loads(said.output)["changes"]]


def test_no_change_is_no_change(tmp_path: Path) -> None:
    same = pack(tmp_path / "same")

    said = guardian("rules", "diff", same, same, "--exit-code")

    assert (0, "no change\n") == (said.exit_code, said.output)


def test_every_rule_of_a_pack_is_listed_and_explained() -> None:
    listed = json.loads(guardian("rules", "list", "--rules", "starter", "--json").output)["rules"]

    ids = [rule.id for each in load_packs(["starter"], Path.cwd()) for rule in each.rules]
    assert ids == [rule["id"] for rule in listed]
    for rule in listed:
        said = guardian("rules", "explain", rule["id"], "--rules", "starter")
        assert 0 == said.exit_code
        assert rule["formula"] in said.output
        assert rule["why"] in said.output


def test_who_has_no_configuration_yet_sees_the_rules_that_ship(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pack is chosen before there is a guardian.yaml; one that is named must exist all the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GUARDIAN_CONFIG", raising=False)

    listed = guardian("rules", "list", "--json")
    said = guardian("rules", "explain", "mm-depth")
    absent = guardian("rules", "explain", "mm-depth", "--config", "none.yaml")

    packs = {rule["pack"] for rule in json.loads(listed.stdout)["rules"]}
    assert {"starter", "market-maker", "builtin"} <= packs
    assert 0 == said.exit_code
    assert "mm-depth (market-maker" in said.stdout
    assert "the packs that ship" in said.stderr
    assert "no such file" in str(absent.exception)


def test_each_metric_explains_itself() -> None:
    """The formula line is the metric's own; one without it would explain nothing."""
    from guardian.cli.setup.explain import formula

    assert [] == [m.name for m in METRICS if len(formula(m.name)) < 20]


def test_a_misspelt_rule_is_answered_with_the_nearest() -> None:
    said = guardian("rules", "explain", "starter-dd-1hr", "--rules", "starter")

    assert "did you mean starter-dd-1h?" in str(said.exception)


@pytest.mark.process
def test_with_a_daemon_the_live_value_stands_beside_the_limit(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()

    said = desk.command("rules", "explain", "dd", "--json")
    desk.stop()
    silent = desk.command("rules", "explain", "dd")

    (now,) = said.document["live"]
    assert now["account"] == "desk"
    assert abs(now["distance"] - (0.025 - now["value"])) < 1e-9
    assert now["age_s"] < 5
    assert silent.code == 0
    assert "no live values" in silent.err
