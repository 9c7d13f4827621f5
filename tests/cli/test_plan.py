"""guardian plan: the truth of "what would happen", through a daemon and without one, and never a touch."""

from __future__ import annotations

import json

import pytest

from tests.integration.conftest import OpenDesk, open_desk
from tests.integration.troupe import ACCOUNT, Desk, environment

__all__ = ["environment", "open_desk"]

pytestmark = pytest.mark.process

ROUTES = """\
channels:
  ops: {slack: {url: env:OPS_HOOK}}
  page: {pagerduty: {routing_key: env:PAGE_KEY}}
routes:
  - {level: caution, to: [ops]}
  - {level: halt, to: [ops, page]}
"""

HALT = "    halt: [{process: {pidfile: bot.pid}}]\n"


def touched(desk: Desk) -> list[str]:
    """Requests with which anything at the venue could have been changed."""
    return [r["path"] for r in desk.venue.truth()["requests"] if r["method"] == "POST" and "/v5" in r["path"]]


def asks_with(desk: Desk, role: str) -> int:
    key = desk.venue.account[role]["key"]
    return sum(r["key"] == key for r in desk.venue.truth()["requests"])


def test_a_lockout_is_told_whole_and_then_happens_as_told(open_desk: OpenDesk) -> None:
    """The list is the core's own: what plan says and what then happens are the same orders and positions."""
    desk = open_desk()
    desk.configure(more=HALT, routes=ROUTES)
    desk.run()
    desk.arm()
    desk.warm()
    books = desk.venue.books()

    said = desk.command("plan", ACCOUNT, "--as-if", "drawdown=6%", "--json", "--exit-code")
    quiet = desk.command("plan", ACCOUNT, "--json", "--exit-code")
    before = touched(desk)
    desk.venue.crash(0.07)
    desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 20, "flat")

    (plan,) = said.document["accounts"]
    assert (said.code, plan["level"], plan["rule"]) == (8, "LOCKOUT", "dd")
    assert {p["symbol"].replace("/", "").split(":")[0] for p in plan["close"]} == {
        p["symbol"] for p in books["positions"]
    }
    assert {o["order_id"] for o in plan["cancel"]} == {o["id"] for o in books["orders"]}
    bot = desk.venue.account["bot"]["key"]
    assert (plan["fence"], plan["delete"], plan["destroy_secret"]) == ([bot], [bot], True)
    assert plan["stop"] == [{"target": f"process:{desk.root / 'bot.pid'}", "forced": True}]
    assert {t["channel"] for t in plan["tell"]} == {"ops", "page"}
    assert plan["expected"]["estimate"] is True
    assert 2.0 < plan["expected"]["seconds"] < 60.0
    assert (quiet.code, quiet.document["would_act"]) == (0, False)
    assert before == []
    closed = {s["target"].split("#")[0] for s in desk.incident()["steps"] if s["step"] == "close"}
    assert closed == {p["symbol"] for p in plan["close"]}


def test_where_it_only_observes_it_says_would_have_and_why(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.configure(routes=ROUTES)
    desk.run()
    desk.warm()

    said = desk.command("plan", "--as-if", "drawdown=0.06", "--exit-code")
    document = desk.command("plan", "--as-if", "drawdown=0.06", "--json").document

    (plan,) = document["accounts"]
    assert said.code == 0
    assert "would have gone to LOCKOUT (dd), but desk is not armed" in said.out
    assert plan["why_not"] == ["desk is not armed"]
    assert plan["acting_level"] == "NORMAL"
    assert plan["close"], "what an armed guardian would close is listed all the same"
    assert [t["channel"] for t in plan["tell"]] == ["ops"], "what it only would have done wakes nobody"


def test_without_a_daemon_it_reads_by_itself_with_the_watch_key_alone(open_desk: OpenDesk) -> None:
    desk = open_desk()
    (desk.root / "keys" / "hands.json").unlink()
    (desk.root / "keys" / "admin.json").unlink()

    said = desk.command("plan", ACCOUNT, "--as-if", "drawdown=6%", "--json")

    (plan,) = said.document["accounts"]
    assert said.code == 0, said.err
    assert (plan["source"], plan["level"]) == ("read", "LOCKOUT")
    assert len(plan["close"]) == len(desk.venue.books()["positions"])
    assert plan["data_age_s"] < 5
    assert not (desk.root / "state").exists(), "it writes nothing"
    assert touched(desk) == []
    assert asks_with(desk, "watch") > 0
    assert (asks_with(desk, "hands"), asks_with(desk, "admin")) == (0, 0)


def test_without_a_daemon_the_journal_says_whether_the_account_is_armed(open_desk: OpenDesk) -> None:
    """The incident and the arming outlive the process: plan reads them and leaves the file as it was."""
    desk = open_desk()
    desk.run()
    desk.arm()
    desk.warm()
    desk.stop()
    journal = desk.root / "state" / "journal.db"
    before = journal.read_bytes()

    said = desk.command("plan", ACCOUNT, "--as-if", "drawdown=6%", "--exit-code", "--json")

    assert (said.code, said.document["accounts"][0]["why_not"]) == (8, [])
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("drawdwon=6%", "did you mean drawdown?"),
        ("drawdown=6", "write 6% or 0.06"),
        ("drawdown", "METRIC=VALUE"),
        ("leverage=6%", "it is a multiple; write 3.5"),
    ],
)
def test_a_wrong_supposition_is_a_usage_error(open_desk: OpenDesk, given: str, told: str) -> None:
    said = open_desk().command("plan", ACCOUNT, "--as-if", given)

    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err


def test_a_dead_venue_is_not_taken_for_safety(open_desk: OpenDesk) -> None:
    """Without a daemon and without an answer there is no evidence, and it says so."""
    desk = open_desk()
    desk.venue.fault(effect="drop_before", match="/v5", count=100_000)

    said = desk.command("plan", ACCOUNT, "--json")

    (plan,) = json.loads(said.out)["accounts"]
    assert plan["data_age_s"] is None
    assert plan["expected"] is None


def test_what_an_arming_sets_off_at_once_is_told_before_one_confirms(open_desk: OpenDesk) -> None:
    """An account that is past its limit unarmed is flattened by the very `arm`."""
    desk = open_desk()
    desk.run()
    desk.warm()
    calm = desk.cli("arm", ACCOUNT, "--accept-undrilled", "x")
    desk.venue.crash(0.07)
    desk.until(lambda: desk.verdict() == "breached", 20, "breached, and not armed")

    refused = desk.cli("arm", ACCOUNT, "--accept-undrilled", "x")
    other = desk.cli("arm", ACCOUNT, "--accept-undrilled", "x", "--rule", "integrity")

    assert (calm.code, refused.code, other.code) == (6, 6, 6), "nobody confirmed"
    assert "at once" not in calm.err
    assert "armed, dd demands LOCKOUT at once: 0.0" in refused.err
    assert "at once" not in other.err
    assert touched(desk) == []
