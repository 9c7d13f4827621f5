"""`guardian keys audit`: the venue's word on each key, public ids only."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.asking import asked, closed_port, invoke
from tests.integration.troupe import Desk, Venue

pytestmark = pytest.mark.process


def audited(desk: Desk, *arguments: str) -> tuple[int, dict[str, Any]]:
    code, document = asked(desk, "keys", "audit", *arguments)
    assert (code == 0) == document["ok"]
    return code, document["accounts"][0]


def test_narrow_keys_pass_and_the_bots_key_is_listed(desk: Desk) -> None:
    code, account = audited(desk)

    powers = {row["role"]: (row["trade"], row["manage_keys"], row["withdraw"]) for row in account["keys"]}
    expected = {"watch": (False, False, False), "hands": (True, False, False), "admin": (False, True, False)}
    assert (0, expected) == (code, powers)
    assert [desk.venue.account["bot"]["key"]] == [row["key"] for row in account["bot_keys"]]
    assert account["listing"]["complete"]
    assert all(row["expires_at"].endswith("Z") for row in account["keys"])


def test_a_key_that_may_do_more_than_its_role_is_a_finding(desk: Desk) -> None:
    desk.write_key("watch", desk.venue.account["bot"])

    code, account = audited(desk)

    assert (3, ["watch"]) == (code, account["over_privileged"])
    assert [["trade"], [], []] == [row["excess"] for row in account["keys"]]


def test_one_key_in_two_roles_is_a_finding(desk: Desk) -> None:
    """The process that only watches would hold what can act."""
    desk.write_key("hands", desk.venue.account["watch"])

    code, account = audited(desk)

    assert (3, True, []) == (code, account["one_key_twice"], account["over_privileged"])


def test_strict_refuses_keys_that_work_from_anywhere(desk: Desk) -> None:
    assert ["watch", "hands", "admin"] == audited(desk)[1]["not_bound"]

    assert 3 == audited(desk, "--strict")[0]


def test_bound_keys_pass_strictly(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch and hands are rewritten as a person would, with the master's key; admin binds itself."""
    venue = Venue("--seed", "12")
    desk = Desk(tmp_path, venue)
    desk.write_keys()
    desk.configure()
    trade = {"ContractTrade": ["Order", "Position"]}
    for role in ("watch", "hands"):
        body = {"apikey": venue.account[role]["key"], "readOnly": int(role == "watch"), "ips": "127.0.0.1"}
        answer = venue.signed("admin", "POST", "/v5/user/update-sub-api", {**body, "permissions": trade})
        assert answer["retCode"] == 0
    wallet = {"permissions": {"Wallet": ["SubMemberTransfer"]}, "readOnly": 0, "ips": "127.0.0.1"}
    assert venue.signed("admin", "POST", "/v5/user/update-api", wallet)["retCode"] == 0

    code, account = audited(desk, "--strict")
    venue.close()

    assert (0, []) == (code, account["not_bound"])
    assert [None, None, None] == [row["expires_at"] for row in account["keys"]]


def test_silence_is_no_pass_when_strict(desk: Desk) -> None:
    desk.configure(url=f"http://127.0.0.1:{closed_port()}")

    code, account = audited(desk, "--strict")

    assert 3 == code
    assert ["watch", "hands", "admin"] == account["unaudited"]
    assert not account["listing"]["complete"]


def test_the_table_shows_public_ids_and_what_is_not_known(desk: Desk) -> None:
    result = invoke("keys", "audit", "desk", "--config", str(desk.config))

    lines = {line.split()[0]: line.split() for line in result.stdout.splitlines()}
    assert 0 == result.exit_code
    assert [desk.venue.account["hands"]["key"], "yes", "no", "no", "no", "any"] == lines["hands"][1:7]
    assert [desk.venue.account["bot"]["key"], "yes", "?", "?", "?", "any"] == lines["bot"][1:7]


def test_an_unknown_account_is_refused_with_the_known_ones(desk: Desk) -> None:
    result = desk.command("keys", "audit", "dask")

    assert 3 == result.code
    assert "it has desk" in result.err
