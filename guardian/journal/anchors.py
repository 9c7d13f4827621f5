"""Anchors: heads of the chain that are kept where the journal is not, so that a cut end of it shows.

A chain proves that nothing inside it was changed; only a head that was written down elsewhere proves that
nothing is missing from its end, and that the chain was not written anew.

Law: one line an anchor, `INSTANT SEQ:HASH`, appended and never rewritten. A last line without its end is the
trace of a crash and says nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from guardian.errors import GuardianError
from guardian.journal.chain import instant

_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class Anchor(NamedTuple):
    """Record `seq` had this hash when the anchor was taken."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def parse(text: str) -> Anchor | None:
    """`SEQ:HASH`, as `journal verify` prints it; None for anything else."""
    found = _ANCHOR.fullmatch(text.strip())
    return Anchor(int(found[1]), found[2]) if found else None


def append(path: Path, at: datetime, anchor: Anchor) -> None:
    """One durable line at the end of the file. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        line = f"{instant(at)} {anchor}\n".encode()
        # A line that a crash has cut is ended first, or the new one would be lost in it.
        size = os.fstat(fd).st_size
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        os.write(fd, b"\n" + line if torn else line)
        os.fsync(fd)
    finally:
        os.close(fd)


def read(path: Path) -> tuple[Anchor, ...]:
    """Every anchor of the file. Raises OSError, or GuardianError for a file that holds none."""
    text = path.read_text(encoding="ascii", errors="replace")
    lines = text.split("\n")[:-1]
    found = tuple(_anchors(lines))
    if not found:
        raise GuardianError(f"{path}: holds no anchor; a line of it is INSTANT SEQ:HASH")
    return found


def _anchors(lines: Iterable[str]) -> Iterable[Anchor]:
    for line in lines:
        anchor = parse(line.rpartition(" ")[2])
        if anchor is not None:
            yield anchor
