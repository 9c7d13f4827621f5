"""Reading a tree against a table of fields: every problem becomes a finding, and nothing half-read escapes.

Laws: a reader of a value raises `Wrong`; whoever holds the file turns it into a finding and reads on;
a container with any finding raises `Reported`, so a value that comes back is whole.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from guardian.config.document import Entry, Items, Leaf, Malformed, Node, Table, parse
from guardian.config.shapes import Finding

FILE_BYTES_MAX = 1_000_000
FINDINGS_MAX = 100

T = TypeVar("T")


class Wrong(Exception):
    """One value is wrong; `line` replaces the value's own when the fault lies elsewhere."""

    def __init__(self, message: str, fix: str = "", nearest: str = "", line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.nearest = nearest
        self.line = line


class Reported(Exception):
    """The findings are already on their page."""


@dataclass(slots=True)
class Page:
    """One file and what is wrong with it. Past a hundred findings it only counts."""

    file: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)
        elif len(self.findings) == FINDINGS_MAX:
            rest = f"more than {FINDINGS_MAX} problems; the rest is not shown"
            self.findings.append(replace(finding, message=rest, nearest="", fix="Correct those above first."))

    def ordered(self) -> tuple[Finding, ...]:
        """The findings from the top of the file to its end."""
        return tuple(sorted(self.findings, key=lambda finding: finding.line))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a page a value stands: `path` is the field path, `rule` the id of the rule around it."""

    page: Page
    path: str = ""
    rule: str = ""

    def field(self, name: str) -> Spot:
        return replace(self, path=f"{self.path}.{clip(name)}" if self.path else clip(name))

    def item(self, index: int) -> Spot:
        return replace(self, path=f"{self.path}[{index}]")

    def refuse(self, line: int, wrong: Wrong) -> None:
        line = line if wrong.line is None else wrong.line
        self.page.add(
            Finding(self.page.file, line, self.rule, self.path, wrong.message, wrong.nearest, wrong.fix)
        )


Read = Callable[[Node, Spot], T]
_REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Field:
    """How one field is read, and its value when the file leaves it out (no default: it is required)."""

    read: Read[Any]
    default: Any = _REQUIRED


@dataclass(frozen=True, slots=True)
class Row:
    """What a table's fields gave; a field that was wrong is absent from `values`."""

    values: dict[str, Any]
    lines: dict[str, int]
    whole: bool

    def all(self) -> dict[str, Any]:
        """Every value; raises Reported when any field was wrong."""
        if not self.whole:
            raise Reported
        return self.values


def attempt(read: Read[T], node: Node, spot: Spot) -> T | None:
    """The value, or None once its findings are on the page."""
    try:
        return read(node, spot)
    except Wrong as wrong:
        spot.refuse(node.line, wrong)
    except Reported:
        pass
    return None


def read_table(node: Node, spot: Spot, fields: Mapping[str, Field]) -> Row:
    """Read a mapping strictly: unknown, duplicate and missing fields are findings."""
    values: dict[str, Any] = {}
    entries = unique(node, spot)
    whole = len(entries) == len(node.entries) if isinstance(node, Table) else False
    for name, entry in entries.items():
        if name not in fields:
            spot.field(name).refuse(entry.line, unknown("field", name, fields))
            whole = False
        elif (value := attempt(_present(fields[name].read), entry.value, spot.field(name))) is None:
            whole = False
        else:
            values[name] = value
    for name in (each for each in fields if each not in entries):
        if fields[name].default is _REQUIRED:
            spot.field(name).refuse(node.line, Wrong("is missing", f"Add `{name}:` here."))
            whole = False
        else:
            values[name] = fields[name].default
    return Row(values, {name: entry.value.line for name, entry in entries.items()}, whole)


def unique(node: Node, spot: Spot) -> dict[str, Entry]:
    """The entries of a mapping by key; a key given twice is a finding. Raises Reported for other shapes."""
    if not isinstance(node, Table):
        wrong = Wrong(f"{kind_of(node)} where a mapping is needed", "Write `name: value` lines here.")
        spot.refuse(node.line, wrong)
        raise Reported
    entries: dict[str, Entry] = {}
    for entry in node.entries:
        if entry.key in entries:
            message = f"given twice, first on line {entries[entry.key].line}"
            spot.field(entry.key).refuse(entry.line, Wrong(message, "Keep one of the two."))
        else:
            entries[entry.key] = entry
    return entries


def only_entry(node: Node, spot: Spot, noun: str, kinds: Iterable[str]) -> tuple[str, Entry]:
    """The one `kind: ...` of a mapping that must hold exactly one. Raises Reported."""
    entries, names = unique(node, spot), list(kinds)
    if len(entries) != 1:
        spot.refuse(node.line, Wrong(f"needs exactly one {noun}", f"Write one of {', '.join(names)} here."))
        raise Reported
    kind, entry = next(iter(entries.items()))
    if kind not in names:
        spot.field(kind).refuse(entry.line, unknown(noun, kind, names))
        raise Reported
    return kind, entry


def list_of(read: Read[T], *, least: int = 1) -> Read[tuple[T, ...]]:
    """A list whose items are each read by `read`; raises Reported when any of them was wrong."""

    def read_list(node: Node, spot: Spot) -> tuple[T, ...]:
        if not isinstance(node, Items):
            fix = "Write `[a, b]` or lines beginning with `- `."
            raise Wrong(f"{kind_of(node)} where a list is needed", fix)
        if len(node.items) < least:
            raise Wrong("an empty list", f"List at least {least}, or leave the field out if it is optional.")
        read_items = [attempt(_present(read), item, spot.item(i)) for i, item in enumerate(node.items)]
        values = tuple(value for value in read_items if value is not None)
        if len(values) < len(node.items):
            raise Reported
        return values

    return read_list


def read_file(path: Path, page: Page) -> Node | None:
    """The tree of a YAML file, or None once the reason is on the page. Refuses what is not a plain file."""
    spot = Spot(page)
    try:
        return _read_file(path)
    except Malformed as error:
        spot.refuse(error.line, Wrong(error.message, error.fix))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        spot.refuse(1, Wrong(f"cannot be read: {reason}", "Check the path, the links and the permissions."))
    except Wrong as wrong:
        spot.refuse(1, wrong)
    return None


def _read_file(path: Path) -> Node:
    # A FIFO would block for ever on open, so the kind is asked first.
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise Wrong("not a plain file", "Name a YAML file.")
    with path.open("rb") as file:
        raw = file.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        raise Wrong("larger than 1 MB", "No configuration is that large; is it the right file?")
    node = parse(raw)
    if node is None:
        raise Wrong("is empty", "See docs/config.md and docs/rules.md for what belongs here.")
    return node


def _present(read: Read[T]) -> Read[T]:
    """`name:` without a value is neither absent nor a default: refuse it."""

    def read_present(node: Node, spot: Spot) -> T:
        if isinstance(node, Leaf) and node.value is None:
            raise Wrong("has no value", "Write a value, or delete the line.")
        return read(node, spot)

    return read_present


def unknown(noun: str, name: str, known: Iterable[str]) -> Wrong:
    """A name that does not exist: with the nearest that does, and all of them in the fix."""
    names = sorted(known)
    return Wrong(f"unknown {noun} {clip(name)}", f"Known: {', '.join(names)}.", nearest(name, names))


def nearest(name: str, known: Iterable[str]) -> str:
    """The closest known name, whatever the case; "" when none is close."""
    matches = difflib.get_close_matches(name.strip().lower(), list(known), 1, 0.6)
    return matches[0] if matches else ""


def clip(text: str) -> str:
    """A value as it may be shown: one printable line of at most 40 characters."""
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= 40 else shown[:37] + "..."


def line_at(node: Node, *path: str | int) -> int:
    """The line of the value that `path` leads to, or of the last one on the way that exists."""
    for step in path:
        following: Node | None = None
        if isinstance(node, Table):
            following = next((entry.value for entry in node.entries if entry.key == step), None)
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            following = node.items[step]
        if following is None:
            break
        node = following
    return node.line


def kind_of(node: Node) -> str:
    """The shape of a node in a person's words."""
    if isinstance(node, Leaf):
        value = node.value
        names = {bool: "true or false", float: "a number", str: "text"}
        return "nothing" if value is None else names[type(value)]
    return "a list" if isinstance(node, Items) else "a mapping"
