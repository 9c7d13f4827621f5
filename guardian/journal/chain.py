"""The chain: what one record's hash covers, and how a stored row is held against it.

Law: pure functions over rows. A row is judged by itself (digest) and by its place (sequence, link).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

GENESIS = "0" * 64

# Kinds that the journal writes about itself; every other kind is an event of the runtime.
CHECKPOINT = "checkpoint"
TAIL_CUT = "tail_cut"
TAMPER_ACCEPTED = "tamper_accepted"
DIRECT = "direct"
ARCHIVED = "archived"
PRUNED = "pruned"
OWN_KINDS = frozenset({CHECKPOINT, TAIL_CUT, TAMPER_ACCEPTED, DIRECT, ARCHIVED, PRUNED})


class Row(NamedTuple):
    """One stored record, `at` as text exactly as it is hashed."""

    seq: int
    at: str
    kind: str
    body: str
    prev: str
    hash: str


class Fault(Enum):
    """Why a row does not fit: SELF is the row's own content, PLACE its sequence number or its link."""

    SELF = "self"
    PLACE = "place"


class Bad(NamedTuple):
    seq: int
    fault: Fault
    problem: str


def instant(at: datetime) -> str:
    """Fixed-width UTC text with microseconds, so that text order is time order."""
    if at.tzinfo is None:
        raise ValueError("a journal instant must be aware UTC")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def digest(prev: str, seq: int, at: str, kind: str, body: str) -> str:
    """SHA-256 over the five fields, each framed by its length, so that no two records share an input."""
    fields = [field.encode("utf-8", "surrogatepass") for field in (prev, str(seq), at, kind, body)]
    return hashlib.sha256(b"".join(b"%d:%b" % (len(raw), raw) for raw in fields)).hexdigest()


def sound(row: Row) -> bool:
    """Whether the row's own hash covers its own content, wherever it stands."""
    if set(map(type, row[1:])) != {str}:
        return False  # SQLite keeps whatever type somebody wrote.
    return digest(row.prev, row.seq, row.at, row.kind, row.body) == row.hash


def judge(row: Row, seq: int, prev: str) -> Bad | None:
    """None when the row is record `seq` following a record whose hash is `prev`."""
    if row.seq != seq:
        return Bad(row.seq, Fault.PLACE, f"record {seq} is missing: {row.seq} follows {seq - 1}")
    if not sound(row):
        return Bad(row.seq, Fault.SELF, f"record {row.seq}: its content does not match its hash")
    if row.prev != prev:
        return Bad(row.seq, Fault.PLACE, f"record {row.seq} does not continue record {row.seq - 1}")
    return None


def follow(prev: str, seq: int, at: str, kind: str, body: str) -> Row:
    """The row of a new record `seq` after the record whose hash is `prev`."""
    return Row(seq, at, kind, body, prev, digest(prev, seq, at, kind, body))
