"""An account that is taken out of the file in its incident stays watched until it is resumed."""

from __future__ import annotations

import pytest

from tests.integration.bad_input.conftest import ended
from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process

OTHER = "other"


def halted(open_desk: OpenDesk) -> Desk:
    """A desk at HALT whose guardian is gone, as a supervisor finds it."""
    desk = open_desk()
    desk.run()
    desk.warm()
    assert desk.operate("demand", level="halt", reason="test") is not None
    desk.until(lambda: desk.level() == "HALT", 20, "halted")
    return desk


def rename(desk: Desk, old: str = ACCOUNT, new: str = OTHER) -> None:
    """The same account under another name: to guardian one is gone, and one is new."""
    text = desk.config.read_text()
    assert f"name: {old}" in text
    desk.config.write_text(text.replace(f"name: {old}", f"name: {new}"))


def test_the_restart_goes_on_with_what_ran_before_and_says_how_to_end_it(open_desk: OpenDesk) -> None:
    desk = halted(open_desk)
    before = desk.incident()["id"]
    desk.kill()
    rename(desk)

    desk.run()

    desk.until(lambda: "config" in desk.account()["troubles"], 20, "people are told")
    asked = desk.command("pause", ACCOUNT, "--json")

    assert 0 == asked.code, asked.err
    assert (desk.account()["name"], desk.level(), desk.incident()["id"]) == (ACCOUNT, "HALT", before)
    for words in (f"account {ACCOUNT}", before, "open at HALT", f"guardian resume {ACCOUNT} --reason"):
        assert words in desk.log
    assert "Traceback" not in desk.log


def test_once_it_is_resumed_the_next_start_takes_the_file_as_it_is(open_desk: OpenDesk) -> None:
    desk = halted(open_desk)
    desk.kill()
    rename(desk)
    desk.run()

    resumed = desk.command("resume", ACCOUNT, "--reason", "moved", "--confirm", ACCOUNT, "--json")
    desk.until(lambda: desk.level() == "NORMAL", 20, "resumed")
    desk.stop()
    desk.run()

    assert 0 == resumed.code, resumed.err
    desk.until(lambda: desk.account().get("name") == OTHER, 20, "the new file is in force")
    assert "config" not in desk.account()["troubles"]


def test_a_file_at_another_path_drops_no_incident_either(open_desk: OpenDesk) -> None:
    """What ran last with this state counts, wherever its file was."""
    desk = halted(open_desk)
    desk.kill()
    rename(desk)
    moved = desk.root / "new.yaml"
    desk.config.rename(moved)

    code = ended(desk).code
    desk.config.write_text(moved.read_text())
    desk.run()

    assert 3 == code, "a file that is missing is still a missing file"
    assert (ACCOUNT, "HALT") == (desk.account()["name"], desk.level())


def test_where_nothing_of_before_is_kept_the_other_accounts_are_watched_all_the_same(
    open_desk: OpenDesk,
) -> None:
    desk = halted(open_desk)
    desk.kill()
    rename(desk)
    (desk.root / "state" / "last-good.json").unlink()

    desk.run()

    desk.until(lambda: desk.account().get("name") == OTHER, 20, "the file is in force")
    desk.until(lambda: "config" in desk.account()["troubles"], 20, "the lost account is told")


def test_an_account_without_an_incident_goes_as_it_is_asked_to(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.kill()
    rename(desk)

    desk.run()

    desk.until(lambda: desk.account().get("name") == OTHER, 20, "the new file is in force")
    assert "config" not in desk.account()["troubles"]
