"""Rows of the history as lines for people: aligned, and safe for a terminal whatever an order is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from guardian.journal.history.export import plain
from guardian.journal.history.read import Row
from guardian.journal.history.shapes import FILLS, LEDGER, ORDERS, Table

Cells = Callable[[Row], tuple[str, ...]]


def lines(table: Table, rows: Sequence[Row]) -> Iterator[str]:
    """Each row in one line; words to the left, numbers to the right."""
    cells_of, right = SHAPES[table.name]
    shown = [tuple(map(_printable, cells_of(row))) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for cells in shown:
        padded = (
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        yield "  ".join(padded).rstrip()


def _fill(row: Row) -> tuple[str, ...]:
    fee = f"fee {_text(row['fee'])} {row['fee_currency'] or ''}".rstrip()
    cause = "" if row["cause"] == "trade" else str(row["cause"])
    return (*_begin(row, "at"), _text(row["quantity"]), f"@ {_text(row['price'])}", fee, row["id"], cause)


def _order(row: Row) -> tuple[str, ...]:
    filled = f"{_text(row['filled'])}/{_text(row['quantity'])}"
    price = "market" if row["price"] is None else f"@ {_text(row['price'])}"
    status = f"{row['status']} {row['code'] or ''}".rstrip()
    return (*_begin(row, "updated_at"), filled, price, status, row["client_id"] or row["id"])


def _begin(row: Row, moment: str) -> tuple[str, ...]:
    return (_text(row[moment]), row["account"], row["by"], _text(row["symbol"]), _text(row["side"]))


def _entry(row: Row) -> tuple[str, ...]:
    change = _text(row["change"])
    return (_text(row["at"]), row["account"], _text(row["kind"]), change, _text(row["currency"]), row["id"])


def _text(value: Any) -> str:
    return "?" if value is None else str(plain(value))


def _printable(text: str) -> str:
    """A client order id is whatever somebody with a key has sent."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


SHAPES: dict[str, tuple[Cells, set[int]]] = {
    FILLS.name: (_fill, {5}),
    ORDERS.name: (_order, {5}),
    LEDGER.name: (_entry, {3}),
}
