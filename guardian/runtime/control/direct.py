"""--direct: act by ourselves when the daemon does not answer, even while it holds the lock.

The same loop, core and adapters run in this process with one operator's demand and a journal of their own
(`direct-<utc>.db`), which the daemon takes over when this process has ended. Two guardians at once are
harmless: every close is reduce-only and every step is a goal.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from guardian.config.shapes import Config
from guardian.core.events import Configured, Demanded, Outcome
from guardian.core.model import Level
from guardian.core.state import Incident
from guardian.journal.direct import DirectLock
from guardian.runtime.clock import SystemClock
from guardian.runtime.control.status import document
from guardian.runtime.start.daemon import Opened, opened, set_timers
from guardian.runtime.timers import Timers

GRACE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class DirectDemand:
    account: str
    level: str
    reason: str


async def act_directly(
    config: Config, demand: DirectDemand, tell: Callable[[str], None]
) -> tuple[dict[str, Any], int]:
    """Run until proven, or until the deadline plus a grace has passed; the incident and the exit code."""
    only = replace(config, accounts=tuple(a for a in config.accounts if a.name == demand.account))
    path = _journal_path(config, tell)
    with DirectLock(path):
        async with opened(only, path) as guardian:
            return await _act(guardian, demand, tell)


def _journal_path(config: Config, tell: Callable[[str], None]) -> Path:
    """In the state directory, for the daemon to import; where that cannot be written, in a temporary one."""
    name = f"direct-{SystemClock().now():%Y%m%dT%H%M%S%f}.db"
    try:
        config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=config.state_dir):
            return config.state_dir / name
    except OSError as error:
        spare = Path(tempfile.mkdtemp(prefix="guardian-")) / name
        tell(f"{config.state_dir} cannot be written ({error.strerror}); journaling to {spare}")
        return spare


async def _act(
    guardian: Opened, demand: DirectDemand, tell: Callable[[str], None]
) -> tuple[dict[str, Any], int]:
    runtime, timers = guardian.runtime, Timers()
    now = runtime.parts.clock.now()
    level = Level[demand.level]
    policies = tuple(a.policy for a in guardian.assembled)
    runtime.post(Configured(now, guardian.config.instance, "direct", policies, ()))
    runtime.post(Demanded(now, demand.account, level, "operator (direct)", demand.reason))
    set_timers(guardian, timers)
    timers.start()
    runtime.watches[demand.account].poll()
    loop = asyncio.create_task(runtime.run())
    courier = asyncio.create_task(runtime.courier.run())
    try:
        code = await _until_proven(guardian, demand, tell)
        account = document(runtime)["accounts"][0]
        return {"account": demand.account, **(account["incident"] or {})}, code
    finally:
        timers.stop()
        loop.cancel()
        await runtime.committer.settle()
        await runtime.courier.stop()
        courier.cancel()


async def _until_proven(guardian: Opened, demand: DirectDemand, tell: Callable[[str], None]) -> int:
    clock = guardian.runtime.parts.clock
    deadline = clock.now() + timedelta(seconds=guardian.config.accounts[0].flatten.deadline_seconds) + GRACE
    told, proven = 0, False
    while clock.now() < deadline:
        account = guardian.runtime.state.account(demand.account)
        incident = account.incident if account else None
        if incident is not None:
            settled = [t for t in incident.targets if t.outcome is not None]
            if len(settled) > told:
                told = len(settled)
                tell(f"{told} steps answered")
            proven = _proven(incident, Level[demand.level])
            if proven and not _destroying(incident):
                return 0
        await asyncio.sleep(0.1)
    return 0 if proven else 4


def _destroying(incident: Incident) -> bool:
    """Whether a dead key's secret is still there: nobody goes on destroying it after this process."""
    settled = (Outcome.DONE, Outcome.GONE, Outcome.IMPOSSIBLE)
    return any(t.key == "destroy" and t.outcome not in settled for t in incident.targets)


def _proven(incident: Incident, level: Level) -> bool:
    if incident.flatness.verified_at is None:
        return False
    return level is not Level.LOCKOUT or incident.key_dead_at is not None
