"""What every Journal promises, whoever implements it: each promise takes a way to (re)open one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guardian.journal import Origin, SqliteJournal
from guardian.ports import Journal, Message
from guardian.sim.ports.journal import Disk, SimJournal
from tests.contracts.simulated import Told

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
Open = Callable[[], Journal]
"""Opens the same journal again and again; the one before is closed."""


def message(key: str) -> Message:
    return Message(key, "trigger", "HALT", "acc", "title", ("one", "two"), False, START, "desk")


async def keeps_what_it_acknowledged(opened: Open) -> None:
    journal = opened()
    seqs = [await journal.append(START, "tick", f'{{"n":{n}}}', []) for n in range(3)]
    await journal.close()
    journal = opened()
    restored = await journal.restore()
    await journal.close()

    assert seqs == sorted(set(seqs))
    assert restored.checkpoint is None
    assert restored.bodies == ('{"n":0}', '{"n":1}', '{"n":2}')
    assert restored.torn == ""


async def restores_from_the_last_checkpoint(opened: Open) -> None:
    journal = opened()
    for n in range(4):
        await journal.append(START, "tick", f'{{"n":{n}}}', [])
        if n in (0, 2):
            await journal.checkpoint(START, f'{{"state":{n}}}')
    await journal.close()
    journal = opened()
    restored = await journal.restore()
    await journal.close()

    assert restored.checkpoint == '{"state":2}'
    assert restored.bodies == ('{"n":3}',)


async def hands_out_messages_when_they_are_due(opened: Open) -> None:
    journal = opened()
    await journal.append(START, "tick", "{}", [("ops", message("a")), ("page", message("b"))])
    first = await journal.due(START)
    await journal.delivered(first[0].id)
    await journal.postpone(first[1].id, START + timedelta(seconds=5), "http-503")
    early = await journal.due(START + timedelta(seconds=4))
    then = await journal.due(START + timedelta(seconds=5))
    await journal.abandon(then[0].id, "http-400")
    after = await journal.due(START + timedelta(days=1))
    await journal.close()

    assert [(row.channel, row.message, row.attempts) for row in first] == [
        ("ops", message("a"), 0),
        ("page", message("b"), 0),
    ]
    assert early == ()
    assert [(row.channel, row.attempts) for row in then] == [("page", 1)]
    assert after == ()


async def keeps_undelivered_messages_across_a_restart(opened: Open) -> None:
    journal = opened()
    await journal.append(START, "tick", "{}", [("ops", message("a"))])
    await journal.close()
    journal = opened()
    waiting = await journal.due(START)
    limited = await journal.due(START, limit=0)
    await journal.close()

    assert [row.message for row in waiting] == [message("a")]
    assert limited == ()


async def verifies_what_it_wrote(opened: Open) -> None:
    journal = opened()
    for n in range(3):
        await journal.append(START, "tick", f'{{"n":{n}}}', [])
    await journal.checkpoint(START, "{}")
    found = await journal.verify()
    await journal.close()

    assert (found.ok, found.records, found.first_bad) == (True, 4, None)
    assert found.head


async def a_resolve_ends_the_repetition_of_its_trigger(opened: Open) -> None:
    journal = opened()
    await journal.append(START, "tick", "{}", [("ops", message("a")), ("ops", message("b"))])
    first, second = await journal.due(START)
    await journal.postpone(first.id, START + timedelta(seconds=9), "")
    await journal.append(START, "tick", "{}", [("ops", replace(message("a"), notification="resolve"))])
    await journal.append(START, "tick", "{}", [("ops", replace(message("b"), notification="resolve"))])
    # The resolve of b was written while its trigger was on its way to the channel.
    await journal.postpone(second.id, START + timedelta(seconds=9), "")
    late = await journal.due(START + timedelta(seconds=60))
    await journal.close()

    assert [(row.message.key, row.message.notification) for row in late] == [
        ("a", "resolve"),
        ("b", "resolve"),
    ]


async def writes_what_nobody_waits_for_any_more(opened: Open) -> None:
    """A decision that missed its 250 ms has been acted on: it must not be missing from the record."""
    journal = opened()
    await journal.append(START, "tick", '{"n":0}', [])
    waiting = asyncio.create_task(journal.append(START, "tick", '{"n":1}', []))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await journal.append(START, "tick", '{"n":2}', [])
    await journal.close()
    journal = opened()
    restored = await journal.restore()
    await journal.close()

    assert restored.bodies == ('{"n":0}', '{"n":1}', '{"n":2}')


PROMISES: list[Callable[[Open], Awaitable[None]]] = [
    keeps_what_it_acknowledged,
    restores_from_the_last_checkpoint,
    hands_out_messages_when_they_are_due,
    keeps_undelivered_messages_across_a_restart,
    verifies_what_it_wrote,
    a_resolve_ends_the_repetition_of_its_trigger,
    writes_what_nobody_waits_for_any_more,
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_the_sqlite_journal_keeps(promise: Callable[[Open], Awaitable[None]], tmp_path: Path) -> None:
    await promise(lambda: SqliteJournal(tmp_path / "journal.db", Origin("desk")))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_the_simulators_journal_keeps(promise: Callable[[Open], Awaitable[None]]) -> None:
    disk = Disk()
    await promise(lambda: SimJournal(disk, Told()))
