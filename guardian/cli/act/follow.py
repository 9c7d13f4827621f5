"""Follow an incident from the outside until it is proven, or its deadline has passed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from guardian.web.client import ControlClient, UnreachableError

GRACE_SECONDS = 15.0
EVERY_SECONDS = 0.25


def follow(
    client: ControlClient, wanted: tuple[str, str], deadline_seconds: float, tell: Callable[[str], None]
) -> tuple[dict[str, Any], int]:
    """The incident's document and the exit code: 0 proven, 4 not proven in time. Ctrl-C detaches (4).

    `wanted` is the account and the level; the deadline is the account's own, plus a grace.
    """
    account, level = wanted
    try:
        return asyncio.run(_follow(client, wanted, time.monotonic() + deadline_seconds + GRACE_SECONDS, tell))
    except KeyboardInterrupt:
        tell("detached; the daemon goes on. See: guardian status")
        return {"account": account, "level": level, "detached": True}, 4


async def _follow(
    client: ControlClient, wanted: tuple[str, str], deadline: float, tell: Callable[[str], None]
) -> tuple[dict[str, Any], int]:
    account, level = wanted
    told: set[str] = set()
    incident: dict[str, Any] = {}
    while time.monotonic() < deadline:
        try:
            document = await client.status()
        except UnreachableError:
            await asyncio.sleep(EVERY_SECONDS)
            continue
        incident = next((a["incident"] or {} for a in document["accounts"] if a["name"] == account), {})
        for line in lines(incident):
            if line not in told:
                told.add(line)
                tell(line)
        if proven(incident, level):
            return {"account": account, **incident}, 0
        await asyncio.sleep(EVERY_SECONDS)
    return {"account": account, **incident}, 4


def proven(incident: dict[str, Any], level: str) -> bool:
    """Flat as the venue says; for LOCKOUT the key dead too."""
    if not incident.get("verified_flat_at"):
        return False
    return level != "LOCKOUT" or bool(incident.get("key_dead_at"))


def lines(incident: dict[str, Any]) -> list[str]:
    """One line for each step that has an outcome, and for each milestone."""
    steps = [
        s for s in incident.get("steps", ()) if s["outcome"] != "sent" and s["step"] not in ("read", "list")
    ]
    said = [f"{s['step']} {s['target']}: {s['outcome']} {s['code']}".strip() for s in steps]
    if incident.get("verified_flat_at"):
        said.append(f"verified flat at {incident['verified_flat_at']}")
    if incident.get("key_dead_at"):
        said.append(f"key proven dead at {incident['key_dead_at']}")
    return said
