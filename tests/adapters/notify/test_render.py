"""Payloads stay inside every documented limit, whatever a rule or a venue puts into a message."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.notify import render
from guardian.ports import Message

AT = datetime(2026, 11, 21, 9, 0, 0, 123_000, tzinfo=UTC)


def message(**changes: object) -> Message:
    fields: dict[str, object] = {
        "key": "guardian/desk-1/acc/dd-1h/7",
        "notification": "trigger",
        "level": "FLATTEN",
        "account": "acc",
        "title": "Lost 5 % within an hour",
        "lines": ("drawdown 5.2 % over 5 %", "closing 3 positions"),
        "would": False,
        "at": AT,
        "instance": "desk-1",
    }
    return Message(**{**fields, **changes})  # type: ignore[arg-type]


@given(
    title=st.text(max_size=6000),
    lines=st.lists(st.text(max_size=8000), max_size=120),
    key=st.text(min_size=1, max_size=600),
)
def test_no_message_exceeds_a_limit(title: str, lines: list[str], key: str) -> None:
    """One character too many and the venue of the alert answers 400: nobody is told."""
    told = message(title=title, lines=tuple(lines), key=key)

    slack = render.slack_blocks(told)
    event = render.pagerduty_event(told, "k" * 32)

    blocks = slack["blocks"]
    texts = [block["text"]["text"] for block in blocks if "text" in block]
    assert len(blocks) <= 50
    assert len(texts[0]) <= 150
    assert all(0 < len(text) <= 3000 for text in texts)
    assert sum(map(len, texts)) + len(blocks[-1]["elements"][0]["text"]) <= 10_000
    assert len(slack["text"]) <= 4000
    assert len(event["payload"]["summary"]) <= 1024
    assert len(event["dedup_key"]) <= 255
    assert len(json.dumps(event)) < 512_000 * 2


def test_what_was_only_observed_says_would_have() -> None:
    assert "would have: Lost 5 %" in render.slack_blocks(message(would=True))["blocks"][0]["text"]["text"]
    assert "would have: Lost 5 %" in render.pagerduty_event(message(would=True), "k")["payload"]["summary"]


def test_slack_control_characters_cannot_mention_or_link() -> None:
    """An order's note may hold <!channel>; it must be shown, not obeyed."""
    text = json.dumps(render.slack_blocks(message(title="<!channel>", lines=("<!here> & <http://x|y>",))))

    assert "&lt;!here&gt; &amp; &lt;http://x|y&gt;" in text
    assert "<!here>" not in text


def test_long_text_shows_that_something_is_missing() -> None:
    blocks = render.slack_blocks(message(lines=tuple("x" * 900 for _ in range(40))))["blocks"]

    assert blocks[-2]["text"]["text"].endswith(render.CUT)


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("CAUTION", "warning"),
        ("HALT", "error"),
        ("REDUCE", "error"),
        ("FLATTEN", "critical"),
        ("LOCKOUT", "critical"),
        ("SOMETHING", "critical"),
    ],
)
def test_severity_follows_the_level_and_doubt_is_severe(level: str, severity: str) -> None:
    assert render.pagerduty_event(message(level=level), "k")["payload"]["severity"] == severity


def test_a_pagerduty_trigger_names_its_source_and_a_resolve_only_its_key() -> None:
    trigger = render.pagerduty_event(message(), "r" * 32)
    resolve = render.pagerduty_event(message(notification="resolve"), "r" * 32)

    assert trigger["event_action"] == "trigger"
    assert trigger["client"] == "guardian"
    assert trigger["payload"]["source"] == "guardian/desk-1/acc"
    assert trigger["payload"]["timestamp"] == "2026-11-21T09:00:00.123Z"
    assert resolve == {
        "routing_key": "r" * 32,
        "event_action": "resolve",
        "dedup_key": "guardian/desk-1/acc/dd-1h/7",
    }


def test_long_keys_stay_distinct() -> None:
    """Two incidents must never join because their keys were cut to the same beginning."""
    one, two = render.dedup_key("x" * 300 + "1"), render.dedup_key("x" * 300 + "2")

    assert one != two
    assert len(one) <= 255


def test_would_have_is_said_once() -> None:
    said = render.headline(replace(message(would=True), title="Would have: HALT on acc"))

    assert said.lower().count("would have") == 1
