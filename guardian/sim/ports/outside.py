"""What else guardian reaches: the vault, the bot's own switch, the channels to people, and the permits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.ports import Credential, Delivery, Message, Report
from guardian.runtime.permit import PermitBook
from guardian.sim.ports.ears import Ears
from guardian.sim.ports.stand import Stand
from guardian.sim.ports.weather import Weather

SECRETS = {
    "hands": "s3cr3t-of-the-hands",
    "admin": "s3cr3t-of-the-admin",
    "bot": "s3cr3t-of-the-bot",
}
"""What must never be seen anywhere: a checker looks for these words."""


class SimSecrets:
    """See ports.SecretStore; references are the roles' names."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    async def fetch(self, ref: str) -> Credential:
        await self._answer(ref)
        key = self._stand.bot_key if ref == "bot" else self._stand.keys[ref]
        return Credential(key.id, SECRETS[ref])

    async def fetch_text(self, ref: str) -> str:
        await self._answer(ref)
        return SECRETS[ref]

    async def destroy(self, ref: str) -> Report:
        if ref not in SECRETS:
            return Report(Outcome.IMPOSSIBLE, "secret", f"{ref}: the vault has no such path")
        if ref in self._stand.destroyed:
            return Report(Outcome.GONE, "", f"{ref}: nothing is there")
        try:
            await self._answer(ref)
        except SecretError as error:
            return Report(Outcome.UNKNOWN, "secret", str(error))
        self._stand.destroyed.add(ref)
        return Report(Outcome.DONE)

    async def _answer(self, ref: str) -> None:
        stand = self._stand
        slow = stand.weather.strikes("vault-slow", stand.name)
        if slow is not None:
            stand.weather.count("vault-slow", stand.name)
            await asyncio.sleep(slow.size)
        if stand.struck("vault-sealed"):
            raise SecretError(f"{ref}: the vault is sealed")
        if stand.struck("vault-forbidden"):
            raise SecretError(f"{ref}: the vault says 403, this token may not read that")
        if ref not in SECRETS or ref in stand.destroyed:
            raise SecretError(f"{ref}: the vault has nothing there")


class SimBotControl:
    """See ports.BotControl. A deaf bot hears nothing but force."""

    def __init__(self, stand: Stand) -> None:
        self.name = "bot"
        self._stand = stand

    async def ask(self, account: str, episode: str) -> Report:
        self._stand.told_to_stop = True
        return Report(Outcome.DONE)

    async def force(self, account: str, episode: str) -> Report:
        self._stand.told_to_stop = self._stand.forced = True
        return Report(Outcome.DONE)


class SimChannel:
    """See ports.Channel."""

    def __init__(self, name: str, kind: str, weather: Weather, ears: Ears) -> None:
        self.name = name
        self.kind = kind
        self._weather = weather
        self._ears = ears

    async def send(self, message: Message) -> Delivery:
        await asyncio.sleep(0.05)
        if self._weather.rages("notifier-down", message.account):
            self._weather.count("notifier-down", message.account)
            return Delivery(False, detail="http-503")
        self._ears.told(self.name, message)
        return Delivery(True)

    async def close(self) -> None:
        return None


class SimPermits(PermitBook):
    """Permits without files: what they say is what counts here."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        super().__init__(Path(), wall)

    def write(self, account: str) -> None:
        return None
