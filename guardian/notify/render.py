"""A message as each channel's payload: pure functions that never exceed a documented limit.

Slack: header 150, section text 3000, 50 blocks, fallback text 4000; all blocks together stay under 10 000
characters because the total has an undocumented ceiling near 13 200. PagerDuty: summary 1024, dedup_key 255,
512 KB an event.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from guardian.ports import Message

SLACK_HEADER = 150
SLACK_SECTION = 3000
SLACK_BLOCKS = 50
SLACK_TOTAL = 10_000
SLACK_TEXT = 4000
PAGERDUTY_SUMMARY = 1024
PAGERDUTY_KEY = 255
PAGERDUTY_LINE = 1000
PAGERDUTY_LINES = 100

CUT = "…"

SIGNS = {"NORMAL": "🟢", "CAUTION": "🟡", "HALT": "🟠", "REDUCE": "🟠", "FLATTEN": "🔴", "LOCKOUT": "⛔"}
SEVERITIES = {
    "NORMAL": "info",
    "CAUTION": "warning",
    "HALT": "error",
    "REDUCE": "error",
    "FLATTEN": "critical",
    "LOCKOUT": "critical",
}


def cut(text: str, size: int) -> str:
    """At most `size` characters; what is missing shows."""
    return text if len(text) <= size else text[: size - len(CUT)] + CUT


def stamp(at: datetime) -> str:
    """ISO 8601 UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def headline(message: Message) -> str:
    """One line: level, account, what; an observed account only "would have"."""
    level = "RESOLVED" if message.notification == "resolve" else message.level
    said = message.title.lower().startswith("would have")
    would = "would have: " if message.would and not said else ""
    return f"{level} {message.account}: {would}{message.title}"


def slack_blocks(message: Message) -> dict[str, Any]:
    """Block Kit: a header, the lines in sections, and where it comes from."""
    sign = "🟢" if message.notification == "resolve" else SIGNS.get(message.level, "")
    title = cut(f"{sign} {headline(message)}".strip(), SLACK_HEADER)
    source = cut(_source(message), 300)
    room = SLACK_TOTAL - len(title) - len(source)
    sections = _sections(message.lines, room)
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": True}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in sections),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": source}]},
    ]
    return {"text": _slack_fallback(message), "blocks": blocks}


def slack_plain(message: Message) -> dict[str, Any]:
    """The same without blocks, for when Slack refuses them."""
    return {"text": _slack_fallback(message)}


def _slack_fallback(message: Message) -> str:
    lines = (headline(message), *message.lines)
    return cut("\n".join(slack_escaped(line) for line in lines) + f"\n{_source(message)}", SLACK_TEXT)


def _source(message: Message) -> str:
    return slack_escaped(f"guardian {message.instance} · {stamp(message.at)} · {message.key}")


def slack_escaped(text: str) -> str:
    """The three characters that Slack reads as control, so that no line can mention or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sections(lines: tuple[str, ...], room: int) -> list[str]:
    """Lines joined into section texts, none over the section's limit, all together within `room`."""
    sections: list[str] = []
    for line in lines:
        text = cut(slack_escaped(line), SLACK_SECTION)
        if not text:
            continue
        if sum(map(len, sections)) + len(text) + 1 > room - len(CUT) or len(sections) >= SLACK_BLOCKS - 2:
            sections[-1:] = [cut(sections[-1] + "\n" + CUT, SLACK_SECTION)] if sections else [cut(text, room)]
            break
        if sections and len(sections[-1]) + 1 + len(text) <= SLACK_SECTION:
            sections[-1] += "\n" + text
        else:
            sections.append(text)
    return sections


def pagerduty_event(message: Message, routing_key: str) -> dict[str, Any]:
    """Events API v2: trigger or resolve under the message's own deduplication key."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": message.notification,
        "dedup_key": dedup_key(message.key),
    }
    if message.notification == "resolve":
        return event
    event["client"] = "guardian"
    event["payload"] = {
        "summary": cut(headline(message), PAGERDUTY_SUMMARY),
        "source": cut(f"guardian/{message.instance}/{message.account}", 255),
        "severity": SEVERITIES.get(message.level, "critical"),
        "timestamp": stamp(message.at),
        "component": cut(message.account, 255),
        "group": cut(message.instance, 255),
        "class": message.level,
        "custom_details": {
            "level": message.level,
            "account": message.account,
            "would": message.would,
            "lines": [cut(line, PAGERDUTY_LINE) for line in message.lines[:PAGERDUTY_LINES]],
        },
    }
    return event


def dedup_key(key: str) -> str:
    """The key itself, or for one over 255 characters its beginning and a hash that keeps it distinct."""
    if len(key) <= PAGERDUTY_KEY:
        return key
    return f"{key[:190]}-{hashlib.sha256(key.encode()).hexdigest()}"
