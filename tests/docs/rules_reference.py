"""docs/rules.md's tables from the code that reads rules: fields, choices, defaults, metrics, levels.

    python -m tests.docs.rules_reference            prints the difference; exit 1 when the page is stale
    python -m tests.docs.rules_reference --write    brings the page up to date

Everything between `<!-- generated: NAME -->` and `<!-- end -->` is replaced; the rest is written by people.
"""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

from guardian.cli.setup.explain import formula, span_words
from guardian.config.catalogue import catalogue
from guardian.config.ladder import LIMIT_MAX
from guardian.config.reading import _REQUIRED, Field
from guardian.config.rules import SCOPE_CEILING, Surroundings, _fields
from guardian.config.windows import taken
from guardian.core.breaker import LAWS
from guardian.core.metrics import BY_NAME
from guardian.core.model import Level
from tests.docs.packs_reference import packs

PAGE = Path(__file__).resolve().parents[2] / "docs/rules.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

MEANING = {
    "id": "unique in all loaded packs",
    "title": "what a person reads in the page at 3 a.m.",
    "why": "why the limit exists",
    "metric": "what is measured, see [Metrics](#metrics)",
    "of": "which gauge, strategy, scenario or symbols, for a metric that there are several of; with "
    "`scope: cluster` the assets of one, see [Scopes](#scopes); "
    "`file:PATH` reads them from a [list](#a-list-of-symbols)",
    "window": "over which time; required where the metric needs one",
    "scope": "whose value it is, see [Scopes](#scopes)",
    "only": "what of the scope, when not all is meant: accounts, mandates, venues, symbols, strategies",
    "ladder": "rungs from mild to severe, see [The ladder](#the-ladder)",
    "hold": "how long a rung must be passed before it demands its level; each rung may have its own",
    "stale_after": "evidence older than this makes the verdict unknown",
    "on_unknown": "what not knowing demands, once it is stale",
    "clears": "who ends what it demanded, up to `reduce`; above it is always an operator",
    "cooldown": "with `clears: auto`: the shortest way back; it doubles with each halt of a day, up to 24h",
    "gamma": "how much tighter limits up to `reduce` are in the hottest market; loss, exposure, margin",
    "mode": "`observe` judges and tells; `armed` acts, if the account is armed too",
    "runbook": "a page that exists",
}
GOALS = {
    Level.CAUTION: "people know; new size is capped",
    Level.HALT: "no new risk: bots told to pause, risk-increasing orders cancelled; positions and stops stay",
    Level.REDUCE: "as halt, and each leg at or under `to` times what it was",
    Level.FLATTEN: "keys fenced, bots stopped, no orders, no positions",
    Level.LOCKOUT: "as flatten, and the execution key deleted",
}


LEAVES = {
    "auto": "itself, after a minute of calm",
    "rule": "an operator, or itself where every rule that demanded it says `clears: auto`",
    "operator": "an operator",
}


DEFAULTS = {"gamma": "0.25 with `clears: auto` where it may adapt, else 0"}


BESIDE = {
    "closing": "market",
    "spread": "market",
    "price_deviation": "market",
    "mark_age": "market",
    "within": "activity",
    "losing_streak": "activity",
    "pair_convergence": "activity",
    "foreign_activity": "activity",
    "foreign_keys": "keys",
    "signalled": "activity, telemetry",
    "order_to_trade": "activity",
    "drift": "activity, telemetry",
    "gauge": "telemetry",
    "heartbeat_age": "telemetry",
    "twins": "telemetry",
    "tracking_difference": "telemetry",
    "opportunity_cost": "activity, telemetry",
    "twin_fills": "activity, telemetry",
    "own_pulse": "guardian itself",
}
"""What is told beside the account's read, by the module that says how old it is."""


def blocks() -> dict[str, str]:
    return {
        "fields": fields(),
        "metrics": metrics(),
        "levels": levels(),
        "packs": packs(),
        "scopes": scopes(),
    }


def fields() -> str:
    read = _fields(Surroundings(catalogue(), lambda path: True))
    rows = [
        f"| `{name}` | {kind(name, field)} | {MEANING[name]} | {DEFAULTS.get(name) or default(field)} |"
        for name, field in read.items()
    ]
    return table("| field | written as | meaning | if left out |", rows)


WINDOWS = ("30s", "15m", "1h", "7d", "day", "22:00-06:00", "hwm")


def kind(name: str, field: Field) -> str:
    """How the field is written, from the reader that will read it."""
    held: dict[str, Any] = dict(inspect.getclosurevars(field.read).nonlocals)
    if name == "window":
        return ", ".join(f"`{each}`" for each in [*WINDOWS, "hwm 30d"])
    if name == "scope":
        taken = {scope for spec in catalogue().values() for scope in spec.scopes}
        return words(each for each in held["allowed"] if each in taken)
    if "allowed" in held:
        return words(held["allowed"])
    if "most" in held and "least" not in held:
        return f"a number, 0 to {held['most']:g}"
    if "most" in held:
        return f"a duration, {span(held['least'])} to {span(held['most'])}"
    if name == "metric":
        return "a metric's name"
    if name == "of":
        return "text or a list"
    if "least" in held:
        return "a list"
    return {"name": "a name: letters, digits, `.`, `-`, `_`"}.get(field.read.__qualname__, "text")


def span(seconds: float) -> str:
    return f"`{seconds * 1000:g}ms`" if 0 < seconds < 1 else f"`{span_words(seconds)}`"


def default(field: Field) -> str:
    if field.default is _REQUIRED:
        return "**required**"
    if field.default in (None, "", ()):
        return "all" if field.default == () else "none"
    return span(field.default) if isinstance(field.default, float) else f"`{field.default}`"


def metrics() -> str:
    rows = []
    for spec in catalogue().values():
        takes = taken(spec.windows, spec.spans)
        most = f"{spec.unit}, up to {span_or(spec.unit)}"
        reach = f"{spec.family}: {spec.ceiling.name.lower()}"
        said = sentence(spec.name)
        rows.append(f"| `{spec.name}` | {most} | {takes} | {needs(spec.name)} | {reach} | {said} |")
    return table("| metric | unit and largest limit | window | needs | family: at most | what it is |", rows)


def needs(metric: str) -> str:
    """The parts of the account's read, and what is told beside it, that a metric ages with."""
    known = BY_NAME[metric]
    beside = [BESIDE[known.aged.__module__.rpartition(".")[2]]] if known.aged else []
    return ", ".join([*(part.value for part in known.needs), *beside]) or "nothing"


def span_or(unit: str) -> str:
    most = LIMIT_MAX[unit]
    return span(most) if unit == "seconds" else f"{most:g}"


def sentence(metric: str) -> str:
    """The first sentence of the metric's own page, without its number and name."""
    said = re.sub(r"^(M\d+ )?([^:]{1,60}: )?", "", formula(metric), count=1)
    return said.replace("|", "\\|")


SCOPES = {
    "account": "each account by itself",
    "portfolio": "all accounts together",
    "mandate": "the accounts of one client together (`mandate:` in guardian.yaml)",
    "venue": "the accounts at one venue together",
    "symbol": "each symbol by itself, over the account's equity; only those past the limit are acted on",
    "cluster": "each group of assets that move together, in the same way",
    "strategy": "each strategy by itself (client order id prefix, or an account without any); "
    "only its symbols are acted on",
}


def scopes() -> str:
    rows = []
    for scope, whose in SCOPES.items():
        takes = [spec.name for spec in catalogue().values() if scope in spec.scopes]
        every = "all" if len(takes) == len(catalogue()) else words(takes)
        rows.append(f"| `{scope}` | {whose} | {SCOPE_CEILING[scope].name.lower()} | {every} |")
    return table("| scope | judges | at most | metrics |", rows)


def levels() -> str:
    rows = []
    for level, goal in GOALS.items():
        law = LAWS[level]
        leaves = LEAVES[law.leaves]
        permit = law.permit.replace("_", "-") + (
            f", size {law.size_cap:.0%}" if law.permit == "normal" else ""
        )
        rows.append(f"| `{level.name.lower()}` | {goal} | {permit} | {leaves} |")
    return table("| level | goal | permit | ended by |", rows)


def words(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def table(head: str, rows: list[str]) -> str:
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows, ""])


def generated(text: str) -> str:
    """The page with its generated blocks brought up to date."""
    made = blocks()
    return BLOCK.sub(lambda block: f"{block[1]}{made[block[2]]}{block[3]}", text)


def main() -> int:
    was = PAGE.read_text(encoding="utf-8")
    now = generated(was)
    if "--write" in sys.argv:
        PAGE.write_text(now, encoding="utf-8")
        return 0
    sys.stdout.writelines(difflib.unified_diff(was.splitlines(True), now.splitlines(True), "written", "code"))
    return int(was != now)


if __name__ == "__main__":
    sys.exit(main())
