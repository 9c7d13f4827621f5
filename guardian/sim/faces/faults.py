"""Faults that a face can be told to commit: how a rule is written, when it fires, what it changes.

A rule is a JSON object; unknown fields are refused. When it applies:

    match        part of "METHOD /path?category=X", or a regular expression over it (the category where one is
                 named); default: every venue request
    symbol       only requests that name this symbol
    key          only requests signed by a key of this role: watch, hands, bot, canary, admin
    probability  0 to 1, drawn from the venue's seed; default 1
    count        how many answers it may change before it retires; default: for ever

What it does (`effect`), with its own fields:

    hang                  the answer comes `seconds` late (default 30); with `when: before` the effect too
    timeout_after_effect  the effect happens, the answer never comes
    drop_before           no effect, the connection is closed
    status                no effect, HTTP `code` (default 503) with `body` (default "")
    ret_code              no effect, an envelope with `code` (default 10016)
    garbage               the effect happens, the answer is not JSON
    empty                 the effect happens, the body is empty
    truncate              the effect happens, the body stops half-way
    stale                 the effect happens, the previous answer of that endpoint to that key is repeated
    replace               `values`: {pointer into result: new value}, for instance NaN, "", 0, null
    scale                 `pointers` into result, multiplied by `factor`

Pointers are JSON pointers; `*` stands for every element: /list/0/totalEquity, /list/*/size.
On the command line: `p429=0.1,p10016@order/create=0.05,pdrop=0.01`: p, then an HTTP status of three
digits, a return code of more, or a name of `NAMES`; an optional @match; = probability.
Each rule counts in `changed` how many answers it changed; one that found nothing to change counts none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from guardian.errors import ConfigError

EFFECTS = (
    "hang", "timeout_after_effect", "drop_before", "status", "ret_code", "garbage", "empty",
    "truncate", "stale", "replace", "scale",
)  # fmt: skip
Change = Callable[[Any], Any]
BEFORE = frozenset({"drop_before", "status", "ret_code"})
NAMES = {
    "drop": "drop_before",
    "hang": "hang",
    "timeout": "timeout_after_effect",
    "garbage": "garbage",
    "empty": "empty",
    "truncate": "truncate",
    "stale": "stale",
}


@dataclass(slots=True, kw_only=True)
class Rule:
    """One fault; the module's docstring is its reference."""

    effect: str
    match: str = ""
    symbol: str = ""
    key: str = ""
    probability: float = 1.0
    count: int | None = None
    when: str = "after"
    seconds: float = 30.0
    code: int = 0
    body: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    pointers: list[str] = field(default_factory=list)
    factor: float = 1.0
    changed: int = 0

    def concerns(self, call: str, symbols: frozenset[str], role: str) -> bool:
        if self.count is not None and self.changed >= self.count:
            return False
        named = self.symbol in ("", *symbols) and self.key in ("", role)
        return named and (self.match in call or re.search(self.match, call) is not None)

    def described(self) -> dict[str, Any]:
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "changed"}
        defaults = {f.name: f.default for f in fields(self)}
        return {name: value for name, value in told.items() if value and value != defaults[name]}


_NUMBER = (int, float)
_KINDS: dict[str, tuple[type, ...]] = {
    "probability": _NUMBER,
    "seconds": _NUMBER,
    "factor": _NUMBER,
    "count": (int, type(None)),
    "code": (int,),
    "match": (str,),
    "symbol": (str,),
    "key": (str,),
    "when": (str,),
    "body": (str,),
    "values": (dict,),
    "pointers": (list,),
}
_WRITABLE = {f.name for f in fields(Rule)} - {"changed"}


def rule_of(raw: Any) -> Rule:
    """A rule from JSON; raises ConfigError naming what is wrong."""
    if not isinstance(raw, dict):
        raise ConfigError("a fault rule must be a JSON object")
    unknown = sorted(set(raw) - _WRITABLE)
    if unknown:
        raise ConfigError(f"fault rule: unknown field {unknown[0]}; known: {', '.join(sorted(_WRITABLE))}")
    if raw.get("effect") not in EFFECTS:
        raise ConfigError(f"fault rule: effect must be one of {', '.join(EFFECTS)}")
    try:
        re.compile(str(raw.get("match", "")))
    except re.error as error:
        raise ConfigError(f"fault rule: match is not a regular expression: {error}") from None
    for name, kinds in _KINDS.items():
        if name in raw and (not isinstance(raw[name], kinds) or isinstance(raw[name], bool)):
            raise ConfigError(f"fault rule: {name} has the wrong type: {raw[name]!r}")
    if not 0 <= raw.get("probability", 1.0) <= 1:
        raise ConfigError(f"fault rule: probability {raw['probability']} is not from 0 to 1; 5 % is 0.05")
    return Rule(**raw)


def parse_shorthand(text: str) -> list[Rule]:
    """Rules from the command line's grammar; raises ConfigError."""
    return [_short(part.strip()) for part in text.split(",") if part.strip()]


def _short(part: str) -> Rule:
    found = re.fullmatch(r"p(\w+?)(?:@([^=]+))?=(\d*\.?\d+)", part)
    if found is None or float(found[3]) > 1:
        raise ConfigError(f"--faults {part}: write p429=0.1, p10016@order/create=0.05 or pdrop=0.01")
    name, match, probability = found[1], found[2] or "", float(found[3])
    if name.isdigit():
        effect = "status" if len(name) == 3 else "ret_code"
        return Rule(effect=effect, code=int(name), match=match, probability=probability)
    effect = NAMES.get(name, name)
    if effect not in EFFECTS or effect in ("replace", "scale"):
        raise ConfigError(f"--faults {part}: unknown fault {name}; known: {', '.join(NAMES)}")
    return Rule(effect=effect, match=match, probability=probability)


@dataclass(slots=True)
class Faults:
    """The rules in force and their own seeded dice."""

    rng: random.Random
    rules: list[Rule] = field(default_factory=list)
    retired: list[Rule] = field(default_factory=list)

    def draw(self, call: str, symbols: frozenset[str], role: str) -> list[Rule]:
        """The rules that fire for this request, in the order they were given."""
        concerned = (rule for rule in self.rules if rule.concerns(call, symbols, role))
        return [rule for rule in concerned if self.rng.random() < rule.probability]

    def clear(self) -> None:
        """Stop every rule; their counts stay readable."""
        self.retired.extend(self.rules)
        self.rules = []

    def report(self) -> list[dict[str, Any]]:
        return [{"rule": r.described(), "changed": r.changed} for r in (*self.retired, *self.rules)]


def rewrite(rule: Rule, result: Any) -> bool:
    """Apply `replace` or `scale` to an answer's result in place; True if it changed something."""
    if rule.effect == "replace":
        changes = sum(_set(result, pointer, _constant(value)) for pointer, value in rule.values.items())
    else:
        changes = sum(_set(result, pointer, _scaled(rule.factor)) for pointer in rule.pointers)
    return changes > 0


def _constant(value: Any) -> Change:
    return lambda _: value


def _scaled(factor: float) -> Change:
    """Multiply a number, or a number in a string, keeping its type."""

    def scaled(old: Any) -> Any:
        try:
            product = float(old) * factor
        except (TypeError, ValueError):
            return old
        return f"{product:.8f}".rstrip("0").rstrip(".") if isinstance(old, str) else product

    return scaled


def _set(node: Any, pointer: str, change: Change) -> int:
    """Apply a change at every place that the pointer names; returns how many values differ now."""
    head, _, rest = pointer.lstrip("/").partition("/")
    keys = _keys(node, head.replace("~1", "/").replace("~0", "~"))
    if rest:
        return sum(_set(node[key], rest, change) for key in keys)
    changes = 0
    for key in keys:
        old, node[key] = node[key], change(node[key])
        changes += node[key] != old or type(node[key]) is not type(old)
    return changes


def _keys(node: Any, head: str) -> list[Any]:
    if isinstance(node, dict):
        return list(node) if head == "*" else [head] if head in node else []
    if isinstance(node, list):
        if head == "*":
            return list(range(len(node)))
        return [int(head)] if head.isdigit() and int(head) < len(node) else []
    return []
