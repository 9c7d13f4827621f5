"""The line to the venue: a request travels, takes effect there, and its answer travels back. Or not.

Law: what has been sent is out of guardian's hands. A caller that gives up, or a process that dies, takes
nothing back: the request still arrives, and what it does is done.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from zlib import crc32

from guardian.sim.ports.weather import Weather
from guardian.sim.scenario.shapes import AccountPlan

Group = Literal["read", "trade", "admin"]

PATIENCE = 4.0
"""Seconds for which the adapters wait for one answer."""

REFUSED_AFTER = 0.02


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: `code` is empty for success, else a venue's code or a short word.

    `resets_in` are the seconds until a rate limit is over, where the answer tells them.
    """

    code: str = ""
    value: Any = None
    detail: str = ""
    resets_in: float | None = None


Deed = Callable[[], Reply]


class Line:
    """One account's way to its venue; `requests` counts what arrived there, by endpoint."""

    def __init__(self, plan: AccountPlan, weather: Weather) -> None:
        self.account = plan.name
        self.weather = weather
        self.requests: Counter[str] = Counter()
        self.patience = PATIENCE
        self._salt = crc32(plan.name.encode())
        self._sent = 0
        # The venue bans an address, and a bot that shouts from the same one as guardian gets it banned.
        self._noisy = plan.bot.style != "idle"

    def ask(self, group: Group, endpoint: str, deed: Deed) -> asyncio.Future[Reply]:
        """The answer, whenever it comes; a lost one never does."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()
        self._sent += 1
        there, back = self._trip(group)
        if self._struck(f"{group}-down"):
            loop.call_later(REFUSED_AFTER, _resolve, answer, Reply("network", detail="connection refused"))
        elif self._struck("request-lost"):
            pass
        else:
            loop.call_later(there, self._arrive, (group, endpoint, deed, back), answer)
        return answer

    async def answer(self, group: Group, endpoint: str, deed: Deed) -> Reply:
        """As an adapter asks: what has not come in time is a timeout, and may still arrive there."""
        question = self.ask(group, endpoint, deed)
        await asyncio.wait({question}, timeout=self.patience)
        return self.reply(question)

    def reply(self, question: asyncio.Future[Reply]) -> Reply:
        if question.done():
            return question.result()
        return Reply("timeout", detail=f"no answer within {self.patience:g} s")

    def _trip(self, group: Group) -> tuple[float, float]:
        """Seconds there and back: 5 to 45 ms each, and what the weather adds to one of them."""
        noise = crc32(f"{self._salt}:{self._sent}".encode())
        there, back = 0.005 + (noise & 0xFF) / 6400, 0.005 + (noise >> 8 & 0xFF) / 6400
        for name in (f"{group}-slow", "latency"):
            plan = self.weather.strikes(name, self.account)
            if plan is None:
                continue
            self.weather.count(name, self.account)
            late = plan.size * self.weather.draw(plan)
            there, back = (there + late, back) if noise >> 16 & 1 else (there, back + late)
        return there, back

    def _struck(self, name: str) -> bool:
        if self.weather.strikes(name, self.account) is None:
            return False
        self.weather.count(name, self.account)
        return True

    def _arrive(self, request: tuple[Group, str, Deed, float], answer: asyncio.Future[Reply]) -> None:
        group, endpoint, deed, back = request
        self.requests[endpoint] += 1
        reply = self._at_the_door()
        if reply is None:
            reply = deed()
            if self._swallowed(group):
                return
            reply = self._spoiled(reply)
        asyncio.get_running_loop().call_later(back, _resolve, answer, reply)

    def _at_the_door(self) -> Reply | None:
        """What the venue says before it looks at the request."""
        if self._noisy and self._struck("ip-ban"):
            return Reply("http-403", detail="this address is banned")
        if self._struck("rate-limit"):
            return Reply("10006", detail="too many visits")
        resets = self.weather.strikes("rate-limit-retry-after", self.account)
        if resets is not None:
            self.weather.count("rate-limit-retry-after", self.account)
            return Reply("10006", detail="too many visits", resets_in=resets.size)
        if self._struck("server-error"):
            return Reply("http-503")
        return None

    def _swallowed(self, group: Group) -> bool:
        return group != "read" and self._struck("answer-lost")

    def _spoiled(self, reply: Reply) -> Reply:
        """The effect took place; what comes back says nothing about it."""
        if self._struck("server-error-after-effect"):
            return Reply("http-502")
        for name in ("garbage-body", "empty-body", "truncated-body"):
            if self._struck(name):
                return Reply("garbage", detail=name)
        return reply


def _resolve(answer: asyncio.Future[Reply], reply: Reply) -> None:
    if not answer.done():
        answer.set_result(reply)
