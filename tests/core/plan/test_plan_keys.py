"""Keys: fenced means the listing says so, dead means two listings say so, and our own are never touched."""

from __future__ import annotations

import pytest

from guardian.core.events import Outcome, Troubled
from guardian.core.model import KeyRecord
from guardian.core.policy import HaltTarget
from tests.core.build import ACCOUNT, BOT_KEY, Desk, at, kinds, only, position, read, read_only, trading


def flattening(level: str = "flatten", **policy: object) -> tuple[Desk, tuple[object, ...]]:
    desk = Desk(**policy).warm(position())
    return desk, desk.demand(0, level)


def flat(desk: Desk, *seconds: float) -> None:
    for second in seconds:
        desk.see(read(second))


def test_the_bots_key_is_fenced_at_once_and_alone():
    _, effects = flattening()

    assert BOT_KEY == only(effects, "fence_key").key_id
    assert [] == kinds(effects, "delete_key", "unfence_key")


def test_own_keys_are_refused_even_when_configured_as_the_bots():
    _, effects = flattening(bot_keys=("hands-key", BOT_KEY))

    assert [BOT_KEY] == [e.key_id for e in kinds(effects, "fence_key")]


def test_without_configured_keys_every_trading_key_but_our_own_is_fenced():
    desk, effects = flattening(bot_keys=())

    listed = desk.keys(0.1, trading("a"), trading("b"), trading("hands-key"), read_only("r"))

    assert [] == kinds(effects, "fence_key")
    assert ["a", "b"] == [e.key_id for e in kinds(listed, "fence_key")]


def test_an_acknowledged_fence_is_proven_only_by_a_complete_listing_asked_after_it():
    desk, effects = flattening()
    desk.report(1, only(effects, "fence_key"))

    desk.keys(0.5, read_only())
    early = desk.incident.fenced
    desk.keys(2, read_only(), complete=False)
    partial = desk.incident.fenced
    desk.keys(3, read_only())

    assert ((), ()) == (early, partial)
    assert [BOT_KEY] == [key for key, _ in desk.incident.fenced]


def test_a_discovered_key_is_proven_fenced_although_the_listing_no_longer_shows_it_trading():
    """Found by listing, fenced, and then read-only: it must not vanish from what is fenced and deleted."""
    desk, _ = flattening(bot_keys=())
    fence = only(desk.keys(0.1, trading()), "fence_key")
    desk.report(0.2, fence, permissions="all")

    desk.keys(0.3, read_only())

    assert [BOT_KEY] == [key for key, _ in desk.incident.fenced]
    assert ((BOT_KEY, (("permissions", "all"),)),) == desk.incident.fence_facts


def test_a_fence_that_the_listing_contradicts_is_sent_again():
    """Acknowledged and still trading: the acknowledgement was worth nothing."""
    desk, effects = flattening()
    desk.report(0.1, only(effects, "fence_key"))

    desk.keys(0.2, trading())
    again = desk.tick(1)

    assert BOT_KEY == only(again, "fence_key").key_id


def test_a_fenced_key_that_trades_again_is_fenced_again_and_no_longer_counts():
    desk, effects = flattening("lockout")
    desk.report(0.1, only(effects, "fence_key"))
    desk.keys(0.2, read_only())

    effects = desk.keys(2, trading())

    assert () == desk.incident.fenced
    assert BOT_KEY == only(effects, "fence_key").key_id


def test_a_repeated_fence_does_not_overwrite_the_permissions_to_restore():
    desk, effects = flattening()
    desk.report(0.1, only(effects, "fence_key"), permissions="trade")
    desk.keys(0.2, trading())
    desk.report(1.1, only(desk.tick(1), "fence_key"), permissions="none")

    assert ((BOT_KEY, (("permissions", "trade"),)),) == desk.incident.fence_facts


def test_a_refused_fence_is_tried_again_and_again():
    desk, effects = flattening()
    fence = only(effects, "fence_key")
    sent = 1
    for second in range(1, 40):
        found = kinds(desk.report(second, fence, Outcome.REFUSED), "fence_key")
        found += kinds(desk.tick(second + 0.9), "fence_key")
        if found:
            sent, fence = sent + 1, found[0]

    assert sent >= 6


def test_without_an_admin_key_fencing_is_recorded_as_impossible_and_the_rest_goes_on():
    desk, effects = flattening(has_admin=False)

    assert "no admin key" in desk.incident.fence_impossible
    assert [] == kinds(effects, "fence_key", "list_keys")
    assert kinds(effects, "close_position")


# --- deletion -----------------------------------------------------------------------------------------


def locked(**policy: object) -> Desk:
    """LOCKOUT, fenced and verified flat at 5 s."""
    desk, effects = flattening("lockout", **policy)
    for effect in kinds(effects, "fence_key", "close_position"):
        desk.report(0.1, effect)
    desk.keys(0.5, read_only())
    flat(desk, 1, 2, 3)
    return desk


def test_the_key_is_deleted_once_verified_flat_and_not_before():
    desk = locked()

    before = [e for e in desk.effects if e.kind == "delete_key"]
    desk_flattening, _ = flattening("flatten")
    for second in range(1, 70):
        desk_flattening.tick(second)

    assert 1 == len(before)
    assert [] == kinds(desk_flattening.effects, "delete_key"), "FLATTEN deletes nothing"


def test_dead_takes_two_complete_listings_two_seconds_apart_after_the_answer():
    desk = locked()
    desk.report(4, kinds(desk.effects, "delete_key")[0])
    dead = []
    for second, keys, complete in [
        (4.5, (), True),
        (5, (), False),
        (6, (), True),
        (6.4, (), False),
        (6.5, (), True),
    ]:
        desk.keys(second, *keys, complete=complete)
        dead.append(desk.incident.key_dead_at is not None)

    assert [False, False, False, False, True] == dead


def test_a_listing_asked_before_the_deletion_was_answered_proves_nothing():
    desk = locked()
    desk.keys(4)
    desk.report(4.5, kinds(desk.effects, "delete_key")[0])
    desk.keys(6.6)
    one = desk.incident.key_dead_at
    desk.keys(8.7)

    assert (None, at(8.7)) == (one, desk.incident.key_dead_at)


def test_a_key_that_reappears_starts_the_proof_anew_and_is_deleted_again():
    desk = locked()
    desk.report(4, kinds(desk.effects, "delete_key")[0])
    desk.keys(5, read_only("other"))
    again = desk.keys(6, read_only())
    desk.keys(7.5, read_only("other"))

    assert BOT_KEY == only(again, "delete_key").key_id
    assert None is desk.incident.key_dead_at


def test_the_vaults_secret_is_destroyed_once_the_deletion_is_answered():
    desk = locked()

    effects = desk.report(4, kinds(desk.effects, "delete_key")[0])

    assert "vault:exec/main" == only(effects, "destroy_secret").ref


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.IMPOSSIBLE, Outcome.UNKNOWN])
def test_a_key_that_cannot_be_fenced_is_deleted_after_five_seconds_although_not_flat(outcome: Outcome):
    """A bot that still trades must not keep its key for a whole minute because flat is out of reach."""
    desk, effects = flattening("lockout")
    desk.report(0.1, only(effects, "fence_key"), outcome)

    early, late = desk.tick(4.9), desk.tick(5.1)

    assert [] == kinds(early, "delete_key")
    assert BOT_KEY == only(late, "delete_key").key_id


def test_past_the_deadline_the_key_goes_whatever_else_fails():
    desk, effects = flattening("lockout")
    desk.report(0.1, only(effects, "fence_key"))
    desk.keys(0.2, read_only())

    assert [] == kinds(desk.tick(59.9), "delete_key")
    assert kinds(desk.tick(60), "delete_key")


def test_a_key_that_outlives_the_deadline_pages_alone_until_it_is_dead():
    """The account is flat, but whoever holds that key can trade again: a person must delete it."""
    desk, effects = flattening("lockout")
    for effect in kinds(effects, "fence_key", "close_position"):
        desk.report(0.1, effect)
    desk.keys(0.5, read_only())
    flat(desk, 1, 4, 61)
    pages = [e for e in kinds(desk.effects, "notify") if "/key-alive/" in e.key]
    assert ["trigger"] == [e.notification for e in pages]

    desk.report(62, only(desk.effects, "delete_key"))
    desk.keys(63)
    desk.keys(66)

    pages = [e for e in kinds(desk.effects, "notify") if "/key-alive/" in e.key]
    assert desk.incident.key_dead_at is not None
    assert ["trigger", "resolve"] == [e.notification for e in pages]


def test_an_account_without_any_bot_key_lists_once_and_claims_no_death():
    desk, _ = flattening("lockout", bot_keys=())
    desk.keys(0.2, KeyRecord("admin-key", False, True))
    listings = [kinds(desk.tick(second), "list_keys") for second in range(2, 20)]

    assert not any(listings)
    assert None is desk.incident.key_dead_at


# --- bots: asked at once, forced after the fence ------------------------------------------------------


def test_force_waits_for_the_fence_and_its_grace():
    desk, effects = flattening()
    desk.report(3, only(effects, "fence_key"))
    unproven = kinds(desk.tick(14), "halt_bot")
    desk.keys(14.5, read_only())

    forced = [e for e in kinds(desk.effects, "halt_bot") if e.force]

    assert [] == unproven
    assert 1 == len(forced)


def test_at_lockout_force_waits_for_the_keys_death_as_well():
    desk = locked()
    desk.tick(30)
    before = [e for e in kinds(desk.effects, "halt_bot") if e.force]
    desk.report(31, kinds(desk.effects, "delete_key")[0])
    desk.keys(32)
    desk.keys(34.5)

    assert [] == before
    assert [True] == [e.force for e in kinds(desk.effects, "halt_bot") if e.force]


def test_past_the_deadline_force_waits_for_nothing():
    desk, _ = flattening("lockout")

    assert [] == [e for e in kinds(desk.tick(59), "halt_bot") if e.force]
    assert [True] == [e.force for e in kinds(desk.tick(60), "halt_bot")]


@pytest.mark.parametrize(
    ("outcome", "stopped"), [(Outcome.DONE, True), (Outcome.GONE, True), (Outcome.IMPOSSIBLE, False)]
)
def test_a_bot_counts_as_stopped_only_when_it_is(outcome: Outcome, stopped: bool):
    """A bot that cannot be forced is not a stopped bot; saying so would send the operator to bed."""
    desk, _ = flattening(halt_targets=(HaltTarget("bot", 0.0),))
    force = next(e for e in kinds(desk.tick(60), "halt_bot") if e.force)

    desk.report(61, force, outcome)

    assert stopped is (desk.incident.bots_stopped_at is not None)


# --- the way back -------------------------------------------------------------------------------------


def test_resume_restores_what_the_fence_recorded():
    desk, effects = flattening()
    desk.report(0.1, only(effects, "fence_key"), permissions="trade")
    desk.keys(0.5, read_only())

    back = only(desk.resume(10), "unfence_key")

    assert (BOT_KEY, (("permissions", "trade"),)) == (back.key_id, back.facts)


def test_a_dead_key_is_not_restored():
    desk = locked()
    desk.report(4, kinds(desk.effects, "delete_key")[0])
    desk.keys(5)
    desk.keys(8)

    assert [] == kinds(desk.resume(10), "unfence_key")


def test_nothing_unfences_itself():
    desk, effects = flattening()
    desk.report(0.1, only(effects, "fence_key"), permissions="trade")
    for second in range(1, 300):
        desk.see(read(second))

    assert [] == kinds(desk.effects, "unfence_key")


def test_a_fence_that_a_late_way_back_lifted_is_looked_at_again_and_put_up():
    """The unfence of the incident before was still under way when the account had to be flat once more."""
    desk, effects = flattening()
    desk.report(0.1, only(effects, "fence_key"), permissions="trade")
    desk.keys(0.5, read_only())
    late = only(desk.resume(10), "unfence_key")
    once_more = desk.demand(11, "flatten")
    desk.report(11.1, only(once_more, "list_keys"))
    listing = only(desk.report(11.2, only(once_more, "fence_key"), permissions="none"), "list_keys")
    desk.keys(11.3, read_only())
    desk.report(11.3, listing)

    looks = desk.send(Troubled(at(14), ACCOUNT, f"unfence-{late.key_id}", "restored", healed=True))
    unproven = desk.incident.fenced
    again = desk.keys(14.5, trading())

    assert () == unproven
    assert only(looks, "list_keys")
    assert BOT_KEY == only((*again, *desk.tick(16)), "fence_key").key_id
