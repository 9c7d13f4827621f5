"""Listing, fencing, restoring and deleting keys, and what the venue must be told each time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from guardian.core.events import Outcome
from guardian.exchanges.bybit.keys import BybitKeyAdmin
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import ADMIN, HANDS, WATCH, Raw, Script

TRADING = {"ContractTrade": ["Order", "Position"], "Spot": [], "Wallet": [], "Affiliate": []}


def key(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "apiKey": name,
        "note": "bot",
        "readOnly": False,
        "ips": ["10.0.0.1", "10.0.0.2"],
        "permissions": TRADING,
        "secret": "******",
    } | changes


def watch_key() -> dict[str, Any]:
    return key(WATCH.key, readOnly=True)


@pytest.fixture(autouse=True)
def two_sub_accounts(script: Script) -> None:
    """The watched one is 222; 111 is another strategy's."""
    script.says(stub.SUB_MEMBERS, {"subMembers": [{"uid": "111"}, {"uid": "222"}]})
    listings = {
        "111": stub.paged([key("OTHER")], 20, "result"),
        "222": stub.paged([key("BOT"), watch_key(), key(HANDS.key)], 20, "result"),
    }
    script.says(stub.SUB_KEYS, lambda seen: listings[seen.sent["subMemberId"]](seen))
    script.says(stub.UPDATE_KEY, {"apiKey": "BOT", "readOnly": 1})
    script.says(stub.DELETE_KEY, {})


def show(script: Script, rows: list[dict[str, Any]]) -> None:
    pages = stub.paged([*rows, watch_key()], 20, "result")
    empty = stub.paged([], 20, "result")
    script.says(stub.SUB_KEYS, lambda seen: (pages if seen.sent["subMemberId"] == "222" else empty)(seen))


class TestListing:
    async def test_it_lists_the_sub_account_that_holds_the_known_key(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        listing = await admin.list_keys(ADMIN)

        assert listing.complete
        assert {record.id for record in listing.keys} == {"BOT", WATCH.key, HANDS.key}
        bot = next(record for record in listing.keys if record.id == "BOT")
        assert (bot.read_only, bot.can_trade, bot.note) == (False, True, "bot")
        assert bot.ips == ("10.0.0.1", "10.0.0.2")
        watch = next(record for record in listing.keys if record.id == WATCH.key)
        assert (watch.read_only, watch.can_trade) == (True, False)

    @pytest.mark.parametrize(
        ("wallet", "withdraws", "transfers"),
        [
            ([], False, False),
            (["Withdraw"], True, False),
            (["AccountTransfer"], False, True),
            (["SubMemberTransfer", "Withdraw"], True, True),
        ],
    )
    async def test_what_a_key_may_do_with_money_is_told(
        self, script: Script, admin: BybitKeyAdmin, wallet: list[str], withdraws: bool, transfers: bool
    ) -> None:
        show(script, [key("BOT", permissions=TRADING | {"Wallet": wallet})])

        bot = next(record for record in (await admin.list_keys(ADMIN)).keys if record.id == "BOT")

        assert (bot.can_withdraw, bot.can_transfer) == (withdraws, transfers)

    async def test_the_sub_account_is_found_once(self, script: Script, admin: BybitKeyAdmin) -> None:
        await admin.list_keys(ADMIN)
        script.seen.clear()

        await admin.list_keys(ADMIN)

        assert script.sent_to(stub.SUB_MEMBERS) == []
        assert [sent["subMemberId"] for sent in script.sent_to(stub.SUB_KEYS)] == ["222"]

    async def test_forty_five_keys_over_three_pages(self, script: Script, admin: BybitKeyAdmin) -> None:
        show(script, [key(f"BOT{number}") for number in range(44)])

        listing = await admin.list_keys(ADMIN)

        assert listing.complete
        assert len(listing.keys) == 45

    @pytest.mark.parametrize(
        ("second_page", "code"),
        [
            (Raw(b"", 502), "http-502"),
            (Raw(b""), "garbage"),
            ({"result": "nothing", "nextPageCursor": ""}, "garbage"),
            ({"result": []}, "garbage"),
            ({"result": [{"apiKey": "BOT", "permissions": {}, "ips": []}], "nextPageCursor": ""}, "garbage"),
            ({"result": [], "nextPageCursor": "p2"}, "garbage"),
        ],
    )
    async def test_a_listing_with_a_page_missing_proves_nothing(
        self, script: Script, admin: BybitKeyAdmin, second_page: Any, code: str
    ) -> None:
        """A key that is on the lost page would count as deleted."""
        await admin.list_keys(ADMIN)
        first = {"result": [watch_key()], "nextPageCursor": "p2"}
        script.says(stub.SUB_KEYS, lambda seen: second_page if "cursor" in seen.sent else first)

        listing = await admin.list_keys(ADMIN)

        assert (listing.complete, listing.keys, listing.code) == (False, (), code)

    async def test_no_sub_account_with_the_known_key_is_no_listing(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        script.says(stub.SUB_KEYS, {"result": [key("STRANGER")], "nextPageCursor": ""})

        listing = await admin.list_keys(ADMIN)

        assert (listing.complete, listing.code) == (False, "no-sub-account")


class TestFence:
    async def test_everything_is_sent_and_the_former_settings_are_recorded(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        """The venue unbinds a key whose ips are left out, and opens one whose readOnly is left out."""
        report = await admin.fence(ADMIN, "BOT")

        assert report.outcome is Outcome.DONE
        (sent,) = script.sent_to(stub.UPDATE_KEY)
        assert (sent["apikey"], sent["readOnly"], sent["ips"]) == ("BOT", 1, "10.0.0.1,10.0.0.2")
        assert sent["permissions"]["ContractTrade"] == ["Order", "Position"]
        assert sent["permissions"]["Wallet"] == []
        assert "Affiliate" not in sent["permissions"]
        assert dict(report.facts)["read_only"] == "false"
        assert dict(report.facts)["ips"] == '["10.0.0.1","10.0.0.2"]'

    async def test_an_unbound_key_stays_unbound(self, script: Script, admin: BybitKeyAdmin) -> None:
        show(script, [key("BOT", ips=["*"])])

        await admin.fence(ADMIN, "BOT")

        assert script.sent_to(stub.UPDATE_KEY)[0]["ips"] == "*"

    async def test_after_a_listing_the_fence_is_one_request(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        await admin.list_keys(ADMIN)
        script.seen.clear()

        report = await admin.fence(ADMIN, "BOT")

        assert report.outcome is Outcome.DONE
        assert [seen.path for seen in script.seen] == [stub.UPDATE_KEY]

    async def test_restore_writes_back_what_the_fence_recorded(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        fenced = await admin.fence(ADMIN, "BOT")

        restored = await admin.restore(ADMIN, "BOT", fenced.facts)

        assert restored.outcome is Outcome.DONE
        fence, restore = script.sent_to(stub.UPDATE_KEY)
        assert restore == fence | {"readOnly": 0}

    @pytest.mark.parametrize(
        "facts",
        [
            (("read_only", "false"),),
            (("read_only", "no"), ("ips", "[]"), ("permissions", "{}")),
            (("read_only", "false"), ("ips", "oops"), ("permissions", "{}")),
            (("read_only", "false"), ("ips", "[]"), ("permissions", '{"Spot": "all"}')),
        ],
    )
    async def test_restore_without_a_whole_record_writes_nothing(
        self, script: Script, admin: BybitKeyAdmin, facts: tuple[tuple[str, str], ...]
    ) -> None:
        report = await admin.restore(ADMIN, "BOT", facts)

        assert (report.outcome, report.code) == (Outcome.REFUSED, "facts")
        assert script.sent_to(stub.UPDATE_KEY) == []

    async def test_a_key_that_is_read_only_already_is_left_alone(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        show(script, [key("BOT", readOnly=True)])

        report = await admin.fence(ADMIN, "BOT")

        assert (report.outcome, dict(report.facts)["read_only"]) == (Outcome.DONE, "true")
        assert script.sent_to(stub.UPDATE_KEY) == []

    async def test_a_fence_whose_answer_was_lost_still_records_what_was_before(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        """Else a resume would leave the bot read-only for ever."""
        script.says(stub.UPDATE_KEY, Raw(b"", 502))
        lost = await admin.fence(ADMIN, "BOT")
        admin._known = {}
        show(script, [key("BOT", readOnly=True)])

        found = await admin.fence(ADMIN, "BOT")

        assert lost.outcome is Outcome.UNKNOWN
        assert (found.outcome, dict(found.facts)["read_only"]) == (Outcome.DONE, "false")

    async def test_an_absent_key_is_gone(self, script: Script, admin: BybitKeyAdmin) -> None:
        report = await admin.fence(ADMIN, "NEVER")

        assert report.outcome is Outcome.GONE

    async def test_a_key_deleted_since_the_listing_is_gone(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        await admin.list_keys(ADMIN)
        script.says(stub.UPDATE_KEY, script.refusal(10001, "apikey not found"))
        show(script, [])

        report = await admin.fence(ADMIN, "BOT")

        assert report.outcome is Outcome.GONE

    @pytest.mark.parametrize("target", [ADMIN.key, WATCH.key, HANDS.key])
    @pytest.mark.parametrize("act", ["fence", "delete", "restore"])
    async def test_guardians_own_keys_are_refused_before_anything_is_sent(
        self, script: Script, admin: BybitKeyAdmin, target: str, act: str
    ) -> None:
        """Fencing its own hands would end the flatten that the fence belongs to."""
        arguments: tuple[Any, ...] = ((),) if act == "restore" else ()

        report = await getattr(admin, act)(ADMIN, target, *arguments)

        assert (report.outcome, report.code) == (Outcome.REFUSED, "own-key")
        assert script.seen == []

    @pytest.mark.parametrize(
        ("answer", "outcome", "code"),
        [
            ((10005, "Permission denied"), Outcome.IMPOSSIBLE, "10005"),
            ((10003, "API key is invalid."), Outcome.REFUSED, "10003"),
            ((33004, "Your api key has expired."), Outcome.REFUSED, "33004"),
            ((10006, "Too many visits!"), Outcome.REFUSED, "10006"),
            ((10016, "Server error."), Outcome.UNKNOWN, "10016"),
            (Raw(b""), Outcome.UNKNOWN, "garbage"),
            (Raw(b"", 502), Outcome.UNKNOWN, "http-502"),
        ],
    )
    async def test_an_admin_key_that_may_not_is_told_from_an_answer_that_was_lost(
        self, script: Script, admin: BybitKeyAdmin, answer: Any, outcome: Outcome, code: str
    ) -> None:
        said = answer if isinstance(answer, Raw) else script.refusal(*answer)
        script.says(stub.UPDATE_KEY, said)
        script.says(stub.DELETE_KEY, said)

        fenced, deleted = await admin.fence(ADMIN, "BOT"), await admin.delete(ADMIN, "BOT")

        assert (fenced.outcome, fenced.code) == (outcome, code)
        assert (deleted.outcome, deleted.code) == (outcome, code)

    async def test_the_sub_account_is_never_frozen(self, script: Script, admin: BybitKeyAdmin) -> None:
        await admin.fence(ADMIN, "BOT")
        await admin.delete(ADMIN, "BOT")

        assert not [seen for seen in script.seen if "frozen" in seen.path]


class TestDelete:
    async def test_a_key_is_deleted_by_its_id(self, script: Script, admin: BybitKeyAdmin) -> None:
        report = await admin.delete(ADMIN, "BOT")

        assert report.outcome is Outcome.DONE
        assert script.sent_to(stub.DELETE_KEY) == [{"apikey": "BOT"}]

    async def test_a_key_that_is_no_longer_listed_is_gone(self, script: Script, admin: BybitKeyAdmin) -> None:
        script.says(stub.DELETE_KEY, script.refusal(10001, "apikey not found"))
        show(script, [])

        report = await admin.delete(ADMIN, "BOT")

        assert report.outcome is Outcome.GONE

    async def test_a_refusal_while_the_key_is_listed_is_a_refusal(
        self, script: Script, admin: BybitKeyAdmin
    ) -> None:
        script.says(stub.DELETE_KEY, script.refusal(10001, "params error"))

        report = await admin.delete(ADMIN, "BOT")

        assert (report.outcome, report.code) == (Outcome.REFUSED, "10001")


async def test_after_every_call_the_client_holds_no_credential(script: Script, admin: BybitKeyAdmin) -> None:
    script.says(stub.DELETE_KEY, Raw(b"", delay=0.2))

    pending = asyncio.create_task(admin.delete(ADMIN, "BOT"))
    await asyncio.sleep(0.05)
    during = vars(admin._client._wire._signer).copy()
    await pending
    afterwards = vars(admin._client._wire._signer)

    for state in (during, afterwards):
        assert ADMIN.secret not in repr(state)
        assert ADMIN.key not in repr(state)


async def test_a_master_with_many_sub_accounts_is_searched_within_the_limit(
    script: Script, admin: BybitKeyAdmin
) -> None:
    members = [{"uid": str(number)} for number in range(11)] + [{"uid": "222"}]
    script.says(stub.SUB_MEMBERS, {"subMembers": members})
    show(script, [])
    begun = time.monotonic()

    listing = await admin.list_keys(ADMIN)

    assert listing.complete
    assert time.monotonic() - begun > 0.9
