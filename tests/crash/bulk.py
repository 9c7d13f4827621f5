"""A long journal, quickly: days of reads behind the records of a real run, written through the real store.

Every record is chained, every body has the shape and the size of a real one, and a checkpoint comes as often
as guardian writes it. The core decides only the first records and the last two stretches between checkpoints:
no restart reads what lies before them, and deciding a million records would take a quarter of an hour. The
tail behind the last checkpoint is as long as it can be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from guardian.core.engine import step
from guardian.core.events import Event, SnapshotTaken
from guardian.core.state import SCHEMA, State
from guardian.journal.chain import CHECKPOINT, OWN_KINDS
from guardian.journal.read import Wanted, read_records
from guardian.journal.store import Entry, Origin, Store
from guardian.runtime.codec import decode_step_event, encode_state, encode_step
from guardian.runtime.commit import CHECKPOINT_EVERY

SECOND = timedelta(seconds=1)
_INSTANT = re.compile(r'(?<=")(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?=")')


class Stencil:
    """A record's body whose instants can be moved: all that changes from read to read in a quiet market."""

    def __init__(self, body: str) -> None:
        self._pieces = _INSTANT.split(body)
        self._instants = [datetime.fromisoformat(text) for text in self._pieces[1::2]]

    def moved(self, by: timedelta) -> str:
        """The body with each of its instants later by this much."""
        self._pieces[1::2] = [_text(instant + by) for instant in self._instants]
        return "".join(self._pieces)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def grow(path: Path, records: int, instance: str) -> None:
    """Replace the journal of a real run, whose guardian has ended, by one with this many records until now.

    Raises ValueError where the run has read nothing or is longer than `records` allow.
    """
    real = [r for r in read_records(path, Wanted()) if r.kind not in OWN_KINDS]
    shift = datetime.now(UTC) - (records - len(real)) * SECOND - real[-1].at
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    store = Store(path, Origin(instance, str(SCHEMA)))
    try:
        state, last = _prologue(store, [Stencil(record.body).moved(shift) for record in real])
        _history(store, state, last, records - len(real))
    finally:
        store.drop()


def _prologue(store: Store, bodies: Sequence[str]) -> tuple[State, SnapshotTaken]:
    """The real run, long ago: configuration, arming, the first reads. Its last whole read is given back."""
    events = [decode_step_event(body) for body in bodies]
    state = _decide(store, State(), events)
    whole = [
        e for e in events if isinstance(e, SnapshotTaken) and e.snapshot.wallet and not e.snapshot.failures
    ]
    if not whole:
        raise ValueError("the run has read nothing that could be repeated")
    return state, replace(whole[-1], at=events[-1].at)


def _history(store: Store, state: State, last: SnapshotTaken, count: int) -> None:
    """Reads a second apart until now. Only the tail behind the last checkpoint is left without one."""
    decided, tail = 2 * CHECKPOINT_EVERY - 1, CHECKPOINT_EVERY - 1
    if count < decided:
        raise ValueError(f"at least {decided} records more than the run has are needed")
    _repeat(store, state, last, count - decided)
    reads = [_later(last, number * SECOND) for number in range(count - decided + 1, count + 1)]
    state = _decide(store, state, reads[:-tail])
    store.checkpoint(Entry(reads[-tail - 1].at, CHECKPOINT, encode_state(state)))
    _decide(store, state, reads[-tail:])


def _repeat(store: Store, state: State, last: SnapshotTaken, count: int) -> None:
    """Records that nobody decided; the checkpoints between them are as large as real ones."""
    stencil, checkpoint = Stencil(encode_step(last, (), ())), encode_state(state)
    for start in range(1, count + 1, CHECKPOINT_EVERY):
        ages = [number * SECOND for number in range(start, min(start + CHECKPOINT_EVERY, count + 1))]
        store.append([Entry(last.at + age, last.kind, stencil.moved(age)) for age in ages])
        store.checkpoint(Entry(last.at + ages[-1], CHECKPOINT, checkpoint))


def _later(read: SnapshotTaken, by: timedelta) -> SnapshotTaken:
    snapshot = replace(read.snapshot, asked_at=read.snapshot.asked_at + by)
    return replace(read, at=read.at + by, snapshot=snapshot)


def _decide(store: Store, state: State, events: Sequence[Event]) -> State:
    """Records as the loop writes them; nothing of what they ask for is performed."""
    entries = []
    for event in events:
        state, effects = step(state, event)
        entries.append(Entry(event.at, event.kind, encode_step(event, state.decisions, effects)))
    store.append(entries)
    return state
