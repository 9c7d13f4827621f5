"""A thief's key and transfer, seen on the venue's wire; and an operator's own that was announced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from guardian.journal.read import Wanted, read_records
from tests.integration.troupe import ACCOUNT, Desk, Venue

pytestmark = pytest.mark.process

RULES = """\
- id: transfers
  title: Money leaves
  why: A bot moves none.
  metric: foreign_transfers
  window: 30s
  scope: account
  ladder:
    - {over: 0.001, level: caution}
  stale_after: 10s
  on_unknown: caution
  clears: operator
  mode: armed
- id: keys
  title: A key that nobody configured, or one that was opened
  why: A stolen login makes itself one.
  metric: foreign_keys
  scope: account
  ladder:
    - {over: 1, level: halt}
  stale_after: 1m
  on_unknown: caution
  clears: operator
  mode: armed
"""
EXPECT = ("expect", "transfer", ACCOUNT, "--coin", "USDT", "--within", "10m", "--reason", "payout")
CONFIRM = ("--confirm", ACCOUNT)


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    made = Venue("--seed", "11")
    yield made
    made.close()


@pytest.fixture
def desk(venue: Venue, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, venue)
    made.write_keys()
    made.configure()
    (tmp_path / "rules" / "fast.yaml").write_text(RULES)
    text = made.config.read_text()
    made.config.write_text(text.replace("{snapshot: 200ms}", "{snapshot: 200ms, flows: 1s, keys: 10s}"))
    yield made
    made.close()


def test_a_key_that_is_opened_to_the_world_is_seen_within_the_cadence(desk: Desk) -> None:
    """The bot's key is bound to an address, until somebody with the master account unbinds it."""
    bot = desk.venue.account["bot"]["key"]
    # Without `bot.keys` the first listing is believed: the venue's canary key is nobody's here.
    desk.config.write_text(desk.config.read_text().replace(f"keys: [{bot}], ", ""))
    update = {"apikey": bot, "readOnly": 0, "ips": "127.0.0.1"}
    desk.venue.signed("admin", "POST", "/v5/user/update-sub-api", update)
    desk.run()
    desk.until(lambda: desk.verdict("keys") == "clear", 30, "listed at the start")

    desk.venue.signed("admin", "POST", "/v5/user/update-sub-api", {**update, "ips": "*"})

    took = desk.until(lambda: desk.verdict("keys") == "breached", 40, "the opened key is seen")
    assert desk.rule("keys")["value"] == 1
    assert took < 30, "poll.keys is 10 s"


def test_what_was_announced_is_not_foreign_and_the_next_one_is(desk: Desk) -> None:
    desk.run()
    desk.until(lambda: desk.rule("transfers").get("bound") == "known", 60, "watched for the window")

    refused = desk.command(*EXPECT, "--amount", "500")
    said = desk.command(*EXPECT, "--amount", "500", *CONFIRM, "--json")
    (shown,) = desk.account()["expected"]
    desk.venue.flow(Decimal(-499))
    desk.until(lambda: desk.account()["expected"] == [], 20, "it has left")
    after_one = desk.rule("transfers")
    desk.venue.flow(Decimal(-499))
    desk.until(lambda: desk.verdict("transfers") == "breached", 20, "the second one is foreign")

    assert (refused.code, said.code) == (6, 0), refused.err + said.err
    assert "--confirm desk" in refused.err
    assert {"account", "amount", "currency", "tolerance", "until"} == set(said.document)
    assert ("500", "USDT", 0.01) == (shown["amount"], shown["currency"], shown["tolerance"])
    assert (after_one["verdict"], after_one["value"]) == ("clear", 0.0)
    journal = desk.root / "state" / "journal.db"
    (record,) = (r for r in read_records(journal, Wanted()) if r.kind == "expected")
    assert json.loads(record.body)["event"]["reason"] == "payout"


def test_without_a_daemon_it_goes_into_the_journal_and_the_next_start_knows_it(desk: Desk) -> None:
    never = desk.command(*EXPECT, "--amount", "500", *CONFIRM)
    desk.run()
    desk.until(lambda: bool(desk.verdict("transfers")), 30, "it runs")
    desk.stop()

    said = desk.command(*EXPECT, "--amount", "500", *CONFIRM)
    desk.run()

    assert (never.code, said.code) == (6, 0), said.err
    assert "may leave desk once, until" in said.out
    (shown,) = desk.account()["expected"]
    assert (shown["amount"], shown["by"]) == ("500", "operator (offline)")


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--amount", "0"), 6, "--amount above zero"),
        (("--amount", "much"), 6, "--amount is not a number"),
        (("--amount", "nan"), 6, "--amount is not a number"),
        (("--amount", "5", "--tolerance", "0.5"), 6, "--tolerance is a fraction"),
        (("--amount", "5", "--coin", "us dollars"), 6, "--coin USDT"),
        (("--amount", "5", "--within", "25h"), 6, "24h"),
        (("--amount", "5", "--within", "soon"), 2, "soon"),
        (("--amount", "5", "--reason", ""), 6, "--reason"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    running: Desk, options: tuple[str, ...], code: int, says: str
) -> None:
    said = running.command(*EXPECT, *CONFIRM, *options)

    assert (said.code, says in said.err) == (code, True), said.err
    assert running.account()["expected"] == []


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, venue: Venue) -> Iterator[Desk]:
    """Refusals change nothing, so they share a guardian."""
    made = Desk(tmp_path_factory.mktemp("refusing"), venue)
    made.write_keys()
    made.configure()
    made.run()
    yield made
    made.close()
