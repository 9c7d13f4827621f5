"""No text that leaves an adapter carries a key, a secret, a signature or a URL.

Venues echo what was signed (Bybit's 10004 prints the whole origin string with the API key), so that every
message of theirs passes through here before it becomes a `VenueError`, a `Failure` or a `Report`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

_URL = re.compile(r"\b(?:https?|wss?|socks5h?)://\S+", re.IGNORECASE)
_PARAMETER = re.compile(
    r"(?i)\b(signature|sign|x-bapi-sign|x-bapi-api-key|api[-_]?key|listenkey|passphrase|secret|token)"
    r"(\"?\s*[=:]\s*\"?)[^\s&,;\"'}\]]+"
)
_LONG_HEX = re.compile(r"\b[0-9a-fA-F]{32,}\b")
_LENGTH = 240


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given secrets, URLs, signatures and key parameters, at most 240 characters."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
    text = _URL.sub("<url>", text)
    text = _PARAMETER.sub(r"\1\2***", text)
    text = _LONG_HEX.sub("***", text)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text[:_LENGTH]
