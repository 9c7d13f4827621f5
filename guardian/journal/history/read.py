"""Asking for rows of the history, beside a daemon that writes and without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from guardian.errors import GuardianError
from guardian.journal.chain import instant
from guardian.journal.history.keep import gap
from guardian.journal.history.shapes import Column, Table
from guardian.journal.schema import connect_read_only

OWN_PREFIX = "gdn-"
By = Literal["guardian", "bot", "other"]
Prefixes = Mapping[str, tuple[str, ...]]
Row = dict[str, Any]
"""A row as columns: instants aware UTC, numbers Decimal, sides "buy" and "sell", flags bool."""


class HistoryMissing(GuardianError):
    """The journal has no tables for these rows."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which rows: of this account, within [since, until], with these `equal` columns, made by `by`.

    `last` are the newest so many of them.
    """

    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    equal: tuple[tuple[str, str], ...] = ()
    by: By | None = None
    last: int | None = None


def read_rows(path: Path, table: Table, sought: Sought, prefixes: Prefixes) -> Iterator[Row]:
    """Rows, oldest first. `by` is added where the table has client ids; `prefixes` are the bot's, by account.

    Raises OSError, sqlite3.Error or HistoryMissing.
    """
    with closing(connect_read_only(path)) as db:
        require(db, table, path)
        statement, values = _query(table, sought)
        with closing(db.execute(statement, values)) as stored:
            wanted = _of(sought.by, (_row(table, row, prefixes) for row in stored))
            if sought.last is None:
                yield from wanted
            else:
                yield from list(islice(wanted, sought.last))[::-1]


def require(db: sqlite3.Connection, table: Table, path: Path, master: str = "sqlite_master") -> None:
    """Silence about rows that were never kept would be a false answer."""
    count = " ".join(("SELECT count(*) FROM", master, "WHERE name = ?"))
    if not db.execute(count, (table.name,)).fetchone()[0]:
        raise HistoryMissing(
            f"{path}: was written by a guardian that kept no {table.name}; start this one on it once, "
            "and it fills them from the records that are there"
        )


def named_in(path: Path, table: Table, column: str) -> tuple[str, ...]:
    """What the table's rows have in this column, whatever rows are sought. Raises as `read_rows` does."""
    with closing(connect_read_only(path)) as db:
        require(db, table, path)
        words = ("SELECT DISTINCT", column, "FROM", table.name, "WHERE", column, "IS NOT NULL")
        return tuple(sorted(str(name) for (name,) in db.execute(" ".join(words))))


def unfilled(path: Path) -> int | None:
    """The first record whose rows may still be missing."""
    with closing(connect_read_only(path)) as db:
        return gap(db)


def columns(table: Table) -> tuple[Column, ...]:
    """What a row shows, in its order."""
    shown = table.columns[:-1]
    return (*shown, Column("by", "text")) if _has_owner(table) else shown


def _has_owner(table: Table) -> bool:
    return "client_id" in table.names


def _query(table: Table, sought: Sought) -> tuple[str, list[str]]:
    wanted: list[tuple[str, str | None]] = [
        ("account = ?", sought.account),
        (f"{table.moment} >= ?", None if sought.since is None else instant(sought.since)),
        (f"{table.moment} <= ?", None if sought.until is None else instant(sought.until)),
        *((f"{name} = ?", value) for name, value in sought.equal if name in table.names),
    ]
    conditions = [condition for condition, value in wanted if value is not None]
    order = "ASC" if sought.last is None else "DESC"
    words = ["SELECT", ", ".join(table.names), "FROM", table.name]
    if conditions:
        words += ["WHERE", " AND ".join(conditions)]
    words += ["ORDER BY", f"{table.moment} {order}, account {order}, id {order}"]
    return " ".join(words), [value for _, value in wanted if value is not None]


def _row(table: Table, stored: tuple[Any, ...], prefixes: Prefixes) -> Row:
    row = {column.name: _shown(column, value) for column, value in zip(table.columns, stored, strict=True)}
    del row["seq"]
    if _has_owner(table):
        row["by"] = _owner(row["client_id"] or "", prefixes.get(row["account"], ()))
    return row


def _shown(column: Column, value: Any) -> Any:
    if value is None:
        return None
    match column.kind:
        case "instant":
            return datetime.fromisoformat(value).astimezone(UTC)
        case "number":
            return Decimal(value)
        case "side":
            return "buy" if value > 0 else "sell"
        case "flag":
            return bool(value)
        case _:
            return value


def _owner(client_id: str, bot: tuple[str, ...]) -> By:
    """By the prefix of the client id; a bot that has none configured cannot be told from others."""
    if client_id.startswith(OWN_PREFIX):
        return "guardian"
    return "bot" if client_id.startswith(bot) else "other"


def _of(by: By | None, rows: Iterator[Row]) -> Iterator[Row]:
    return rows if by is None else (row for row in rows if row.get("by") == by)
