"""Guardian's side of the comparison: the real daemon in a process of its own, armed, warm and waiting.

Nothing is called directly: a rule breaches, the core decides, the journal commits, the trader sends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from guardian.errors import GuardianError
from guardian.sim.launch import LaunchedVenue

START_SECONDS = 30.0

_CONFIG = """\
instance: bench
state_dir: state
rules: [rules/bench]
accounts:
  - name: bench
    venue: bybit
    url: {url}
    currency: USDT
    keys: {{watch: file:watch.json, hands: file:hands.json, admin: file:admin.json, hold: boot}}
    bot: {{keys: ["{bot}"]}}
    flatten: {{orders_per_second: 1000}}  # the venue runs with its limits off
"""

_RULE = """\
- id: bench
  title: Lost 5 % from the peak
  why: The breach whose answer is timed.
  metric: drawdown
  window: hwm
  scope: account
  ladder: [{over: 0.05, level: flatten}]
  hold: 0s
  stale_after: 10s
  on_unknown: ignore
  clears: operator
  mode: armed
"""

Account = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running guardian of one account; `root` holds its configuration, keys and state."""

    root: Path
    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession

    async def account(self) -> Account | None:
        """The account's row of the status, None while guardian does not answer."""
        if self.process.returncode is not None:
            said = (self.root / "guardian.log").read_text()
            raise GuardianError(f"guardian run ended with {self.process.returncode}:\n{said}")
        try:
            async with self.session.get("http://guardian/v1/status") as answer:
                accounts: list[Account] = (await answer.json())["accounts"]
        except (aiohttp.ClientError, OSError, ValueError, KeyError, TimeoutError):
            return None
        return accounts[0] if accounts else None

    async def until(self, good: Callable[[Account], bool], seconds: float) -> Account:
        """The first account that is good. Raises GuardianError when there is none in time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            account = await self.account()
            if account is not None and good(account):
                return account
            await asyncio.sleep(0.1)
        raise GuardianError(f"guardian did not get there within {seconds:g} s")

    async def verified(self, seconds: float) -> Mapping[str, Any]:
        """The incident, once guardian has verified that the account is flat."""
        account = await self.until(_is_verified, seconds)
        incident: Mapping[str, Any] = account["incident"]
        return incident


@asynccontextmanager
async def running_daemon(root: Path, venue: LaunchedVenue) -> AsyncIterator[Daemon]:
    """`guardian run` on the venue's account, armed and warm; ended when left.

    `root` must be short: a socket's path has at most 107 bytes. Raises GuardianError when it does not start.
    """
    _lay_out(root, venue)
    with (root / "guardian.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "guardian", "run", "--config", str(root / "guardian.yaml")),
            stdout=output,
            stderr=output,
        )
    connector = aiohttp.UnixConnector(path=str(root / "state" / "control.sock"))
    session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=2.0))
    daemon = Daemon(root, process, session)
    try:
        await daemon.until(lambda account: True, START_SECONDS)
        await _arm(root)
        await daemon.until(_is_warm, START_SECONDS)
        yield daemon
    finally:
        await session.close()
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _lay_out(root: Path, venue: LaunchedVenue) -> None:
    account = venue.accounts[0]
    for role in ("watch", "hands", "admin"):
        write_secret(root / f"{role}.json", json.dumps(account[role]))
    (root / "rules" / "bench").mkdir(parents=True)
    (root / "rules" / "bench" / "bench.yaml").write_text(_RULE)
    (root / "guardian.yaml").write_text(_CONFIG.format(url=venue.url, bot=account["bot"]["key"]))


async def _arm(root: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "guardian", "arm", "bench", "--config", str(root / "guardian.yaml")),
        *("--confirm", "bench", "--accept-undrilled", "bench"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise GuardianError(f"guardian arm ended with {process.returncode}: {output.decode()}")


def _is_warm(account: Account) -> bool:
    verdicts = [rule["verdict"] for rule in account["rules"] if rule["armed"]]
    return bool(account["armed"]) and bool(verdicts) and set(verdicts) == {"clear"}


def _is_verified(account: Account) -> bool:
    return bool(account["incident"] and account["incident"]["verified_flat_at"])


def write_secret(file: Path, text: str) -> None:
    """Mode 0600 from its first byte: there is no moment at which another user could read it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
