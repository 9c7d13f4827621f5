"""Everything by which guardian hears of the stack, opened together and closed together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from guardian.config.shapes import Config
from guardian.ports import SecretStore
from guardian.runtime.loop import Runtime
from guardian.runtime.stack.asking import Asking
from guardian.runtime.stack.inbox import Inbox
from guardian.runtime.stack.listening import RENEW_SECONDS, Listening
from guardian.runtime.timers import Timers
from guardian.sources import open_source

INBOX = "telemetry-inbox"


@dataclass(frozen=True, slots=True)
class Hearing:
    """`listening` is None where guardian.yaml has no `telemetry:`."""

    inbox: Inbox
    listening: Listening | None
    asking: tuple[Asking, ...]
    handing_on: asyncio.Task[None]

    def set_timers(self, timers: Timers) -> None:
        """A bell for the token and one a source; each rings for the first time now."""
        if self.listening is not None:
            timers.every(RENEW_SECONDS, self.listening.renew, "telemetry token")
            self.listening.renew()
        for number, source in enumerate(self.asking):
            timers.every(source.every_seconds, source.poll, f"source {number} {source.name}")
            source.poll()

    async def close(self) -> None:
        self.handing_on.cancel()
        for source in self.asking:
            await source.close()


def open_hearing(config: Config, runtime: Runtime, secrets: SecretStore) -> Hearing:
    """Needs a running event loop; nothing is asked before `set_timers`."""
    counts, now = runtime.counters.stack, runtime.parts.clock.now
    inbox = Inbox(runtime.submit, now, counts, lambda problem: _tell(runtime, problem))
    listening = None
    if config.telemetry is not None:
        listening = Listening(runtime, inbox, secrets, config.telemetry.token_ref)
    asking = tuple(
        Asking(open_source(source, secrets), now, inbox.offer, counts) for source in config.sources
    )
    task = asyncio.get_running_loop().create_task(inbox.run(), name="telemetry inbox")
    return Hearing(inbox, listening, asking, task)


def _tell(runtime: Runtime, problem: str) -> None:
    said = f"what the stack tells cannot be decided on ({problem})" if problem else "it is decided on again"
    runtime.trouble(INBOX, said, healed=not problem)
