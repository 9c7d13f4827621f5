"""A journal's own evidence under other rules, through the same core.

What the account showed, who commanded what, and time itself are replayed as they were recorded; only rules
are exchanged. With `as_written` arming is as recorded too, and under the rules that were in force the reports
of what was done are as well: then every decision is the recorded one. Else the account counts as armed from
the start, recorded arming and disarming are left out, and whatever is asked for counts as done.

Law: evidence shows what was done *then*. A guardian that would have closed positions earlier goes on seeing
them here, so a replay says when a level would have been reached, and nothing about money.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from guardian.core.effects import Effect, Notify
from guardian.core.engine import step
from guardian.core.events import (
    Armed,
    Configured,
    Disarmed,
    EffectReported,
    Event,
    Outcome,
    SnapshotTaken,
)
from guardian.core.metrics.folds import needed
from guardian.core.model import Level, Rule
from guardian.core.state import State
from guardian.errors import GuardianError
from guardian.journal import FILE_NAME, verify_file
from guardian.journal.archive import FOLDER, SegmentDamaged
from guardian.journal.archive.segment import rows_of, segments
from guardian.journal.chain import OWN_KINDS
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.replay.drive import Transition, transitions
from guardian.replay.report import stamp, times_in_level, told

TOLD_EVERY = 500


Read = tuple[datetime, float]
"""When an equity was read, and what it was."""

MOST_STRETCHES = 4000
"""So many stretches of each account's equity are kept: more than a picture can show."""


class BrokenChain(GuardianError):
    """The journal is not what was written."""

    exit_code = 3


@dataclass(slots=True)
class Replayed:
    """What the rules would have decided on a journal; `reports_kept` says that nothing was made up.

    `equities` are each account's own as it was read, of a long journal each stretch's lowest and highest.
    """

    events: int = 0
    first: datetime | None = None
    last: datetime | None = None
    transitions: list[Transition] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)
    equities: dict[str, list[Read]] = field(default_factory=dict)
    reports_kept: bool = True


class Stretches:
    """The reads of an account, however many: of each stretch of so many reads its lowest and its highest.

    A journal of a year has thirty million. Where there are too many stretches each two become one.
    """

    def __init__(self) -> None:
        self._ends: list[tuple[Read, Read]] = []
        self._length, self._in_last = 1, 1

    def add(self, read: Read) -> None:
        if self._in_last < self._length:
            low, high = self._ends[-1]
            self._ends[-1] = min(low, read, key=_worth), max(high, read, key=_worth)
            self._in_last += 1
            return
        if len(self._ends) == MOST_STRETCHES:
            pairs = zip(self._ends[::2], self._ends[1::2], strict=True)
            self._ends = [(min(a[0], b[0], key=_worth), max(a[1], b[1], key=_worth)) for a, b in pairs]
            self._length *= 2
        self._ends.append((read, read))
        self._in_last = 1

    def reads(self) -> list[Read]:
        """Oldest first."""
        return [read for ends in self._ends for read in sorted(set(ends))]


def _worth(read: Read) -> float:
    return read[1]


def journal_in(path: Path) -> Path | None:
    """The journal that is meant: the file itself, or the one in a state folder; None where there is none."""
    if path.is_dir():
        path = path / FILE_NAME
    return path if path.is_file() and path.suffix == ".db" else None


def verify(journal: Path) -> None:
    """Every record, the archive's too, against the chain. Raises GuardianError naming the first bad one.

    What somebody changed afterwards would be told as what rules would have done.
    """
    try:
        found = verify_file(journal)
    except (OSError, sqlite3.Error) as error:
        raise GuardianError(f"{journal}: cannot be read ({error})") from None
    if not found.ok:
        raise BrokenChain(f"{journal}: {found.problem}; `guardian journal verify` tells more")


def read_events(journal: Path, decode: Callable[[str], Event]) -> Iterator[Event]:
    """Every recorded event, oldest first, those of the archive beside it too; `decode` reads a record's body.

    Raises GuardianError.
    """
    place = ""
    try:
        with closing(connect_read_only(journal)) as db:
            for seq, body in _rows(db, journal.parent / FOLDER):
                place = f", record {seq}"
                yield decode(body)
    except (OSError, sqlite3.Error, SegmentDamaged, ValueError, KeyError) as error:
        why = f"{type(error).__name__}" if isinstance(error, ValueError | KeyError) else str(error)
        raise GuardianError(
            f"{journal}{place}: cannot be read ({why}); `guardian journal verify` tells more"
        ) from None


def _rows(db: sqlite3.Connection, archive: Path) -> Iterator[tuple[int, str]]:
    """(number, body) of every record that holds an event, those of the archive first."""
    after = 0
    for segment in segments(archive, read_meta(db, CHAIN) or "") if archive.is_dir() else []:
        fresh = [row for row in rows_of(segment) if row.seq > after]
        after = max((row.seq for row in fresh), default=after)
        yield from ((row.seq, row.body) for row in fresh if row.kind not in OWN_KINDS)
    live = "SELECT seq, kind, body FROM records WHERE seq > ? ORDER BY seq"
    with closing(db.execute(live, (after,))) as rows:
        yield from ((seq, body) for seq, kind, body in rows if kind not in OWN_KINDS)


def replay(
    events: Iterable[Event],
    rules: tuple[Rule, ...],
    as_written: bool = False,
    tell: Callable[[int], object] | None = None,
) -> Replayed:
    """Fold every event under these rules. Raises GuardianError where no record names an account."""
    tape = _Tape(rules, as_written)
    for number, event in enumerate(events, start=1):
        tape.play(event)
        if tell is not None and number % TOLD_EVERY == 0:
            tell(TOLD_EVERY)
    if tape.found.events and not tape.found.accounts:
        raise GuardianError("no record names an account: the journal's beginning was deleted or is elsewhere")
    tape.found.equities = {name: own.reads() for name, own in tape.equities.items()}
    return tape.found


class _Tape:
    def __init__(self, rules: tuple[Rule, ...], as_written: bool) -> None:
        self.rules, self.as_written = rules, as_written
        self.state, self.found = State(), Replayed(reports_kept=as_written)
        self.reports: list[EffectReported] = []
        self.equities: dict[str, Stretches] = {}

    def play(self, event: Event) -> None:
        found = self.found
        found.events += 1
        found.first, found.last = found.first or event.at, event.at
        if isinstance(event, SnapshotTaken):
            self._read(event)
        if isinstance(event, Configured):
            self._configure(event)
        elif not self._made_up(event):
            self._happen(event)

    def _read(self, event: SnapshotTaken) -> None:
        wallet = event.snapshot.wallet
        if wallet is not None and wallet.equity.is_finite():
            own = self.equities.setdefault(event.snapshot.account, Stretches())
            own.add((event.at, float(wallet.equity)))

    def _made_up(self, event: Event) -> bool:
        """What a replay makes anew instead of taking it from the journal."""
        if isinstance(event, Armed | Disarmed):
            return not self.as_written
        return isinstance(event, EffectReported) and not self.found.reports_kept

    def _configure(self, event: Configured) -> None:
        """The recorded accounts under the given rules."""
        self.found.reports_kept &= event.rules == self.rules
        self.found.accounts |= {policy.name for policy in event.accounts}
        event = replace(event, rules=self.rules, folds=needed(self.rules))
        if self.as_written:
            self._happen(event)
            return
        able = tuple(replace(policy, has_hands=True) for policy in event.accounts)
        self._happen(replace(event, accounts=able))
        for policy in able:
            self._happen(Armed(event.at, policy.name, (), "replay", "replayed"))

    def _happen(self, event: Event) -> None:
        """One event; what the last one asked for was done in the meantime, and is reported before it.

        Not at once: guardian asks again and again for what the recorded evidence never shows.
        """
        reports, self.reports = self.reports, []
        for now in (*(replace(report, at=event.at) for report in reports), event):
            self.state, effects = step(self.state, now)
            if self.state.decisions:
                self.found.transitions += transitions(self.state, now.at)
            if not self.found.reports_kept:
                self.reports += [done for effect in effects if (done := _done(effect, now.at))]


def _done(effect: Effect, at: datetime) -> EffectReported | None:
    if isinstance(effect, Notify):
        return None
    return EffectReported(at, effect.account, effect.id, Outcome.DONE)


def document(found: Replayed, picture: Path | None = None) -> dict[str, Any]:
    """The JSON of a replay; what a journal cannot tell is null. Times in levels are summed over accounts."""
    start, end = (None if at is None else round(at.timestamp() * 1000) for at in (found.first, found.last))
    seconds = dict.fromkeys((level.name for level in Level), 0.0)
    for name in sorted(found.accounts):
        own = [change for change in found.transitions if change.account == name]
        for level, spent in times_in_level(own, start or 0, end or 0).items():
            seconds[level] += spent
    return {
        "bars": None,
        "events": found.events,
        "from": None if start is None else stamp(start),
        "to": None if end is None else stamp(end),
        "accounts": sorted(found.accounts),
        "transitions": told(found.transitions),
        "time_in_level_s": seconds,
        "loss_avoided": None,
        "exposure_given_up": None,
        "false_halts": None,
        "picture": None if picture is None else str(picture),
        "reports": "recorded" if found.reports_kept else "supposed",
    }
