"""`sanity:` read by itself, and held against the channels that it names.

Law: a time that no clock shows, a zone that this machine does not know and a channel that nobody configured
are refused with their line: a check that never runs must not look like one that always passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardian.config.document import Leaf, Node
from guardian.config.reading import Field, Read, Row, Spot, Wrong, clip, kind_of, list_of, read_table, unknown
from guardian.config.shapes import Routes, SanityConfig
from guardian.config.values import name, text
from guardian.config.windows import timezone

TIME = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
TIME_FIX = 'Write hours and minutes from 00:00 to 23:59, such as "06:00".'


def sanity_reader() -> Read[SanityConfig]:
    default = SanityConfig(0, 0)
    fields = {
        "at": Field(time_of_day),
        "tz": Field(_zone, default.tz),
        "to": Field(list_of(name), default.to),
    }

    def read(node: Node, spot: Spot) -> SanityConfig:
        values = read_table(node, spot, fields).all()
        hour, minute = values["at"]
        return SanityConfig(hour, minute, values["tz"], values["to"])

    return read


def time_of_day(node: Node, spot: Spot) -> tuple[int, int]:
    """Hour and minute, from `06:00` with or without quotes."""
    if not isinstance(node, Leaf):
        raise Wrong(f"{kind_of(node)} where a time of day is needed", TIME_FIX)
    found = TIME.fullmatch(node.text.strip())
    if found is None:
        raise Wrong(f"{clip(node.text)} is not a time of day", TIME_FIX)
    hour, minute = int(found[1]), int(found[2])
    if hour > 23 or minute > 59:
        raise Wrong(f"{clip(node.text)} is no time of day", TIME_FIX)
    return hour, minute


def _zone(node: Node, spot: Spot) -> str:
    return timezone(text(node, spot))


def strangers(row: Row, routes: Routes) -> Iterator[tuple[int, Wrong]]:
    """Places in `to` of channels that the routes do not have."""
    sanity: SanityConfig | None = row.values.get("sanity")
    known = [channel.name for channel in routes.channels]
    for place, channel in enumerate(sanity.to if sanity else ()):
        if channel not in known:
            yield place, unknown("channel", channel, known)
