"""A receiver that accepts what the real one refuses would count pages that nobody gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from guardian.demo.receivers import Receivers, pagerduty_problem, slack_problem

ROUTING_KEY = "r" * 32


def event(**changes: Any) -> dict[str, Any]:
    payload = {"summary": "LOCKOUT demo", "source": "guardian", "severity": "critical"}
    return {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": "guardian/demo/demo/dd-1h/1",
        "payload": payload,
        **changes,
    }


def section(characters: int) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * characters}}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (None, "invalid_payload"),
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "a", "blocks": [section(10)] * 51}, "invalid_blocks"),
        ({"text": "a", "blocks": [section(3_001)]}, "invalid_blocks"),
        ({"text": "a", "blocks": [section(0)]}, "invalid_blocks"),
        ({"text": "a", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"text": "a", "blocks": [{"type": "marquee"}]}, "invalid_blocks"),
        ({"text": "a", "blocks": [{"type": "header", "text": {"type": "mrkdwn"}}]}, "invalid_blocks"),
        ({"text": "a", "blocks": [section(10)] * 50}, ""),
        ({"text": "hello"}, ""),
    ],
)
def test_slack_refuses_what_slack_refuses(body: Any, word: str) -> None:
    assert slack_problem(body) == word


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ([], "not an object"),
        (event(routing_key="short"), "32 characters"),
        (event(routing_key="x" * 32), "Invalid routing key"),
        (event(event_action="shout"), "event_action"),
        (event(dedup_key="d" * 256), "dedup_key"),
        (event(event_action="resolve", dedup_key=None), "dedup_key"),
        (event(payload=None), "payload"),
        (event(payload={"summary": "", "source": "g", "severity": "info"}), "payload.summary"),
        (event(payload={"summary": "s", "severity": "info"}), "payload.source"),
        (event(payload={"summary": "s", "source": "g", "severity": "fatal"}), "payload.severity"),
        (event(payload={"summary": "s" * 1025, "source": "g", "severity": "info"}), "too long"),
    ],
)
def test_pagerduty_refuses_what_pagerduty_refuses(body: Any, part: str) -> None:
    assert part in pagerduty_problem(body, ROUTING_KEY)


def test_pagerduty_takes_a_trigger_and_its_resolve() -> None:
    assert pagerduty_problem(event(), ROUTING_KEY) == ""
    assert pagerduty_problem(event(event_action="resolve", payload=None), ROUTING_KEY) == ""


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    ours = Receivers("T0/B0/secret", ROUTING_KEY)
    await ours.start()
    yield ours
    await ours.stop()


async def test_pages_are_distinct_keys_not_requests(receivers: Receivers) -> None:
    """Escalating one incident re-triggers its key; only a new key wakes a person again."""
    url = f"{receivers.pagerduty_base}/v2/enqueue"

    async with aiohttp.ClientSession() as session:
        resolve, other, broken = event(event_action="resolve"), event(dedup_key="other"), event(payload=1)
        for body in (event(), event(), resolve, other, broken):
            async with session.post(url, json=body) as answer:
                expected = 400 if body["payload"] == 1 else 202
                assert answer.status == expected

    assert receivers.inbox.pages == 2
    assert len(receivers.inbox.received) == 5

    own = event(dedup_key="guardian/demo/demo/guardian/journal")
    async with aiohttp.ClientSession() as session, session.post(url, json=own) as answer:
        assert answer.status == 202
    assert receivers.inbox.pages == 2  # a disk that was slow for a moment is no second incident
    assert all(ROUTING_KEY not in str(item) for item in receivers.inbox.received)


async def test_slack_answers_ok_in_plain_text(receivers: Receivers) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.post(receivers.slack_url, json={"text": "CAUTION"}) as answer:
            said = await answer.text()
        async with session.post(receivers.slack_url, data=b"{nonsense") as refused:
            assert refused.status == 400

    assert said == "ok"
    assert receivers.inbox.slack_messages == 1
