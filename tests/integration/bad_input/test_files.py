"""Wrong files: one table. Each is refused with its line, the nearest name and a fix; nothing is lost.

A first start refuses (exit 3) and leaves no state; a restart goes on with the last good configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.integration.bad_input.conftest import ended
from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, FAST_RULES, Desk, Venue

pytestmark = pytest.mark.process


@dataclass(frozen=True)
class Wrong:
    """One edit of a file that was right, and what must be said of it."""

    name: str
    file: str
    old: str
    new: str
    words: tuple[str, ...]


TABLE = (
    Wrong("unknown field", "guardian.yaml", "instance: test", "instance: test\nlisten_on: x", ("listen",)),
    Wrong("misspelt metric", "rules/fast.yaml", "metric: drawdown", "metric: drawdwon", ("drawdown",)),
    Wrong("percent for fraction", "rules/fast.yaml", "over: 0.05", "over: 5", ("0.05",)),
    Wrong("duplicate id", "rules/fast.yaml", "- id: dd", FAST_RULES + "- id: dd", ("dd", "exists already")),
    Wrong("bad YAML", "guardian.yaml", "accounts:", "accounts: [", ("guardian.yaml",)),
    Wrong("unknown venue", "guardian.yaml", "venue: bybit", "venue: bybitt", ("bybit",)),
    Wrong("a key in the file", "guardian.yaml", "watch: file:keys/watch.json", "watch: {key: a}", ("keys",)),
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose guardian never gets as far as to start."""
    venue = Venue("--seed", "11")
    desk = Desk(tmp_path_factory.mktemp("files"), venue)
    desk.write_keys()
    yield desk
    desk.close()
    venue.close()


def break_file(desk: Desk, wrong: Wrong) -> None:
    file = desk.root / wrong.file
    text = file.read_text()
    assert wrong.old in text
    file.write_text(text.replace(wrong.old, wrong.new, 1))


@pytest.mark.parametrize("wrong", TABLE, ids=lambda w: w.name)
def test_a_first_start_refuses_and_leaves_nothing_behind(bench: Desk, wrong: Wrong) -> None:
    bench.configure()
    break_file(bench, wrong)

    checked, ran = bench.command("check", "--json"), ended(bench)

    assert (checked.code, ran.code) == (3, 3), checked.err + ran.err
    finding = checked.document["findings"][0]
    assert finding["file"].endswith(wrong.file)
    assert finding["line"] > 0
    assert finding["fix"] or finding["nearest"]
    told = " ".join(str(value) for value in finding.values())
    for word in wrong.words:
        assert word in told
    assert f"{finding['file']}:{finding['line']}" in ran.err or finding["message"] in ran.err
    assert "Traceback" not in checked.err + ran.err
    assert not (bench.root / "state").exists(), "a refused start leaves no state"


@pytest.mark.parametrize("wrong", [TABLE[1], TABLE[4]], ids=lambda w: w.name)
def test_nonsense_in_mid_incident_costs_neither_the_incident_nor_the_kill(
    open_desk: OpenDesk, wrong: Wrong
) -> None:
    """The daemon is killed in an incident and restarted into a broken file; the kill switch still works."""
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.arm()
    assert desk.operate("demand", level="halt", reason="test") is not None
    desk.until(lambda: desk.level() == "HALT", 20, "halted")
    before = desk.incident()["id"]
    break_file(desk, wrong)
    desk.kill()

    desk.run()
    desk.until(lambda: "config" in desk.account()["troubles"], 20, "people are told")
    resumed = desk.account()
    killed = desk.command("lockout", ACCOUNT, "--confirm", ACCOUNT, "--json")

    assert (resumed["level"], desk.incident()["id"]) == ("HALT", before)
    assert resumed["armed"]
    assert [rule["id"] for rule in resumed["rules"] if rule["id"] == "dd"] == ["dd"], (
        "its rules stay in force"
    )
    assert wrong.file in desk.log
    assert killed.code == 0, killed.err
    assert desk.venue.probe() == 10003
    assert "Traceback" not in desk.log


def test_a_file_that_is_right_again_is_taken_and_the_trouble_ends(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.stop()
    good = desk.config.read_text()
    desk.config.write_text("nonsense: [")
    desk.run()
    desk.until(lambda: "config" in desk.account()["troubles"], 20, "told")
    desk.stop()
    desk.config.write_text(good)

    desk.run()

    desk.until(lambda: "config" not in desk.account()["troubles"], 20, "healed")
    assert (desk.root / "state" / "last-good.json").stat().st_mode & 0o077 == 0
