"""What every KeyAdmin promises, checked on the simulated venue of each adapter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from guardian.core.events import Outcome
from guardian.ports import KeyAdmin
from tests.contracts.beds import BEDS, Bed, skip_unless_it_concerns

Contract = Callable[[KeyAdmin, Bed], Awaitable[None]]


async def it_lists_every_key_over_pages(admin: KeyAdmin, bed: Bed) -> None:
    bed.add_bot_keys(42)

    listing = await admin.list_keys(bed.credentials["admin"])

    assert listing.complete, listing.detail
    on_account = {row["id"] for row in bed.truth()["keys"] if row["role"] != "admin"}
    assert len(on_account) == 46
    assert {record.id for record in listing.keys} == on_account
    states = {record.id: (record.read_only, record.can_trade) for record in listing.keys}
    assert states[bed.credentials["watch"].key] == (True, False)
    assert states[bed.credentials["bot"].key] == (False, True)


async def a_listing_that_broke_is_not_complete(admin: KeyAdmin, bed: Bed) -> None:
    bed.add_bot_keys(42)
    bed.commits("status", "sub-apikeys.*", code=503)

    listing = await admin.list_keys(bed.credentials["admin"])

    assert (listing.complete, listing.keys, listing.code) == (False, (), "http-503")


async def a_fence_stops_trading_keeps_ips_and_can_be_restored(admin: KeyAdmin, bed: Bed) -> None:
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key
    at_venue = bed.venue.world.keys[bot]
    at_venue.edit(bed.venue.clock(), False, ("127.0.0.1",), dict(at_venue.permissions))
    granted = dict(at_venue.permissions)["ContractTrade"]

    fenced = await admin.fence(key, bot)
    during = bed.key("bot")
    restored = await admin.restore(key, bot, fenced.facts)
    after = bed.key("bot")

    assert (fenced.outcome, restored.outcome) == (Outcome.DONE, Outcome.DONE)
    assert (during["read_only"], during["can_trade"], during["ips"]) == (True, False, ["127.0.0.1"])
    assert (after["read_only"], after["can_trade"], after["ips"]) == (False, True, ["127.0.0.1"])
    assert at_venue.permissions["ContractTrade"] == granted


async def a_fence_whose_answer_was_lost_is_found_done_with_its_record(admin: KeyAdmin, bed: Bed) -> None:
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key
    await admin.list_keys(key)
    bed.commits("empty", "update-sub-api", count=1)

    lost = await admin.fence(key, bot)
    again = await admin.fence(key, bot)
    await admin.restore(key, bot, again.facts)

    assert (lost.outcome, again.outcome) == (Outcome.UNKNOWN, Outcome.DONE)
    assert bed.key("bot")["can_trade"]


async def a_lost_fence_is_given_back_without_its_record(admin: KeyAdmin, bed: Bed) -> None:
    """Nobody has heard the answer, but the adapter knows what was there before it asked."""
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key
    await admin.list_keys(key)
    bed.commits("empty", "update-sub-api", count=1)

    lost, during = await admin.fence(key, bot), bed.key("bot")
    back = await admin.restore(key, bot, ())

    assert (lost.outcome, lost.facts, during["can_trade"]) == (Outcome.UNKNOWN, (), False)
    assert back.outcome is Outcome.DONE
    assert bed.key("bot")["can_trade"]


async def a_fence_that_never_took_hold_needs_no_way_back(admin: KeyAdmin, bed: Bed) -> None:
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key

    back = await admin.restore(key, bot, ())

    assert (back.outcome, bed.key("bot")["can_trade"]) == (Outcome.DONE, True)


async def what_a_lost_fence_of_an_earlier_life_took_is_not_made_up(admin: KeyAdmin, bed: Bed) -> None:
    """It may have been read-only before: a person must say, and until then nobody claims that it is back."""
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key
    await admin.fence(key, bot)
    restarted = bed.admin()

    back = await restarted.restore(key, bot, ())
    await restarted.close()

    assert (back.outcome, back.code, bed.key("bot")["can_trade"]) == (Outcome.REFUSED, "facts", False)


async def a_dead_key_is_not_given_back(admin: KeyAdmin, bed: Bed) -> None:
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key
    await admin.delete(key, bot)

    assert (await admin.restore(key, bot, ())).outcome is Outcome.GONE


async def a_second_fence_keeps_the_record_of_the_first(admin: KeyAdmin, bed: Bed) -> None:
    """The way back needs the settings from before guardian touched them, not those of its own fence."""
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key

    first, second = await admin.fence(key, bot), await admin.fence(key, bot)

    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
    assert dict(first.facts)["read_only"] == "false"
    assert second.facts == first.facts


async def a_fence_of_an_earlier_life_is_recorded_as_it_was_found(admin: KeyAdmin, bed: Bed) -> None:
    """Who died before the answer does not know what the key could do, and must not make it up."""
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key
    await admin.fence(key, bot)
    restarted = bed.admin()

    found = await restarted.fence(key, bot)
    await restarted.close()

    assert found.outcome is Outcome.DONE
    assert dict(found.facts)["read_only"] == "true"


async def without_the_fences_record_nothing_is_restored(admin: KeyAdmin, bed: Bed) -> None:
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key
    await admin.fence(key, bot)

    report = await admin.restore(key, bot, (("read_only", "false"),))

    assert (report.outcome, report.code) == (Outcome.REFUSED, "facts")
    assert not bed.key("bot")["can_trade"]


async def a_deleted_key_is_dead_and_deleting_it_again_is_gone(admin: KeyAdmin, bed: Bed) -> None:
    key, bot = bed.credentials["admin"], bed.credentials["bot"]

    deleted, again = await admin.delete(key, bot.key), await admin.delete(key, bot.key)
    fenced = await admin.fence(key, bot.key)
    probe = await admin.audit(bot)

    assert deleted.outcome is Outcome.DONE
    assert (again.outcome, fenced.outcome) == (Outcome.GONE, Outcome.GONE)
    assert probe.code == "10003"
    listing = await admin.list_keys(key)
    assert listing.complete
    assert bot.key not in {record.id for record in listing.keys}


async def guardians_own_keys_are_out_of_reach(admin: KeyAdmin, bed: Bed) -> None:
    key = bed.credentials["admin"]

    for role in ("watch", "hands", "admin"):
        target = bed.credentials[role].key
        reports = [await admin.fence(key, target), await admin.delete(key, target)]
        assert {(report.outcome, report.code) for report in reports} == {(Outcome.REFUSED, "own-key")}

    assert not any(bed.key(role)["deleted"] for role in ("watch", "hands", "admin"))
    assert not bed.key("hands")["read_only"]


async def a_key_without_the_permission_cannot_fence(admin: KeyAdmin, bed: Bed) -> None:
    """A sub-account's key is no master: recorded as impossible, and the bot's key is as it was."""
    report = await admin.fence(bed.credentials["hands"], bed.credentials["bot"].key)

    assert (report.outcome, report.code) == (Outcome.IMPOSSIBLE, "10005")
    assert bed.key("bot")["can_trade"]


async def the_sub_account_stays_usable(admin: KeyAdmin, bed: Bed) -> None:
    """Freezing it would stop guardian's own hands in the middle of a flatten."""
    key, bot = bed.credentials["admin"], bed.credentials["bot"].key

    await admin.fence(key, bot)
    await admin.delete(key, bot)

    assert bed.truth()["frozen"] is False


async def its_key_is_audited(admin: KeyAdmin, bed: Bed) -> None:
    audit = await admin.audit(bed.credentials["admin"])

    assert (audit.can_manage_keys, audit.is_master, audit.can_withdraw, audit.can_trade) == (
        True, True, False, False,
    )  # fmt: skip


CONTRACT: tuple[Contract, ...] = (
    it_lists_every_key_over_pages,
    a_listing_that_broke_is_not_complete,
    a_fence_stops_trading_keeps_ips_and_can_be_restored,
    a_fence_whose_answer_was_lost_is_found_done_with_its_record,
    a_lost_fence_is_given_back_without_its_record,
    a_fence_that_never_took_hold_needs_no_way_back,
    what_a_lost_fence_of_an_earlier_life_took_is_not_made_up,
    a_dead_key_is_not_given_back,
    a_second_fence_keeps_the_record_of_the_first,
    a_fence_of_an_earlier_life_is_recorded_as_it_was_found,
    without_the_fences_record_nothing_is_restored,
    a_deleted_key_is_dead_and_deleting_it_again_is_gone,
    guardians_own_keys_are_out_of_reach,
    a_key_without_the_permission_cannot_fence,
    the_sub_account_stays_usable,
    its_key_is_audited,
)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", BEDS)
async def test_key_admin_contract(name: str, promise: Contract) -> None:
    skip_unless_it_concerns(name, promise)
    async with BEDS[name]() as bed:
        admin = bed.admin()
        try:
            await promise(admin, bed)
        finally:
            await admin.close()
