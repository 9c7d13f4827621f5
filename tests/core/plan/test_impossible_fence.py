"""A fence that the venue calls impossible: the answer may be wrong or pass, and trying must cost nothing.

Until the account is flat each answer about a key makes the reads before it prove nothing. So it is tried
again while somebody keeps the account from flat, and not while two reads are about to prove that it is flat.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guardian.core.effects import Effect
from guardian.core.events import Outcome
from guardian.core.model import Position
from tests.core.build import BOT_KEY, Desk, kinds, only, position, read, read_only, trading

Answers = Callable[[int], Outcome]


def hopeless(tries: int) -> Outcome:
    return Outcome.IMPOSSIBLE


def passing(tries: int) -> Outcome:
    return Outcome.IMPOSSIBLE if tries == 1 else Outcome.DONE


class Flattening:
    """FLATTEN at 0, looked at every quarter of a second; every close is answered at once.

    `open_until` is when the bot stops to open again; `fence` answers the n-th try. The admin lists the key as
    it is, so that a fence that was done is proven.
    """

    def __init__(self, fence: Answers, open_until: float, poll: float = 1.0, **policy: object) -> None:
        self.desk, self.fence, self.open_until, self.poll = Desk(**policy), fence, open_until, poll
        self.desk.keys(-10, trading())
        self.desk.warm(position())
        self.tries: list[float] = []
        self.listed = 0
        self.flat_at: float | None = None
        self.fenced = False

    def run(self, seconds: float, level: str = "flatten") -> Flattening:
        self._answer(0.0, self.desk.demand(0, level))
        for quarter in range(1, int(seconds * 4) + 1):
            now = quarter / 4
            self._answer(now, self.desk.tick(now))
            if now % self.poll == 0:
                again = not self.fenced and now < self.open_until
                self._read(now, *((position(),) if again else ()))
            if self.flat_at is None and self.desk.incident.flatness.verified_at is not None:
                self.flat_at = now
        return self

    def _read(self, asked: float, *held: Position) -> None:
        self._answer(asked, self.desk.see(read(asked, held)))

    def _answer(self, now: float, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if effect.kind == "fence_key":
                self.tries.append(round(now, 2))
                outcome = self.fence(len(self.tries))
                self.fenced = self.fenced or outcome is Outcome.DONE
                self._answer(now + 0.01, self.desk.report(now + 0.01, effect, outcome))
            elif effect.kind == "close_position":
                self._answer(now + 0.01, self.desk.report(now + 0.01, effect))
            elif effect.kind == "list_keys":
                self.listed += 1
                self._answer(now + 0.02, self.desk.report(now + 0.02, effect))
                key = read_only() if self.fenced else trading()
                self._answer(now + 0.02, self.desk.keys(now + 0.02, key))
            elif effect.kind == "read_now":
                # What is asked for at once is flat: the bot needs a while to open again.
                self._answer(now + 0.02, self.desk.report(now + 0.02, effect))
                self._read(now + 0.02)


@pytest.mark.parametrize("deadline", [5.0, 10.0, 20.0, 60.0, 600.0])
def test_an_answer_that_was_wrong_leaves_a_bot_that_opens_again_no_deadline(deadline: float):
    """Once the key is fenced for true nobody opens again, and two reads prove it within the budget."""
    run = Flattening(passing, open_until=1e9, flatten_deadline_seconds=deadline).run(60)

    assert 2 == len(run.tries)
    assert run.flat_at is not None
    assert run.flat_at <= min(deadline, 10.0)


@pytest.mark.parametrize(
    ("deadline", "tries"),
    [
        (600.0, [0, 5, 15, 30, 46, 61]),
        (60.0, [0, 5, 15, 30, 46, 61]),
        (20.0, [0, 5, 10, 16, 21, 29, 38, 46, 54]),
        (5.0, [0, 2, 4, 6, 10, 18, 26, 34, 43, 51, 59]),
    ],
)
def test_while_positions_are_opened_again_it_is_tried_ever_more_seldom(deadline: float, tries: list[int]):
    """After five seconds, then ten, then every fifteen; sooner only as far as the budget asks for it."""
    run = Flattening(hopeless, open_until=1e9, flatten_deadline_seconds=deadline).run(62)

    assert tries == [int(second) for second in run.tries]


def test_the_flatten_goes_on_as_if_nobody_tried():
    """Each close is sent when it would be without an admin key, and people hear nothing of the tries."""
    with_admin = Flattening(hopeless, open_until=1e9).run(120)
    without = Flattening(hopeless, open_until=1e9, has_admin=False).run(120)

    def closes(run: Flattening) -> int:
        return len(kinds(run.desk.effects, "close_position"))

    def pages(run: Flattening) -> list[str]:
        return [e.title for e in kinds(run.desk.effects, "notify")]

    assert closes(without) == closes(with_admin)
    assert pages(without) == pages(with_admin)
    assert with_admin.listed <= 20


@pytest.mark.parametrize("poll", [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0])
@pytest.mark.parametrize("outcome", [Outcome.IMPOSSIBLE, Outcome.REFUSED])
def test_what_cannot_be_fenced_is_verified_flat_by_the_second_read(poll: float, outcome: Outcome):
    """A try between the two reads would make the first one prove nothing, again and again."""
    refusals = 30.0 if outcome is Outcome.REFUSED else 0.0
    run = Flattening(lambda tries: outcome, open_until=0.0, poll=poll).run(200)

    assert run.flat_at is not None
    assert run.flat_at <= refusals + max(3 * poll, 5.0)


@pytest.mark.parametrize(("poll", "deadline"), [(10.0, 5.0), (15.0, 10.0), (30.0, 20.0), (60.0, 60.0)])
def test_reads_more_seldom_than_the_deadline_prove_it_too(poll: float, deadline: float):
    """A try as often as a read comes makes each of them the first one, for ever."""
    run = Flattening(hopeless, 0.0, poll, flatten_deadline_seconds=deadline, snapshot_seconds=poll).run(
        4 * poll + deadline
    )

    assert run.flat_at is not None


def test_a_proof_that_never_comes_holds_the_fence_up_no_longer_than_the_deadline():
    """Reads end after the first that was flat: what is not seen is no reason to leave the bot its key."""
    desk = Desk().warm(position())
    effects = desk.demand(0, "flatten")
    desk.report(0.1, only(effects, "close_position"))
    desk.report(0.1, only(effects, "fence_key"), Outcome.IMPOSSIBLE)
    desk.keys(0.2, trading())
    desk.see(read(1))

    tried = [second for second in range(2, 90) if kinds(desk.tick(second), "fence_key")]

    assert [61] == tried


def test_once_flat_is_verified_it_is_tried_again_every_fifteen_seconds_at_last():
    run = Flattening(hopeless, open_until=0.0).run(70)

    assert [0, 5, 15, 30, 45, 61] == [int(second) for second in run.tries]


def test_no_listing_is_waited_for():
    """Such an answer has changed nothing, so that what was listed before it still tells of the key."""
    desk = Desk()
    desk.keys(-10, trading())
    desk.warm(position())
    desk.report(0.1, only(desk.demand(0, "flatten"), "fence_key"), Outcome.IMPOSSIBLE)

    assert BOT_KEY == only(desk.see(read(6, (position(),))), "fence_key").key_id


def test_a_deletion_that_was_called_impossible_is_tried_again_within_the_deadline_too():
    desk = Desk()
    desk.keys(-10, trading())
    desk.warm(position())
    desk.report(0.1, only(desk.demand(0, "lockout"), "fence_key"), Outcome.IMPOSSIBLE)
    deletion = only(desk.see(read(5.5, (position(),))), "delete_key")
    desk.report(5.6, deletion, Outcome.IMPOSSIBLE)

    again = desk.see(read(11, (position(),)))

    assert BOT_KEY == only(again, "delete_key").key_id


def test_a_deletion_waits_for_no_proof_of_flat():
    """What is answered about it makes no read prove less, and reads that end leave the bot its key."""
    desk = Desk()
    desk.keys(-10, trading())
    desk.warm(position())
    effects = desk.demand(0, "lockout")
    desk.report(0.1, only(effects, "close_position"))
    desk.report(0.1, only(effects, "fence_key"), Outcome.IMPOSSIBLE)
    deletion = only(desk.see(read(5.5)), "delete_key")
    desk.report(5.6, deletion, Outcome.IMPOSSIBLE)

    assert [11] == [second for second in range(6, 60) if kinds(desk.tick(second), "delete_key")]


@pytest.mark.parametrize("listed", [None, -300])
def test_what_no_listing_has_shown_since_is_not_taken_for_done(listed: float | None):
    """An answer that it is impossible proves nothing, nor does what was listed long before: it goes on."""
    desk = Desk(bot_keys=(BOT_KEY,))
    if listed is not None:
        desk.keys(listed, read_only())
    desk.warm(position())
    desk.report(0.1, only(desk.demand(0, "flatten"), "fence_key"), Outcome.IMPOSSIBLE)

    assert BOT_KEY == only(desk.see(read(6, (position(),))), "fence_key").key_id


def test_what_a_later_listing_shows_to_be_harmless_is_not_tried_again():
    desk = Desk(bot_keys=(BOT_KEY,))
    desk.warm(position())
    desk.report(0.1, only(desk.demand(0, "flatten"), "fence_key"), Outcome.IMPOSSIBLE)
    desk.keys(1, read_only())

    assert not kinds(desk.see(read(6, (position(),))), "fence_key")
