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

CASEBOOKS = sorted((content_root() / "rules").glob("*.cases.yaml"))

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
- case: Six percent halts
  rules: [pack]
  series:
    - {at: 0s, equity: 1000}
    - {at: 10s, equity: 940}
  expect:
    - {at: 9s, level: normal}
    - {at: 20s, level: %s, rule: dd, verdict: breached, value: 0.06}
"""


def guardian(*arguments: str) -> Result:
    return CliRunner().invoke(root, list(arguments), prog_name="guardian")


def pack(folder: Path, text: str = RULE) -> str:
    folder.mkdir()
    (folder / "rules.yaml").write_text(text)
    return str(folder)


@pytest.mark.parametrize("book", CASEBOOKS, ids=lambda path: path.name)
def test_the_cases_that_ship_hold(book: Path) -> None:
    """A pack that ships does what it promises, by the core itself."""
    said = guardian("rules", "test", str(book), "--json")

    document = json.loads(said.output)
    assert 0 == said.exit_code
    assert [] == [case["difference"] for case in document["cases"] if case["difference"]]
    assert len(document["cases"]) >= 5


def test_there_are_cases_for_the_starter_pack() -> None:
    assert "starter.cases.yaml" in [book.name for book in CASEBOOKS]


def test_a_case_that_fails_tells_its_first_difference(tmp_path: Path) -> None:
    pack(tmp_path / "pack")
    (tmp_path / "good.yaml").write_text(CASES % "halt")
    (tmp_path / "bad.yaml").write_text(CASES % "flatten")

    good = guardian("rules", "test", str(tmp_path / "good.yaml"))
    bad = guardian("rules", "test", str(tmp_path / "bad.yaml"))

    assert (0, 3) == (good.exit_code, bad.exit_code)
    assert "at 20s (line 8): expected FLATTEN, got HALT (dd breached at 0.06)" in bad.output


def test_a_loosened_limit_fails_the_case_that_guards_it(tmp_path: Path) -> None:
    """The test of the tests: the cases judge the pack, not themselves."""
    pack(tmp_path / "pack", RULE.replace("0.05", "0.07"))
    (tmp_path / "cases.yaml").write_text(CASES % "halt")

    said = guardian("rules", "test", str(tmp_path / "cases.yaml"))

    assert 3 == said.exit_code
    assert "expected HALT, got CAUTION" in said.output


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("level: halt, rul: dd", "did you mean rule?"),
        ("level: hald", "did you mean halt?"),
        ("verdict: breached", "a verdict or value of no rule"),
        ("rule: dd", "expects nothing"),
    ],
)
def test_a_casebook_is_read_strictly(tmp_path: Path, wrong: str, told: str) -> None:
    """A misspelt expectation that passes is worse than none."""
    pack(tmp_path / "pack")
    text = (CASES % "halt").replace("level: normal", wrong)
    (tmp_path / "cases.yaml").write_text(text)

    said = guardian("rules", "test", str(tmp_path / "cases.yaml"))

    assert said.exception is not None
    assert told in str(said.exception)


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

    said = desk.cli("rules", "explain", "dd", "--json")
    desk.stop()
    silent = desk.cli("rules", "explain", "dd")

    (now,) = said.document["live"]
    assert now["account"] == "desk"
    assert abs(now["distance"] - (0.025 - now["value"])) < 1e-9
    assert now["age_s"] < 5
    assert silent.code == 0
    assert "no live values" in silent.err
