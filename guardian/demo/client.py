"""The demo's own way to the venue: the real ccxt, pointed at the simulated one, shared with nobody else.

Raw codes decide, never ccxt's exception classes; no text of an exception is ever kept, for it may carry a
signature.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt

from guardian.errors import GuardianError

CLIENT_ERRORS = (ccxt.BaseError, TimeoutError, OSError, ValueError, KeyError, TypeError)
"""What a call through ccxt may raise for what the venue or its answers do."""

_HOST = re.compile(r"^https?://[^/]+")
_CODE = re.compile(r'"retCode"\s*:\s*"?(-?\d+)')


def bybit(url: str, key: str, secret: str) -> Any:
    """A ccxt bybit client for the simulated venue at `url`; the caller closes it."""
    client = ccxt.bybit({"apiKey": key, "secret": secret, "options": {"fetchMarkets": {"types": ["linear"]}}})
    client.has["fetchCurrencies"] = False
    api = client.urls["api"]
    for name, address in api.items():
        if isinstance(address, str):
            api[name] = _HOST.sub(url, address)
    return client


def read_key(file: Path) -> tuple[str, str]:
    """The key pair of a key file. Raises GuardianError without showing the file's content."""
    try:
        pair = json.loads(file.read_text())
        return str(pair["key"]), str(pair["secret"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise GuardianError(f'{file}: not a key file of the form {{"key": ..., "secret": ...}}') from problem


def raw_code(error: BaseException) -> str:
    """The venue's own code in a ccxt exception, else a word for what kind of silence it was."""
    found = _CODE.search(str(error))
    if found:
        return found.group(1)
    return "timeout" if isinstance(error, ccxt.RequestTimeout | TimeoutError) else type(error).__name__
