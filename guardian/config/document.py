"""YAML text -> a small tree that remembers its lines. The only place that knows PyYAML.

Laws: built from parse events, never by recursion or construction, so no tag, alias or depth can do more
than make a finding; scalars follow YAML 1.2 (`no` and `on` are words, `1e-3` is a number, `1:30` is text).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

DEPTH_MAX = 20

NUMBER = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Malformed(Exception):
    """The text is not a document that guardian reads; `line` is 1-based."""

    def __init__(self, line: int, message: str, fix: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar: `value` is str, float (NaN and infinity included), bool or None; `text` is as written."""

    line: int
    text: str
    value: str | float | bool | None


@dataclass(slots=True)
class Items:
    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A mapping in the order of the file, duplicates kept so that they can be refused."""

    line: int
    entries: list[Entry] = field(default_factory=list)
    waiting: Leaf | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    line: int
    value: Node


Node = Leaf | Items | Table
Opening = yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent


def parse(raw: bytes) -> Node | None:
    """The one document of `raw`; None when it is empty. Raises Malformed."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Malformed(line, "not UTF-8 text", "Save the file as UTF-8.") from None
    try:
        return _build(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(mark.line + 1 if mark else 1, *_explain(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Malformed(line, "a control character that YAML refuses", "Delete the character.") from None
    except (ValueError, OverflowError):
        # PyYAML lets chr() fail on an escape such as "\UFFFFFFFF".
        raise Malformed(1, "an escape that is no character", "Correct the \\u or \\U escape.") from None


def _explain(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """The problem without the snippet, which might quote a secret."""
    problem = str(error.problem or error.context or "cannot be read")
    if "'\\t'" in problem:
        return "YAML: a tab where spaces are needed", "Indent with spaces; YAML does not allow tabs."
    return f"YAML: {problem}", "Check indentation, colons, brackets and quotes here and one line above."


def _build(events: Iterator[yaml.Event]) -> Node | None:
    stack: list[Items | Table] = []
    root: Node | None = None
    for event in events:
        line = (event.start_mark.line if event.start_mark else 0) + 1
        match event:
            case yaml.DocumentStartEvent() if root is not None:
                raise Malformed(line, "a second document", "Keep one document a file: delete the `---`.")
            case yaml.AliasEvent():
                raise Malformed(line, "an alias (*)", "Write the value out; aliases and anchors are refused.")
            case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                node = _node(event, line)
                root = root or node
                _place(node, stack)
                if not isinstance(node, Leaf):
                    _push(node, stack)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                stack.pop()
    return None if isinstance(root, Leaf) and root.value is None else root


def _node(event: Opening, line: int) -> Node:
    if event.anchor is not None or event.tag is not None:
        raise Malformed(line, "an anchor (&) or tag (!)", "Write the plain value; neither is used here.")
    if isinstance(event, yaml.ScalarEvent):
        return Leaf(line, event.value, _resolve(event.value) if event.style is None else event.value)
    return Items(line) if isinstance(event, yaml.SequenceStartEvent) else Table(line)


def _resolve(text: str) -> str | float | bool | None:
    if text in WORDS:
        return WORDS[text]
    if NUMBER.fullmatch(text):
        # float() knows "inf" and "nan" without YAML's dot; digits without end become infinity, not an error.
        return float(re.sub(r"\.(?=[iInN])", "", text))
    return text


def _place(node: Node, stack: list[Items | Table]) -> None:
    if not stack:
        return
    parent = stack[-1]
    if isinstance(parent, Items):
        parent.items.append(node)
    elif parent.waiting is not None:
        parent.entries.append(Entry(parent.waiting.text, parent.waiting.line, node))
        parent.waiting = None
    elif isinstance(node, Leaf):
        parent.waiting = node
    else:
        raise Malformed(node.line, "a list or mapping used as a key", "Use a plain word as the key.")


def _push(node: Items | Table, stack: list[Items | Table]) -> None:
    stack.append(node)
    if len(stack) > DEPTH_MAX:
        raise Malformed(node.line, f"nested deeper than {DEPTH_MAX}", "Nothing here needs that depth.")
