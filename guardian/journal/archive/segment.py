"""One segment of the archive: gzipped lines of JSON that `zcat` and `jq` read, first a title, then records.

Law: a segment appears under its name only when it is whole and on the disk, and is never changed after that.
Its name says of which chain it is: others may share the folder, and what is theirs is not touched.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from guardian.journal.chain import Row

FOLDER = "archive"
"""Where segments lie, beside the live file, unless the configuration names another place."""

ENDING = ".jsonl.gz"
UNFINISHED = ".part"
NAME = re.compile(r"(\d{12,18})-(\d{12,18})(?:-([0-9a-f]{12}))?" + re.escape(ENDING), re.ASCII)

RESERVE_BYTES = 100_000_000
"""What a segment leaves free on its disk, because the live journal may lie on the same one."""


_TYPES = [int, str, str, str, str, str]


class SegmentDamaged(Exception):
    """The file is not the segment that was written."""


@dataclass(frozen=True, slots=True)
class Title:
    """What a segment says of itself: records `first` to `last`, the link before them and the hash after.

    `since` and `until` are the instants of the first and the last record.
    """

    first: int
    last: int
    prev: str
    hash: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Segment:
    path: Path
    title: Title


class Lying(NamedTuple):
    """A file of the archive by its name alone, which is enough to leave it alone.

    A name without a chain is of a time when the folder had one chain only.
    """

    first: int
    last: int
    chain: str
    path: Path

    def of(self, chain: str) -> bool:
        return self.chain in ("", chain)


def lying(folder: Path) -> list[Lying]:
    """Every segment of the folder by its first record, of whatever chain, unopened. Raises OSError."""
    if not folder.is_dir():
        return []
    names = ((path, NAME.fullmatch(path.name)) for path in folder.iterdir())
    return sorted(Lying(int(name[1]), int(name[2]), name[3] or "", path) for path, name in names if name)


def segments(folder: Path, chain: str | None = None) -> list[Segment]:
    """The segments of a chain (None: of all) by their first record. Raises OSError, SegmentDamaged."""
    found = [opened(each.path) for each in lying(folder) if chain is None or each.of(chain)]
    return sorted(found, key=lambda segment: segment.title.first)


def opened(path: Path) -> Segment:
    """The segment that lies there. Raises OSError, SegmentDamaged."""
    return Segment(path, _title(path))


def write(
    folder: Path, chain: str, title: Title, batches: Iterable[Iterable[Row]], expected: int = 0
) -> Path:
    """Write a segment of about `expected` bytes and put it in its place at once. Raises OSError, and then
    leaves nothing behind that would keep a full disk full.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _room(folder, expected)
    path = folder / f"{title.first:012}-{title.last:012}-{chain}{ENDING}"
    if path.exists():
        raise FileExistsError(errno.EEXIST, "a segment is never overwritten", str(path))
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        _write(unfinished, title, batches)
        os.replace(unfinished, path)
    except Exception:
        unfinished.unlink(missing_ok=True)
        raise
    settle(folder)
    return path


def _write(path: Path, title: Title, batches: Iterable[Iterable[Row]]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
            packed.write(_line(asdict(title)))
            for batch in batches:
                _room(path.parent)
                packed.write(b"".join(_line(plain(row)._asdict()) for row in batch))
        raw.flush()
        os.fsync(fd)


def _room(folder: Path, wanted: int = 0) -> None:
    """Raise OSError unless the disk has room for `wanted` bytes beside the reserve."""
    free = shutil.disk_usage(folder).free
    if free < RESERVE_BYTES + wanted:
        needed = f"{free:,} bytes are free, {RESERVE_BYTES + wanted:,} are needed"
        raise OSError(errno.ENOSPC, f"the archive leaves room for the live journal: {needed}", str(folder))


def sweep(folder: Path, chain: str) -> None:
    """Remove what a crash of this chain's guardian left half written. Raises OSError."""
    for unfinished in folder.glob(f"*-{chain}{ENDING}{UNFINISHED}") if chain else ():
        if NAME.fullmatch(unfinished.name.removesuffix(UNFINISHED)):
            unfinished.unlink()


def settle(folder: Path) -> None:
    """Names that were made or removed in the folder are on the disk. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def plain(row: Row) -> Row:
    """The row with text in each place. SQLite keeps whatever type somebody wrote; such a record does not fit
    its hash, and still does not as text.
    """
    return Row(row.seq, *(_text(column) for column in row[1:]))


def _text(column: object) -> str:
    if isinstance(column, bytes):
        return f"bytes {column.hex()}"
    return column if isinstance(column, str) else str(column)


def rows_of(segment: Segment) -> Iterator[Row]:
    """The records as they were written, the file's own checksum included. Raises OSError, SegmentDamaged."""
    with _lines(segment.path) as lines:
        next(lines)
        for line in lines:
            yield _row(segment.path, line)


def seal(path: Path) -> str:
    """SHA-256 of the file, the same that `sha256sum` prints. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _title(path: Path) -> Title:
    with _lines(path) as lines:
        try:
            title = Title(**json.loads(next(lines)))
        except (ValueError, TypeError, StopIteration):
            raise SegmentDamaged(f"{path.name} has no title") from None
    numbers, texts = (title.first, title.last), (title.prev, title.hash, title.since, title.until)
    if not all(type(n) is int for n in numbers) or not all(isinstance(t, str) for t in texts):
        raise SegmentDamaged(f"{path.name} has no title")
    return title


def _row(path: Path, line: bytes) -> Row:
    try:
        row = Row(**json.loads(line))
    except (ValueError, TypeError):
        row = None
    if row is None or [*map(type, row)] != _TYPES:
        raise SegmentDamaged(f"{path.name} has a line that is no record")
    return row


@contextlib.contextmanager
def _lines(path: Path) -> Iterator[Iterator[bytes]]:
    with gzip.open(path, "rb") as file:
        yield _readable(path, file)


def _readable(path: Path, file: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SegmentDamaged(f"{path.name} cannot be unpacked ({error})") from None


def _line(value: dict[str, Any]) -> bytes:
    # ASCII, so that text which is no UTF-8 (somebody changed it) is kept as it was found.
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"
