"""A world that fails: guardian stays up, says what is wrong in a sentence, and sees again by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process


def nothing(desk: Desk) -> None:
    return None


def unreachable(desk: Desk) -> None:
    """Nobody listens on port 1."""
    desk.configure(url="http://127.0.0.1:1")


def wrong_secret(desk: Desk) -> None:
    desk.write_key("watch", {**desk.venue.account["watch"], "secret": "not-the-secret"})


def expired_key(desk: Desk) -> None:
    desk.venue.fault(effect="ret_code", key="watch", code=33004)


def clock_off(desk: Desk) -> None:
    """Every signed request is then outside of the venue's receive window until guardian has measured it."""
    desk.venue.ask("POST", "/_sim/clock", {"offset_ms": -10_000})


def key_file_missing(desk: Desk) -> None:
    (desk.root / "keys" / "watch.json").unlink()


def key_file_open(desk: Desk) -> None:
    (desk.root / "keys" / "watch.json").chmod(0o644)


@dataclass(frozen=True)
class Down:
    """What is broken before the start, what the failures then say, and how it is mended."""

    name: str
    broken: Callable[[Desk], None]
    words: tuple[str, ...]
    mended: Callable[[Desk], None]


def clear(desk: Desk) -> None:
    desk.venue.clear()


def mend_key(desk: Desk) -> None:
    desk.write_key("watch", desk.venue.account["watch"])


TABLE = (
    Down("unreachable venue", unreachable, ("network",), nothing),
    Down("wrong secret", wrong_secret, ("10004",), nothing),
    Down("expired key", expired_key, ("33004",), clear),
    Down("key file missing", key_file_missing, ("no-watch-key", "cannot be fetched"), mend_key),
    Down("key file open to others", key_file_open, ("no-watch-key", "cannot be fetched"), mend_key),
)


@pytest.mark.parametrize("down", TABLE, ids=lambda d: d.name)
def test_it_stays_up_blind_and_says_why(open_desk: OpenDesk, down: Down) -> None:
    desk = open_desk()
    down.broken(desk)

    desk.run()
    desk.until(lambda: bool(desk.account().get("failures")), 20, "blind")
    status = desk.command("status", "--exit-code")
    told = str(desk.account()["failures"]) + status.out

    assert status.code == 7, status.err
    for word in down.words:
        assert word in told
    assert desk.account()["equity"] is None, "what was never read has no number"
    assert desk.process.poll() is None
    assert "Traceback" not in desk.log
    if down.mended is not nothing:
        down.mended(desk)
        desk.until(lambda: desk.account()["data_age_s"] is not None, 30, "sees by itself")


def test_a_clock_ten_seconds_off_is_measured_and_signed_for(open_desk: OpenDesk) -> None:
    """The venue's clock counts in its own window: guardian measures the offset and is not refused."""
    desk = open_desk()
    clock_off(desk)

    desk.run()
    desk.until(lambda: desk.account().get("data_age_s") is not None, 20, "sees")

    assert desk.account()["failures"] == []
    assert desk.command("flatten", ACCOUNT, "--confirm", ACCOUNT, "--json").code == 0
    assert desk.venue.books()["positions"] == []


def test_a_clock_that_jumps_while_it_runs_is_told_and_measured_again(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()

    clock_off(desk)

    desk.until(lambda: bool(desk.account()["failures"]), 20, "refused for its time")
    desk.until(lambda: not desk.account()["failures"], 30, "measured again")
    assert "Traceback" not in desk.log


def test_without_hands_it_observes_and_says_so_everywhere(open_desk: OpenDesk) -> None:
    desk = open_desk()
    text = desk.config.read_text().replace("hands: file:keys/hands.json, ", "")
    desk.config.write_text(text)

    desk.run()
    desk.warm()
    armed = desk.command("arm", ACCOUNT, "--confirm", ACCOUNT, "--accept-undrilled", "x")
    status = desk.command("status")
    desk.venue.crash(0.07)
    desk.until(lambda: desk.verdict() == "breached", 20, "breached")

    assert armed.code == 6
    assert "hands" in armed.err
    assert "observes only" in status.out
    assert desk.level() == "NORMAL"
    assert len(desk.venue.books()["positions"]) > 0
