"""A casebook from its YAML: strict, every error with its line.

- case: A crash within the hour
  rules: [starter]
  mode: armed                  # armed: judged as if every rule were; as-written: as the pack says
  start: 2026-03-02T12:00:00Z  # the instant of 0s
  every: 1s                    # a read each second; what a row says holds until another row says otherwise
  series:
    - {at: 0s, equity: 10000}
    - {at: 30s, equity: 9400}
  expect:
    - {at: 29s, level: normal}
    - {at: 40s, level: halt, rule: starter-dd-1h, verdict: breached, value: 0.06}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from guardian.config.document import Items, Node
from guardian.config.ladder import LEVELS
from guardian.config.reading import (
    Field,
    Page,
    Reported,
    Spot,
    Wrong,
    attempt,
    kind_of,
    list_of,
    read_file,
    read_table,
    unique,
)
from guardian.config.shapes import ConfigError
from guardian.config.values import choice, duration, number, text
from guardian.core.model import Level, Part, Verdict

LONGEST_SECONDS = 7 * 86_400.0
MOST_READS = 200_000
BLIND = ("none", "all", *(part.value for part in Part if part is not Part.LEDGER))


@dataclass(frozen=True, slots=True)
class Holding:
    quantity: Decimal
    entry: Decimal


@dataclass(frozen=True, slots=True)
class Change:
    """What the account is like from `at_seconds` on; None leaves a value as it was."""

    at_seconds: float
    equity: Decimal | None = None
    flow: Decimal | None = None
    positions: dict[str, Holding] | None = None
    prices: dict[str, Decimal] | None = None
    maintenance: Decimal | None = None
    blind: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    at_seconds: float
    level: Level | None
    rule: str | None
    verdict: Verdict | None
    value: float | None
    line: int


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    rules: tuple[str, ...]
    armed: bool
    start: datetime
    every_seconds: float
    series: tuple[Change, ...]
    expect: tuple[Expected, ...]
    line: int


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a file. Raises ConfigError with all findings."""
    page = Page(str(path))
    node = read_file(path, page)
    cases: list[Case] = []
    if node is not None and not isinstance(node, Items):
        Spot(page).refuse(
            node.line, Wrong(f"{kind_of(node)} where cases are needed", "Begin with `- case: NAME`.")
        )
    for index, item in enumerate(node.items if isinstance(node, Items) else ()):
        case = attempt(_case, item, Spot(page).item(index))
        cases += [case] if case else []
    if page.findings:
        raise ConfigError(page.ordered())
    return tuple(cases)


def _case(node: Node, spot: Spot) -> Case:
    fields = {
        "case": Field(text),
        "rules": Field(list_of(text), ()),
        "mode": Field(choice("mode", ("armed", "as-written")), "armed"),
        "start": Field(_instant, datetime(2026, 3, 2, 12, tzinfo=UTC)),
        "every": Field(duration(0.1, 5.0), 1.0),
        "series": Field(list_of(_change)),
        "expect": Field(list_of(_expected)),
    }
    got = read_table(node, spot, fields).all()
    case = Case(
        name=got["case"],
        rules=got["rules"],
        armed=got["mode"] == "armed",
        start=got["start"],
        every_seconds=got["every"],
        series=tuple(sorted(got["series"], key=lambda change: change.at_seconds)),
        expect=tuple(sorted(got["expect"], key=lambda expected: expected.at_seconds)),
        line=node.line,
    )
    if case.expect[-1].at_seconds / case.every_seconds > MOST_READS:
        spot.refuse(
            node.line, Wrong(f"more than {MOST_READS} reads", "End sooner, or read less often: every: 5s.")
        )
        raise Reported
    if case.series[0].at_seconds > 0 or case.series[0].equity is None:
        spot.field("series").refuse(
            node.line, Wrong("does not begin with an equity", "Begin: {at: 0s, equity: 10000}.")
        )
        raise Reported
    return case


def _instant(node: Node, spot: Spot) -> datetime:
    word = text(node, spot)
    try:
        at = datetime.fromisoformat(word)
    except ValueError:
        raise Wrong(f"{word} is not an instant", "Write 2026-03-02T12:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _money(node: Node, spot: Spot) -> Decimal:
    return Decimal(str(number(node, spot)))


def _change(node: Node, spot: Spot) -> Change:
    fields = {
        "at": Field(duration(0.0, LONGEST_SECONDS)),
        "equity": Field(_money, None),
        "flow": Field(_money, None),
        "positions": Field(_positions, None),
        "prices": Field(_prices, None),
        "maintenance": Field(_money, None),
        "blind": Field(choice("part", BLIND), None),
    }
    got = read_table(node, spot, fields).all()
    return Change(got.pop("at"), **got)


def _positions(node: Node, spot: Spot) -> dict[str, Holding]:
    return {name: _holding(entry.value, spot.field(name)) for name, entry in unique(node, spot).items()}


def _holding(node: Node, spot: Spot) -> Holding:
    word = text(node, spot)
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)@(\d+(?:\.\d+)?)", word)
    if not found:
        raise Wrong(f"{word} is no position", "Write QUANTITY@ENTRY, such as 0.5@60000; negative is short.")
    return Holding(Decimal(found[1]), Decimal(found[2]))


def _prices(node: Node, spot: Spot) -> dict[str, Decimal]:
    return {name: _money(entry.value, spot.field(name)) for name, entry in unique(node, spot).items()}


def _expected(node: Node, spot: Spot) -> Expected:
    fields: dict[str, Any] = {
        "at": Field(duration(0.0, LONGEST_SECONDS)),
        "level": Field(choice("level", ("normal", *LEVELS)), None),
        "rule": Field(text, None),
        "verdict": Field(choice("verdict", [each.value for each in Verdict]), None),
        "value": Field(number, None),
    }
    got = read_table(node, spot, fields).all()
    if got["rule"] is None and (got["verdict"] or got["value"] is not None):
        spot.refuse(node.line, Wrong("a verdict or value of no rule", "Add `rule: ID`."))
        raise Reported
    if got["level"] is None and got["verdict"] is None and got["value"] is None:
        spot.refuse(node.line, Wrong("expects nothing", "Add level, or rule with verdict or value."))
        raise Reported
    level = Level[got["level"].upper()] if got["level"] else None
    verdict = Verdict(got["verdict"]) if got["verdict"] else None
    return Expected(got["at"], level, got["rule"], verdict, got["value"], node.line)
