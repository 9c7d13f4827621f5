"""A restart on a disk that cannot be written, or not even be read: it watches, and forgets no incident."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from guardian.core.model import Level
from guardian.journal.sqlite import SqliteJournal
from guardian.runtime.codec import encode_state
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
async def test_what_cannot_be_read_is_no_calm(tmp_path: Path, error: Exception) -> None:
    """`tampered` is told on every account and demands HALT; it is no first start, which may refuse."""
    (tmp_path / "journal.db").write_bytes(b"no journal at all" * 100)
    journal = dead(tmp_path / "journal.db", error)

    resumption = await resume_anyhow(journal)
    await journal.close()

    assert not resumption.fresh
    assert "what was in force is unknown" in resumption.tampered
    assert resumption.state.accounts == ()


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_a_first_start_on_such_a_disk_fails(tmp_path: Path, error: Exception) -> None:
    journal = dead(tmp_path / "journal.db", error)

    with pytest.raises(type(error)):
        await resume_anyhow(journal)

    await journal.close()
