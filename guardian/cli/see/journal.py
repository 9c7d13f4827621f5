"""`guardian journal`: what happened and what was decided, and whether the record of it still holds.

All its commands read the file without writing to it, so they work beside a running daemon and without one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from guardian.cli.see import journal_text
from guardian.cli.see.journal_place import (
    CHECK_FAILED,
    check_account,
    instant,
    journal_options,
    located,
    reading,
)
from guardian.cli.see.journal_rows import LISTINGS, command_of
from guardian.errors import GuardianError
from guardian.journal import Anchor, Wanted, read_records, verify_file
from guardian.journal.anchors import parse
from guardian.journal.anchors import read as read_anchors
from guardian.ports import Record


@click.group()
def journal() -> None:
    """Read and verify the journal, and what the accounts did by it."""


for _listing in LISTINGS:
    journal.add_command(command_of(_listing))


@journal.command()
@journal_options
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N (text: 20).")
@click.option(
    "--since", metavar="WHEN", help="An ISO 8601 instant (UTC if it says none), or 15m, 2h, 1d ago."
)
@click.option("--kind", help="Only records of this kind, such as snapshot or reported.")
@click.option("--account", help="Only records that concern this account.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(
    *,
    as_json: bool,
    account: str | None,
    last: int | None,
    since: str | None,
    kind: str | None,
    **where: Path | None,
) -> None:
    """Show records, oldest first, those in the archive too."""
    path, archive = located(**where)
    begin = instant(since) if since else None
    most = last or (None if as_json or since else 20)
    matches = None if account is None else concerning(account)
    query = Wanted(last=most, since=begin, kind=kind, matches=matches)
    records = reading(path, lambda: read_records(path, query, archive))
    if not records:
        check_account(path, account)
    if as_json:
        click.echo(json.dumps({"path": str(path), "records": [_document(record) for record in records]}))
        return
    for line in journal_text.lines(records):
        click.echo(line)


@journal.command()
@journal_options
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="SEQ:HASH|FILE",
    help="A head that was kept elsewhere, or a file of them; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(*, anchors: tuple[str, ...], as_json: bool, **where: Path | None) -> None:
    """Read the whole chain, archive included. Exit 0: every record is what was written; 3: one is not.

    Only an anchor shows that the end was cut off, or everything written anew: keep the head that this command
    prints where nobody who can write the journal can change it, or let `journal: {anchors: FILE}` do so.
    """
    path, archive = located(**where)
    known = tuple(anchor for text in anchors for anchor in _anchors(text))
    found = reading(path, lambda: verify_file(path, archive, known))
    holding = sum(anchor.seq >= found.first for anchor in known)
    if as_json:
        click.echo(json.dumps({**asdict(found), "anchors": holding}))
    elif found.ok:
        said = f"{found.records} records from {found.first} on, unbroken"
        said += f", as {holding} of {len(known)} anchors say" if known else ""
        click.echo(f"{path}: {said}; head {found.last}:{found.head}")
    else:
        click.echo(f"{path}: {found.records} records are unbroken, then: {found.problem}")
    if not found.ok:
        raise SystemExit(CHECK_FAILED)


def _anchors(text: str) -> tuple[Anchor, ...]:
    """The anchor that is written there, or all in the file of that name."""
    anchor = parse(text)
    if anchor is not None:
        return (anchor,)
    try:
        return read_anchors(Path(text))
    except OSError as error:
        raise GuardianError(
            f"--anchor {text}: neither SEQ:HASH nor a file that can be read ({error.strerror})"
        ) from None


def concerning(account: str) -> Callable[[str], bool]:
    """Whether a record's body names the account in its event, a decision or an effect."""
    quoted = json.dumps(account, ensure_ascii=False)[1:-1]

    def matches(body: str) -> bool:
        # Cheap first: most records of a big journal concern another account.
        return quoted in body and account in journal_text.accounts(journal_text.parsed(body))

    return matches


def _document(record: Record) -> dict[str, Any]:
    return {
        "seq": record.seq,
        "at": journal_text.stamp(record.at),
        "kind": record.kind,
        "summary": journal_text.summary(record),
        "body": journal_text.parsed(record.body),
        "prev": record.prev,
        "hash": record.hash,
    }
