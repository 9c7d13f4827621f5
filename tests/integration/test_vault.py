"""guardian with its keys in a real OpenBao: down at the start, sealed in the middle of an incident."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.secrets.openbao import OpenBao
from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process


@pytest.fixture
def bao(tmp_path: Path) -> Iterator[OpenBao]:
    """Not started: what guardian does without it is half of what is tested."""
    server = OpenBao(tmp_path / "bao")
    yield server
    server.stop()


def stock(desk: Desk, bao: OpenBao) -> None:
    """The desk's keys into the vault, and no file with one left."""
    for role in ("watch", "hands", "admin"):
        bao.put(f"guardian/{role}", desk.venue.account[role])
        (desk.root / "keys" / f"{role}.json").unlink(missing_ok=True)
    bao.put("exec/bot", desk.venue.account["bot"])


def refer(desk: Desk, bao: OpenBao, hold: str = "boot") -> None:
    """Every reference of the configuration into the vault."""
    text = desk.config.read_text()
    for role in ("watch", "hands", "admin"):
        text = text.replace(f"file:keys/{role}.json", f"vault:guardian/{role}")
    text = text.replace("file:keys/bot.json", "vault:exec/bot")
    text = text.replace("vault:guardian/admin}", f"vault:guardian/admin, hold: {hold}}}")
    desk.config.write_text(text + bao.yaml)


def troubles_of_custody(desk: Desk) -> list[str]:
    return [trouble for trouble in desk.account()["troubles"] if "custody" in trouble]


def test_a_vault_that_is_down_at_the_start_blinds_guardian_only_until_it_is_up(
    open_desk: OpenDesk, bao: OpenBao
) -> None:
    """Even the first start: guardian is up, blind and says so, and later can flatten, fence and destroy."""
    desk = open_desk()
    bao.start()
    bao.stop()
    refer(desk, bao)
    desk.run()
    blind = troubles_of_custody(desk)
    bao.start()
    stock(desk, bao)

    desk.until(lambda: desk.verdict() not in ("", "warming"), 45, "guardian sees")
    desk.until(
        lambda: not [t for t in desk.account()["troubles"] if "custody" in t], 45, "every key is there"
    )
    assert desk.operate("demand", level="LOCKOUT", reason="test") is not None

    assert blind
    desk.until(lambda: not desk.venue.books()["positions"], 20, "flat")
    desk.until(lambda: not bao.holds("exec/bot"), 40, "the bot's secret is destroyed")
    assert 10003 == desk.venue.probe()


def test_a_vault_sealed_in_an_incident_stops_no_flatten_and_the_fence_follows(
    open_desk: OpenDesk, bao: OpenBao
) -> None:
    """Hands held from the start close everything; without the fence nobody may call that verified."""
    desk = open_desk()
    bao.start()
    stock(desk, bao)
    refer(desk, bao)
    desk.run()
    desk.warm()
    desk.arm()
    bao.seal()

    desk.venue.crash(0.06)
    desk.until(lambda: desk.level() == "LOCKOUT" and not desk.venue.books()["positions"], 20, "flat")
    time.sleep(20)  # Longer than five refused tries would take to count as impossible.
    sealed = desk.incident()
    alive, troubles = desk.venue.probe(), desk.account()["troubles"]
    bao.unseal()
    desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 40, "verified flat")
    desk.until(lambda: desk.venue.probe() == 10003, 40, "the bot's key is dead")
    desk.until(lambda: not bao.holds("exec/bot"), 40, "the bot's secret is destroyed")

    assert not sealed["verified_flat_at"], json.dumps(sealed)
    assert 0 == alive
    assert "custody" in troubles
    assert [] == list(desk.venue.books()["positions"])


def test_hands_that_would_be_fetched_only_then_are_not_armed_to_flatten(
    open_desk: OpenDesk, bao: OpenBao
) -> None:
    desk = open_desk()
    bao.start()
    stock(desk, bao)
    refer(desk, bao, hold="incident")
    arm = ("arm", ACCOUNT, "--confirm", ACCOUNT, "--accept-undrilled", "test")
    desk.run()

    online = desk.command(*arm)
    desk.stop()
    offline = desk.command(*arm)
    desk.config.write_text(desk.config.read_text().replace("hold: incident", "hold: boot"))
    held = desk.command(*arm)

    for said in (online, offline):
        assert 6 == said.code
        assert "set `hold: boot` beside keys.hands" in said.err
    assert (0, "") == (held.code, "" if held.code == 0 else held.err)
