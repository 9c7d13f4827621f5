"""What an operator meets: exit codes, one sentence that names the fix, and never a traceback."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, Desk, Said, Venue, environment, instant

pytestmark = pytest.mark.process

CONFIRM = ("--confirm", ACCOUNT)


def ended(desk: Desk, seconds: float = 60.0) -> Said:
    """Start `guardian run` where it must end by itself."""
    code = desk.spawn().wait(seconds)
    return Said(code, "", (desk.root / f"run-{desk.started}.log").read_text())


def clean(*said: Said) -> bool:
    return not any("Traceback" in one.out + one.err for one in said)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for refusals: they change nothing, so they share it. Its guardian runs and is warm."""
    venue = Venue("--seed", "11")
    desk = Desk(tmp_path_factory.mktemp("quiet"), venue)
    desk.write_keys()
    desk.configure()
    desk.run()
    desk.warm()
    yield desk
    desk.close()
    venue.close()


REFUSALS = (
    (("flatten", ACCOUNT), 6, "--confirm desk"),
    (("lockout", ACCOUNT, "--confirm", "dest"), 6, "--confirm desk"),
    (("arm", ACCOUNT, *CONFIRM), 6, "--accept-undrilled"),
    (("arm", ACCOUNT, *CONFIRM, "--rule", "ddd", "--accept-undrilled", "x"), 3, "ddd"),
    (("disarm", ACCOUNT, *CONFIRM, "--until", "5h"), 6, "4h"),
    (("disarm", ACCOUNT, *CONFIRM, "--until", "soon"), 2, "soon"),
    (("resume", ACCOUNT, *CONFIRM), 2, "--reason"),
    (("resume", ACCOUNT, *CONFIRM, "--reason", "x", "--rebase", "nope"), 3, "nope"),
    (("flatten", "nobody", "--confirm", "nobody"), 3, "desk"),
)


@pytest.mark.parametrize(
    ("command", "code", "word"), REFUSALS, ids=lambda v: " ".join(v) if isinstance(v, tuple) else None
)
def test_a_refusal_has_its_exit_code_and_says_what_to_do(
    quiet: Desk, command: tuple[str, ...], code: int, word: str
) -> None:
    said = quiet.command(*command)

    assert said.code == code, said.err
    assert word in said.err
    assert said.out == ""
    assert clean(said)
    assert quiet.level() == "NORMAL"


def test_a_second_instance_is_refused_and_disturbs_nothing(quiet: Desk) -> None:
    said = quiet.cli("run")

    assert said.code == 6
    assert str(quiet.process.pid) in said.err
    assert quiet.status() is not None
    assert clean(said)


def test_only_its_own_user_may_command_it(quiet: Desk) -> None:
    state = quiet.root / "state"

    assert stat.S_IMODE(quiet.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "journal.db").stat().st_mode) == 0o600


def test_a_missing_configuration_says_where_it_looked(quiet: Desk) -> None:
    said = quiet.cli("run", "--config", str(quiet.root / "nowhere.yaml"), config=False)

    assert said.code == 3
    assert "nowhere.yaml" in said.err
    assert clean(said)


def test_an_unwritable_state_folder_is_a_sentence(quiet: Desk) -> None:
    """Under /sys not even root may make a folder."""
    config = quiet.root / "other.yaml"
    config.write_text(quiet.config.read_text().replace("state_dir: state", "state_dir: /sys/kernel/guardian"))

    for command in (("run",), ("arm", ACCOUNT, *CONFIRM, "--accept-undrilled", "x")):
        said = quiet.cli(*command, "--config", str(config), config=False)

        assert said.code == 1, said.err
        assert "/sys/kernel/guardian" in said.err
        assert clean(said)


def test_a_journal_that_cannot_be_opened_is_a_sentence(quiet: Desk) -> None:
    config = quiet.root / "broken.yaml"
    config.write_text(quiet.config.read_text().replace("state_dir: state", "state_dir: broken"))
    (quiet.root / "broken" / "journal.db").mkdir(parents=True)

    said = quiet.cli("run", "--config", str(config), config=False)

    assert said.code == 1, said.err
    assert "journal.db" in said.err
    assert clean(said)


def test_without_a_daemon_there_is_exit_7_and_arming_is_remembered(open_desk: OpenDesk) -> None:
    desk = open_desk()
    never = desk.cli("arm", ACCOUNT, *CONFIRM, "--accept-undrilled", "x")
    desk.run()
    desk.stop()

    status, flatten = desk.cli("status"), desk.cli("flatten", ACCOUNT, *CONFIRM)
    armed = desk.cli("arm", ACCOUNT, *CONFIRM, "--accept-undrilled", "tested elsewhere", "--json")
    desk.run()

    assert (never.code, status.code, flatten.code) == (6, 7, 7)
    assert "guardian run" in status.err
    assert armed.document == {"account": ACCOUNT, "armed": True, "trips": None}
    assert desk.account()["armed"]
    assert clean(never, status, flatten, armed)


def test_keys_that_may_too_much_refuse_the_first_start_only(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.write_key("watch", desk.venue.account["bot"])  # a key that trades
    first = ended(desk)
    desk.write_key("watch", desk.venue.account["watch"])
    desk.run()
    desk.stop()
    desk.write_key("watch", desk.venue.account["bot"])
    desk.run()

    desk.until(lambda: bool(desk.account()["troubles"]), 20, "the over-privileged key is told")
    account = desk.account()

    assert first.code == 6
    assert "watch key" in first.err
    assert "read-only" in first.err
    assert clean(first)
    assert "key-watch" in account["troubles"]
    assert account["data_age_s"] is None or account["data_age_s"] > 0.5, "the key is left unused"
    assert any("watch key" in failure["why"] for failure in account["failures"])


def test_it_stays_up_blind_and_heals_by_itself(open_desk: OpenDesk) -> None:
    """An unreachable venue and a refused key end nothing; both are told."""
    desk = open_desk()
    desk.venue.fault(effect="drop_before")
    desk.run()
    desk.until(lambda: bool(desk.account().get("failures")), 20, "blind")
    blind = desk.cli("status", "--exit-code")
    desk.venue.clear()
    desk.until(lambda: desk.account()["data_age_s"] is not None, 20, "sees")
    desk.stop()
    desk.write_key("watch", {"key": "no-such-key", "secret": "wrong"})
    desk.run()
    desk.until(lambda: bool(desk.account()["failures"]), 20, "refused by the venue")

    assert blind.code == 7
    assert "blind" in blind.out
    assert desk.account()["failures"][0]["code"] == "10003"
    assert desk.process.poll() is None
    assert "Traceback" not in desk.log


def test_flatten_then_the_way_back_restores_the_bots_key(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    before = desk.venue.bot_key()

    flat = desk.cli("flatten", ACCOUNT, *CONFIRM, "--reason", "drill", "--json")
    fenced, permit = desk.venue.bot_key(), permit_of(desk)
    back = desk.cli("resume", ACCOUNT, *CONFIRM, "--reason", "drill is over", "--json")
    desk.until(lambda: not desk.venue.bot_key()["read_only"], 20, "the key may trade again")

    assert flat.code == 0, flat.err
    assert flat.document["verified_flat_at"]
    assert desk.venue.books()["positions"] == []
    assert fenced["read_only"]
    assert (permit["trade"], permit["mode"]) == (False, "halt")
    assert (back.code, back.document["level"]) == (0, "NORMAL")
    assert not before["read_only"]
    assert desk.venue.probe() == 0
    desk.until(lambda: permit_of(desk)["mode"] == "normal", 20, "the permit is lifted")
    assert clean(flat, back)


def permit_of(desk: Desk) -> dict[str, object]:
    permit: dict[str, object] = json.loads((desk.root / "state" / f"permit-{ACCOUNT}.json").read_text())
    return permit


def test_lockout_proves_the_key_dead_and_resume_lists_what_would_trip(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.arm()
    desk.warm()
    desk.venue.crash(0.07)
    desk.until(lambda: desk.level() == "LOCKOUT", 20, "breached")

    dead = desk.cli("lockout", ACCOUNT, *CONFIRM, "--json")
    back = desk.cli("resume", ACCOUNT, *CONFIRM, "--reason", "new key", "--rebase", "dd", "--json")
    again = desk.cli("status", "--json", "--exit-code")

    assert dead.code == 0, dead.err
    assert dead.document["key_dead_at"]
    assert desk.venue.probe() == 10003
    assert desk.venue.bot_key()["deleted"]
    assert not (desk.root / "keys" / "bot.json").exists(), "the vault's copy is destroyed"
    assert back.code == 0, back.err
    assert back.document["would_trip"] == []
    assert again.document["accounts"][0]["level"] in ("NORMAL", "CAUTION")
    assert clean(dead, back, again)


def test_resume_without_a_rebase_says_which_rule_trips_again(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.arm()
    desk.warm()
    desk.venue.crash(0.07)
    desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 20, "flat")
    desk.until(lambda: "journal" not in desk.account()["troubles"], 60, "the journal writes in time")

    said = desk.cli("resume", ACCOUNT, *CONFIRM, "--reason", "hope", "--json")

    assert [demand["rule"] for demand in said.document["would_trip"]] == ["dd"]
    assert "dd would demand LOCKOUT" in said.err
    assert "--rebase dd" in said.err
    desk.until(lambda: desk.level() == "LOCKOUT", 20, "it trips again at once")


@pytest.mark.parametrize("verb", ["flatten", "lockout"])
def test_direct_acts_while_the_daemon_hangs_and_is_taken_over_later(open_desk: OpenDesk, verb: str) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.process.send_signal(signal.SIGSTOP)

    said = desk.cli(verb, ACCOUNT, *CONFIRM, "--direct", "--json")
    books, probe = desk.venue.books(), desk.venue.probe()
    desk.process.send_signal(signal.SIGCONT)
    desk.stop()
    desk.run()

    assert said.code == 0, said.err
    assert said.document["verified_flat_at"]
    assert books["positions"] == []
    assert books["orders"] == []
    assert probe == (10003 if verb == "lockout" else 0)
    assert [f.name for f in (desk.root / "state").glob("direct-*.db")] == []
    shown = desk.cli("journal", "show", "--json")
    assert "operator (direct)" in shown.out
    assert desk.cli("journal", "verify").code == 0
    assert clean(said, shown)
    assert "Traceback" not in desk.log


def test_sigterm_in_mid_flatten_and_the_next_start_finishes(open_desk: OpenDesk) -> None:
    desk = open_desk("--latency", "200ms")
    desk.run()
    desk.warm()
    assert desk.operate("demand", level="flatten", reason="test") is not None
    code = desk.stop()
    left = desk.venue.books()["positions"]

    desk.run()
    desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 20, "flat")

    assert code == 0
    assert len(left) <= 5
    assert desk.venue.books()["positions"] == []
    assert "Traceback" not in desk.log


def test_the_permit_follows_the_level_and_runs_out_when_guardian_dies(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    seen = {}
    for level in ("caution", "halt", "flatten"):
        desk.operate("demand", level=level, reason="test")
        desk.until(lambda level=level: desk.level() == level.upper(), 20, level)
        desk.until(lambda: steps_done(desk, "permit"), 20, "the permit is written")
        seen[level] = permit_of(desk)
    desk.kill()

    shown = {level: (p["trade"], p["mode"], p["size_cap"]) for level, p in seen.items()}
    assert shown == {
        "caution": (True, "normal", 0.5),
        "halt": (False, "reduce_only", 0.0),
        "flatten": (False, "halt", 0.0),
    }
    left = instant(str(permit_of(desk)["expires_at"])) - datetime.now(UTC).timestamp()
    assert 0 < left <= 30, "a lease that nobody renews any more"


def steps_done(desk: Desk, step: str) -> bool:
    return all(s["outcome"] == "done" for s in desk.incident()["steps"] if s["step"] == step)


def test_ctrl_c_detaches_from_a_flatten_that_goes_on(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.venue.fault(effect="ret_code", match="order/create", code=10016, count=20)
    command = [sys.executable, "-m", "guardian", "flatten", ACCOUNT, *CONFIRM, "--config", str(desk.config)]
    operator = subprocess.Popen(
        command, cwd=desk.root, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    desk.until(lambda: desk.level() == "FLATTEN", 20, "demanded")
    time.sleep(0.5)

    os.kill(operator.pid, signal.SIGINT)
    _, err = operator.communicate(timeout=10)
    desk.venue.clear()

    assert operator.returncode == 4
    assert b"detached" in err
    assert b"Traceback" not in err
    desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 40, "the daemon went on")
