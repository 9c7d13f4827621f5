"""Local receivers of Slack's incoming-webhook and PagerDuty's Events v2 wire formats.

They refuse what the real ones refuse (docs.slack.dev "incoming webhooks" and block limits; PagerDuty Events
API v2), so that a message that people would never get is not counted. Everything is recorded with its time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

SLACK_TEXT_CHARACTERS = 40_000
SLACK_BLOCKS = 50
SLACK_SECTION_CHARACTERS = 3_000
SLACK_HEADER_CHARACTERS = 150
SLACK_FIELDS = 10
SLACK_FIELD_CHARACTERS = 2_000
SLACK_BLOCK_TYPES = frozenset({"section", "header", "divider", "context", "actions", "image", "rich_text"})
PAGERDUTY_BYTES = 512_000
PAGERDUTY_KEY_CHARACTERS = 32
PAGERDUTY_SUMMARY_CHARACTERS = 1_024
PAGERDUTY_DEDUP_CHARACTERS = 255
PAGERDUTY_ACTIONS = frozenset({"trigger", "acknowledge", "resolve"})
PAGERDUTY_SEVERITIES = frozenset({"critical", "error", "warning", "info"})


@dataclass(frozen=True, slots=True)
class Received:
    """One request: when it came, to whom, what it said, and why it was refused (empty = accepted)."""

    at: datetime
    to: str
    body: Mapping[str, Any]
    refused: str = ""


@dataclass
class Inbox:
    """What people would have got, in order of arrival."""

    received: list[Received] = field(default_factory=list)

    def of(self, to: str) -> list[Received]:
        return [item for item in self.received if item.to == to and not item.refused]

    @property
    def slack_messages(self) -> int:
        return len(self.of("slack"))

    @property
    def pages(self) -> int:
        """Incidents that PagerDuty would have opened: distinct deduplication keys that were triggered.

        Without pages about guardian's own parts: a disk that is slow for a moment is told by one of its own.
        """
        triggers = [item for item in self.of("pagerduty") if item.body["event_action"] == "trigger"]
        keys = {str(item.body["dedup_key"]) for item in triggers}
        return len({key for key in keys if key.split("/")[3:4] != ["guardian"]})


def slack_problem(body: Any) -> str:
    """Why Slack would refuse this webhook body, in Slack's word; empty when it would post it."""
    if not isinstance(body, dict):
        return "invalid_payload"
    text, blocks = body.get("text"), body.get("blocks")
    if not text and not blocks:
        return "no_text"
    if text is not None and (not isinstance(text, str) or len(text) > SLACK_TEXT_CHARACTERS):
        return "msg_too_long"
    if blocks is None:
        return ""
    if not isinstance(blocks, list) or len(blocks) > SLACK_BLOCKS:
        return "invalid_blocks"
    return "" if all(_block_fits(block) for block in blocks) else "invalid_blocks"


def _block_fits(block: Any) -> bool:
    if not isinstance(block, dict) or block.get("type") not in SLACK_BLOCK_TYPES:
        return False
    match block["type"]:
        case "section":
            fields = block.get("fields", [])
            return (
                ("text" in block or bool(fields))
                and ("text" not in block or _text_fits(block["text"], SLACK_SECTION_CHARACTERS))
                and isinstance(fields, list)
                and len(fields) <= SLACK_FIELDS
                and all(_text_fits(text, SLACK_FIELD_CHARACTERS) for text in fields)
            )
        case "header":
            text = block.get("text") or {}
            return _text_fits(text, SLACK_HEADER_CHARACTERS) and text["type"] == "plain_text"
        case "context":
            elements = block.get("elements")
            return isinstance(elements, list) and 0 < len(elements) <= 10
        case _:
            return True


def _text_fits(text: Any, characters: int) -> bool:
    return (
        isinstance(text, dict)
        and text.get("type") in ("mrkdwn", "plain_text")
        and isinstance(text.get("text"), str)
        and 0 < len(text["text"]) <= characters
    )


def pagerduty_problem(body: Any, routing_key: str) -> str:
    """Why PagerDuty would answer 400 to this event; empty when it would enqueue it."""
    if not isinstance(body, dict):
        return "JSON body is not an object"
    key = body.get("routing_key")
    if not isinstance(key, str) or len(key) != PAGERDUTY_KEY_CHARACTERS:
        return "Length of 'routing_key' is incorrect (should be 32 characters)"
    if key != routing_key:
        return "Invalid routing key"
    action, dedup = body.get("event_action"), body.get("dedup_key")
    if action not in PAGERDUTY_ACTIONS:
        return "'event_action' is invalid"
    if not isinstance(dedup, str | None) or len(dedup or "") > PAGERDUTY_DEDUP_CHARACTERS:
        return "Length of 'dedup_key' is incorrect (should be at most 255 characters)"
    if action != "trigger":
        return "" if dedup else "'dedup_key' is missing or blank"
    return _payload_problem(body.get("payload"))


def _payload_problem(payload: Any) -> str:
    if not isinstance(payload, dict):
        return "'payload' is missing or blank"
    for name in ("summary", "source"):
        if not isinstance(payload.get(name), str) or not payload[name]:
            return f"'payload.{name}' is missing or blank"
    if len(payload["summary"]) > PAGERDUTY_SUMMARY_CHARACTERS:
        return "'payload.summary' is too long (maximum is 1024 characters)"
    if payload.get("severity") not in PAGERDUTY_SEVERITIES:
        return "'payload.severity' is invalid (must be one of critical, warning, error, info)"
    if not isinstance(payload.get("custom_details", {}), dict):
        return "'payload.custom_details' is not an object"
    return ""


class Receivers:
    """Both on one loopback port. `slack_url` is the whole webhook, `pagerduty_base` the events host."""

    def __init__(self, slack_path: str, routing_key: str) -> None:
        """`slack_path` is the secret part of the webhook's URL, "T.../B.../..."."""
        self.inbox = Inbox()
        self.paged = asyncio.Event()
        self._routing_key = routing_key
        self._slack_path = f"/services/{slack_path}"
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def slack_url(self) -> str:
        return f"http://127.0.0.1:{self._port}{self._slack_path}"

    @property
    def pagerduty_base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        app = web.Application(client_max_size=2 * PAGERDUTY_BYTES)
        app.router.add_post(self._slack_path, self._slack)
        app.router.add_post("/v2/enqueue", self._pagerduty)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _slack(self, request: web.Request) -> web.Response:
        body = _json(await request.read())
        problem = slack_problem(body)
        self._record("slack", body, problem)
        return web.Response(status=400 if problem else 200, text=problem or "ok")

    async def _pagerduty(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = _json(raw)
        problem = pagerduty_problem(body, self._routing_key)
        if len(raw) > PAGERDUTY_BYTES:
            problem = "event is larger than 512 KB"
        if not problem:
            # PagerDuty makes a key up when none is given, so two such triggers are two pages.
            body.setdefault("dedup_key", f"generated-{len(self.inbox.received)}")
        self._record("pagerduty", body, problem)
        if problem:
            refusal = {"status": "invalid event", "message": "Event object is invalid", "errors": [problem]}
            return web.json_response(refusal, status=400)
        taken = {"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]}
        return web.json_response(taken, status=202)

    def _record(self, to: str, body: Any, problem: str) -> None:
        shown = body if isinstance(body, dict) else {}
        # The routing key is a secret: the record must not become a second place where it lies.
        shown = {name: value for name, value in shown.items() if name != "routing_key"}
        self.inbox.received.append(Received(datetime.now(UTC), to, shown, problem))
        if self.inbox.pages:
            self.paged.set()


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
