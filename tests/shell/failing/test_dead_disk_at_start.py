"""A restart on a disk that cannot be written, or not even be read: it watches, and forgets no incident."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from guardian.core.model import Level
from guardian.journal.sqlite import SqliteJournal
from guardian.runtime.codec import encode_state
from guardian.runtime.start import restore
from guardian.runtime.start.restore import resume_anyhow
from tests.core import build
from tests.shell.test_replay import ORIGIN, an_incident, written

FAILURES = [
    OSError(5, "Input/output error"),
    sqlite3.OperationalError("a readonly database"),
]


def dead(path: Path, error: Exception) -> SqliteJournal:
    """A journal whose disk answers every writer with this."""

    def opener(_: Path) -> sqlite3.Connection:
        raise error

    return SqliteJournal(path, ORIGIN, opener)


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_what_can_be_read_is_in_force(tmp_path: Path, error: Exception) -> None:
    shell = await an_incident(tmp_path)
    journal = dead(await written(tmp_path, shell.disk.bodies), error)

    resumption = await resume_anyhow(journal)
    await journal.close()

    account = resumption.state.account(build.ACCOUNT)
    assert account is not None
    assert account.level is Level.LOCKOUT
    assert encode_state(resumption.state) == encode_state(shell.runtime.state)
    assert (resumption.fresh, resumption.tampered) == (False, "")


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_what_cannot_be_read_is_not_taken_for_nothing(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blank state would disarm the account and forget its latch: who supervises it tries again."""
    monkeypatch.setattr(restore, "READ_AGAIN_SECONDS", 0.0)
    (tmp_path / "journal.db").write_bytes(b"no journal at all" * 100)
    journal = dead(tmp_path / "journal.db", error)

    with pytest.raises(type(error)):
        await resume_anyhow(journal)

    await journal.close()


async def test_a_disk_that_fails_for_a_moment_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "READ_AGAIN_SECONDS", 0.0)
    shell, tries = await an_incident(tmp_path), []
    journal = dead(await written(tmp_path, shell.disk.bodies), FAILURES[0])
    read = restore.read_records

    def shaky(*given: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(5, "Input/output error")
        return read(*given)

    monkeypatch.setattr(restore, "read_records", shaky)
    resumption = await resume_anyhow(journal)
    await journal.close()

    account = resumption.state.account(build.ACCOUNT)
    assert account is not None
    assert Level.LOCKOUT is account.level


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_a_first_start_on_such_a_disk_fails(tmp_path: Path, error: Exception) -> None:
    journal = dead(tmp_path / "journal.db", error)

    with pytest.raises(type(error)):
        await resume_anyhow(journal)

    await journal.close()
