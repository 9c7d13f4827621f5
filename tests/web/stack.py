"""A shell that listens: a real port, a real loop, and a token in a real file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from guardian.core.model import Rule
from guardian.core.state import AccountState
from guardian.runtime.control.telemetry import RuntimeTelemetry
from guardian.runtime.stack.inbox import Inbox
from guardian.runtime.stack.listening import Listening
from guardian.secrets import SecretReferences
from guardian.web.server import TelemetryServer
from tests.core import build
from tests.shell.fakes import Shell, open_shell

TOKEN = "TOPSECRET-0123456789abcdef"
HELLO = {"account": build.ACCOUNT, "source": "bot-1", "heartbeat": True}


@dataclass
class Heard:
    """`tell` posts one message; `decided` waits until all that was taken has been decided."""

    shell: Shell
    inbox: Inbox
    listening: Listening
    server: TelemetryServer
    session: aiohttp.ClientSession

    async def tell(
        self, message: Any, token: str | None = TOKEN, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """A dict is sent as JSON, bytes as they are."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = f"http://127.0.0.1:{self.server.port}/v1/telemetry"
        async with self.session.post(url, data=body, headers=headers) as answer:
            return answer.status, json.loads(await answer.read())

    async def decided(self) -> AccountState:
        while any(self.inbox._waiting.values()):  # noqa: ASYNC110 - no event tells a test of it
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        account = self.shell.runtime.state.account(build.ACCOUNT)
        assert account is not None
        return account

    @property
    def refused(self) -> dict[str, int]:
        return dict(self.shell.runtime.counters.stack.refused)


@asynccontextmanager
async def heard(folder: Path, *rules: Rule, token: str | None = TOKEN) -> AsyncIterator[Heard]:
    """Everything that `guardian run` opens for the stack, on a shell of fakes."""
    shell = open_shell(folder)
    for name in ("sent", "failed"):
        setattr(shell.post, name, 0)
    shell.start(*(rules or (build.rule(),)))
    await shell.run()
    runtime = shell.runtime
    if token is not None:
        (folder / "token").write_text(f"{token}\n")
    inbox = Inbox(runtime.submit, runtime.parts.clock.now, runtime.counters.stack)
    listening = Listening(runtime, inbox, SecretReferences(folder), "file:token")
    await listening.fetch()
    server = TelemetryServer("127.0.0.1:0", RuntimeTelemetry(runtime), listening)
    await server.open()
    tasks = [asyncio.create_task(runtime.run()), asyncio.create_task(inbox.run())]
    async with aiohttp.ClientSession() as session:
        try:
            yield Heard(shell, inbox, listening, server, session)
            assert not any(task.done() for task in tasks), "the loop died"
            assert 0 == runtime.counters.defects
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.close()
