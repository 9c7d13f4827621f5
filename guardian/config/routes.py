"""alerts/routes.yaml: channels by name, and from which level up each is told.

Law: what lets somebody post into a channel is a reference, never an address or key in the file.
"""

from __future__ import annotations

from pathlib import Path

from guardian.config.document import Node
from guardian.config.ladder import LEVELS
from guardian.config.reading import (
    Field,
    Page,
    Read,
    Reported,
    Spot,
    Wrong,
    attempt,
    list_of,
    only_entry,
    read_file,
    read_table,
    unique,
    unknown,
)
from guardian.config.shapes import ChannelConfig, Route, Routes
from guardian.config.values import NAME, NAME_FIX, choice, duration, reference, text, url
from guardian.core.model import Level

KINDS = {"slack": "url", "pagerduty": "routing_key"}
"""Each kind of channel and the field that holds its secret's reference."""


def read_routes(path: Path, base: Path, page: Page) -> Routes | None:
    """The routes of a file, or None once its findings are on the page. References are relative to `base`."""
    node = read_file(path, page)
    return None if node is None else attempt(_routes(base), node, Spot(page))


def _routes(base: Path) -> Read[Routes]:
    def read(node: Node, spot: Spot) -> Routes:
        fields = {"channels": Field(_channels(base)), "routes": Field(list_of(_route))}
        row = read_table(node, spot, fields)
        channels: tuple[ChannelConfig, ...] | None = row.values.get("channels")
        routes: tuple[tuple[Route, tuple[int, ...]], ...] = row.values.get("routes", ())
        known = [channel.name for channel in channels or ()]
        missing = False
        for index, (route, lines) in enumerate(routes if channels else ()):
            for place, (name, line) in enumerate(zip(route.to, lines, strict=True)):
                if name not in known:
                    there = spot.field("routes").item(index).field("to").item(place)
                    there.refuse(line, unknown("channel", name, known))
                    missing = True
        if missing:
            raise Reported
        row.all()
        return Routes(channels or (), tuple(route for route, _ in routes))

    return read


def _channels(base: Path) -> Read[tuple[ChannelConfig, ...]]:
    def read(node: Node, spot: Spot) -> tuple[ChannelConfig, ...]:
        entries = unique(node, spot)
        if not entries:
            raise Wrong("no channels", "Name at least one, such as `ops: {slack: {url: file:keys/slack}}`.")
        channels = []
        for name, entry in entries.items():
            channel = attempt(_channel(name, base), entry.value, spot.field(name))
            channels += [channel] if channel else []
        if len(channels) < len(entries):
            raise Reported
        return tuple(channels)

    return read


def _channel(name: str, base: Path) -> Read[ChannelConfig]:
    def read(node: Node, spot: Spot) -> ChannelConfig:
        if not NAME.fullmatch(name):
            raise Wrong("not a name", NAME_FIX)
        kind, entry = only_entry(node, spot, "kind of channel", KINDS)
        secret = KINDS[kind]
        fields = {secret: Field(reference(base)), "base_url": Field(url(plain_only_to_loopback=True), None)}
        values = read_table(entry.value, spot.field(kind), fields).all()
        return ChannelConfig(name, kind, values[secret], values["base_url"])

    return read


def _route(node: Node, spot: Spot) -> tuple[Route, tuple[int, ...]]:
    """A route and the line of each channel that it names."""
    fields = {
        "level": Field(choice("level", LEVELS)),
        "to": Field(list_of(lambda item, there: (text(item, there), item.line))),
        "repeat": Field(duration(10.0, 7 * 86400.0), None),
    }
    values = read_table(node, spot, fields).all()
    names, lines = zip(*values["to"], strict=True)
    return Route(Level[values["level"].upper()], names, values["repeat"]), lines
