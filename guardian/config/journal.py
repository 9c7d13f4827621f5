"""The `journal:` part of guardian.yaml: how much of the journal is kept, where, and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from guardian.config.document import Leaf, Node
from guardian.config.reading import Field, Read, Row, Spot, Wrong, clip, kind_of, read_table
from guardian.config.shapes import JournalConfig
from guardian.config.values import duration, path_from

MEGABYTE = 1_000_000
UNITS = {"MB": MEGABYTE, "GB": 1000 * MEGABYTE}
SIZE = re.compile(r"(\d{1,9})\s?(MB|GB)", re.ASCII)
LEAST_KEPT_SECONDS = 3600.0
LONGEST_SECONDS = 100 * 366 * 86_400.0


def journal_reader(base: Path) -> Read[JournalConfig]:
    fields = {
        "segment": Field(size, JournalConfig.segment_bytes),
        "keep": Field(duration(LEAST_KEPT_SECONDS, LONGEST_SECONDS), None),
        "archive": Field(path_from(base), None),
        "anchors": Field(path_from(base), None),
    }

    def read(node: Node, spot: Spot) -> JournalConfig:
        values = read_table(node, spot, fields).all()
        return JournalConfig(values["segment"], values["keep"], values["archive"], values["anchors"])

    return read


def size(node: Node, spot: Spot) -> int:
    """Bytes, from `200MB` or `2GB`; at least one megabyte."""
    fix = "Write 200MB or 2GB."
    if not isinstance(node, Leaf) or not isinstance(node.value, str):
        raise Wrong(f"{kind_of(node)} where a size is needed", fix)
    found = SIZE.fullmatch(node.text.strip())
    if found is None:
        raise Wrong(f"{clip(node.text)} is not a size", fix)
    bytes_ = int(found[1]) * UNITS[found[2]]
    if bytes_ < MEGABYTE:
        raise Wrong(f"{clip(node.text)} is less than 1MB", fix)
    return bytes_


def misplaced(row: Row) -> Iterator[tuple[tuple[str, ...], Wrong]]:
    """An anchor beside the journal goes where the journal goes, and proves nothing."""
    journal, state_dir = row.values.get("journal"), row.values.get("state_dir")
    if journal is None or journal.anchors is None or state_dir is None:
        return
    if journal.anchors.is_relative_to(state_dir):
        fix = "Name a file on another disk or machine, which whoever writes state_dir cannot change."
        yield ("journal", "anchors"), Wrong("anchors inside state_dir prove nothing", fix)
