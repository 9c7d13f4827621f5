"""Slack and PagerDuty: every answer they give is read as the documentation means it; no secret is shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from guardian.config.shapes import ChannelConfig, Routes
from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.notify import PagerDuty, Slack, open_channels
from guardian.notify.wire import SharedClient, open_client, retry_after
from guardian.ports import Credential, Message, Report

HOOK = "https://hooks.slack.com/services/T0/B0/canary-hook"
KEY = "canary-routing-key-0123456789abc"
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
MESSAGE = Message("guardian/d/acc/r/1", "trigger", "HALT", "acc", "title", ("line",), False, AT, "d")


class Texts:
    """A secret store whose texts a test may change, as a rotation does."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    async def fetch(self, ref: str) -> Credential:
        raise SecretError(f"{ref}: no pair")

    async def fetch_text(self, ref: str) -> str:
        if ref not in self.texts:
            raise SecretError(f"{ref}: does not exist")
        return self.texts[ref]

    async def destroy(self, ref: str) -> Report:
        return Report(Outcome.IMPOSSIBLE)


class Far:
    """The far side: gives prepared answers in turn and keeps what it was asked."""

    def __init__(self, answers: Sequence[httpx.Response | Exception]) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def shared(self) -> SharedClient:
        return SharedClient(httpx.AsyncClient(transport=httpx.MockTransport(self)))


def text(status: int, body: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def slack(far: Far) -> Slack:
    return Slack("ops", "hook", Texts(hook=HOOK), far.shared)


def pagerduty(far: Far) -> PagerDuty:
    return PagerDuty("page", "key", Texts(key=KEY), far.shared)


SLACK_ANSWERS: dict[str, tuple[httpx.Response | Exception, bool, bool, float | None]] = {
    "ok": (text(200, "ok"), True, True, None),
    "json ok": (text(200, '{"ok": true}'), True, True, None),
    "json error": (text(200, '{"ok": false, "error": "channel_not_found"}'), False, False, None),
    "json passing": (text(200, '{"ok": false, "error": "rate_limited"}'), False, True, None),
    "captive portal": (text(200, "<html>Log in</html>"), False, True, None),
    "redirect": (text(302, "", location="https://elsewhere"), False, False, None),
    "forbidden": (text(403, "invalid_token"), False, False, None),
    "gone": (text(410, "channel_is_archived"), False, False, None),
    "not found": (text(404, "no_service"), False, False, None),
    "too fast": (text(429, '{"ok":false,"error":"rate_limited"}', retry_after="30"), False, True, 30.0),
    "server": (text(503, "oops"), False, True, None),
    "timeout": (httpx.ReadTimeout(HOOK), False, True, None),
    "network": (httpx.ConnectError(HOOK), False, True, None),
}


@pytest.mark.parametrize("what", SLACK_ANSWERS)
async def test_slack_answers(what: str) -> None:
    answer, ok, retryable, wait = SLACK_ANSWERS[what]
    far = Far([answer])

    delivery = await slack(far).send(MESSAGE)

    assert delivery.ok is ok
    assert delivery.ok or (delivery.retryable, delivery.retry_after_s) == (retryable, wait)
    assert len(far.asked) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        text(400, "invalid_blocks"),
        text(400, "nonsense here"),
        text(200, '{"ok":false,"error":"msg_blocks_too_long"}'),
    ],
)
async def test_slack_gets_plain_text_once_when_it_refuses_blocks(refusal: httpx.Response) -> None:
    """A message that looks worse is a message; one that is refused for its looks is none."""
    far = Far([refusal, text(200, "ok")])

    delivery = await slack(far).send(MESSAGE)

    assert delivery.ok
    assert [b'"blocks"' in request.content for request in far.asked] == [True, False]


async def test_slack_is_not_asked_a_third_time() -> None:
    far = Far([text(400, "invalid_blocks"), text(400, "no_text")])

    delivery = await slack(far).send(MESSAGE)

    assert (delivery.ok, delivery.retryable, delivery.detail) == (False, False, "http-400 no_text")


PAGERDUTY_ANSWERS: dict[str, tuple[httpx.Response | Exception, bool, bool]] = {
    "accepted": (text(202, '{"status":"success"}'), True, True),
    "only 200": (text(200, "hello"), False, True),
    "bad event": (text(400, '{"status":"invalid event"}'), False, False),
    "forbidden": (text(403), False, False),
    "too fast": (text(429), False, True),
    "server": (text(500), False, True),
    "timeout": (httpx.ConnectTimeout("x"), False, True),
    "network": (httpx.ReadError("x"), False, True),
}


@pytest.mark.parametrize("what", PAGERDUTY_ANSWERS)
async def test_pagerduty_answers(what: str) -> None:
    answer, ok, retryable = PAGERDUTY_ANSWERS[what]
    far = Far([answer])

    delivery = await pagerduty(far).send(MESSAGE)

    assert delivery.ok is ok
    assert delivery.ok or delivery.retryable is retryable
    assert str(far.asked[0].url) == "https://events.pagerduty.com/v2/enqueue"


@pytest.mark.parametrize("make", [slack, pagerduty])
@pytest.mark.parametrize(
    "answer",
    [text(500, f"{HOOK} {KEY}"), text(403, KEY), httpx.ConnectError(HOOK), httpx.UnsupportedProtocol(KEY)],
)
async def test_nothing_shown_holds_the_address_or_the_key(
    make: Callable[[Far], Any], answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """httpx itself logs every address at INFO, and quotes it in some errors."""
    caplog.set_level(logging.DEBUG)
    await open_client().aclose()
    channel = make(Far([answer]))

    delivery = await channel.send(MESSAGE)

    shown = f"{channel!r} {delivery!r} {caplog.text}"
    assert "canary" not in shown
    assert "hooks.slack.com" not in shown


async def test_a_rotated_webhook_is_found_after_a_refusal() -> None:
    far = Far([text(404, "no_service"), text(200, "ok")])
    texts = Texts(hook=HOOK)
    channel = Slack("ops", "hook", texts, far.shared)
    await channel.send(MESSAGE)
    texts.texts["hook"] = HOOK + "-new"

    delivery = await channel.send(MESSAGE)

    assert delivery.ok
    assert str(far.asked[1].url) == HOOK + "-new"


async def test_a_missing_secret_is_a_delivery_that_may_succeed_later() -> None:
    channel = Slack("ops", "nowhere", Texts(), Far([]).shared)

    delivery = await channel.send(MESSAGE)

    assert (delivery.ok, delivery.retryable, delivery.detail) == (False, True, "nowhere: does not exist")


class Together(Texts):
    """Answers nobody until all are asked, as a vault that hangs holds up whoever waits in a queue."""

    def __init__(self, count: int) -> None:
        super().__init__(hook=HOOK)
        self.all_asked = asyncio.Barrier(count)

    async def fetch_text(self, ref: str) -> str:
        await self.all_asked.wait()
        return await super().fetch_text(ref)


async def test_the_secrets_of_all_channels_are_fetched_at_once() -> None:
    config = Routes(tuple(ChannelConfig(name, "slack", "hook") for name in ("ops", "risk", "owner")))
    problems: list[tuple[str, str]] = []

    async with asyncio.timeout(20):
        channels = await open_channels(config, Together(3), problems)
    for channel in channels:
        await channel.close()

    assert [c.name for c in channels] == ["ops", "risk", "owner"]
    assert problems == []


@pytest.mark.parametrize(
    "url", ["http://hooks.slack.com/x-canary", "http://10.0.0.1/canary", "canary", "ftp://canary/x"]
)
async def test_plain_http_leaves_the_machine_never(url: str) -> None:
    """Nor does a wrong address keep guardian from starting: it is told, and every send fails."""
    config = Routes((ChannelConfig("ops", "slack", "hook"),))
    problems: list[tuple[str, str]] = []

    (channel,) = await open_channels(config, Texts(hook=url), problems)
    delivery = await channel.send(MESSAGE)
    await channel.close()

    ((name, sentence),) = problems
    assert name == "ops"
    assert not delivery.ok
    assert "channel ops" in sentence
    assert "canary" not in sentence + delivery.detail


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost:9", "[::1]:9", "127.9.9.9"])
async def test_plain_http_to_this_machine_is_allowed(host: str) -> None:
    routes = Routes(
        (ChannelConfig("ops", "slack", "hook"), ChannelConfig("page", "pagerduty", "none", f"http://{host}"))
    )

    channels = await open_channels(routes, Texts(hook=f"http://{host}/services/x"))

    assert [channel.name for channel in channels] == ["ops", "page"]
    for channel in channels:
        await channel.close()


async def test_all_channels_share_one_client_until_the_last_is_closed() -> None:
    far = Far([text(202)])
    shared = far.shared
    ops = Slack("ops", "hook", Texts(hook=HOOK), shared)
    page = PagerDuty("page", "key", Texts(key=KEY), shared)

    await ops.close()
    delivery = await page.send(MESSAGE)
    await page.close()

    assert delivery.ok
    assert shared.client.is_closed


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "999999"}, 3600.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 09:01:00 GMT", "date": "Sat, 21 Nov 2026 09:00:00 GMT"}, 60.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:01:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
