"""`telemetry:` and each of `sources:`, read by themselves.

Law: a token is a reference; an address goes in plain text to this machine only.
"""

from __future__ import annotations

from pathlib import Path

from guardian.config.document import Leaf, Node
from guardian.config.reading import (
    Field,
    Read,
    Reported,
    Spot,
    Wrong,
    attempt,
    only_entry,
    read_table,
    unique,
)
from guardian.config.shapes import PrometheusConfig, TelemetryConfig
from guardian.config.values import NAME, NAME_FIX, duration, name, reference, text, url
from guardian.core.memory import MAXIMUM_GAUGES

LONGEST_QUERY = 2000


def telemetry_reader(base: Path) -> Read[TelemetryConfig]:
    fields = {"token": Field(reference(base))}

    def read(node: Node, spot: Spot) -> TelemetryConfig:
        return TelemetryConfig(read_table(node, spot, fields).all()["token"])

    return read


def source_reader(base: Path) -> Read[PrometheusConfig]:
    default = PrometheusConfig("", "", ())
    prometheus = {
        "url": Field(url(plain_only_to_loopback=True)),
        "every": Field(duration(1.0, 3600.0), default.every_seconds),
        "gauges": Field(_gauges),
        "account": Field(name),
        "token": Field(reference(base), default.token_ref),
    }
    fields = {"prometheus": prometheus}

    def read(node: Node, spot: Spot) -> PrometheusConfig:
        kind, entry = only_entry(node, spot, "kind of source", fields)
        values = read_table(entry.value, spot.field(kind), fields[kind]).all()
        return PrometheusConfig(
            values["url"], values["account"], values["gauges"], values["every"], values["token"]
        )

    return read


def _gauges(node: Node, spot: Spot) -> tuple[tuple[str, str], ...]:
    """`NAME: PromQL` lines, in the order of the file."""
    entries = unique(node, spot)
    if not 1 <= len(entries) <= MAXIMUM_GAUGES:
        raise Wrong(f"{len(entries)} gauges", f"Write from 1 to {MAXIMUM_GAUGES} lines `name: 'PromQL'`.")
    read = {each: attempt(_query(each), entry.value, spot.field(each)) for each, entry in entries.items()}
    queries = tuple((each, query) for each, query in read.items() if query is not None)
    if len(queries) < len(entries):
        raise Reported
    return queries


def _query(gauge: str) -> Read[str]:
    def read(node: Node, spot: Spot) -> str:
        if not NAME.fullmatch(gauge):
            raise Wrong("not a name", NAME_FIX)
        if isinstance(node, Leaf) and node.value is None:
            raise Wrong("has no value", "Write a PromQL query that gives one number, such as sum(queue).")
        query = text(node, spot)
        if len(query) > LONGEST_QUERY:
            fix = "Make it a recording rule of the server, and ask for that one's name."
            raise Wrong(f"a query of more than {LONGEST_QUERY} characters", fix)
        return query

    return read
