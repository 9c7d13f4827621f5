"""Mutants of what is planned: the gates of an effect, the fence, the proofs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from guardian.core import plan
from guardian.core.plan import draft, exposure, keys, verify
from guardian.sim.mutants.mutant import Mutant

Call = Callable[..., Any]


def _again_while_in_flight(close: Call) -> Call:
    def hasty(planned: Any, position: Any, quantity: Decimal) -> None:
        target = planned.target(f"close:{position.leg}")
        if target is not None and target.in_flight:
            exposure._send_close(planned, position, quantity, target.attempts + 1)
        else:
            close(planned, position, quantity)

    return hasty


def _old_evidence(newer_than: Call) -> Call:
    return lambda self, part, instant: True


def _new_id_after_unknown(send_close: Call) -> Call:
    return lambda planned, position, quantity, attempt, client_id="": send_close(
        planned, position, quantity, attempt
    )


def _stops_first(must_go: Call) -> Call:
    return lambda *given: True


def _dust_chased(plan_closes: Call) -> Call:
    def chasing(planned: Any) -> None:
        plan_closes(planned)
        for position in filter(exposure.dust, planned.account.evidence.positions):
            target = planned.target(f"close:{position.leg}")
            if target is not None and not target.in_flight and planned.rested(target):
                client_id = exposure._client_id(planned, position, target.attempts + 1)
                exposure._send_close(planned, position, abs(position.quantity), 1, client_id)

    return chasing


def _dust_blocks_flat(nothing_held: Call) -> Call:
    return lambda evidence: nothing_held(evidence) and not evidence.positions


def _rest_is_dust(nothing_held: Call) -> Call:
    return lambda evidence: all(abs(p.quantity) < p.minimum * 1000 for p in evidence.positions)


def _one_read_is_flat(apart: timedelta) -> timedelta:
    return timedelta(seconds=-60)


def _fence_last(plan_fence: Call) -> Call:
    def late(planned: Any) -> None:
        evidence = planned.account.evidence
        if not evidence.positions and not evidence.orders:
            plan_fence(planned)

    return late


def _acknowledged_is_fenced(listed_after: Call) -> Call:
    return lambda planned, instant: instant is not None


def _one_absence(apart: timedelta) -> timedelta:
    return timedelta(0)


def _own_keys_too(bot_keys: Call) -> Call:
    return lambda planned: tuple(sorted({*bot_keys(planned), *planned.account.policy.own_keys}))


def _key_left_alive(plan_deletion: Call) -> Call:
    return lambda planned: None


def _permit_stays_normal(permit: Call) -> Call:
    return lambda account: ("normal", 1.0, ())


def _gives_up(rested: Call) -> Call:
    return lambda self, target: False


def _fence_called_impossible(impossible: Call) -> Call:
    return lambda planned, key: True


def _half_is_enough(plan_closes: Call) -> Call:
    def largest_only(planned: Any) -> None:
        positions = exposure._largest_first(planned)
        if positions:
            exposure._close(planned, positions[0], abs(positions[0].quantity) / 2)

    return largest_only


MUTANTS = (
    Mutant(
        "two-in-flight",
        "A close is sent again while the one before it is unanswered.",
        exposure,
        "_close",
        _again_while_in_flight,
    ),
    Mutant(
        "old-evidence",
        "A target is tried again on evidence from before its last answer.",
        draft.Draft,
        "newer_than",
        _old_evidence,
    ),
    Mutant(
        "new-id-after-unknown",
        "After a lost answer the close is sent under a new id, and nobody asks for the old one.",
        exposure,
        "_send_close",
        _new_id_after_unknown,
    ),
    Mutant(
        "stops-first", "At HALT every order is cancelled, protection too.", exposure, "_must_go", _stops_first
    ),
    Mutant(
        "dust-chased",
        "What is below the venue's smallest order is sent again for ever.",
        plan,
        "plan_closes",
        _dust_chased,
    ),
    Mutant(
        "dust-blocks-flat",
        "A rest that the venue does not take keeps flat from ever being claimed.",
        verify,
        "nothing_held",
        _dust_blocks_flat,
    ),
    Mutant(
        "rest-is-dust",
        "Flat is claimed with a rest of a thousand lots.",
        verify,
        "nothing_held",
        _rest_is_dust,
    ),
    Mutant("one-read-is-flat", "Flat is claimed from one read.", verify, "APART", _one_read_is_flat),
    Mutant(
        "fence-last",
        "The bot's keys are fenced only once the account is flat.",
        plan,
        "plan_fence",
        _fence_last,
    ),
    Mutant(
        "acknowledged-is-fenced",
        "A fence counts when it was answered, without a listing.",
        keys,
        "_listed_after",
        _acknowledged_is_fenced,
    ),
    Mutant("one-absence", "A key counts as dead after one listing without it.", keys, "APART", _one_absence),
    Mutant("own-keys-too", "Guardian's own keys are fenced with the bot's.", keys, "bot_keys", _own_keys_too),
    Mutant(
        "key-left-alive", "LOCKOUT never deletes the execution key.", plan, "plan_deletion", _key_left_alive
    ),
    Mutant(
        "permit-stays-normal",
        "The permit is the same at every level.",
        plan,
        "permit_of",
        _permit_stays_normal,
    ),
    Mutant("gives-up", "What was refused once is never tried again.", draft.Draft, "rested", _gives_up),
    Mutant(
        "fence-called-impossible",
        "Every fence is recorded as impossible, so that nothing waits for it.",
        keys,
        "_impossible",
        _fence_called_impossible,
    ),
    Mutant(
        "half-is-enough", "FLATTEN closes half of the largest position.", plan, "plan_closes", _half_is_enough
    ),
)
