"""What a freqtrade configuration tells of the account: venue, currency, and the bot's key by its public id.

Law: no secret is taken from it, and no error repeats a part of the file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardian.errors import ConfigError

# freqtrade reads JSON with comments and trailing commas; a string is matched first so that it stays whole.
_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_STRING_OR_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
# freqtrade says which market in `trading_mode`, ccxt in the venue's id.
_FUTURES = {"binance": "binanceusdm"}


@dataclass(frozen=True, slots=True)
class FreqtradeBot:
    """`key` is the public id of the bot's key, "" when the file holds none; `notes` are for people."""

    venue: str
    currency: str
    key: str
    notes: tuple[str, ...]


def read_freqtrade(path: Path) -> FreqtradeBot:
    """Raises ConfigError naming the field that is missing."""
    document = _parsed(path)
    exchange = document.get("exchange")
    name = exchange.get("name") if isinstance(exchange, dict) else None
    if not isinstance(exchange, dict) or not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{path}: field exchange.name: missing; is this a freqtrade configuration?")
    currency = document.get("stake_currency")
    if not isinstance(currency, str) or not currency.strip():
        raise ConfigError(f"{path}: field stake_currency: missing; give --currency's value there")
    futures = document.get("trading_mode", "spot") == "futures"
    venue = name.strip().lower()
    key = exchange.get("key")
    key = key.strip() if isinstance(key, str) else ""
    return FreqtradeBot(
        venue=_FUTURES.get(venue, venue) if futures else venue,
        currency=currency.strip().upper(),
        key=key,
        notes=tuple(_notes(document, futures, key)),
    )


def _notes(document: dict[str, Any], futures: bool, key: str) -> list[str]:
    notes = []
    if not futures:
        notes.append(
            "trading_mode is not futures: guardian watches linear perpetuals; "
            "spot holdings are counted and kept, never sold"
        )
    if document.get("dry_run") is True:
        notes.append("dry_run is on: simulated trades are not on the account, so guardian sees none")
    if not key:
        notes.append(
            "exchange.key is empty there: the bot's key is every trading key that is not guardian's own"
        )
    return notes


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__}); name a JSON file") from None
    plain = _STRING_OR_COMMENT.sub(lambda found: found[1] or " ", text)
    plain = _STRING_OR_COMMA.sub(lambda found: found[1] or "", plain)
    line, document = 0, None
    try:
        document = json.loads(plain)
    except json.JSONDecodeError as error:
        line = error.lineno
    except RecursionError:
        line = 1
    # Raised outside of `except`: a parser's exception carries the whole file, and the file holds a secret.
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: not a JSON object" + (f" (near line {line})" if line else ""))
    return document
