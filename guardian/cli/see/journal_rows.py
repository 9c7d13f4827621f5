"""`guardian journal orders|fills|transfers|ledger`: what the accounts did, whoever did it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from guardian.cli.see import journal_table
from guardian.cli.see.journal_place import (
    CHECK_FAILED,
    check_account,
    instant,
    journal_options,
    located,
    reading,
)
from guardian.errors import GuardianError
from guardian.journal.history.check import Compared, compare
from guardian.journal.history.export import Write, plain, writer_of
from guardian.journal.history.owners import order_prefixes
from guardian.journal.history.read import Row, Sought, columns, named_in, read_rows, unfilled
from guardian.journal.history.shapes import FILLS, LEDGER, ORDERS, Column, Table

SHOWN = 20
"""Rows that people see who asked for no number and no time."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One command: the rows of `table` that are `equal` to this."""

    name: str
    table: Table
    help: str
    equal: tuple[tuple[str, str], ...] = ()


LISTINGS = (
    Listing("orders", ORDERS, "Orders that are over, whoever placed them, by their last change."),
    Listing("fills", FILLS, "Executions, whoever ordered them; liquidations too."),
    Listing("transfers", LEDGER, "Deposits, withdrawals and transfers.", (("kind", "flow"),)),
    Listing("ledger", LEDGER, "Every change of an account's cash: trades, funding, fees, transfers."),
)

NAMES = ("symbol", "currency")
"""Columns that rows are chosen by, for which any text may be given."""

MOST_NAMED = 8

WHEN = "An ISO 8601 instant (UTC if it says none), or 15m, 2h, 1d ago."
OPTIONS = (
    click.option("--account", help="Only of this account."),
    click.option("--since", metavar="WHEN", help=WHEN),
    click.option("--until", metavar="WHEN", help=WHEN),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help=f"The newest N (text: {SHOWN})."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    click.option(
        "--export",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write them to a .csv or .parquet file instead.",
    ),
    click.option(
        "--check",
        is_flag=True,
        help="Compare all rows with the records that told them; exit 3 on a difference.",
    ),
)
ORDER_OPTIONS = (
    click.option("--symbol", help="Only of this symbol, such as BTC/USDT:USDT."),
    click.option(
        "--by",
        type=click.Choice(["guardian", "bot", "other"]),
        help="Whose: by the client order id's prefix, gdn- or the account's order_prefix.",
    ),
)
LEDGER_OPTIONS = (click.option("--currency", help="Only in this currency."),)


def command_of(listing: Listing) -> click.Command:
    """The click command of a listing, with the options that its columns allow."""

    def run(*, as_json: bool, check: bool, export: Path | None, **asked: Any) -> None:
        places = {name: asked.pop(name) for name in ("state_dir", "config_path", "archive")}
        path, archive = located(**places)
        if check:
            _refuse_choice(asked, as_asked=export)
            _check(listing, path, reading(path, lambda: compare(path, archive, listing.table)), as_json)
            return
        check_account(path, asked["account"])
        sought = _sought(listing, asked, text=not as_json and export is None)
        if export is not None:
            _export(listing, path, sought, export, as_json)
        else:
            _show(listing, path, sought, as_json)

    options = [*OPTIONS, *(LEDGER_OPTIONS if listing.table is LEDGER else ORDER_OPTIONS)]
    command: Callable[..., None] = run
    for option in reversed(options):
        command = option(command)
    return click.command(listing.name, help=listing.help)(journal_options(command))


def _refuse_choice(asked: dict[str, Any], as_asked: Path | None) -> None:
    """Who names rows or a file must not read the verdict as one about those."""
    given = next((name for name, value in {**asked, "export": as_asked}.items() if value is not None), None)
    if given is not None:
        raise click.UsageError(f"--check compares all rows: leave --{given} out")


def _sought(listing: Listing, asked: dict[str, Any], text: bool) -> Sought:
    since, until = asked["since"], asked["until"]
    named = tuple((name, asked[name]) for name in NAMES if asked.get(name))
    return Sought(
        account=asked["account"],
        since=instant(since) if since else None,
        until=instant(until, "--until") if until else None,
        equal=(*listing.equal, *named),
        by=asked.get("by"),
        last=asked["limit"] or (SHOWN if text and not since else None),
    )


def _show(listing: Listing, path: Path, sought: Sought, as_json: bool) -> None:
    rows = reading(path, lambda: list(_rows(listing.table, path, sought)))
    _warn(path)
    _tell_strange(listing.table, path, sought, len(rows))
    if as_json:
        shown = [{name: plain(value) for name, value in row.items()} for row in rows]
        click.echo(json.dumps({"path": str(path), listing.name: shown}, ensure_ascii=False))
        return
    if not rows:
        click.echo(f"guardian: no rows of {listing.name} match", err=True)
    for line in journal_table.lines(listing.table, rows):
        click.echo(line)


def _export(listing: Listing, path: Path, sought: Sought, file: Path, as_json: bool) -> None:
    write = writer_of(file)
    if write is None:
        raise click.UsageError(f"--export {file}: name a file that ends in .csv or .parquet")
    if not file.parent.is_dir():
        raise GuardianError(f"{file.parent}: there is no such folder; make it first")
    shown = columns(listing.table)
    written = reading(path, lambda: _written(write, file, shown, _rows(listing.table, path, sought)))
    _warn(path)
    _tell_strange(listing.table, path, sought, written)
    if as_json:
        click.echo(json.dumps({"path": str(path), "file": str(file), "rows": written}))
    else:
        click.echo(f"{file}: {written} {listing.name}")


def _written(write: Write, file: Path, shown: Sequence[Column], rows: Iterator[Row]) -> int:
    try:
        return write(file, shown, rows)
    except OSError as error:
        raise GuardianError(f"{file}: cannot be written ({error.strerror or error})") from None


def _rows(table: Table, path: Path, sought: Sought) -> Iterator[Row]:
    return read_rows(path, table, sought, order_prefixes(path))


def _warn(path: Path) -> None:
    """What is not there yet must not pass for what never was."""
    missing = reading(path, lambda: unfilled(path))
    if missing is not None:
        said = f"rows of record {missing} and later may be missing; a guardian that runs fills them"
        click.echo(f"guardian: {said} from the records", err=True)


def _tell_strange(table: Table, path: Path, sought: Sought, rows: int) -> None:
    """A name that no row of the table has: misspelt, nothing found reads as nothing done.

    Not refused, for what nobody has traded yet has no rows either.
    """
    for name, value in sought.equal if not rows else ():
        there = reading(path, partial(named_in, path, table, name)) if name in NAMES else ()
        if there and value not in there:
            said = f"no row of {table.name} has the {name} {value!r}; {_nearest(value, there)}"
            click.echo(f"guardian: {said}", err=True)


def _nearest(value: str, there: Sequence[str]) -> str:
    plain_names = {each.casefold(): each for each in there}
    near = difflib.get_close_matches(value.casefold(), plain_names, 1)
    if near:
        return f"did you mean {plain_names[near[0]]}?"
    more = f", and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    return f"there are {', '.join(there[:MOST_NAMED])}{more}"


def _check(listing: Listing, path: Path, found: Compared, as_json: bool) -> None:
    table = listing.table.name
    if as_json:
        click.echo(json.dumps({"ok": found.ok, "table": table, **asdict(found)}, ensure_ascii=False))
    else:
        for line in _verdict(table, path, found):
            click.echo(line)
    if not found.ok:
        raise SystemExit(CHECK_FAILED)


def _verdict(table: str, path: Path, found: Compared) -> Sequence[str]:
    records = f"records {found.first} to {found.last}"
    older = f"; {found.older} older rows have no record any more" if found.older else ""
    if found.ok:
        return (f"{path}: the {found.rows} rows of {table} are what {records} told{older}",)
    told = f"{found.missing} missing, {found.changed} changed, {found.untold} told by no record"
    return (f"{path}: {table} are not what {records} told: {told}{older}", *found.named)
