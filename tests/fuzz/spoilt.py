"""Strategies for JSON that has been tampered with: an answer, a request or a record, edited or cut.

An edit names its place by a number that is counted through the document, so that one strategy fits every
document and a failing example shrinks to its one bad place.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import strategies as st

Path = tuple[str | int, ...]

NEVER_A_NUMBER: tuple[Any, ...] = (
    None, True, [], {}, [[]], "NaN", "nan", "Infinity", "-inf", "1e400", 1e300, "1_000", "١٢", "0x10", " 1",
    "1 000", "--1", "1e99", "9" * 80, ["1"], {"value": "1"}, "null", "\u0000", "\uff11",
)  # fmt: skip
"""What no reader may take for a number."""

NEVER_TEXT: tuple[Any, ...] = (None, True, 7, -1.5, [], {}, ["BTCUSDT"], "")
ANY_VALUE: tuple[Any, ...] = (
    *NEVER_A_NUMBER, *NEVER_TEXT, "-0", "0", 0, -0.0, "-1", -1, 1, "1", "1e30", "1e-30", 2**63 - 1,
    -(2**63), 1e-300, "x", "Buy", "Sell", "None", "\u2028", "\U0001f4a3" * 9, "BTCUSDT", "x" * 5000,
    [{}] * 3, [[[[[[]]]]]], {"list": [{}]}, False,
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """One change at one place. `how` is a word of `HOW`; `value` is what "put" puts there."""

    place: int
    how: str
    value: Any = None

    def apply(self, document: Any) -> Any:
        """A changed copy; a document without places is replaced as a whole."""
        changed = copy.deepcopy(document)
        found = list(places(changed))
        if not found:
            return copy.deepcopy(self.value)
        *way, last = found[self.place % len(found)]
        parent = changed
        for step in way:
            parent = parent[step]
        HOW[self.how](parent, last, copy.deepcopy(self.value))
        return changed


def _drop(parent: Any, key: Any, _: Any) -> None:
    del parent[key]


def _put(parent: Any, key: Any, value: Any) -> None:
    parent[key] = value


def _repeat(parent: Any, key: Any, _: Any) -> None:
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    else:
        parent[key] = [parent[key]] * 2


def _many(parent: Any, key: Any, _: Any) -> None:
    parent[key] = [parent[key]] * 300


def _wrap(parent: Any, key: Any, _: Any) -> None:
    parent[key] = {"list": [parent[key]]}


def _retype(parent: Any, key: Any, _: Any) -> None:
    value = parent[key]
    parent[key] = str(value) if not isinstance(value, str) else _number(value)


def _number(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return len(text)


HOW: dict[str, Callable[[Any, Any, Any], None]] = {
    "drop": _drop,
    "put": _put,
    "repeat": _repeat,
    "many": _many,
    "wrap": _wrap,
    "retype": _retype,
}


def places(document: Any, way: Path = ()) -> Iterator[Path]:
    """The path of every value below the top, outer ones first."""
    if isinstance(document, dict):
        steps: list[str | int] = list(document)
    elif isinstance(document, list):
        steps = list(range(len(document)))
    else:
        return
    for step in steps:
        yield (*way, step)
    for step in steps:
        yield from places(document[step], (*way, step))


def edits(
    values: tuple[Any, ...] = ANY_VALUE, most: int = 3, *, large: bool = True
) -> st.SearchStrategy[list[Edit]]:
    """A few changes, each anywhere in the document; `large` ones too, which multiply what is there."""
    hows = [how for how in HOW if how != "put" and (large or how != "many")]
    one = st.one_of(
        st.builds(Edit, st.integers(0, 4000), st.just("put"), st.sampled_from(values)),
        st.builds(Edit, st.integers(0, 4000), st.sampled_from(hows)),
    )
    return st.lists(one, min_size=1, max_size=most)


def edited(document: Any, changes: list[Edit]) -> Any:
    for change in changes:
        document = change.apply(document)
    return document
