"""Who may tell, and of what: the token by reference, and the accounts that there are.

Implements `guardian.web.telling.Listener`. Law: of the token only a digest is kept, so nothing can show it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import datetime
from difflib import get_close_matches

from guardian.core.facts.telemetry import Telemetry
from guardian.core.memory import MAXIMUM_GAUGES
from guardian.core.metrics.stack import lasting
from guardian.errors import SecretError
from guardian.ports import SecretStore
from guardian.runtime.loop import Runtime
from guardian.runtime.stack.inbox import Inbox
from guardian.runtime.stack.token import fetch_token
from guardian.web.pace import Bucket

TROUBLE = "telemetry"
RENEW_SECONDS = 60.0
ACCOUNT_BYTES_PER_SECOND, ACCOUNT_BURST_BYTES = 2_048.0, 262_144.0
"""What is told is a record that stays, and takes up to three times the room of its message."""

RECORD_BYTES = 512
"""What a record takes beside its message."""


class Listening:
    def __init__(self, runtime: Runtime, inbox: Inbox, secrets: SecretStore, token_ref: str) -> None:
        self._runtime = runtime
        self._inbox = inbox
        self._secrets = secrets
        self._token_ref = token_ref
        self._digest = b""
        self._problem = ""
        self._fetching: asyncio.Task[None] | None = None
        self._room: dict[str, Bucket] = {}
        runtime.counters.stack.listening = True

    def renew(self) -> None:
        """The timer rang: fetch the token again, so that one that was replaced counts within a minute."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.get_running_loop().create_task(self.fetch(), name="telemetry token")

    async def fetch(self) -> None:
        """Take up the token as it is now; while it cannot be fetched the last one stays."""
        try:
            token = await fetch_token(self._secrets, self._token_ref)
        except SecretError as error:
            return self._tell(str(error))
        self._digest = _digest(token)
        return self._tell("")

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            said = f"telemetry token: {problem}" if problem else "the telemetry token is there"
            self._runtime.trouble(TROUBLE, said, healed=not problem)

    @property
    def deaf(self) -> str:
        if self._digest:
            return ""
        # Where the reference leads is nobody's business who has not shown the token.
        return "the token cannot be fetched; guardian's status and its log of troubles say why"

    def admits(self, token: str) -> bool:
        return bool(self._digest) and hmac.compare_digest(_digest(token), self._digest)

    def now(self) -> datetime:
        return self._runtime.parts.clock.now()

    def affords(self, told: Telemetry, size: int) -> bool:
        """By account, whatever the sources are called; one that is not watched has nothing to use up."""
        if all(account.policy.name != told.account for account in self._runtime.state.accounts):
            return True
        if told.account not in self._room:
            self._room[told.account] = Bucket(ACCOUNT_BYTES_PER_SECOND, ACCOUNT_BURST_BYTES)
        return self._room[told.account].take(RECORD_BYTES + size)

    def take(self, told: Telemetry) -> str:
        known = {account.policy.name: account for account in self._runtime.state.accounts}
        if (account := known.get(told.account)) is None:
            near = get_close_matches(told.account, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"account: no account of this name is watched{hint}"
        names = lasting(account.stack.gauges, self.now()) | {gauge.name for gauge in told.gauges}
        if len(names) > MAXIMUM_GAUGES and told.gauges:
            return f"gauges: an account remembers {MAXIMUM_GAUGES} names; use one that it knows"
        self._runtime.counters.stack.accepted[told.account] += 1
        self._inbox.offer(told)
        return ""

    def refused(self, why: str) -> None:
        self._runtime.counters.stack.refused[why] += 1


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
