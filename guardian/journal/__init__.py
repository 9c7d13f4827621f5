"""The journal: every event, decision and effect, durable, chained by hash, readable while it is written."""

from guardian.journal.direct import import_direct
from guardian.journal.faults import JournalForeign, JournalTampered
from guardian.journal.lock import InstanceLock
from guardian.journal.read import Wanted, read_records, verify_file
from guardian.journal.sqlite import FILE_NAME, SqliteJournal
from guardian.journal.store import Entry, Origin

__all__ = [
    "FILE_NAME",
    "Entry",
    "InstanceLock",
    "JournalForeign",
    "JournalTampered",
    "Origin",
    "SqliteJournal",
    "Wanted",
    "import_direct",
    "read_records",
    "verify_file",
]
