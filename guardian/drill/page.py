"""The steps about people: a page goes through every configured channel, and somebody types what it says.

A channel's acknowledgement proves that a server took the page; only the code word, typed back, proves that it
reached a person. The word is shown nowhere but in the page.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sys
from asyncio import Future, get_running_loop
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from guardian.config.shapes import Config
from guardian.core.model import Level
from guardian.drill.course import Course, Failed
from guardian.drill.ground import Ground
from guardian.notify import open_channels
from guardian.ports import Channel, Message

SEND_S, RESOLVE_S = 15.0, 15.0
ACKNOWLEDGE_S = 120.0
LONGEST_LINE = 200
FIRST = ("amber", "brass", "cobalt", "copper", "coral", "indigo", "ivory", "olive", "silver", "velvet")
SECOND = ("anchor", "badger", "canyon", "falcon", "harbor", "lantern", "meadow", "otter", "raven", "willow")

Prompt = Callable[[str], None]


class PageSteps:
    """`prompt` shows a sentence to the person at the terminal."""

    def __init__(self, course: Course, ground: Ground, prompt: Prompt, wait_s: float = ACKNOWLEDGE_S) -> None:
        self._course = course
        self._config: Config = ground.config
        self._ground = ground
        self._prompt = prompt
        self._wait_s = wait_s
        self._word = f"{secrets.choice(FIRST)}-{secrets.choice(SECOND)}-{secrets.randbelow(90) + 10}"
        self._message = _message(ground, self._word)
        self._channels: tuple[Channel, ...] = ()
        self._open: list[Channel] = []

    async def take_all(self, page: bool) -> None:
        take = self._course.take
        if not page:
            self._course.skip("page people", SEND_S, "--no-page")
            return
        self._course.later("cleanup: page is resolved", RESOLVE_S, self.make_good)
        await take("page people", SEND_S, self._send)
        await take("code word acknowledged", self._wait_s, self._acknowledged, ("page people",))
        if self._open:
            await take("resolve page", RESOLVE_S, self._resolve)

    async def make_good(self) -> str:
        try:
            return await self._resolve() if self._open else "no page is open"
        finally:
            for channel in self._channels:
                await channel.close()

    async def _send(self) -> str:
        """Every channel must take it; one that fails does not keep the page from the others."""
        self._channels = await open_channels(self._config.routes, self._ground.secrets, [])
        if not self._channels:
            raise Failed("no channel is configured: nobody would be told; add routes, or --no-page")
        refused = []
        for channel in self._channels:
            self._open.append(channel)  # Before it is sent: a lost answer may still be a page.
            delivery = await channel.send(self._message)
            if not delivery.ok:
                refused.append(f"{channel.name}: {delivery.detail}")
        if refused:
            raise Failed("; ".join(refused))
        return f"taken by {', '.join(channel.name for channel in self._channels)}"

    async def _acknowledged(self) -> str:
        names = ", ".join(channel.name for channel in self._channels)
        self._prompt(f"a page went to {names}; type its code word within {self._wait_s:g} s:")
        typed = (await _line()).strip().lower()
        if not typed:
            raise Failed("no code word was typed")
        if not hmac.compare_digest(typed.encode(), self._word.encode()):
            raise Failed("the code word that was typed is not the page's")
        return "the page's code word was typed"

    async def _resolve(self) -> str:
        resolve = replace(self._message, notification="resolve", title="Drill ended", lines=("Resolved.",))
        refused = []
        for channel in tuple(self._open):
            delivery = await channel.send(resolve)
            if delivery.ok:
                self._open.remove(channel)
            else:
                refused.append(f"{channel.name}: {delivery.detail}")
        if refused:
            raise Failed("; ".join(refused))
        return "resolved on every channel"


def _message(ground: Ground, word: str) -> Message:
    now, name, instance = datetime.now(UTC), ground.account.name, ground.config.instance
    return Message(
        key=f"guardian/{instance}/{name}/drill/{secrets.token_hex(4)}",
        notification="trigger",
        level=Level.HALT.name,
        account=name,
        title="Drill: this is a test of the pager",
        lines=(f"Code word: {word}", "Type it at the prompt of `guardian drill live`. Nothing is wrong."),
        would=False,
        at=now,
        instance=instance,
    )


async def _line() -> str:
    """One line of stdin, without a thread that an interrupted drill would have to wait for."""
    loop, line = get_running_loop(), bytearray()
    done: Future[str] = loop.create_future()
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):
        return ""

    def readable() -> None:
        piece = os.read(descriptor, LONGEST_LINE)
        line.extend(piece)
        if (not piece or b"\n" in piece or len(line) > LONGEST_LINE) and not done.done():
            done.set_result(bytes(line).split(b"\n")[0].decode(errors="replace"))

    try:
        loop.add_reader(descriptor, readable)
    except PermissionError:
        # A plain file or /dev/null cannot be waited for, and never makes anyone wait.
        return os.read(descriptor, LONGEST_LINE).split(b"\n")[0].decode(errors="replace")
    try:
        return await done
    finally:
        loop.remove_reader(descriptor)
