"""Slack through an incoming webhook: the address is the secret, success is 200 with the text "ok"."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from guardian.errors import ConfigError, SecretError
from guardian.notify.render import slack_blocks, slack_plain
from guardian.notify.wire import Answer, SharedClient, checked_url, post
from guardian.ports import Delivery, Message, SecretStore

# Errors that Slack may send with status 200 and that pass by themselves.
_PASSING = frozenset(
    {"rate_limited", "ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_ERROR_WORD = re.compile(r"[a-z][a-z_]{2,60}")


class Slack:
    """One webhook. The address is fetched at the first send and again after Slack has refused it."""

    kind = "slack"

    def __init__(self, name: str, ref: str, secrets: SecretStore, shared: SharedClient) -> None:
        self.name = name
        self._ref = ref
        self._secrets = secrets
        self._shared = shared.join()
        self._url: str | None = None

    def __repr__(self) -> str:
        return f"Slack({self.name!r})"

    async def prepare(self) -> None:
        """Fetch and check the address now. Raises SecretError, or ConfigError for plain http."""
        self._url = checked_url(await self._secrets.fetch_text(self._ref), self.name)

    async def send(self, message: Message) -> Delivery:
        """Blocks first; once more as plain text when Slack answers 400 or names the blocks."""
        try:
            if self._url is None:
                await self.prepare()
        except (SecretError, ConfigError) as error:
            return Delivery(False, True, None, str(error))
        assert self._url is not None
        answer = await post(self._shared, self._url, slack_blocks(message))
        if _dislikes_blocks(answer):
            answer = await post(self._shared, self._url, slack_plain(message))
        delivery = _read(answer)
        if not delivery.ok and not delivery.retryable:
            self._url = None  # A rotated webhook is found in its file by the next message.
        return delivery

    async def close(self) -> None:
        await self._shared.leave()


def _dislikes_blocks(answer: Answer) -> bool:
    word = error_word(answer)
    return answer.status == 400 or word.startswith("invalid_blocks") or word == "msg_blocks_too_long"


def _read(answer: Answer) -> Delivery:
    if answer.status == 200 and _says_ok(answer.text):
        return Delivery(True)
    if answer.status == 200 and not error_word(answer):
        # Something between us and Slack answered in its place: nobody was told.
        return Delivery(False, True, answer.retry_after_s, "http-200 without ok")
    refused = answer.refused(error_word(answer))
    return replace(refused, retryable=True) if error_word(answer) in _PASSING else refused


def _says_ok(text: str) -> bool:
    if text.strip() == "ok":
        return True
    return _field(text, "ok") is True


def error_word(answer: Answer) -> str:
    """Slack's error such as `invalid_blocks`, bare or in JSON; nothing but a plain word is quoted."""
    told = _field(answer.text, "error")
    word = told if isinstance(told, str) else answer.text.strip()
    return word if word != "ok" and _ERROR_WORD.fullmatch(word) else ""


def _field(text: str, name: str) -> object:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None
