"""What `guardian check` prints and answers, and that no file system trap stops it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.config.desk import CONFIG, ROUTES, RULE, check, findings


def test_everything_wrong_is_told_at_once(desk: Path) -> None:
    """A person corrects a file once, not once for each mistake."""
    (desk / "guardian.yaml").write_text(CONFIG.replace("instance", "instanec").replace("USDT", "usdt"))
    (desk / "pack/rules.yaml").write_text(RULE.replace("drawdown\n", "drawdwon\n"))
    (desk / "routes.yaml").write_text(ROUTES.replace("[ops]", "[opps]"))

    told = findings()

    assert {"guardian.yaml", "pack/rules.yaml", "routes.yaml"} == {each["file"] for each in told}
    assert {"instanec", "instance", "accounts[0].currency", "metric", "routes[0].to[0]"} == {
        each["field"] for each in told
    }


def test_the_text_is_one_line_a_finding_with_its_fix_below(desk: Path) -> None:
    (desk / "pack/rules.yaml").write_text(RULE.replace("over: 0.05", "over: 5"))

    result = check("--rules", "pack")

    assert 3 == result.exit_code
    assert [
        "pack/rules.yaml:8: rule dd, field ladder[1].over: 5 is not a fraction of equity; did you mean 0.05?",
        "  Fractions stay below 1: 0.05 is five percent.",
    ] == result.stdout.splitlines()


def test_a_valid_configuration_is_summarised(desk: Path) -> None:
    """Which rules act, and that guardian cannot fence without an admin key, is read before it matters."""
    result = check()

    assert 0 == result.exit_code
    assert "ok: 1 account, 2 rules, 2 packs; armed: integrity, dd" == result.stdout.splitlines()[0]
    assert "account main: can flatten; no admin key" in result.stdout


def test_an_account_without_hands_only_observes(desk: Path) -> None:
    (desk / "guardian.yaml").write_text(CONFIG.replace("      hands: file:keys/hands.json\n", ""))

    assert "account main: observes only" in check().stdout


def test_json_is_one_document(desk: Path) -> None:
    document = json.loads(check("--json").stdout)

    assert (True, []) == (document["ok"], document["findings"])
    assert ["builtin", "pack"] == [pack["name"] for pack in document["packs"]]


def test_rules_are_checked_without_a_configuration(desk: Path) -> None:
    (desk / "guardian.yaml").unlink()

    assert 0 == check("--rules", "pack").exit_code
    assert "no such file" in findings()[0]["message"]


def test_an_unknown_option_is_a_wrong_command_line() -> None:
    assert 2 == check("--rule", "pack").exit_code


def test_one_id_in_two_packs_is_refused(desk: Path) -> None:
    (desk / "other").mkdir()
    (desk / "other/rules.yaml").write_text(RULE)

    told = findings("--rules", "pack", "--rules", "other")

    assert [("other/rules.yaml", 1, "dd", "id")] == [
        (each["file"], each["line"], each["rule"], each["field"]) for each in told
    ]


@pytest.mark.parametrize("again", ["pack", "./pack/", "other/../pack"])
def test_a_pack_that_is_listed_twice_is_refused(again: str, desk: Path) -> None:
    """Each of its rules would be judged, shown and scraped twice under one id."""
    (desk / "other").mkdir()

    (told,) = findings("--rules", "pack", "--rules", again)

    assert "twice" in told["message"]


def test_a_file_beside_its_own_pack_is_refused(desk: Path) -> None:
    (told,) = findings("--rules", "pack", "--rules", "pack/rules.yaml")

    assert (told["rule"], told["field"]) == ("dd", "id")


def test_a_rule_for_an_account_that_does_not_exist_is_refused(desk: Path) -> None:
    """It would guard nobody, in silence."""
    (desk / "pack/rules.yaml").write_text(RULE + "  only: [mian]\n")

    told = findings()

    assert [(11, "only[0]", "main")] == [(each["line"], each["field"], each["nearest"]) for each in told]


@pytest.mark.parametrize("trap", ["missing", "empty", "loop", "file loop", "pipe", "subfolder", "folder"])
def test_a_pack_that_cannot_be_read_is_told(trap: str, desk: Path) -> None:
    """No trap in the file system hangs the check or ends in a traceback."""
    pack = desk / "trap"
    if trap not in ("missing", "loop"):
        pack.mkdir()
    match trap:
        case "loop":
            pack.symlink_to(pack)
        case "file loop":
            (pack / "a.yaml").symlink_to(pack / "a.yaml")
        case "pipe":
            os.mkfifo(pack / "a.yaml")
        case "subfolder":
            (pack / "sub").mkdir()
            (pack / "sub/a.yaml").write_text(RULE)
        case "folder":
            (pack / "a.yaml").mkdir()

    told = findings("--rules", "trap")

    assert 1 == len(told)
    assert told[0]["file"].startswith("trap")


@pytest.mark.parametrize("name", ["more.YAML", "more.Yml", "MORE.YML"])
def test_an_ending_in_capitals_is_read_like_any_other(name: str, desk: Path) -> None:
    """Some systems write it so; a file of rules that is skipped in silence guards nobody."""
    (desk / "pack" / name).write_text(RULE.replace("metric: drawdown", "metric: drawdwon"))

    assert [f"pack/{name}"] == [each["file"] for each in findings("--rules", "pack") if each["nearest"]]


def test_a_configuration_that_is_a_loop_is_told(desk: Path) -> None:
    (desk / "guardian.yaml").unlink()
    (desk / "guardian.yaml").symlink_to("guardian.yaml")

    assert "cannot be read" in findings()[0]["message"]


def test_a_flood_of_mistakes_is_cut(desk: Path) -> None:
    (desk / "pack/rules.yaml").write_text("".join(f"- id: r{number}\n" for number in range(300)))

    told = findings("--rules", "pack")

    assert 101 == len(told)
    assert "more than 100 problems" in told[-1]["message"] or any(
        "more than" in each["message"] for each in told
    )
