"""A rule in one line of a case, held to everything that a rule of a pack is held to.

`rule ID METRIC WINDOW LEVEL:LIMIT[:HOLD][:TO]... [under] [observe] [blind=caution] [stale=10s] [of=NAME]`
and, where they are not as usual, `scope=`, `clears=auto`, `cooldown=4h`, `gamma=0.25`.

A metric that takes no window is asked about `now`.
"""

from __future__ import annotations

import re

from guardian.config.document import NUMBER, Entry, Items, Leaf, Node, Table
from guardian.config.reading import Read, Spot, Wrong, clip, unknown
from guardian.core.model import Rule

FIX = "Write: rule ID METRIC WINDOW LEVEL:LIMIT[:HOLD][:TO]..., such as: rule dd drawdown 1h halt:0.05:2s"
SAME = ("of", "scope", "clears", "cooldown", "gamma")
OPTIONS = {"blind": "on_unknown", "stale": "stale_after", **{name: name for name in SAME}}
MODES = ("observe", "under")


def inline_rule(words: list[str], line: int, spot: Spot, read_rule: Read[Rule]) -> Rule:
    """The words after `rule`. Raises Wrong, or Reported once the findings are on the page."""
    if len(words) < 4:
        raise Wrong("a rule needs a name, a metric, a window and a rung", FIX)
    name, metric, window, *rest = words
    plain = [("id", name), ("title", name), ("why", "A case's own rule."), ("metric", metric)]
    plain += [("window", window)] if window != "now" else []
    plain.append(("mode", "observe" if "observe" in rest else "armed"))
    given = [word.partition("=") for word in rest if "=" in word]
    plain += [(_option(key), value) for key, _, value in given]
    if not any(key == "blind" for key, _, _ in given):
        plain.append(("on_unknown", "ignore"))
    side = "under" if "under" in rest else "over"
    rungs = [_rung(word, side, line) for word in rest if "=" not in word and word not in MODES]
    entries = [
        Entry(key, line, _leaf(value, line) if key == "gamma" else Leaf(line, value, value))
        for key, value in plain
    ]
    return read_rule(Table(line, [*entries, Entry("ladder", line, Items(line, rungs))]), spot)


def _option(key: str) -> str:
    if key not in OPTIONS:
        raise unknown("option", key, OPTIONS)
    return OPTIONS[key]


def _rung(word: str, side: str, line: int) -> Node:
    level, sign, rest = word.partition(":")
    limit, *more = rest.split(":")
    if not sign or not limit or len(more) > 2:
        raise Wrong(f"{clip(word)} is no rung", FIX)
    entries = [Entry(side, line, _leaf(limit, line)), Entry("level", line, Leaf(line, level, level))]
    for part in more:
        # A hold has a unit, the fraction of a REDUCE has none.
        key = "to" if re.fullmatch(NUMBER, part) else "hold"
        entries.append(Entry(key, line, _leaf(part, line)))
    return Table(line, entries)


def _leaf(text: str, line: int) -> Leaf:
    return Leaf(line, text, float(text) if re.fullmatch(NUMBER, text) else text)
