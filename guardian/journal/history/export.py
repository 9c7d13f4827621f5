"""Rows as a file for other programs: CSV by the standard library, parquet by pyarrow where it is installed.

The file appears under its name only when it is whole, and is 0600: it shows what an account did.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from guardian.errors import GuardianError
from guardian.journal.history.read import Row
from guardian.journal.history.shapes import Column

BATCH_ROWS = 10_000
DIGITS, DECIMALS = 38, 18
"""Parquet keeps numbers exactly, with this many digits, of them so many behind the point."""

NO_PYARROW = (
    "parquet needs pyarrow, which is not installed: "
    "run `pip install 'guardian-sidecar[parquet]'`, or export to a .csv file"
)

Write = Callable[[Path, Sequence[Column], Iterable[Row]], int]


def writer_of(path: Path) -> Write | None:
    """By the ending of the name; None for one that names no format."""
    return {".csv": write_csv, ".parquet": write_parquet}.get(path.suffix.lower())


def plain(value: Any) -> Any:
    """A value as JSON and CSV show it: exact numbers as text, instants ISO 8601 with milliseconds."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> int:
    """How many were written. What is not known is an empty field; flags are true and false."""
    names = [column.name for column in columns]
    written = 0
    with _aside(path) as unfinished, open(unfinished, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(names)
        for row in rows:
            out.writerow([_field(row[name]) for name in names])
            written += 1
    return written


def write_parquet(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> int:
    """How many were written. A number that is none (NaN) is null, because parquet's decimals know none.

    Raises GuardianError without pyarrow, and for a number that does not fit exactly.
    """
    arrow, parquet = _pyarrow()
    schema = arrow.schema([arrow.field(column.name, _arrow_type(arrow, column)) for column in columns])
    written = 0
    with _aside(path) as unfinished, parquet.ParquetWriter(unfinished, schema) as out:
        for batch in _batches(map(_finite, rows)):
            try:
                table = arrow.Table.from_pylist(batch, schema=schema)
            except arrow.ArrowInvalid as error:
                raise GuardianError(
                    f"{path}: a number does not fit {DIGITS} digits with {DECIMALS} decimals ({error}); "
                    "export to a .csv file, which has no such limit"
                ) from None
            out.write_table(table)
            written += len(batch)
    return written


def _field(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else plain(value)


def _finite(row: Row) -> Row:
    return {name: None if _no_number(value) else value for name, value in row.items()}


def _no_number(value: Any) -> bool:
    return isinstance(value, Decimal) and not value.is_finite()


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise GuardianError(NO_PYARROW) from None
    return pyarrow, parquet


def _arrow_type(arrow: Any, column: Column) -> Any:
    match column.kind:
        case "instant":
            return arrow.timestamp("us", tz="UTC")
        case "number":
            return arrow.decimal128(DIGITS, DECIMALS)
        case "flag":
            return arrow.bool_()
        case _:
            return arrow.string()


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place at the end, or leaves nothing behind."""
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(fd)
    unfinished = Path(name)
    try:
        yield unfinished
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
