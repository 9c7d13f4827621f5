"""`guardian check --online` says what would not work, before it matters, and touches nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from guardian.demo.receivers import Receivers
from guardian.runtime.checkup import beside
from tests.cli.asking import SLACK_PATH, asked, closed_port, invoke, online, write_routes
from tests.integration.troupe import Desk

pytestmark = pytest.mark.process


SOUND = ("venue", "clock", "watch key", "hands key", "market", "activity")


def test_a_second_venues_price_is_told_beside_the_accounts_own(desk: Desk) -> None:
    """The simulated venue stands for the second one: any that ccxt knows will do."""
    with desk.config.open("a") as config:
        config.write(f"    compare: {{venue: bybit, url: '{desk.venue.url}'}}\n")

    _, lines = online(desk)

    assert "ok" == lines["compare"][0]["level"]
    assert "at bybit" in lines["compare"][0]["message"]


def test_a_second_venue_that_tells_no_price_is_a_warning(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens there. One that nobody knows is refused before anything is asked."""
    monkeypatch.setattr(beside, "COMPARE_SECONDS", 0.2)
    with desk.config.open("a") as config:
        config.write("    compare: {venue: kraken, url: 'http://127.0.0.1:1'}\n")

    code, lines = online(desk)

    assert (0, "warn") == (code, lines["compare"][0]["level"])


def test_a_sound_desk_passes_and_nothing_was_changed(desk: Desk) -> None:
    """Looking is reading: the venue got questions only."""
    before = desk.venue.truth()["next"]

    code, lines = online(desk)

    assert 0 == code
    assert {"ok"} == {lines[check][0]["level"] for check in SOUND}
    assert desk.venue.account["bot"]["key"] in lines["bot's keys"][0]["message"]
    assert {"GET"} == {request["method"] for request in desk.venue.truth(before)["requests"]}


def test_a_key_that_works_from_anywhere_is_a_warning(desk: Desk) -> None:
    """The simulated venue binds no key."""
    _, lines = online(desk)

    assert "warn" == lines["watch key address"][0]["level"]


def test_a_wrong_secret_is_told_with_the_venues_code(desk: Desk) -> None:
    pair = desk.venue.account["watch"]
    desk.write_key("watch", {"key": pair["key"], "secret": "x" * 36})

    code, lines = online(desk)

    assert 3 == code
    assert "not audited (10004" in lines["watch key"][0]["message"]


def test_a_key_file_open_to_others_is_told_with_its_fix(desk: Desk) -> None:
    (desk.root / "keys/hands.json").chmod(0o644)

    _, lines = online(desk)

    assert "fail" == lines["hands key"][0]["level"]
    assert "Chmod 600" in lines["hands key"][0]["fix"]


def test_a_watch_key_that_may_trade_fails(desk: Desk) -> None:
    desk.write_key("watch", desk.venue.account["bot"])

    code, lines = online(desk)

    assert 3 == code
    assert "may trade" in lines["watch key"][0]["message"]


def test_hands_that_cannot_trade_fail(desk: Desk) -> None:
    """Found at the incident it would be too late; and one key in two roles is told too."""
    desk.write_key("hands", desk.venue.account["watch"])

    _, lines = online(desk)

    assert "may not trade" in lines["hands key"][0]["message"]
    assert "watch and hands are one key" in lines["separate keys"][0]["message"]


def test_a_bot_key_that_the_account_does_not_have_fails(desk: Desk) -> None:
    """A fence aimed at a misspelt id closes nothing."""
    config = desk.config.read_text()
    desk.config.write_text(config.replace(desk.venue.account["bot"]["key"], "misspelt"))

    _, lines = online(desk)

    assert "misspelt is not among" in lines["bot's keys"][0]["message"]


def test_a_venue_that_is_down_is_no_pass_for_anything(desk: Desk) -> None:
    desk.configure(url=f"http://127.0.0.1:{closed_port()}")

    code, lines = online(desk)

    assert 3 == code
    concerned = ("venue", "clock", "watch key", "hands key", "admin key", "bot's keys", "market", "activity")
    assert {"fail"} == {lines[check][0]["level"] for check in concerned}


def test_a_venue_that_hangs_does_not_hang_the_check(desk: Desk) -> None:
    desk.venue.fault(effect="hang", seconds=60)
    begun = time.monotonic()

    done = desk.command("check", "--online", "--json")

    assert time.monotonic() - begun < 15
    assert 3 == done.code
    assert not done.document["ok"]


@contextmanager
def clock_of(shift_s: float) -> Iterator[str]:
    """A venue that answers nothing but its time, which is off by this much."""

    class Time(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = time.time() + shift_s
            result = {"timeSecond": str(int(now)), "timeNano": str(int(now * 1e9))}
            body = {"retCode": 0, "retMsg": "OK", "result": result, "time": int(now * 1000)}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Time)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize(
    ("shift_s", "level", "side"), [(0.0, "ok", ""), (1.0, "warn", "behind"), (-30.0, "fail", "ahead of")]
)
def test_a_clock_that_is_off_is_measured(desk: Desk, shift_s: float, level: str, side: str) -> None:
    with clock_of(shift_s) as url:
        desk.configure(url=url)
        _, lines = online(desk)

    assert level == lines["clock"][0]["level"], lines["clock"]
    assert side in lines["clock"][0]["message"]


HALT = "    halt:\n      - process: {pidfile: bot.pid}\n"


def test_a_pidfile_of_a_dead_process_fails(desk: Desk) -> None:
    bot = subprocess.Popen([sys.executable, "-c", "pass"])
    (desk.root / "bot.pid").write_text(str(bot.pid))
    bot.wait()
    desk.configure(more=HALT)

    code, lines = online(desk)

    assert 3 == code
    assert f"no process has pid {bot.pid}" in lines["halt target"][0]["message"]


def test_a_living_bot_is_found_and_left_alone(desk: Desk) -> None:
    """And as it lives on this machine, its address is guardian's too."""
    bot = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (desk.root / "bot.pid").write_text(str(bot.pid))
    desk.configure(more=HALT)

    _, lines = online(desk)
    alive = bot.poll() is None
    bot.kill()
    bot.wait()

    assert ("ok", "warn") == (lines["halt target"][0]["level"], lines["egress"][0]["level"])
    assert alive


def test_a_pidfile_that_names_guardian_fails(desk: Desk) -> None:
    (desk.root / "bot.pid").write_text(str(os.getpid()))
    desk.configure(more=HALT)

    _, lines = online(desk)

    assert "guardian itself" in lines["halt target"][0]["message"]


def test_channels_are_reached_without_posting(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)

    _, lines = online(desk)

    assert ("ok", "ok") == (lines["channel ops"][0]["level"], lines["channel page"][0]["level"])
    assert [] == receivers.inbox.received


def test_a_channel_that_is_down_fails_and_keeps_its_address_secret(desk: Desk, receivers: Receivers) -> None:
    slack = f"http://127.0.0.1:{closed_port()}/services/{SLACK_PATH}"
    write_routes(desk, slack, receivers.pagerduty_base)

    code, lines = online(desk)

    assert 3 == code
    assert ("fail", "ok") == (lines["channel ops"][0]["level"], lines["channel page"][0]["level"])


def test_a_webhook_address_cut_short_fails(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, "https://hooks.slack.com/", receivers.pagerduty_base)

    _, lines = online(desk)

    assert "no webhook's" in lines["channel ops"][0]["message"]


def test_a_damaged_journal_fails(desk: Desk) -> None:
    (desk.root / "state").mkdir()
    (desk.root / "state/journal.db").write_bytes(b"SQLite format 3\0" + b"\x01" * 5000)

    _, lines = online(desk)

    assert "fail" == lines["journal"][0]["level"]


def test_a_running_guardian_is_no_problem(desk: Desk) -> None:
    desk.run()

    code, lines = online(desk)

    assert 0 == code
    assert ("ok", "ok") == (lines["daemon"][0]["level"], lines["journal"][0]["level"])


def test_the_text_ends_with_a_count(desk: Desk) -> None:
    result = invoke("check", "--online", "--config", str(desk.config))

    assert 0 == result.exit_code
    assert result.stdout.splitlines()[-1].startswith("online: ")
    assert result.stdout.splitlines()[-1].endswith(" 0 fail")


def test_a_wrong_configuration_is_not_asked_about(desk: Desk) -> None:
    desk.config.write_text(desk.config.read_text().replace("currency", "curency"))

    code, document = asked(desk, "check", "--online")

    assert (3, []) == (code, document["online"])


def test_what_guardian_can_do_is_told_by_keys_and_by_rules(desk: Desk) -> None:
    """Keys without a rule that flattens promise nothing by themselves."""
    rules = desk.root / "rules/fast.yaml"
    rules.write_text(rules.read_text().replace("level: lockout", "level: halt"))

    _, document = asked(desk, "check")
    text = invoke("check", "--config", str(desk.config)).stdout

    ability = {
        "account": "desk",
        "observes": False,
        "can_flatten": True,
        "can_fence": True,
        "by_rules": "HALT",
    }
    assert [ability] == document["capabilities"]
    assert "its armed rules demand HALT at most" in text
    assert "once armed" not in text
