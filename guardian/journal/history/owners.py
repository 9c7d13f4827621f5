"""Which accounts there are, and whose client order ids are whose, as guardian was last configured.

The journal knows it without YAML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from guardian.journal.history.shapes import TABLES
from guardian.journal.schema import connect_read_only

_NEWEST = (
    "SELECT kind, body FROM records WHERE kind IN ('checkpoint', 'configured') AND seq >="
    " coalesce((SELECT max(seq) FROM records WHERE kind = 'checkpoint'), 1) ORDER BY seq DESC LIMIT 1"
)


def order_prefixes(path: Path) -> Mapping[str, tuple[str, ...]]:
    """The bot's order prefixes by account; none where the journal says nothing that can be read.

    Raises OSError, sqlite3.Error.
    """
    with closing(connect_read_only(path)) as db:
        found = db.execute(_NEWEST).fetchone()
    if found is None:
        return {}
    try:
        return dict(_named(*found))
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def accounts_of(path: Path) -> frozenset[str]:
    """Every account that was configured last, or of which a row is kept; none where the journal tells none.

    Raises OSError, sqlite3.Error.
    """
    found = set(order_prefixes(path))
    with closing(connect_read_only(path)) as db:
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in (each for each in TABLES if each.name in there):
            words = ("SELECT DISTINCT account FROM", table.name)
            found |= {str(name) for (name,) in db.execute(" ".join(words))}
    return frozenset(found)


def _named(kind: str, body: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    parsed: Any = orjson.loads(body)
    policies = (
        [account["policy"] for account in parsed["accounts"]]
        if kind == "checkpoint"
        else parsed["event"]["accounts"]
    )
    return ((policy["name"], tuple(policy["order_prefixes"])) for policy in policies)
