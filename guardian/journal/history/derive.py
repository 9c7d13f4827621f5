"""The rows that a record brings: a pure function of its kind and its body, so that they can be had again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from guardian.journal.chain import DIRECT, instant
from guardian.journal.history.shapes import FILLS, LEDGER, ORDERS, Kind, Table

SNAPSHOT, ACTIVITY = "snapshot", "activity"
KINDS = (SNAPSHOT, ACTIVITY, DIRECT)
"""Kinds of records that may bring rows."""

_LEDGER_ROWS = '"ledger":[{'
"""How the canonical body of a snapshot with rows spells them; most have none and need no parsing."""

Value = str | int | None


class Told(NamedTuple):
    """One row for one table, `values` in the order of its columns."""

    table: Table
    values: tuple[Value, ...]


class Derived(NamedTuple):
    """The rows of a record, and how many of those it told were none."""

    rows: tuple[Told, ...]
    unfit: int = 0


def derive(seq: int, kind: str, body: str) -> Derived:
    """Total: what does not have the shape of a row is counted, never raised."""
    if kind not in KINDS or (kind == SNAPSHOT and _LEDGER_ROWS not in body):
        return Derived(())
    rows: list[Told] = []
    unfit = 0
    try:
        for table, account, raw in _raw(kind, body):
            try:
                rows.append(_row(table, account, raw, seq))
            except (ValueError, TypeError, KeyError, AttributeError):
                unfit += 1
    except (ValueError, TypeError, KeyError, AttributeError):
        unfit += 1
    return Derived(tuple(rows), unfit)


def statements(rows: Iterable[Told]) -> Iterator[tuple[str, Sequence[tuple[Value, ...]]]]:
    """One statement a table, with what it is to be executed for."""
    grouped: dict[str, list[tuple[Value, ...]]] = {}
    for table, values in rows:
        grouped.setdefault(table.upsert, []).append(values)
    yield from grouped.items()


def _raw(kind: str, body: str) -> Iterator[tuple[Table, str, dict[str, Any]]]:
    parsed = orjson.loads(body)
    if kind == DIRECT:
        direct = parsed[DIRECT]
        if direct["kind"] in (SNAPSHOT, ACTIVITY):
            yield from _raw(direct["kind"], direct["body"])
        return
    event = parsed["event"]
    if kind == SNAPSHOT:
        seen = event["snapshot"]
        yield from ((LEDGER, seen["account"], raw) for raw in seen["ledger"] or ())
        return
    seen = event["activity"]
    yield from ((FILLS, seen["account"], raw) for raw in seen["fills"] or ())
    yield from ((ORDERS, seen["account"], raw) for raw in seen["orders"] or ())


def _row(table: Table, account: str, raw: dict[str, Any], seq: int) -> Told:
    told = (_value(column.kind, raw.get(column.name)) for column in table.told)
    row = Told(table, (_required(account), *told, seq))
    _required(raw["id"])
    return row


def _required(text: object) -> str:
    if not isinstance(text, str) or not text:
        raise ValueError("a row without an account or an id")
    return text


def _value(kind: Kind, told: Any) -> Value:
    """A field that an older record does not have is None; an instant has to be one."""
    if kind == "instant":
        return instant(datetime.fromisoformat(told))
    if told is None:
        return None
    return str(told) if kind in ("text", "number") else int(told)
