"""Whatever a rule file holds, `guardian check` says where it is wrong, or the core can judge by it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from guardian.cli import root
from guardian.config import load_packs
from guardian.config.content import content_root
from guardian.core.metrics.group import concerns
from guardian.errors import GuardianError
from tests.core.build import Desk, position, read, stop
from tests.fuzz.effort import examples
from tests.fuzz.written import cases, files

pytestmark = pytest.mark.long

RULES = content_root() / "rules"
SHIPPED = sorted(RULES.rglob("*.yaml"))
TEXTS = [path.read_text() for path in SHIPPED]
CASES = [RULES / "starter/cases" / name for name in ("starter-leverage.txt", "starter-blind.txt")]
FILES = st.one_of([files(text) for text in TEXTS])


def asked(*arguments: str) -> Result:
    """The real command; whatever happens it ends by an exit code of its own, and a sentence."""
    result = CliRunner().invoke(root, list(arguments), prog_name="guardian")
    if isinstance(result.exception, GuardianError):
        assert str(result.exception).encode()
        result.exit_code = result.exception.exit_code
        return result
    assert isinstance(result.exception, SystemExit | None), repr(result.exception)
    assert "Traceback" not in result.output
    return result


def findings(folder: str, lines: int, *arguments: str) -> list[dict[str, Any]]:
    """What a check tells in JSON; the text tells the same, and each finding can be acted upon."""
    told = asked("check", *arguments, "--json")
    document = json.loads(told.stdout)
    assert (0 if document["ok"] else 3) == told.exit_code
    assert document["ok"] is (document["findings"] == [])
    text = asked("check", *arguments)
    assert told.exit_code == text.exit_code
    for each in document["findings"]:
        assert each["file"].startswith(folder)
        assert 1 <= each["line"] <= lines
        assert each["message"]
        assert each["fix"]
        assert each["message"] in text.output
    return list(document["findings"])


def lines_of(raw: bytes) -> int:
    text = raw.decode("utf-8", "replace")
    return len(text.splitlines()) + 2


def judged(pack: str) -> None:
    """The core judges by every rule of the pack, through a loss and through silence."""
    rules = [rule for each in load_packs([pack], Path(pack).parent) for rule in each.rules]
    desk = Desk(*rules)
    desk.warm(position(), orders=(stop(),))
    for seconds, mark in ((1, 100), (2, 60), (4, 30)):
        desk.see(read(seconds, (position(mark=mark),), (stop(),)))
    desk.tick(30)
    concerned = {rule.id for rule in rules if concerns(rule, desk.account.policy)}
    assert concerned == {own.rule_id for own in desk.account.rules}


@examples(75)
@given(FILES)
def test_any_rule_file_is_judged_by_or_says_what_is_wrong_with_it(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder, "pack")
        pack.mkdir()
        (pack / "rules.yaml").write_bytes(raw)

        if not findings(folder, lines_of(raw), "--rules", str(pack)):
            judged(str(pack))


@examples(30)
@given(FILES, FILES, st.sampled_from(["dd-1h", "", "\U0001f4a3", "x" * 900]))
def test_every_command_about_rules_ends_by_itself(raw: bytes, other: bytes, rule_id: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old.yaml"), Path(folder, "new.yaml")
        old.write_bytes(raw)
        new.write_bytes(other)
        ends = [
            asked("rules", "list", "--rules", str(old), "--json"),
            asked("rules", "explain", rule_id, "--rules", str(old), "--json"),
            asked("rules", "diff", str(old), str(new), "--json", "--exit-code"),
            asked("rules", "diff", str(old), str(new)),
        ]

    for result in ends:
        assert result.exit_code in (0, 3, 6)
        assert result.exit_code == 3 or "--json" not in result.output
    assert all(json.loads(result.stdout) for result in ends[:3] if result.exit_code != 3)


@examples(25)
@given(st.one_of([cases(path.read_text()) for path in CASES]))
def test_any_file_of_cases_is_played_or_says_what_is_wrong_with_it(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder, "cases.txt")
        book.write_bytes(raw)

        result = asked("rules", "test", str(book), "--rules", "starter", "--json")

    assert result.exit_code in (0, 3)
    assert result.exit_code or json.loads(result.stdout)["ok"]
