"""The journals of releases, and what this guardian decides on them.

A folder a release: `journal.jsonl.gz` is its journal, frozen for ever, one {"kind", "body"} a line;
`effects.txt` is what the guardian of this tree decides on it, written for people to read.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardian.core.engine import step
from guardian.core.state import State
from guardian.journal.chain import CHECKPOINT, OWN_KINDS
from guardian.runtime.codec import canonical, decode_state, decode_step_event, encode_step

HERE = Path(__file__).parent
JOURNAL, EFFECTS = "journal.jsonl.gz", "effects.txt"


@dataclass(frozen=True)
class Recorded:
    """One record of a journal, as it was stored."""

    kind: str
    body: str


def releases() -> list[Path]:
    return sorted(path.parent for path in HERE.glob(f"*/{JOURNAL}"))


def load(release: Path) -> list[Recorded]:
    with gzip.open(release / JOURNAL, "rt", encoding="utf-8") as lines:
        return [Recorded(**json.loads(line)) for line in lines]


def save(release: Path, records: Iterable[Recorded]) -> Path:
    """The same records give the same bytes, whenever and wherever they are written."""
    release.mkdir(exist_ok=True)
    text = "".join(json.dumps({"kind": r.kind, "body": r.body}) + "\n" for r in records)
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    (release / JOURNAL).write_bytes(packed)
    return release / JOURNAL


def replayed(records: Iterable[Recorded], state: State | None = None) -> Iterator[tuple[Recorded, str]]:
    """Each event with the body that this guardian would write for it, from `state` on."""
    state = State() if state is None else state
    for record in records:
        if record.kind not in OWN_KINDS:
            event = decode_step_event(record.body)
            state, effects = step(state, event)
            yield record, encode_step(event, state.decisions, effects)


def told(records: Iterable[Recorded]) -> str:
    """Decisions and effects of a journal, one a line under the event that caused them."""
    lines: list[str] = []
    for number, (record, body) in enumerate(replayed(records), start=1):
        done: dict[str, Any] = json.loads(body)
        if done["decisions"] or done["effects"]:
            lines.append(f"{number} {done['event']['at']} {record.kind}")
            lines += [f"  decided {canonical(decision)}" for decision in done["decisions"]]
            lines += [f"  effect {canonical(effect)}" for effect in done["effects"]]
    return "\n".join(lines) + "\n"


def checkpoints(records: list[Recorded]) -> Iterator[tuple[State, list[Recorded]]]:
    """Each stored state as this guardian reads it, and the records after it."""
    for place, record in enumerate(records):
        if record.kind == CHECKPOINT:
            yield decode_state(record.body), records[place + 1 :]
