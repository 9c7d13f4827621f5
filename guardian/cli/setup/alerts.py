"""`guardian alerts test`: one marked notification through each real channel, and who did not get it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from guardian.cli.shared import config_option, json_option, say
from guardian.config import Config, load_config
from guardian.core.model import Level
from guardian.errors import ConfigError
from guardian.exchanges import VENUES
from guardian.notify import open_channels
from guardian.notify.routing import PAGERS
from guardian.ports import Channel, Delivery, Message
from guardian.secrets import SecretReferences

UNDELIVERED = 3
SEND_SECONDS = 12.0
ACCOUNT = "alerts-test"
TITLE = "TEST of guardian's notifications; nothing has happened"

FIXES = (
    ("timeout", "Look at the network, DNS, firewall and proxy of this machine."),
    ("network", "Look at the network, DNS, firewall and proxy of this machine."),
    ("http-429", "Too many messages at once: wait a minute and try again."),
    ("http-5", "The service has a fault of its own: try again, and see its status page."),
    ("http-", "The service refuses this secret: make a new webhook or integration key and write it there."),
    ("", "Correct the secret that this channel names."),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """One channel's test. `resolved` is None where nothing was opened that must be closed again."""

    channel: str
    kind: str
    level: str
    delivered: bool
    detail: str
    resolved: bool | None
    fix: str

    @property
    def ok(self) -> bool:
        return self.delivered and self.resolved is not False


@click.group()
def alerts() -> None:
    """Try the channels to people."""


@alerts.command()
@click.option("--channel", "only", metavar="NAME", help="Only this channel.")
@click.option(
    "--level",
    type=click.Choice([level.name.lower() for level in Level if level is not Level.NORMAL]),
    help="Test what is told at this level; otherwise each channel at the lowest level of its routes.",
)
@config_option
@json_option
def test(only: str | None, level: str | None, config_path: Path | None, as_json: bool) -> None:
    """Send a notification marked as a test through every channel that a route names, and say who got it.

    An incident that this opens at a pager is resolved at once. Exit 0: all delivered. Exit 3: a channel did
    not take it, or nobody would be told.
    """
    config = load_config(config_path, VENUES)
    levels = _levels(config, only, Level[level.upper()] if level else None)
    tried = asyncio.run(_try_all(config, levels))
    ok = bool(tried) and all(each.ok for each in tried)
    document = {"ok": ok, "channels": [{"ok": each.ok, **asdict(each)} for each in tried]}
    say(document, as_json, "\n".join(_text(tried)))
    if not ok:
        raise SystemExit(UNDELIVERED)


def _levels(config: Config, only: str | None, level: Level | None) -> dict[str, Level]:
    """The level at which each channel is tried. Raises ConfigError for a channel that nobody routes to."""
    lowest: dict[str, Level] = {}
    for route in config.routes.routes:
        for name in route.to:
            lowest[name] = min(route.level, lowest.get(name, route.level))
    if only is not None and only not in lowest:
        known = ", ".join(lowest) or "no routes at all"
        raise ConfigError(f"no route names the channel {only}; there is {known}")
    wanted = {name: at for name, at in lowest.items() if only in (None, name)}
    if level is not None:
        wanted = {name: level for name, at in wanted.items() if at <= level}
    if not wanted:
        at = f" at {level.name}" if level else ""
        raise ConfigError(f"nobody is told{at}: name `routes` in {config.path}, with a channel for people")
    return wanted


async def _try_all(config: Config, levels: dict[str, Level]) -> list[Tried]:
    channels = await open_channels(
        config.routes, SecretReferences(config.path.parent, vault=config.vault), []
    )
    kinds = {channel.name: channel.kind for channel in config.routes.channels}
    try:
        tried = [
            _try(channel, kinds[channel.name], _message(config, channel.name, levels[channel.name]))
            for channel in channels
            if channel.name in levels
        ]
        return list(await asyncio.gather(*tried))
    finally:
        for channel in channels:
            await channel.close()


def _message(config: Config, channel: str, level: Level) -> Message:
    at = datetime.now(UTC)
    return Message(
        key=f"guardian/{config.instance}/{ACCOUNT}/{channel}/{at:%Y%m%dT%H%M%S%f}",
        notification="trigger",
        level=level.name,
        account=ACCOUNT,
        title=TITLE,
        lines=(
            "Somebody ran `guardian alerts test`. No rule was broken and nothing was done.",
            f"A real notification of level {level.name} would have come to you in this way.",
        ),
        would=False,
        at=at,
        instance=config.instance,
    )


async def _try(channel: Channel, kind: str, message: Message) -> Tried:
    delivery = await _send(channel, message)
    resolved = None
    if kind in PAGERS and delivery.ok:
        # The same key: otherwise somebody is on call for a test until they close it by hand.
        ended = await _send(channel, replace(message, notification="resolve", at=datetime.now(UTC)))
        resolved = ended.ok
        delivery = replace(delivery, detail=ended.detail) if not ended.ok else delivery
    fix = "" if delivery.ok and resolved is not False else _fix(delivery.detail)
    return Tried(channel.name, kind, message.level, delivery.ok, delivery.detail, resolved, fix)


async def _send(channel: Channel, message: Message) -> Delivery:
    try:
        return await asyncio.wait_for(channel.send(message), SEND_SECONDS)
    except TimeoutError:
        return Delivery(False, True, None, f"timeout: no answer within {SEND_SECONDS:g} s")


def _fix(detail: str) -> str:
    return next(fix for start, fix in FIXES if detail.startswith(start))


def _text(tried: Sequence[Tried]) -> list[str]:
    lines = []
    for each in tried:
        said = "delivered" if each.delivered else f"NOT delivered: {each.detail}"
        if each.resolved is not None:
            said += ", incident resolved" if each.resolved else f", incident NOT resolved: {each.detail}"
        lines.append(f"{each.channel} ({each.kind}, {each.level}): {said}")
        lines += [f"  {each.fix}"] if each.fix else []
    return lines
