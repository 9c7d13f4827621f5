"""A rule's ladder: each rung from its tree, and what one rung may demand after another.

Law: a ladder climbs. A worse value demands at least as much, leaves no more, and limits are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from guardian.config.catalogue import MetricSpec
from guardian.config.document import Leaf, Node
from guardian.config.reading import Field, Reported, Spot, Wrong, read_table, unknown
from guardian.config.values import DURATION, duration, number, seconds_of, text, written
from guardian.core.model import Level, Rung

LEVELS = tuple(level.name.lower() for level in Level if level is not Level.NORMAL)
LIMIT_MAX = {"fraction": 1.0, "multiple": 200.0, "seconds": 7 * 86400.0, "ratio": 1e6, "count": 1e6}
FRACTION_OF = {"loss": "equity", "integrity": "equity", "margin": "the margin balance"}


@dataclass(frozen=True, slots=True)
class RawLimit:
    value: float
    is_duration: bool


@dataclass(frozen=True, slots=True)
class RawRung:
    """A rung as written; `hold_seconds` None means the rule's."""

    line: int
    limit_line: int
    level_line: int
    direction: str
    limit: RawLimit
    level: Level
    to: float | None
    hold_seconds: float | None


def read_rung(node: Node, spot: Spot) -> RawRung:
    """One rung as written. Raises Reported."""
    fields = {
        "over": Field(_limit, None),
        "under": Field(_limit, None),
        "level": Field(_level),
        "to": Field(number, None),
        "hold": Field(duration(), None),
    }
    row = read_table(node, spot, fields)
    given = [side for side in ("over", "under") if side in row.lines]
    if len(given) != 1:
        wrong = Wrong("a rung needs either `over` or `under`", "Write {over: LIMIT, level: LEVEL}.")
        spot.refuse(node.line, wrong)
        raise Reported
    values = row.all()
    _check_to(values["level"], values["to"], row.lines, spot)
    side = given[0]
    return RawRung(
        line=node.line,
        limit_line=row.lines[side],
        level_line=row.lines["level"],
        direction=side,
        limit=values[side],
        level=values["level"],
        to=values["to"],
        hold_seconds=values["hold"],
    )


def _limit(node: Node, spot: Spot) -> RawLimit:
    is_duration = isinstance(node, Leaf) and DURATION.fullmatch(node.text) is not None
    value = seconds_of(node) if is_duration else number(node, spot)
    if value <= 0:
        raise Wrong(f"{value:g} is not above zero", "Write a limit greater than 0.")
    return RawLimit(value, is_duration)


def _level(node: Node, spot: Spot) -> Level:
    word = text(node, spot)
    if word == "normal":
        raise Wrong("normal is the absence of a demand", f"Write one of {', '.join(LEVELS)}.")
    if word not in LEVELS:
        raise unknown("level", word, LEVELS)
    return Level[word.upper()]


def _check_to(level: Level, to: float | None, lines: dict[str, int], spot: Spot) -> None:
    if level is not Level.REDUCE and to is not None:
        wrong = Wrong(f"`to` has no meaning at {level.name.lower()}", "Delete it, or use level: reduce.")
        spot.field("to").refuse(lines["to"], wrong)
        raise Reported
    if level is Level.REDUCE and (to is None or not 0 <= to < 1):
        problem = "is missing" if to is None else f"{to:g} is outside 0 to below 1"
        fix = "Write to: 0.5 to halve the exposure, to: 0 to close everything."
        spot.field("to").refuse(lines.get("to", lines["level"]), Wrong(problem, fix))
        raise Reported


def misstep(low: RawRung, high: RawRung, rule_hold: float) -> Wrong | None:
    """Why `high` may not stand after `low`, or None."""
    if low.direction != high.direction:
        return Wrong("over and under in one ladder", "Write two rules.", low.direction)
    if high.level < low.level:
        fix = "A worse value must demand at least as much: order the rungs from mild to severe."
        return Wrong(f"demands {high.level.name.lower()} after {low.level.name.lower()}", fix)
    if low.to is not None and high.to is not None and high.to > low.to:
        return Wrong(f"reduces to {high.to:g} after {low.to:g}", "A worse value must leave less: lower `to`.")
    sign = 1 if high.direction == "over" else -1
    further = sign * (high.limit.value - low.limit.value)
    if further > 0:
        return None
    if further < 0:
        order = "rising" if high.direction == "over" else "falling"
        return Wrong(f"limit {high.limit.value:g} after {low.limit.value:g}", f"Order the limits {order}.")
    holds = [rule_hold if rung.hold_seconds is None else rung.hold_seconds for rung in (low, high)]
    if high.level > low.level and holds[1] > holds[0]:
        return None
    fix = "Two rungs may share a limit only if the later one demands more and holds longer."
    return Wrong(f"limit {high.limit.value:g} twice", fix)


def wrong_unit(spec: MetricSpec, limit: RawLimit) -> Wrong | None:
    """Why this limit cannot be one of the metric's, or None."""
    value, most = limit.value, LIMIT_MAX[spec.unit]
    if limit.is_duration and spec.unit != "seconds":
        return Wrong(f"a duration; {spec.name} is a {spec.unit}", "Write a number without unit.")
    if spec.unit == "fraction" and value >= most:
        # The whole itself is refused too: such a rule would never fire, and 1 was meant as one percent.
        problem = f"{value:g} is not a fraction of {FRACTION_OF.get(spec.family, 'the whole')}"
        hint = f"{value / 100:.6g}" if value < 100 else ""
        return Wrong(problem, "Fractions stay below 1: 0.05 is five percent.", hint)
    if value <= most:
        return None
    shown = written(most) if spec.unit == "seconds" else f"{most:g}"
    return Wrong(f"{value:g} is above {shown}, the most that {spec.name} allows", f"Write at most {shown}.")


def built_rung(rung: RawRung, rule_hold: float) -> Rung:
    """The rung as the core judges it; the rule's hold where it has none of its own."""
    hold = rule_hold if rung.hold_seconds is None else rung.hold_seconds
    return Rung(limit=rung.limit.value, level=rung.level, hold_seconds=hold, to=rung.to)
