"""The journal: every event, decision and effect, durable, chained by hash, readable while it is written."""

from guardian.journal.anchors import Anchor
from guardian.journal.archive.rotate import Keeping, Rotated
from guardian.journal.direct import import_direct
from guardian.journal.faults import JournalForeign, JournalTampered
from guardian.journal.lock import InstanceLock
from guardian.journal.read import Wanted, read_records
from guardian.journal.sqlite import FILE_NAME, SqliteJournal
from guardian.journal.store import Entry, Origin
from guardian.journal.verify import verify_file

__all__ = [
    "FILE_NAME",
    "Anchor",
    "Entry",
    "InstanceLock",
    "JournalForeign",
    "JournalTampered",
    "Keeping",
    "Origin",
    "Rotated",
    "SqliteJournal",
    "Wanted",
    "import_direct",
    "read_records",
    "verify_file",
]
