"""The outbox: notifications that wait in the journal's file until a channel has taken them.

Law: rows are written in the transaction of the decision that caused them. A row is `waiting`, `repeating`
(delivered, to be told again until its key is resolved), or ended: `delivered`, `resolved`, `abandoned`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from guardian.journal.chain import instant
from guardian.ports import Message, Outgoing

# Ended rows are kept for people who ask what was sent; older ones go.
KEPT_ENDED_ROWS = 10_000


def put(db: sqlite3.Connection, at: datetime, outgoing: Sequence[tuple[str, Message]]) -> None:
    """Queue messages inside the caller's transaction; a resolve ends the repetition of its trigger."""
    for channel, message in outgoing:
        if message.notification == "resolve":
            db.execute(
                "UPDATE outbox SET state = 'resolved' WHERE key = ? AND channel = ? AND state = 'repeating'",
                (message.key, channel),
            )
        db.execute(
            "INSERT INTO outbox (channel, key, notification, message, next_at) VALUES (?, ?, ?, ?, ?)",
            (channel, message.key, message.notification, to_json(message), instant(at)),
        )


def due(db: sqlite3.Connection, now: datetime, limit: int) -> tuple[Outgoing, ...]:
    """Rows whose time has come, oldest first."""
    rows = db.execute(
        "SELECT id, channel, message, attempts FROM outbox"
        " WHERE state IN ('waiting', 'repeating') AND next_at <= ? ORDER BY id LIMIT ?",
        (instant(now), limit),
    ).fetchall()
    return tuple(Outgoing(row[0], row[1], from_json(row[2]), row[3]) for row in rows)


def end(db: sqlite3.Connection, outgoing_id: int, state: str, error: str) -> None:
    """`delivered` or `abandoned`."""
    db.execute("UPDATE outbox SET state = ?, error = ? WHERE id = ?", (state, error, outgoing_id))
    db.execute(
        "DELETE FROM outbox WHERE id <= ? AND state NOT IN ('waiting', 'repeating')",
        (outgoing_id - KEPT_ENDED_ROWS,),
    )


def postpone(db: sqlite3.Connection, outgoing_id: int, until: datetime, error: str) -> None:
    """Try again at `until`. An empty error means delivered: told again then, unless resolved meanwhile."""
    if error:
        db.execute(
            "UPDATE outbox SET attempts = attempts + 1, next_at = ?, error = ? WHERE id = ?",
            (instant(until), error, outgoing_id),
        )
        return
    # The resolve may have been committed while the trigger was on its way to the channel.
    db.execute(
        "UPDATE outbox SET attempts = 0, next_at = ?, error = '', state = CASE WHEN EXISTS ("
        "  SELECT 1 FROM outbox AS later WHERE later.key = outbox.key AND later.channel = outbox.channel"
        "  AND later.id > outbox.id AND later.notification = 'resolve') THEN 'resolved' ELSE 'repeating' END"
        " WHERE id = ?",
        (instant(until), outgoing_id),
    )


def to_json(message: Message) -> str:
    return json.dumps({**asdict(message), "at": instant(message.at)}, ensure_ascii=False)


def from_json(text: str) -> Message:
    fields: dict[str, Any] = json.loads(text)
    fields["at"] = datetime.fromisoformat(fields["at"])
    fields["lines"] = tuple(fields["lines"])
    return Message(**fields)
