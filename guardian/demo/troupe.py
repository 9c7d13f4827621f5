"""The demo's own processes. Only what was started here is ever ended here, and all of it is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from guardian.errors import GuardianError

PATIENCE_SECONDS = 6.0


@dataclass
class Actor:
    """One child process. `ended` is when it ended by the loop's clock, None while it runs."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def code(self) -> int | None:
        """The exit code; -9 when it was killed. None while it runs."""
        return self.process.returncode

    def last_words(self, lines: int = 6) -> str:
        """The end of what it wrote, for an error that a person must understand."""
        try:
            return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:])
        except OSError:
            return ""


class Troupe:
    """Starts child processes of this Python, each in a session of its own so that Ctrl-C is ours alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._actors: list[Actor] = []
        self._watchers: list[asyncio.Task[None]] = []

    async def start(self, name: str, arguments: Sequence[str], *, pipe: bool = False) -> Actor:
        """Start `python -m arguments...`; its output goes to logs/<name>.log, or stdout to a pipe."""
        log = self._folder / "logs" / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                cwd=self._folder,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if pipe else output,
                stderr=output,
                start_new_session=True,
            )
        actor = Actor(name, process, log)
        self._actors.append(actor)
        self._watchers.append(asyncio.create_task(_await_end(actor)))
        return actor

    def drain(self, actor: Actor) -> None:
        """Read on and forget what a piped actor still writes, or it would block on a full pipe."""
        assert actor.process.stdout is not None
        self._watchers.append(asyncio.create_task(_drain(actor.process.stdout)))

    async def ask(self, name: str, arguments: Sequence[str], timeout: float = 30.0) -> tuple[int, str]:
        """Run a short command to its end; returns its exit code and its stdout."""
        actor = await self.start(name, arguments, pipe=True)
        try:
            output, _ = await asyncio.wait_for(actor.process.communicate(), timeout)
        except TimeoutError:
            _signal(actor, signal.SIGKILL)
            raise GuardianError(f"{name} did not answer within {timeout:g} s; see {actor.log}") from None
        return actor.process.returncode or 0, output.decode(errors="replace")

    async def stop(self, actor: Actor) -> None:
        """SIGTERM, then SIGKILL for who does not go."""
        _signal(actor, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(actor.ended.wait(), PATIENCE_SECONDS)
            return
        _signal(actor, signal.SIGKILL)
        await actor.ended.wait()

    async def stop_all(self) -> None:
        """End whatever still runs, the last started first; the bot at once, since it ignores SIGTERM."""
        for actor in reversed(self._actors):
            if actor.name == "bot":
                _signal(actor, signal.SIGKILL)
            await self.stop(actor)
        await asyncio.gather(*self._watchers)


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


async def _await_end(actor: Actor) -> None:
    await actor.process.wait()
    actor.ended.set()


def _signal(actor: Actor, number: signal.Signals) -> None:
    if actor.process.returncode is None:
        with suppress(ProcessLookupError):
            actor.process.send_signal(number)


def _environment() -> dict[str, str]:
    """This environment, without what would send a child to another configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUARDIAN_")}
    # Children run in the run folder: the package must be found where this process found it, installed or not.
    here = str(Path(__file__).resolve().parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (here, kept.get("PYTHONPATH", ""))))
    kept["PYTHONUNBUFFERED"] = "1"
    return kept
