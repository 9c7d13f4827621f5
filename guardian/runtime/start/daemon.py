"""The daemon: lock, journal, keys, loop, timers, control socket; in that order, and back.

It stays up, blind and paging, whatever the world does: venue unreachable, key refused, clock off, channel
down. Only a *first* start refuses over-privileged keys; a restart always watches and resumes its incident.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from guardian import __version__
from guardian.config.shapes import Config
from guardian.core.events import UNFENCE, Configured, Demanded, Started, Troubled
from guardian.core.model import Level
from guardian.core.policy import AccountPolicy
from guardian.core.state import SCHEMA, State
from guardian.errors import RefusedError
from guardian.journal.sqlite import FILE_NAME, SqliteJournal
from guardian.journal.store import Origin
from guardian.notify import Courier, Router, Timing, open_channels
from guardian.ports import Channel
from guardian.runtime.clock import SystemClock, wall
from guardian.runtime.loop import Parts, Runtime, permits_of
from guardian.runtime.permit import PermitBook
from guardian.runtime.pulse import DISK_SECONDS, DiskLook
from guardian.runtime.start.assemble import Assembled, assemble
from guardian.runtime.start.dropped import keep_incidents
from guardian.runtime.start.restore import Resumption, resume, resume_anyhow
from guardian.runtime.timers import PERMIT_SECONDS, TICK_SECONDS, WARM_SECONDS, Timers
from guardian.secrets import SecretReferences

CLOCK_SECONDS = 10.0
CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that a running guardian holds open. `deaf` are channels that cannot be used yet, and why."""

    config: Config
    runtime: Runtime
    journal: SqliteJournal
    assembled: tuple[Assembled, ...]
    resumption: Resumption
    clock: SystemClock
    deaf: tuple[tuple[str, str], ...] = ()


@contextlib.asynccontextmanager
async def opened(
    config: Config, journal_path: Path | None = None, drops: bool = False
) -> AsyncIterator[Opened]:
    """Build a runtime from a configuration and close it again. The caller holds the instance lock.

    Raises RefusedError at a daemon's first start with an over-privileged key; with a `journal_path` of its
    own (--direct) such a key is told and left unused, because an operator is waiting. Raises
    IncidentDroppedError where the configuration lacks an account whose incident is open, unless it `drops`.
    """
    clock = SystemClock()
    path = journal_path or config.state_dir / FILE_NAME
    journal = SqliteJournal(path, Origin(config.instance, str(SCHEMA)))
    resumption = await (resume_anyhow(journal) if journal_path is None else resume(journal))
    try:
        if not drops:
            keep_incidents(resumption.state, config)
    except RefusedError:
        await journal.close()
        raise
    if resumption.state.now is not None:
        clock.raise_to(resumption.state.now)
    secrets = SecretReferences(config.path.parent, vault=config.vault)
    deaf: list[tuple[str, str]] = []
    # Together: an incident that goes on must not wait for a vault that only a channel needs.
    channels, assembled = await asyncio.gather(
        open_channels(config.routes, secrets, deaf),
        _assemble_all(config, secrets, resumption.state, clock),
    )
    try:
        if journal_path is None:
            _refuse_at_first(assembled, resumption)
        permits = PermitBook(config.state_dir, wall)
        permits.adopt(permits_of(resumption.state))
        router = Router(config.routes, config.instance)
        desks = {a.desk.name: a.desk for a in assembled}
        parts = Parts(clock, journal, desks, permits, router)
        runtime = Runtime(parts, resumption.state, _courier(channels, router, journal, clock))
        yield Opened(config, runtime, journal, assembled, resumption, clock, tuple(deaf))
    finally:
        await _close(assembled, channels, journal)


async def _assemble_all(
    config: Config, secrets: SecretReferences, state: State, clock: SystemClock
) -> tuple[Assembled, ...]:
    found = await asyncio.gather(
        *(assemble(a, secrets, state.account(a.name), clock) for a in config.accounts)
    )
    return tuple(found)


def _refuse_at_first(assembled: tuple[Assembled, ...], resumption: Resumption) -> None:
    excess = [f for a in assembled for f in a.over_privileged]
    if resumption.fresh and excess:
        raise RefusedError("\n".join(f.sentence for f in excess))


def _courier(
    channels: tuple[Channel, ...], router: Router, journal: SqliteJournal, clock: SystemClock
) -> Callable[[Runtime], Courier]:
    return lambda runtime: Courier(journal, channels, router, runtime.trouble, Timing(clock))


async def _close(
    assembled: tuple[Assembled, ...], channels: tuple[Channel, ...], journal: SqliteJournal
) -> None:
    for account in assembled:
        await account.desk.close()
    for channel in channels:
        await channel.close()
    await journal.close()


def announce(opened: Opened) -> None:
    """The first events of a run: configuration, restart, and what people must hear about the keys.

    Troubles of the run before are over with it; whatever still fails is told again.
    """
    runtime, now = opened.runtime, opened.runtime.parts.clock.now()
    greet(runtime, configured(opened.config, tuple(a.policy for a in opened.assembled), now))
    for account in opened.assembled:
        for finding in account.findings:
            bad = bool(finding.problem or finding.excess)
            _trouble(runtime, account.desk.name, f"key-{finding.role}", finding.sentence, not bad)
        for number, problem in enumerate(account.problems):
            _trouble(runtime, account.desk.name, f"custody-{number}", problem, healed=False)
        for channel, problem in opened.deaf:
            _trouble(runtime, account.desk.name, f"channel:{channel}", problem, healed=False)
        _announce_journal(opened, account.desk.name)
    for channel, _ in opened.deaf:
        runtime.courier.told_deaf(channel)


def greet(runtime: Runtime, configuration: Configured) -> None:
    """Configuration and restart as events; the troubles of the run before end with it.

    But not that of a key which is still to be given back: who was told so once must not think that it is.
    """
    runtime.post(configuration)
    runtime.post(Started(configuration.at, __version__))
    for known in runtime.state.accounts:
        owed = {f"{UNFENCE}{debt.key}" for debt in known.to_unfence}
        for subject in (s for s in known.troubles if s not in owed):
            _trouble(runtime, known.policy.name, subject, "guardian was restarted", healed=True)


def configured(config: Config, policies: tuple[AccountPolicy, ...], now: datetime) -> Configured:
    """The configuration as the core's event."""
    return Configured(now, config.instance, pack_hash(config), policies, config.rules)


def pack_hash(config: Config) -> str:
    """What the journal names the rules by."""
    return ",".join(f"{pack.name}:{pack.hash[:16]}" for pack in config.packs)


def _announce_journal(opened: Opened, account: str) -> None:
    """A torn tail is told; tampering is told and demands HALT."""
    runtime, resumption = opened.runtime, opened.resumption
    if resumption.torn:
        _trouble(
            runtime, account, "journal-torn", f"the journal's tail was cut: {resumption.torn}", healed=False
        )
    if resumption.tampered:
        _trouble(runtime, account, "journal-tampered", resumption.tampered, healed=False)
        now = runtime.parts.clock.now()
        runtime.post(Demanded(now, account, Level.HALT, "guardian", "journal tampered"))


def _trouble(runtime: Runtime, account: str, subject: str, detail: str, healed: bool) -> None:
    runtime.post(Troubled(runtime.parts.clock.now(), account, subject, detail, healed))


def set_timers(opened: Opened, timers: Timers) -> None:
    """One bell per account for snapshots; bells for ticks, permits and warm sockets."""
    runtime = opened.runtime
    polls = {a.name: a.poll.snapshot_seconds for a in opened.config.accounts}
    for name, watch in runtime.watches.items():
        timers.every(polls[name], watch.poll, f"snapshot {name}")
    timers.every(TICK_SECONDS, runtime.tick, "tick")
    timers.every(PERMIT_SECONDS, runtime.renew_permits, "permits")
    disk = DiskLook(opened.config.state_dir, runtime.has_free)
    timers.every(DISK_SECONDS, disk.look, "disk")
    disk.look()
    timers.every(CLOCK_SECONDS, SetBack(opened).look, "clock")
    keep = Warmth(opened)
    timers.every(WARM_SECONDS, keep.warm, "warm")
    keep.warm()


class SetBack:
    """Tells once when the machine's clock has been set back, and when it has caught up."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._fine = True

    def look(self) -> None:
        ahead = self._opened.clock.ahead
        if (fine := ahead < CLOCK_TOLERANCE) is not self._fine:
            self._fine = fine
            detail = (
                f"the machine's clock is {ahead.total_seconds():.0f} s behind what guardian has journaled"
            )
            self._opened.runtime.trouble("clock", "in step again" if fine else detail, fine)


class Warmth:
    """Keeps the acting clients' sockets, lot sizes and clocks ready, through public endpoints only."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._tasks: set[asyncio.Task[None]] = set()

    def warm(self) -> None:
        for account in self._opened.assembled:
            if account.desk.trader is not None:
                task = asyncio.get_running_loop().create_task(account.desk.trader.warm())
                self._tasks.add(task)
                task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._opened.runtime.trouble("warmth", "the acting client cannot be kept warm", False)
