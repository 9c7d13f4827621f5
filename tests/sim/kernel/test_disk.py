"""The simulated disk: a crash in the middle of a commit leaves the record there or not, and never torn."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from guardian.core.model import Level
from guardian.ports import Message
from guardian.sim.play.virtual import VirtualLoop
from guardian.sim.ports.journal import COMMIT_SECONDS, Disk, SimJournal
from guardian.sim.ports.weather import Weather
from guardian.sim.scenario.shapes import FaultPlan

START = datetime(2026, 1, 1, tzinfo=UTC)
MESSAGE = Message("k", "trigger", "HALT", "a1", "title", (), False, START, "sim")


def journal_on(disk: Disk, *faults: FaultPlan) -> SimJournal:
    weather = Weather(faults, asyncio.get_running_loop().time, lambda account: Level.HALT)
    return SimJournal(disk, weather)


def killed_after(seconds: float, salt: str, *faults: FaultPlan) -> Disk:
    """Five commits are asked for at once; the process dies so many seconds later."""
    disk = Disk()

    async def main() -> None:
        journal = journal_on(disk, *faults)
        bodies = [f"{salt} {number}" for number in range(5)]
        tasks = [asyncio.create_task(journal.append(START, "tick", b, [("ops", MESSAGE)])) for b in bodies]
        await asyncio.sleep(seconds)
        journal.dead = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(60)

    loop = VirtualLoop()
    loop.run_until_complete(main())
    loop.close()
    return disk


def test_what_was_acknowledged_is_there_and_what_had_not_begun_is_not() -> None:
    for salt in map(str, range(20)):
        disk = killed_after(2.5 * COMMIT_SECONDS, salt)

        kept = [record.body for record in disk.records]

        assert kept in ([f"{salt} 0", f"{salt} 1"], [f"{salt} 0", f"{salt} 1", f"{salt} 2"])


def test_the_commit_under_way_is_there_on_some_disks_and_not_on_others() -> None:
    kept = {len(killed_after(2.5 * COMMIT_SECONDS, salt).records) for salt in map(str, range(20))}

    assert kept == {2, 3}


def test_a_record_and_its_messages_are_there_together_or_not_at_all() -> None:
    for salt in map(str, range(20)):
        disk = killed_after(2.5 * COMMIT_SECONDS, salt)

        assert len(disk.rows) == len(disk.records)


def test_a_process_that_dies_while_the_disk_hangs_leaves_at_most_what_was_first() -> None:
    hung = FaultPlan("fsync-hung", 0.0, 30.0)
    for salt in map(str, range(20)):
        kept = [record.body for record in killed_after(5.0, salt, hung).records]

        assert kept in ([], [f"{salt} 0"])


@pytest.mark.parametrize("fault", ["disk-full", "fsync-error"])
def test_a_disk_that_fails_says_so_and_keeps_nothing_of_it(fault: str) -> None:
    disk = Disk()

    async def main() -> None:
        journal = journal_on(disk, FaultPlan(fault, 1.0, 2.0))
        await journal.append(START, "tick", "before", [])
        await asyncio.sleep(1.0)
        with pytest.raises(OSError, match=r"space|error"):
            await journal.append(START, "tick", "lost", [("ops", MESSAGE)])
        await asyncio.sleep(1.0)
        await journal.append(START, "tick", "after", [])

    loop = VirtualLoop()
    loop.run_until_complete(main())
    loop.close()

    assert [record.body for record in disk.records] == ["before", "after"]
    assert (disk.lost, disk.rows) == (1, {})


def test_behind_a_disk_that_hangs_the_outbox_waits_too() -> None:
    """The real journal has one thread: whatever asks it waits behind what hangs."""

    async def main() -> float:
        journal = journal_on(Disk(), FaultPlan("fsync-hung", 0.0, 7.0))
        await journal.due(START)
        return asyncio.get_running_loop().time()

    loop = VirtualLoop()
    waited = loop.run_until_complete(main())
    loop.close()

    assert waited == 7.0


def test_a_checkpoint_covers_what_was_written_before_it_and_nothing_else() -> None:
    disk = Disk()

    async def main() -> None:
        journal = journal_on(disk)
        await journal.append(START, "tick", "one", [])
        await asyncio.gather(journal.checkpoint(START, "state"), journal.append(START, "tick", "two", []))

    loop = VirtualLoop()
    loop.run_until_complete(main())
    loop.close()

    assert disk.restored().checkpoint == "state"
    assert disk.restored().bodies == ("two",)


def test_one_changed_byte_changes_the_digest() -> None:
    one, other = killed_after(1.0, "a"), killed_after(1.0, "a")
    assert one.digest == other.digest

    other.records[3] = other.records[2]

    assert one.digest != other.digest
