"""Failures that nobody heard of

The core's own messages through the real router, outbox and courier, in virtual time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from guardian.config.shapes import ChannelConfig, Route, Routes
from guardian.core.model import Level
from guardian.journal import Origin, SqliteJournal
from guardian.notify import Courier, Router, Timing
from guardian.ports import Delivery
from tests.adapters.notify.desk import Desk, message
from tests.core.build import BTC, kinds, position, read, rule, rung
from tests.torture.desk import JournaledDesk
from tests.torture.failure import Failure, issue, shows

HOUR = 3600.0
ROUTES = Routes(
    channels=(ChannelConfig("ops", "slack", "a"), ChannelConfig("page", "pagerduty", "b")),
    routes=(Route(Level.CAUTION, ("ops",), None), Route(Level.HALT, ("ops", "page"), 300.0)),
)


class Night(Desk):
    """The courier under routes like the shipped ones: HALT to chat and pager, again every five minutes."""

    def begin(self) -> None:
        self.router = Router(ROUTES, "desk-1")
        self.journal = SqliteJournal(self.path, Origin("desk-1"))
        timing = Timing(self.world, self.world.sleep)
        self.courier = Courier(self.journal, [self.ops, self.page], self.router, self._trouble, timing)

    def _trouble(self, subject: str, detail: str, healed: bool) -> None:
        self.troubles.append((subject, healed))

    async def told(self, *effects: object) -> None:
        """What the core wants people to hear, committed with its messages as the loop does it."""
        for effect in kinds(list(effects), "notify"):  # type: ignore[arg-type]
            outgoing = self.router.route(effect, self.world.at)
            await self.journal.append(self.world.at, "tick", "{}", outgoing)


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    opened = Night(tmp_path / "journal.db")
    yield opened
    await opened.courier.stop()
    await opened.journal.close()


@shows(
    Failure(
        title="A halt that nobody notices for three and a half hours",
        project="bacchus-mm",
        sources=(issue("zainbacchus/bacchus-mm", 21), issue("zainbacchus/bacchus-mm", 17)),
        happened=(
            "The kill switch halted the bot and wrote a file. Nobody looked for 3.5 hours. The check that "
            "was added afterwards opened the same halt as a new alarm again and again for days."
        ),
        instead=(
            "A level is told in the same commit that decides it, and again every five minutes until somebody "
            "ends it: 3.5 hours are 42 tellings on the chat, under one key, which a pager shows as one "
            "incident. The pager is down for the first hour here, and has it within a minute of being back."
        ),
        uncovered=(
            "Whether a person has read it guardian does not know; escalating what nobody acknowledges is the "
            "pager's work."
        ),
    )
)
async def test_a_halt_is_told_again_until_somebody_ends_it(night: Night):
    desk = JournaledDesk(rule(rung(0.05, "halt")))
    desk.warm(position(BTC, 10, 100), cash=1000)
    await night.told(*desk.see(read(0, (position(BTC, 10, 94, entry=100),), cash=1000)))

    night.page.down = True
    await night.rounds(HOUR, step=5)
    deaf = list(night.page.titles)
    night.page.down = False
    await night.rounds(60, step=5)
    back = list(night.page.titles)
    await night.rounds(2.5 * HOUR - 60, step=5)
    heard = list(night.ops.got)
    await night.told(*desk.resume(4 * HOUR, "dd"))
    await night.rounds(HOUR, step=5)

    halts = [message for _, message in heard if message.title.startswith("HALT")]
    assert 41 <= len(halts) <= 43
    assert deaf == []
    assert len(back) == 1
    assert len({message.key for _, message in (*heard, *night.page.got)}) == 1, "one incident, one key"
    after = [m for _, m in night.ops.got[len(heard) :]]
    assert [m.notification for m in after] == ["resolve"], "ended by a person, and quiet from then on"


@shows(
    Failure(
        title="A message that was refused once is lost",
        project="Alertmanager",
        sources=(issue("prometheus/alertmanager", 2111), issue("prometheus/alertmanager", 3189)),
        happened=(
            "Slack answered 429 with `retry_after: 1`; that counted as unrecoverable, and the notification "
            "was dropped after one attempt."
        ),
        instead=(
            "A message leaves the outbox when its channel has taken it. A 429 is waited out for as long as "
            "it says, a 5xx is tried ever more slowly, a process that is killed in between sends it after "
            "its restart."
        ),
    )
)
async def test_a_refused_message_waits_and_arrives(night: Night):
    refused = Delivery(False, detail="429", retry_after_s=30.0)
    night.ops.answers = [refused, Delivery(False, detail="503"), ConnectionError("gone")]
    await night.queue(message("HALT: main"))

    await night.round()
    night.world.later(29)
    await night.round()
    early = night.ops.tries
    await night.restart()
    await night.rounds(300)

    assert early == 1, "not before the time that the channel asked for"
    assert night.ops.tries >= 4
    assert night.ops.titles[0] == "HALT: main"


@shows(
    Failure(
        title="A latch without a way back",
        project="go-trader",
        sources=(issue("richkuo/go-trader", 431), issue("richkuo/go-trader", 1191)),
        happened=(
            "The kill switch could only be reset by a direct message from the Discord owner; with no owner "
            "configured it was latched for good. And the message asked for a `reset` without saying of what."
        ),
        instead=(
            "The way back is a local command that needs no channel: `guardian resume`, with a reason. A "
            "breach that still stands trips again at once, unless the operator names the rule whose baseline "
            "is to begin anew."
        ),
    )
)
def test_an_operator_can_always_resume_and_a_standing_breach_trips_again():
    def desk() -> JournaledDesk:
        made = JournaledDesk(rule(rung(0.05, "halt")))
        made.warm(position(BTC, 10, 100), cash=1000)
        made.see(read(0, (position(BTC, 10, 94, entry=100),), cash=1000))
        return made

    plain, rebased = desk(), desk()
    plain.resume(10)
    rebased.resume(10, "dd")
    for each in (plain, rebased):
        each.see(read(11, (position(BTC, 10, 94, entry=100),), cash=1000))

    assert plain.level is Level.HALT
    assert plain.levels == ["HALT", "NORMAL", "HALT"]
    assert rebased.level is Level.NORMAL
    assert rebased.permit == "normal"
