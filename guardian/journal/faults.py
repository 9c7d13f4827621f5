"""What can be wrong with a journal that a person must look at."""

from __future__ import annotations

import sqlite3

from guardian.errors import GuardianError

# Primary result codes of sqlite3 that mean "these bytes are not the database that was written". An ERROR is a
# statement that does not fit the tables: they are not the ones that guardian made.
SQLITE_ERROR = 1
SQLITE_CORRUPT = 11
SQLITE_NOTADB = 26


class JournalTampered(GuardianError):
    """The past of the journal is not what was written; `problem` names the first record that does not fit."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(
            f"{path}: the journal was changed after it was written: {problem}. "
            "Keep a copy, run `guardian journal verify`, and find out who wrote to it."
        )
        self.problem = problem


class JournalForeign(GuardianError):
    """The file is a journal of a newer guardian, or no journal at all."""


# And those that mean "the disk or its user cannot do this now", whatever the bytes are.
FAILING = frozenset({3, 5, 6, 7, 8, 9, 10, 13, 14, 15, 22, 23})


def damaged(error: sqlite3.Error) -> bool:
    """Whether sqlite says that the file's bytes are broken, as opposed to a disk that fails for now."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and (code & 0xFF) in (SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_NOTADB)


def failing(error: sqlite3.Error) -> bool:
    """Whether the disk failed, so that nothing is known about the bytes: permission, lock, room, I/O."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and (code & 0xFF) in FAILING
