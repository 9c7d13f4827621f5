"""The tables of the history and the statements on them; every name in them is a constant of this file.

A row is known by its account and its id, which the venue's reader makes unique. `seq` is the record that told
it: the newest one that did, because the newer word on a row counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "instant", "side", "flag", "count"]
"""What a column holds. Numbers and instants are kept as text: exact, and in fixed-width UTC that sorts."""

SQL_TYPES = {"side": "INTEGER", "flag": "INTEGER", "count": "INTEGER"}
KEY = ("account", "id")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """`told` are the columns as the fact names them, `moment` the one that rows are ordered by in time.

    `newer` are the columns by which one word on a row is newer than another.
    """

    name: str
    told: tuple[Column, ...]
    moment: str
    newer: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("account", "text"), *self.told, Column("seq", "count"))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def layout(self) -> tuple[str, ...]:
        """The statements that create it where it is not there."""
        needed = {*KEY, self.moment, "seq"}
        columns = ", ".join(
            f"{c.name} {SQL_TYPES.get(c.kind, 'TEXT')}{' NOT NULL' if c.name in needed else ''}"
            for c in self.columns
        )
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}, PRIMARY KEY ({', '.join(KEY)}))",
            f"CREATE INDEX IF NOT EXISTS {self.index} ON {self.name} ({self.moment})",
        )

    @property
    def index(self) -> str:
        return f"{self.name}_{self.moment}"

    @property
    def upsert(self) -> str:
        """Put a row; one that is there stays unless this is the newer word on it, whichever comes first."""
        marks = ", ".join("?" for _ in self.names)
        changes = ", ".join(f"{name} = excluded.{name}" for name in self.names if name not in KEY)
        theirs = ", ".join(f"excluded.{name}" for name in self.newer)
        ours = ", ".join(f"{self.name}.{name}" for name in self.newer)
        return " ".join(
            (
                "INSERT",
                f"INTO {self.name} ({', '.join(self.names)}) VALUES ({marks})",
                f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {changes} WHERE ({theirs}) >= ({ours})",
            )
        )

    @property
    def told_until(self) -> str:
        return " ".join(("SELECT rowid FROM", self.name, "WHERE seq <= ?"))

    @property
    def forget(self) -> str:
        return " ".join(("DELETE FROM", self.name, "WHERE rowid = ? AND seq <= ?"))


FILLS = Table(
    "fills",
    (
        Column("id", "text"),
        Column("at", "instant"),
        Column("symbol", "text"),
        Column("side", "side"),
        Column("quantity", "number"),
        Column("price", "number"),
        Column("fee", "number"),
        Column("fee_currency", "text"),
        Column("order_id", "text"),
        Column("client_id", "text"),
        Column("closed", "number"),
        Column("realised", "number"),
        Column("contract_size", "number"),
        Column("inverse", "flag"),
        Column("cause", "text"),
    ),
    "at",
    ("seq",),
)

ORDERS = Table(
    "orders",
    (
        Column("id", "text"),
        Column("client_id", "text"),
        Column("symbol", "text"),
        Column("side", "side"),
        Column("quantity", "number"),
        Column("filled", "number"),
        Column("price", "number"),
        Column("average", "number"),
        Column("status", "text"),
        Column("code", "text"),
        Column("reduce_only", "flag"),
        Column("created_at", "instant"),
        Column("updated_at", "instant"),
    ),
    "updated_at",
    ("updated_at", "seq"),
)

LEDGER = Table(
    "ledger",
    (
        Column("id", "text"),
        Column("at", "instant"),
        Column("kind", "text"),
        Column("currency", "text"),
        Column("change", "number"),
    ),
    "at",
    ("seq",),
)

TABLES = (FILLS, ORDERS, LEDGER)
