"""The account's configuration, copied for a rehearsal: its own rules armed, all else pointed elsewhere.

Law: no key, channel, venue or state of the real account is in the copy, so nothing that is started from it
can reach them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardian.config.shapes import AccountConfig, Config, Pack

ROUTING_KEY = "0" * 32
BUILT_IN = "builtin"
_OBSERVED = re.compile(r"\bmode:\s*observe\b")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the simulated parts are: the venue, its keys by role, and the local receiver of messages."""

    root: Path
    venue_url: str
    keys: Mapping[str, Any]
    receiver_url: str

    @property
    def config(self) -> Path:
        return self.root / "guardian.yaml"

    @property
    def pidfile(self) -> Path:
        return self.root / "bot.pid"


def write_copy(config: Config, account: AccountConfig, place: Place) -> None:
    """guardian.yaml, routes, packs and keys below `place.root`, which must be empty."""
    for role in ("watch", "hands", "admin", "bot"):
        pair = {"key": place.keys[role]["key"], "secret": place.keys[role]["secret"]}
        _secret(place.root / f"{role}.json", json.dumps(pair))
    own = [pack for pack in config.packs if pack.name != BUILT_IN]
    packs = [_pack(place.root / "packs" / str(number), pack) for number, pack in enumerate(own)]
    document: dict[str, Any] = {
        "instance": f"{config.instance}-rehearsal"[:64],
        "state_dir": "state",
        "rules": packs or [str(pack.path) for pack in config.packs],
        "accounts": [_account(account, place)],
    }
    if config.routes.channels:
        document["routes"] = "./routes.yaml"
        _write(place.root / "routes.yaml", _routes(config, place))
    _write(place.config, document)


def _account(account: AccountConfig, place: Place) -> dict[str, Any]:
    flatten, poll = account.flatten, account.poll
    told = {"orders_per_second": flatten.orders_per_second, "fee": flatten.fee}
    paced = {name: number for name, number in told.items() if number}
    return {
        "name": account.name,
        "venue": account.venue,
        "url": place.venue_url,
        "currency": "USDT",
        "contracts": list(account.contracts),
        "keys": {**{role: f"file:{role}.json" for role in ("watch", "hands", "admin")}, "hold": "boot"},
        "bot": {"keys": [place.keys["bot"]["key"]], "secret_ref": "file:bot.json", "order_prefix": ["bot-"]},
        "halt": [{"process": {"pidfile": "bot.pid", "grace": "5s"}}],
        "flatten": {"deadline": _s(flatten.deadline_seconds), "slippage": flatten.slippage, **paced},
        "poll": {
            "snapshot": _s(poll.snapshot_seconds),
            "flows": _s(poll.flows_seconds),
            "clock": _s(poll.clock_seconds),
            "market": _s(poll.market_seconds),
            "activity": _s(poll.activity_seconds),
            "keys": _s(poll.keys_seconds),
        },
    }


def _routes(config: Config, place: Place) -> dict[str, Any]:
    """The same channels at the same levels; every one of them ends at the local receiver."""
    _secret(place.root / "routing-key", ROUTING_KEY)
    channels: dict[str, Any] = {}
    for channel in config.routes.channels:
        if channel.kind == "pagerduty":
            fields = {"routing_key": "file:routing-key", "base_url": place.receiver_url}
            channels[channel.name] = {"pagerduty": fields}
        else:
            _secret(place.root / f"channel-{channel.name}", f"{place.receiver_url}/services/{channel.name}")
            channels[channel.name] = {"slack": {"url": f"file:channel-{channel.name}"}}
    routes = [{"level": route.level.name.lower(), "to": list(route.to)} for route in config.routes.routes]
    return {"channels": channels, "routes": routes}


def _pack(parent: Path, pack: Pack) -> str:
    """A copy of the pack in which each rule that only observes acts too: it is what is rehearsed."""
    folder = parent / pack.name
    folder.mkdir(parents=True)
    files = [pack.path] if pack.path.is_file() else sorted(pack.path.glob("*.y*ml"))
    for file in files:
        (folder / file.name).write_text(_OBSERVED.sub("mode: armed", file.read_text()))
    return str(folder)


def _s(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _write(file: Path, document: dict[str, Any]) -> None:
    """JSON, which every YAML reader reads, and which quotes what must be quoted."""
    file.write_text(json.dumps(document, indent=2))


def _secret(file: Path, text: str) -> None:
    """Mode 0600 from its first byte."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
