"""How often the account's keys are listed, and that nothing waits for it: `poll.keys`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from guardian.config.shapes import PollConfig
from guardian.core.events import Configured, Demanded, KeysListed
from guardian.core.model import Known, Level, Measured, Unknown, Verdict
from guardian.errors import SecretError
from guardian.ports import Credential, KeyAdmin, KeyListing
from guardian.runtime.start.listings import MOST_A_LOOK, SUBJECT, Listings
from tests.core import build
from tests.shell.fakes import Admin, Shell, Vault, open_shell

EVERY = 300.0
POLL = PollConfig(keys_seconds=EVERY)
OWN = tuple(build.trading(name) for name in ("hands-key", "admin-key"))


@dataclass
class Lister(Admin):
    """Answers as the test says; `asked` are the moments, by the machine's own clock of no interest."""

    answers: Callable[[], Any]
    asked: int = 0

    async def list_keys(self, credential: Credential) -> KeyListing:
        self.asked += 1
        answer = self.answers()
        return cast(KeyListing, await answer if asyncio.iscoroutine(answer) else answer)


@dataclass
class Place:
    """A shell whose one account lists its keys, and the bell."""

    shell: Shell
    lister: Lister
    listings: Listings
    keys: list[Any] = field(default_factory=list)

    async def ring(self, seconds: float) -> int:
        """Time passes to `seconds` after the start, the bell rings; how often was the venue asked then?"""
        before = self.lister.asked
        self.shell.clock.at = max(self.shell.clock.at, build.at(seconds))
        self.listings.look()
        await self.shell.run(2)
        return self.lister.asked - before

    @property
    def measured(self) -> Measured:
        (account,) = self.shell.runtime.state.accounts
        return account.rules[0].measured


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    shell = open_shell(tmp_path)
    found = Place(shell, Lister(lambda: listed(*found.keys)), Listings(shell.runtime, {build.ACCOUNT: POLL}))
    found.keys = [*OWN, build.trading()]
    shell.runtime.parts.desks[build.ACCOUNT].admin = cast(KeyAdmin, found.lister)
    rule = build.rule(
        build.rung(1, "halt"),
        id="keys",
        metric="foreign_keys",
        window=build.Window(),
        stale_after_seconds=600,
    )
    policy = build.policy(halt_targets=(), keys_seconds=EVERY)
    shell.runtime.post(Configured(shell.clock.now(), "desk-1", "hash", (policy,), (rule,)))
    await shell.run(1)
    return found


def listed(*keys: Any) -> KeyListing:
    return KeyListing(datetime.now(UTC), complete=True, keys=tuple(keys))


def down() -> KeyListing:
    return KeyListing(datetime.now(UTC), complete=False, code="10016", detail="down")


async def test_a_thief_s_key_is_seen_within_the_cadence(place: Place) -> None:
    assert await place.ring(0) == 1
    assert await place.ring(EVERY - 1) == 0
    place.keys.append(build.trading("thief"))

    assert await place.ring(EVERY + 1) == 1

    place.shell.see(EVERY + 2)
    await place.shell.run(1)
    assert place.measured == Known(1.0)


async def test_one_lost_answer_pages_nobody_and_is_tried_again_soon(place: Place) -> None:
    await place.ring(0)
    place.lister.answers = down

    assert await place.ring(EVERY + 1) == 1
    assert await place.ring(EVERY + 11) == 0
    assert SUBJECT not in place.shell.troubles
    place.lister.answers = lambda: listed(*place.keys)
    assert await place.ring(EVERY + 32) == 1

    assert SUBJECT not in place.shell.troubles
    assert await place.ring(EVERY + 33) == 0


async def test_a_listing_that_goes_on_failing_is_unknown_and_paged_and_heals(place: Place) -> None:
    await place.ring(0)
    place.lister.answers = down
    for second in range(int(EVERY) + 1, int(EVERY) + 700, 31):
        await place.ring(second)

    place.shell.see(EVERY + 700)
    await place.shell.run(1)
    assert isinstance(place.measured, Unknown), "what is not listed is not known to be safe"
    assert SUBJECT in place.shell.troubles
    place.lister.answers = lambda: listed(*place.keys)
    await place.ring(EVERY + 750)
    place.shell.see(EVERY + 751)
    await place.shell.run(1)
    assert (Known(0.0), ()) == (place.measured, place.shell.troubles)


@pytest.mark.parametrize("answer", [down, ZeroDivisionError], ids=["refused", "a bug in the adapter"])
async def test_at_the_start_people_are_told_at_once(place: Place, answer: Any) -> None:
    def fails() -> KeyListing:
        found = answer()
        if isinstance(found, Exception):
            raise found
        return cast(KeyListing, found)

    place.lister.answers = fails

    await place.ring(0)

    assert SUBJECT in place.shell.troubles


async def test_a_vault_that_is_sealed_is_told_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sealed(self: Vault, ref: str) -> Credential:
        raise SecretError("the vault is sealed")

    monkeypatch.setattr(Vault, "fetch", sealed)

    assert await place.ring(0) == 0
    assert SUBJECT in place.shell.troubles


async def test_one_question_at_a_time_and_nothing_waits_for_it(place: Place) -> None:
    place.lister.answers = asyncio.Event().wait

    assert await place.ring(0) == 1
    assert await place.ring(2 * EVERY) == 0
    place.shell.see(2 * EVERY + 1)
    await place.shell.run(1)

    assert place.shell.runtime.state.accounts[0].nav is not None, "reads went on"
    place.listings.stop()


async def test_the_kill_switch_lists_by_itself(place: Place) -> None:
    """What is under way is dropped, nothing is asked beside the plan's own, and then it goes on."""
    dropped: list[str] = []

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            dropped.append("dropped")
            raise

    place.lister.answers = hangs
    assert await place.ring(0) == 1
    plans_own = Lister(down)
    place.shell.runtime.parts.desks[build.ACCOUNT].admin = cast(KeyAdmin, plans_own)
    place.shell.runtime.post(Demanded(place.shell.clock.now(), build.ACCOUNT, Level.FLATTEN, "anna", "test"))
    async with asyncio.timeout(20):
        while not plans_own.asked:
            await place.shell.run(1)
    await place.shell.run(50)  # what came of it is known before the time jumps
    assert place.shell.level is Level.FLATTEN

    assert await place.ring(1) == 0
    place.shell.runtime.parts.desks[build.ACCOUNT].admin = cast(KeyAdmin, place.lister)
    assert await place.ring(2 * EVERY) == 0
    assert dropped == ["dropped"]


async def test_what_an_incident_has_listed_is_not_asked_again(place: Place) -> None:
    await place.ring(0)
    at = build.at(EVERY - 10)
    place.shell.clock.at = at
    place.shell.runtime.post(KeysListed(at, build.ACCOUNT, at, True, tuple(place.keys)))
    await place.shell.run(1)

    assert await place.ring(EVERY + 1) == 0
    assert await place.ring(2 * EVERY) == 1


async def test_an_answer_that_was_overtaken_does_not_bring_back_what_was(place: Place) -> None:
    now = place.shell.clock.now()
    for asked, keys in ((10, (*OWN, build.trading("thief"))), (5, OWN)):
        event = KeysListed(now, build.ACCOUNT, now + timedelta(seconds=asked), True, keys)
        place.shell.runtime.post(event)
    await place.shell.run(1)

    evidence = place.shell.runtime.state.accounts[0].evidence
    assert "thief" in [key.id for key in evidence.keys]


async def test_many_accounts_do_not_ask_all_at_once(tmp_path: Path) -> None:
    names = tuple(f"a{number:02}" for number in range(10))
    shell = open_shell(tmp_path, names=names)
    lister = Lister(lambda: listed(*OWN))
    for desk in shell.runtime.parts.desks.values():
        desk.admin = cast(KeyAdmin, lister)
    policies = tuple(build.policy(name=name, keys_seconds=EVERY) for name in names)
    shell.runtime.post(Configured(shell.clock.now(), "desk-1", "hash", policies, ()))
    await shell.run(1)
    listings = Listings(shell.runtime, dict.fromkeys(names, POLL))
    for look in range(1, 4):
        listings.look()
        await shell.run(2)
        assert min(len(names), look * MOST_A_LOOK) == lister.asked

    assert all(account.evidence.keys_asked for account in shell.runtime.state.accounts)


async def test_without_an_admin_key_nothing_is_asked_nor_told(place: Place) -> None:
    place.shell.runtime.parts.desks[build.ACCOUNT].admin = None

    assert await place.ring(0) == 0
    place.shell.see(1)
    await place.shell.run(1)

    assert place.shell.troubles == ()
    (account,) = place.shell.runtime.state.accounts
    assert account.rules[0].verdict is Verdict.WARMING
