"""The journal: written without a gap, its newest segment as sealed, its anchors true and recent.

The whole chain is read by `guardian journal verify`; here is what one look a day can afford.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from guardian.config.shapes import Config
from guardian.errors import GuardianError
from guardian.journal import FILE_NAME
from guardian.journal.anchors import read as read_anchors
from guardian.journal.archive.segment import lying, seal
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.journal.tail import HASH_OF, told_head
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.commit import Committer

ANCHOR_SECONDS = 900.0
"""One is taken every five minutes; three missed ones are no weather."""

SAID = "SELECT body FROM records WHERE kind = 'archived' AND seq > ?"
VERIFY = "Keep a copy, then read `guardian journal verify`."


async def written(committer: Committer) -> list[Line]:
    subject = Subject("", "journal writing")
    fix = "Look at the disk: guardian goes on acting, but refuses the way back until it can write."
    if not committer.ok:
        return [subject.fail("it is not being written", fix)]
    if committer.lost:
        return [subject.fail(f"{committer.lost} records of this run were lost", fix)]
    return [subject.ok(f"{committer.records} records of this run, none lost")]


async def kept(config: Config) -> list[Line]:
    return await asyncio.to_thread(lambda: [_segment(config), *_anchors(config)])


def _segment(config: Config) -> Line:
    """The newest file of the archive against the seal that the chain itself holds."""
    subject, journal = Subject("", "archive"), config.state_dir / FILE_NAME
    try:
        with closing(connect_read_only(journal)) as db:
            chain = read_meta(db, CHAIN) or ""
            own = [each for each in lying(config.archive) if each.of(chain)]
            if not own:
                return subject.ok("no record has moved there yet")
            newest = own[-1]
            facts = [json.loads(body) for (body,) in db.execute(SAID, (newest.last,))]
        seals = [fact.get("sha256") for fact in facts if fact.get("file") == newest.path.name]
        found = seal(newest.path)
    except (OSError, sqlite3.Error, ValueError) as error:
        return subject.fail(f"its newest segment cannot be read ({type(error).__name__})", VERIFY)
    if not seals:
        return subject.warn(f"{newest.path.name} is not sealed yet", "The next look at the journal seals it.")
    if found not in seals:
        return subject.fail(f"{newest.path.name} is not the file that was sealed", VERIFY)
    return subject.ok(f"{newest.path.name} is as it was sealed")


def _anchors(config: Config) -> list[Line]:
    path = config.journal.anchors
    if path is None:
        return []
    subject, fix = Subject("", "anchors"), "Look at the place of the anchors and its rights."
    try:
        age, last = time.time() - path.stat().st_mtime, read_anchors(path)[-1]
        said = _denied(config.state_dir / FILE_NAME, last.seq, last.hash)
    except (OSError, sqlite3.Error, GuardianError) as error:
        return [subject.fail(f"{path} cannot be held against the journal ({type(error).__name__})", fix)]
    if said:
        return [subject.fail(said, VERIFY)]
    if age > ANCHOR_SECONDS:
        return [subject.fail(f"the last one was written {age / 60:.0f} min ago", fix)]
    return [subject.ok(f"the journal holds record {last.seq} as the newest one names it")]


def _denied(journal: Path, seq: int, hash_: str) -> str:
    """Why the journal is not the one that was anchored; empty when it is, or when the record has moved."""
    with closing(connect_read_only(journal)) as db:
        found = db.execute(HASH_OF, (seq,)).fetchone()
        head = told_head(db)
    if found is not None and found[0] != hash_:
        return f"record {seq} is not the one that the newest anchor names"
    if found is None and head.seq < seq:
        return f"the newest anchor names record {seq}, past the end of the journal"
    return ""
