"""Scenes for the laws about trying and proving: one try at a time, flat from two reads, keys as they are."""

from __future__ import annotations

from dataclasses import replace

from guardian.core.events import EffectReported, KeysListed, Outcome, SnapshotTaken
from guardian.core.model import KeyRecord, Level, Part, Snapshot
from guardian.core.state import AccountState, Evidence
from guardian.sim.checkers import gates, proofs
from guardian.sim.checkers.checker import Checker
from guardian.sim.play.life import Life
from guardian.sim.ports import view
from tests.sim.laws.theatre import Play, Theatre


def told(t: Theatre, effect_id: str, outcome: Outcome) -> None:
    report = EffectReported(t.instant(), "a1", effect_id, outcome)
    t.step(None, t.account(Level.FLATTEN), report)


def closes(t: Theatre, number: int, asked: float = 0.0, client_id: str = "") -> None:
    evidence = Evidence(asked=((Part.POSITIONS, t.instant(asked)),))
    account = t.account(Level.FLATTEN, evidence=evidence)
    t.step(None, account, effects=(t.close(number, client_id),))


def waits_for_the_answer(t: Theatre) -> None:
    closes(t, 1)
    told(t, "a1/1", Outcome.REFUSED)
    closes(t, 2, asked=11.0)


def two_at_once(t: Theatre) -> None:
    closes(t, 1)
    closes(t, 2)


def on_newer_evidence(t: Theatre) -> None:
    closes(t, 1)
    told(t, "a1/1", Outcome.REFUSED)
    t.at += 1.0
    closes(t, 2, asked=10.5)


def blind_for_long(t: Theatre) -> None:
    closes(t, 1)
    told(t, "a1/1", Outcome.REFUSED)
    t.at += 6.0
    closes(t, 2, asked=9.0)


def on_old_evidence(t: Theatre) -> None:
    closes(t, 1)
    told(t, "a1/1", Outcome.REFUSED)
    t.at += 1.0
    closes(t, 2, asked=9.0)


def same_id_again(t: Theatre) -> None:
    closes(t, 1, client_id="gdn-x")
    told(t, "a1/1", Outcome.UNKNOWN)
    closes(t, 2, asked=11.0, client_id="gdn-x")


def new_id_at_once(t: Theatre) -> None:
    closes(t, 1, client_id="gdn-x")
    told(t, "a1/1", Outcome.UNKNOWN)
    closes(t, 2, asked=11.0, client_id="gdn-y")


def dies_in_mid_close_and_tries(t: Theatre, client_id: str) -> None:
    closes(t, 1, client_id="gdn-x")
    t.checker.died(t.life())
    closes(t, 2, asked=11.0, client_id=client_id)


def same_id_after_a_crash(t: Theatre) -> None:
    dies_in_mid_close_and_tries(t, "gdn-x")


def new_id_after_a_crash(t: Theatre) -> None:
    dies_in_mid_close_and_tries(t, "gdn-y")


def tries_dust(t: Theatre, times: int) -> None:
    (position,) = view.positions(t.stand)
    dust = replace(position, quantity=position.minimum / 2)
    account = t.account(Level.FLATTEN, evidence=Evidence(positions=(dust,)))
    for number in range(times):
        t.step(None, account, effects=(t.close(number),))


def dust_tried_a_little(t: Theatre) -> None:
    tries_dust(t, 4)


def dust_chased(t: Theatre) -> None:
    tries_dust(t, 5)


def flat_read(t: Theatre, at: float) -> None:
    seen = Snapshot("a1", t.instant(at), view.wallet(t.stand), (), (), ())
    t.step(None, t.account(Level.FLATTEN), SnapshotTaken(t.instant(at), seen))


def held_read(t: Theatre, at: float) -> None:
    seen = Snapshot("a1", t.instant(at), view.wallet(t.stand), view.positions(t.stand), (), ())
    t.step(None, t.account(Level.FLATTEN), SnapshotTaken(t.instant(at), seen))


def claims_flat(t: Theatre) -> None:
    t.step(t.account(Level.FLATTEN), t.verified())


def flat_in_two_reads(t: Theatre) -> None:
    flat_read(t, 10.0)
    flat_read(t, 12.0)
    claims_flat(t)


def knows_of_reads(t: Theatre, until: float) -> Life:
    evidence = Evidence(complete_at=t.instant(until))
    return t.life(t.account(Level.FLATTEN, evidence=evidence))


def flat_in_a_read_of_the_life_before(t: Theatre) -> None:
    """The disk had kept the first read; a later one, which found something, it had lost."""
    flat_read(t, 10.0)
    held_read(t, 11.0)
    t.checker.born(knows_of_reads(t, 10.0))
    flat_read(t, 12.0)
    claims_flat(t)


def flat_in_a_read_that_the_disk_lost(t: Theatre) -> None:
    flat_read(t, 10.0)
    t.checker.born(knows_of_reads(t, 9.0))
    flat_read(t, 12.0)
    claims_flat(t)


def held_between(t: Theatre) -> None:
    """A restart that forgot nothing: the read that found something stands between the two."""
    flat_read(t, 10.0)
    held_read(t, 11.0)
    t.checker.born(knows_of_reads(t, 11.0))
    flat_read(t, 12.0)
    claims_flat(t)


def flat_in_one_read(t: Theatre) -> None:
    flat_read(t, 10.0)
    claims_flat(t)


def flat_in_two_reads_of_one_moment(t: Theatre) -> None:
    flat_read(t, 10.0)
    flat_read(t, 11.0)
    claims_flat(t)


def with_fence(t: Theatre) -> AccountState:
    fenced = ((t.stand.bot_key.id, t.instant()),)
    return t.account(Level.FLATTEN, incident=t.incident(fenced=fenced))


def fenced_is_fenced(t: Theatre) -> None:
    t.stand.bot_key.edit(0, read_only=True, ips=(), permissions=None)
    t.step(t.account(Level.FLATTEN), with_fence(t))


def fenced_can_trade(t: Theatre) -> None:
    t.step(t.account(Level.FLATTEN), with_fence(t))


def listed(t: Theatre, at: float, keys: tuple[KeyRecord, ...] = ()) -> None:
    t.step(None, t.account(Level.LOCKOUT), KeysListed(t.instant(at), "a1", t.instant(at), True, keys))


def claims_dead(t: Theatre) -> None:
    dead = t.incident(Level.LOCKOUT, key_dead_at=t.instant())
    t.step(t.account(Level.LOCKOUT), t.account(Level.LOCKOUT, incident=dead))


def dead_and_twice_absent(t: Theatre) -> None:
    t.stand.bot_key.delete(0)
    listed(t, 10.0)
    listed(t, 12.0)
    claims_dead(t)


def dead_and_once_absent(t: Theatre) -> None:
    t.stand.bot_key.delete(0)
    listed(t, 10.0)
    claims_dead(t)


def dead_and_alive(t: Theatre) -> None:
    listed(t, 10.0)
    listed(t, 12.0)
    claims_dead(t)


def seen_between(t: Theatre) -> None:
    """An absence counts from the last listing that had the key."""
    t.stand.bot_key.delete(0)
    listed(t, 10.0)
    listed(t, 11.0, (KeyRecord(t.stand.bot_key.id, False, True),))
    listed(t, 12.0)
    claims_dead(t)


SCENES: list[tuple[type[Checker], Play, Play]] = [
    (gates.OneAtATime, waits_for_the_answer, two_at_once),
    (gates.NewerEvidence, on_newer_evidence, on_old_evidence),
    (gates.NewerEvidence, blind_for_long, on_old_evidence),
    (gates.AsksFirst, same_id_again, new_id_at_once),
    (gates.AsksFirst, same_id_after_a_crash, new_id_after_a_crash),
    (gates.LetsDustBe, dust_tried_a_little, dust_chased),
    (proofs.FlatTwice, flat_in_two_reads, flat_in_one_read),
    (proofs.FlatTwice, flat_in_two_reads, flat_in_two_reads_of_one_moment),
    (proofs.FlatTwice, flat_in_a_read_of_the_life_before, flat_in_a_read_that_the_disk_lost),
    (proofs.FlatTwice, flat_in_a_read_of_the_life_before, held_between),
    (proofs.KeyClaims, fenced_is_fenced, fenced_can_trade),
    (proofs.KeyClaims, dead_and_twice_absent, dead_and_once_absent),
    (proofs.KeyClaims, dead_and_twice_absent, dead_and_alive),
    (proofs.KeyClaims, dead_and_twice_absent, seen_between),
]
