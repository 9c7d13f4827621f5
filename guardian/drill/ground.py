"""What a live drill stands on: one account's keys and ports, as the configuration says, or an early refusal.

Law: nothing is sent before everything that can be known without the venue has been checked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from guardian.config.shapes import AccountConfig, Config, DrillConfig
from guardian.core.model import Level
from guardian.errors import ConfigError, RefusedError, SecretError
from guardian.exchanges import Venue, endpoint_of, venue
from guardian.journal.sqlite import FILE_NAME
from guardian.ports import Canary, Credential, KeyAdmin, Reader, SecretStore, Trader
from guardian.runtime.start.restore import remembered
from guardian.secrets import SecretReferences
from guardian.web.client import ControlClient, UnreachableError

CONTROL_SOCKET = "control.sock"
ROLES = ("watch", "hands", "admin")


@dataclass(frozen=True, slots=True)
class Standing:
    """What guardian knows of one account: its level, and when its last live drill passed."""

    account: str
    level: Level
    drilled_at: datetime | None


@dataclass
class Ground:
    """One account, ready to be drilled. `keys` fills as they are fetched."""

    config: Config
    account: AccountConfig
    plan: DrillConfig
    secrets: SecretStore
    keys: dict[str, Credential] = field(default_factory=dict)
    reader: Reader | None = None
    admin: KeyAdmin | None = None

    def __post_init__(self) -> None:
        self.endpoint = endpoint_of(self.account)
        self.venue: Venue = venue(self.account.venue)
        self.trader: Trader = self.venue.open_trader(self.endpoint)
        self.canary: Canary = self.venue.open_canary(self.endpoint)

    def refs(self) -> dict[str, str]:
        keys = self.account.keys
        return {"watch": keys.watch, "hands": keys.hands or "", "admin": keys.admin or ""}

    async def fetch(self, role: str) -> None:
        """Raises SecretError when the store does not give it, RefusedError when it is the canary itself."""
        credential = await self.secrets.fetch(self.refs()[role])
        self.keys[role] = credential
        if role == "watch" and self.reader is None:
            self.reader = self.venue.open_reader(self.endpoint, credential)

    def open_admin(self) -> KeyAdmin:
        """The admin port; guardian's own keys are refused as its targets. Needs every key."""
        if self.admin is None:
            own = tuple(self.keys[role].key for role in ROLES)
            self.admin = self.venue.open_admin(self.endpoint, own[0], own)
        return self.admin

    async def close(self) -> None:
        for port in (self.reader, self.admin, self.trader, self.canary):
            if port is not None:
                await port.close()
        self.keys.clear()


@asynccontextmanager
async def open_ground(config: Config, name: str) -> AsyncIterator[Ground]:
    """Raises RefusedError for an account that cannot or must not be drilled now."""
    account = account_of(config, name)
    plan = _plan(account)
    secrets = SecretReferences(config.path.parent, vault=config.vault)
    await _refuse_own(account, plan, secrets)
    await _refuse_incident(config, name)
    ground = Ground(config, account, plan, secrets)
    try:
        yield ground
    finally:
        await ground.close()


def account_of(config: Config, name: str) -> AccountConfig:
    """Raises ConfigError naming the accounts that there are."""
    found = next((account for account in config.accounts if account.name == name), None)
    if found is None:
        names = ", ".join(account.name for account in config.accounts)
        raise ConfigError(f"no account named {name!r} in {config.path}; accounts: {names}")
    return found


def _plan(account: AccountConfig) -> DrillConfig:
    for role, ref in (("hands", account.keys.hands), ("admin", account.keys.admin)):
        if ref is None:
            raise RefusedError(
                f"{account.name} has no {role} key: a live drill proves that it works; "
                f"add keys.{role}, or use `guardian drill rehearse {account.name}`"
            )
    if account.drill is None:
        raise RefusedError(
            f"{account.name} has no canary: add `drill: {{canary_key: PUBLIC-ID, process: {{pidfile: ..., "
            "start: [...]}}` to the account (docs/drill.md)"
        )
    if account.drill.canary_key in account.bot.keys:
        raise RefusedError(
            f"drill.canary_key {account.drill.canary_key} is one of bot.keys: a drill fences it, so make "
            "another trading key that no bot uses"
        )
    return account.drill


async def _refuse_own(account: AccountConfig, plan: DrillConfig, secrets: SecretStore) -> None:
    """A key that cannot be fetched is not the canary as far as anyone can know; its own step says so."""
    keys = account.keys
    for role, ref in (("watch", keys.watch), ("hands", keys.hands), ("admin", keys.admin)):
        try:
            own = await secrets.fetch(ref or "")
        except SecretError:
            continue
        if own.key == plan.canary_key:
            raise RefusedError(f"drill.canary_key is guardian's own {role} key; make one that nobody uses")


async def _refuse_incident(config: Config, name: str) -> None:
    standing = next((each for each in await standings(config) if each.account == name), None)
    if standing is None:
        raise RefusedError(f"guardian has never watched {name}: start `guardian run` once, then drill")
    if standing.level >= Level.HALT:
        raise RefusedError(f"{name} is at {standing.level.name}: end the incident first; nothing was touched")


async def standings(config: Config) -> Sequence[Standing]:
    """By the daemon's word while it runs, else by the journal's; empty before guardian's first start."""
    try:
        status = await ControlClient(config.state_dir / CONTROL_SOCKET).status()
    except UnreachableError:
        if not (config.state_dir / FILE_NAME).exists():
            return []
        known = remembered(config.state_dir / FILE_NAME).accounts
        return [Standing(a.policy.name, a.level, a.drilled_at) for a in known]
    return [
        Standing(row["name"], Level[row["level"]], _instant(row.get("drilled_at")))
        for row in status["accounts"]
    ]


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
