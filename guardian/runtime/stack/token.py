"""The token that whoever tells must show: fetched by reference, and long enough not to be guessed."""

from __future__ import annotations

import asyncio

from guardian.errors import SecretError
from guardian.ports import SecretStore

FETCH_SECONDS = 5.0
SHORTEST = 16
FIX = "make one with `openssl rand -hex 32`"


async def fetch_token(secrets: SecretStore, ref: str) -> str:
    """Raises SecretError with its fix, also where no answer comes in time."""
    try:
        token = await asyncio.wait_for(secrets.fetch_text(ref), FETCH_SECONDS)
    except TimeoutError:
        raise SecretError(f"{ref}: no answer within {FETCH_SECONDS:g} s") from None
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise SecretError(f"{ref}: a token is {SHORTEST} printable characters or more, no spaces; {FIX}")
    return token
