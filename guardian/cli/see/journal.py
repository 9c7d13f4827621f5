"""`guardian journal`: what happened and what was decided, and whether the record of it still holds.

Both commands read the file without writing to it, so they work beside a running daemon and without one.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from guardian.cli.see import journal_text
from guardian.errors import GuardianError
from guardian.journal import FILE_NAME, Anchor, Wanted, read_records, verify_file
from guardian.journal.anchors import parse
from guardian.journal.anchors import read as read_anchors
from guardian.journal.archive import FOLDER, SegmentDamaged
from guardian.ports import Record

T = TypeVar("T")

CHECK_FAILED = 3
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPAN_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


@click.group()
def journal() -> None:
    """Read and verify the journal."""


def _place(command: Callable[..., None]) -> Callable[..., None]:
    """The two ways to say which journal."""
    state_dir = click.option(
        "--state-dir", type=click.Path(path_type=Path), help="The folder that holds journal.db."
    )
    config = click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        metavar="F",
        help="Take its state_dir and archive.",
    )
    archive = click.option(
        "--archive",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Old segments; default: archive in it.",
    )
    return state_dir(config(archive(command)))


@journal.command()
@_place
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
    **place: Path | None,
) -> None:
    """Show records, oldest first, those in the archive too."""
    path, archive = _found(**place)
    begin = instant(since) if since else None
    most = last or (None if as_json or since else 20)
    matches = None if account is None else concerning(account)
    query = Wanted(last=most, since=begin, kind=kind, matches=matches)
    records = _reading(path, lambda: read_records(path, query, archive))
    if as_json:
        click.echo(json.dumps({"path": str(path), "records": [_document(record) for record in records]}))
        return
    for line in journal_text.lines(records):
        click.echo(line)


@journal.command()
@_place
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="SEQ:HASH|FILE",
    help="A head that was kept elsewhere, or a file of them; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(*, anchors: tuple[str, ...], as_json: bool, **place: Path | None) -> None:
    """Read the whole chain, archive included. Exit 0: every record is what was written; 3: one is not.

    Only an anchor shows that the end was cut off, or everything written anew: keep the head that this command
    prints where nobody who can write the journal can change it, or let `journal: {anchors: FILE}` do so.
    """
    path, archive = _found(**place)
    known = tuple(anchor for text in anchors for anchor in _anchors(text))
    found = _reading(path, lambda: verify_file(path, archive, known))
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


def _found(state_dir: Path | None, config_path: Path | None, archive: Path | None) -> tuple[Path, Path]:
    """journal.db and its archive: as told, else as configured, else below ./state."""
    if state_dir is None:
        named = config_path is not None or "GUARDIAN_CONFIG" in os.environ or Path("guardian.yaml").exists()
        state_dir, configured = _configured(config_path) if named else (Path("state"), None)
        archive = archive or configured
    path = state_dir / FILE_NAME
    if not path.is_file():
        raise GuardianError(f"{path}: there is no journal here; name its folder with --state-dir")
    return path, archive or state_dir / FOLDER


def _configured(config_path: Path | None) -> tuple[Path, Path]:
    from guardian.config import load_config  # Only here: reading a journal needs no YAML.

    config = load_config(config_path)
    return config.state_dir, config.archive


def _reading(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except (OSError, sqlite3.Error, SegmentDamaged) as error:
        raise GuardianError(
            f"{path}: cannot be read ({error}); is it a journal, may you read its folder?"
        ) from None


def instant(text: str) -> datetime:
    """An ISO 8601 instant, or a span such as 2h before now. Raises click.UsageError (exit 2)."""
    span = _SPAN.fullmatch(text.strip())
    try:
        if span is not None:
            return datetime.now(UTC) - timedelta(seconds=float(span[1]) * _SPAN_SECONDS[span[2]])
        at = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise click.UsageError(f"--since {text}: write 2026-11-21T09:00:00Z, or 15m, 2h, 1d") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


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
