"""What every Channel promises: an answer for whatever the world does, no exception, no secret."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from guardian.core.events import Outcome
from guardian.core.model import Level
from guardian.errors import SecretError
from guardian.notify import PagerDuty, Slack
from guardian.notify.wire import SharedClient
from guardian.ports import Channel, Credential, Message, Report
from guardian.sim.ports.outside import SimChannel
from guardian.sim.ports.weather import Weather
from guardian.sim.scenario.shapes import FaultPlan
from tests.contracts.bed import about_the_wire, skip_without_wire
from tests.contracts.simulated import Silence

CANARY = "canary0123456789canary0123456789"
MESSAGE = Message(
    "k", "trigger", "HALT", "acc", "t", ("l",), False, datetime(2026, 11, 21, tzinfo=UTC), "desk"
)
Answer = httpx.Response | Exception
Facing = Callable[[Answer], Channel]
"""A channel whose far side gives this answer to everything."""


async def says_delivered_only_when_it_was_taken(facing: Facing, taken: Answer) -> None:
    channel = facing(taken)
    delivery = await channel.send(MESSAGE)
    await channel.close()

    assert delivery.ok


@about_the_wire("the simulator's channels know one failure, which passes")
async def calls_weather_retryable(facing: Facing, taken: Answer) -> None:
    for status in (408, 429, 500, 502, 503):
        delivery = await facing(httpx.Response(status, headers={"retry-after": "3"})).send(MESSAGE)

        assert (delivery.ok, delivery.retryable, delivery.retry_after_s) == (False, True, 3.0), status


@about_the_wire("the simulator's channels know one failure, which passes")
async def calls_a_refusal_final(facing: Facing, taken: Answer) -> None:
    for status in (400, 401, 403, 404, 410):
        delivery = await facing(httpx.Response(status)).send(MESSAGE)

        assert (delivery.ok, delivery.retryable) == (False, False), status
        assert delivery.detail


async def answers_when_the_network_does_not(facing: Facing, taken: Answer) -> None:
    for error in (httpx.ConnectError(CANARY), httpx.ReadTimeout(CANARY), httpx.RemoteProtocolError(CANARY)):
        delivery = await facing(error).send(MESSAGE)

        assert (delivery.ok, delivery.retryable) == (False, True)
        assert CANARY not in repr(delivery)


async def shows_no_secret(facing: Facing, taken: Answer) -> None:
    channel = facing(httpx.Response(403, text=CANARY))
    delivery = await channel.send(MESSAGE)

    assert CANARY not in f"{channel!r} {delivery!r} {channel.name}"


async def takes_every_shape_of_message(facing: Facing, taken: Answer) -> None:
    long = tuple("x" * 5000 for _ in range(200))
    shapes = [
        Message("k" * 900, "resolve", "NORMAL", "", "", (), True, MESSAGE.at, ""),
        Message("", "trigger", "LOCKOUT", "a" * 900, "\n" * 900, long, False, MESSAGE.at, "i" * 900),
    ]
    for shape in shapes:
        assert (await facing(taken).send(shape)).ok


PROMISES: list[Callable[[Facing, Answer], Awaitable[None]]] = [
    says_delivered_only_when_it_was_taken,
    calls_weather_retryable,
    calls_a_refusal_final,
    answers_when_the_network_does_not,
    shows_no_secret,
    takes_every_shape_of_message,
]


@dataclass
class OneText:
    """Every reference holds the same text."""

    text: str

    async def fetch(self, ref: str) -> Credential:
        raise SecretError(f"{ref}: no pair")

    async def fetch_text(self, ref: str) -> str:
        return self.text

    async def destroy(self, ref: str) -> Report:
        return Report(Outcome.IMPOSSIBLE)


def far(answer: Answer) -> SharedClient:
    def reply(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SharedClient(httpx.AsyncClient(transport=httpx.MockTransport(reply)))


def slack(answer: Answer) -> Channel:
    return Slack("ops", "hook", OneText(f"https://hooks.slack.com/services/{CANARY}"), far(answer))


def pagerduty(answer: Answer) -> Channel:
    return PagerDuty("page", "key", OneText(CANARY), far(answer))


def simulator(answer: Answer) -> Channel:
    down = FaultPlan("notifier-down", 0.0, float("inf"))
    taken = isinstance(answer, httpx.Response) and answer.is_success
    weather = Weather(() if taken else (down,), lambda: 1.0, lambda account: Level.NORMAL)
    return SimChannel("ops", "slack", weather, Silence())


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize(
    ("facing", "taken"),
    [
        (slack, httpx.Response(200, text="ok")),
        (pagerduty, httpx.Response(202, text="{}")),
        (simulator, httpx.Response(200)),
    ],
)
async def test_channels_keep(
    promise: Callable[[Facing, Answer], Awaitable[None]], facing: Facing, taken: Answer
) -> None:
    skip_without_wire(promise, facing is not simulator)
    await promise(facing, taken)
