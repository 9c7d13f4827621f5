"""One rule from its tree: fields, then whether the metric, window, scope and ladder fit each other.

Laws: what may demand what is DESIGN section 3, taken from the metric's ceiling and the scope's; a limit is
a fraction, a multiple or seconds as its metric says; a ladder climbs, or it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from guardian.config.catalogue import Catalogue, MetricSpec
from guardian.config.document import Items, Leaf, Node, Table
from guardian.config.ladder import RawRung, built_rung, misstep, read_rung, wrong_unit
from guardian.config.reading import (
    Field,
    Read,
    Reported,
    Row,
    Spot,
    Wrong,
    clip,
    list_of,
    read_table,
    unknown,
)
from guardian.config.symbols.named import misnamed
from guardian.config.symbols.read import names_of
from guardian.config.values import choice, duration, name, share, text
from guardian.config.windows import EXAMPLES, taken, window
from guardian.core.model import Level, OnUnknown, Rule, Window

SCOPE_CEILING = {
    "account": Level.LOCKOUT,
    "portfolio": Level.LOCKOUT,
    "mandate": Level.LOCKOUT,
    "venue": Level.LOCKOUT,
    "strategy": Level.REDUCE,
    "symbol": Level.REDUCE,
    "cluster": Level.REDUCE,
}
WORSE_WHEN_HIGH = ("loss", "margin", "integrity", "blindness")
CLEARS = ("operator", "auto")
COOLDOWN_SECONDS = 4 * 3600.0
ADAPTIVE = ("loss", "exposure", "margin")
LARGEST_GAMMA = 0.5
AUTO_GAMMA = 0.25
"""Of a rule that lets trading begin again by itself; the limits of others are as written."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Every field of a rule that could be read, before they are held against each other."""

    spot: Spot
    row: Row
    spec: MetricSpec | None
    rungs: tuple[RawRung, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule is held against; None means that nobody knows them (a pack checked alone)."""

    catalogue: Catalogue
    runbook_exists: Callable[[str], bool]
    accounts: frozenset[str] | None = None
    mandates: frozenset[str] | None = None


def rule_reader(around: Surroundings) -> Read[Rule]:
    """A reader of one rule."""

    def read_rule(node: Node, spot: Spot) -> Rule:
        spot = _named(node, spot)
        row = read_table(node, spot, _fields(around))
        spec = row.values.get("metric")
        draft = Draft(spot, row, spec, row.values.get("ladder", ()))
        before = len(spot.page.findings)
        for check in CHECKS:
            check(draft)
        _check_only(draft, around)
        if len(spot.page.findings) > before:
            raise Reported
        return _build(row.all())

    return read_rule


def _named(node: Node, spot: Spot) -> Spot:
    """Fields are told by the rule's id where it has one, else by its place in the file."""
    for entry in node.entries if isinstance(node, Table) else ():
        if entry.key == "id" and isinstance(entry.value, Leaf) and isinstance(entry.value.value, str):
            return Spot(spot.page, "", clip(entry.value.value))
    return spot


def _fields(around: Surroundings) -> dict[str, Field]:
    return {
        "id": Field(name),
        "title": Field(text),
        "why": Field(text),
        "metric": Field(_metric(around.catalogue)),
        "of": Field(_of, ""),
        "window": Field(window, None),
        "scope": Field(choice("scope", SCOPE_CEILING), "account"),
        "only": Field(list_of(text), ()),
        "ladder": Field(list_of(read_rung)),
        "hold": Field(duration(), 0.0),
        "stale_after": Field(duration(0.5, 3600.0), 10.0),
        "on_unknown": Field(choice("choice", [each.value for each in OnUnknown]), "caution"),
        "clears": Field(choice("choice", CLEARS), "operator"),
        "cooldown": Field(duration(60.0, 86400.0), COOLDOWN_SECONDS),
        "gamma": Field(share(LARGEST_GAMMA), None),
        "mode": Field(choice("mode", ("observe", "armed")), "observe"),
        "runbook": Field(_runbook(around.runbook_exists), ""),
    }


def _metric(catalogue: Catalogue) -> Read[MetricSpec]:
    def read_metric(node: Node, spot: Spot) -> MetricSpec:
        word = text(node, spot)
        if word not in catalogue:
            raise unknown("metric", word, catalogue)
        return catalogue[word]

    return read_metric


def _of(node: Node, spot: Spot) -> str:
    """Names joined by commas: one, a list, or those of the lists that `file:PATH` names."""
    written = list_of(text)(node, spot) if isinstance(node, Items) else (text(node, spot),)
    found = [name for each in written for name in names_of(each, spot)]
    if not found:
        raise Wrong("names nothing", "Write a name, or a list of names.")
    return ",".join(dict.fromkeys(found))


def _runbook(exists: Callable[[str], bool]) -> Read[str]:
    def read_runbook(node: Node, spot: Spot) -> str:
        path = text(node, spot)
        if not exists(path):
            raise Wrong(f"no runbook at {clip(path)}", "Write the page, or name one of alerts/runbooks/.")
        return path

    return read_runbook


# --- what must fit together -------------------------------------------------------------------


def _check_scope(draft: Draft) -> None:
    scope, spec = draft.row.values.get("scope"), draft.spec
    if scope is None or spec is None or scope in spec.scopes:
        return
    fix = f"Use scope: {' or '.join(spec.scopes)}."
    if scope == "strategy":
        fix = "Use the metric strategy_drawdown, or an account of its own for each sub-account."
    wrong = Wrong(f"{spec.name} cannot be judged by {scope}", fix, "account")
    draft.spot.field("scope").refuse(draft.row.lines["scope"], wrong)


def _check_only(draft: Draft, around: Surroundings) -> None:
    """Accounts and mandates are known by the configuration; symbols and venues are not."""
    values = draft.row.values
    scope = values.get("scope", "account")
    known = around.mandates if scope == "mandate" else around.accounts
    if known is None or scope not in ("account", "portfolio", "mandate"):
        return
    for index, each in enumerate(values.get("only", ())):
        if each not in known:
            wrong = unknown("mandate" if scope == "mandate" else "account", each, known)
            draft.spot.field("only").item(index).refuse(draft.row.lines["only"], wrong)


def _check_of(draft: Draft) -> None:
    """Which gauge, which strategy: needed where there are several, refused where there is one."""
    spec, values, lines = draft.spec, draft.row.values, draft.row.lines
    if spec is None or "of" not in values:
        return
    spot = draft.spot.field("of")
    scope = values.get("scope") or "account"
    if scope == "strategy":
        if values["of"]:
            fix = "Delete it; `only: [PREFIX]` selects strategies, or else each bot.order_prefix is one."
            spot.refuse(lines["of"], Wrong("names a strategy where scope: strategy judges each of them", fix))
    elif spec.of and not values["of"] and not spec.of_optional:
        wrong = Wrong(f"is missing; {spec.name} needs {spec.of}", "Add `of: NAME` here.")
        spot.refuse(lines["metric"], wrong)
    elif values["of"] and not spec.of and scope != "cluster":
        more = " Or write scope: cluster, if these are assets of one." if "cluster" in spec.scopes else ""
        spot.refuse(lines["of"], Wrong(f"{spec.name} is not of anything", f"Delete it.{more}"))
    elif "," in values["of"] and not spec.of_optional and spec.of:
        wrong = Wrong(f"{clip(values['of'])} is more than {spec.of}", "Name one; write a rule for each.")
        spot.refuse(lines["of"], wrong)
    elif values["of"]:
        for odd in misnamed(spec, scope, values["of"].split(",")):
            spot.refuse(lines["of"], odd)


def _check_window(draft: Draft) -> None:
    spec, values = draft.spec, draft.row.values
    if spec is None or "window" not in values:
        return
    given: Window | None = values["window"]
    takes = taken(spec.windows, spec.spans)
    spot = draft.spot.field("window")
    if given is None and "none" not in spec.windows:
        spot.refuse(draft.row.lines["metric"], Wrong(f"is missing; {spec.name} needs one", f"Write {takes}."))
    elif given is not None and given.kind not in spec.windows:
        fix = "Delete the window." if spec.windows == ("none",) else f"Write {takes}."
        problem = f"{spec.name} does not take the window {EXAMPLES[given.kind].split(',')[0]}"
        if given.kind == "sliding":
            problem = f"{spec.name} does not take a sliding window"
        spot.refuse(draft.row.lines["window"], Wrong(problem, fix))
    elif given is not None and spec.spans and not spec.spans[0] <= (given.seconds or 0.0) <= spec.spans[1]:
        wrong = Wrong(f"a window that {spec.name} cannot fill", f"Write {takes}.")
        spot.refuse(draft.row.lines["window"], wrong)


def _check_ladder(draft: Draft) -> None:
    rungs, hold = draft.rungs, draft.row.values.get("hold", 0.0)
    spot = draft.spot.field("ladder")
    for index, (low, high) in enumerate(pairwise(rungs), start=1):
        wrong = misstep(low, high, hold)
        if wrong is not None:
            spot.item(index).refuse(high.limit_line, wrong)
    if rungs and draft.spec:
        _check_direction(draft.spec, rungs[0], spot.item(0))


def _check_direction(spec: MetricSpec, rung: RawRung, spot: Spot) -> None:
    """Of some metrics only much is bad, of some only little; of the others it is for the author to say."""
    bad = "low" if spec.low else "high" if spec.family in WORSE_WHEN_HIGH else ""
    right = {"low": "under", "high": "over"}.get(bad, rung.direction)
    if rung.direction != right:
        problem = f"{spec.name} is worse when {bad}; {rung.direction} would fire while all is well"
        spot.field(rung.direction).refuse(rung.limit_line, Wrong(problem, f"Write {right}.", right))


def _check_units(draft: Draft) -> None:
    spec = draft.spec
    if spec is None:
        return
    for index, rung in enumerate(draft.rungs):
        wrong = wrong_unit(spec, rung.limit)
        if wrong is not None:
            draft.spot.field("ladder").item(index).field(rung.direction).refuse(rung.limit_line, wrong)


def _check_ceilings(draft: Draft) -> None:
    metric_most = draft.spec.ceiling if draft.spec else Level.LOCKOUT
    scope = draft.row.values.get("scope", "account")
    for index, rung in enumerate(draft.rungs):
        spot = draft.spot.field("ladder").item(index).field("level")
        asked = rung.level.name.lower()
        if rung.level > metric_most and draft.spec:
            most = metric_most.name.lower()
            wrong = Wrong(
                f"{draft.spec.name} may not demand {asked}", f"It goes no further than {most}.", most
            )
            spot.refuse(rung.level_line, wrong)
        if rung.level > SCOPE_CEILING[scope]:
            most = SCOPE_CEILING[scope].name.lower()
            wrong = Wrong(f"scope {scope} may not demand {asked}", f"It goes no further than {most}.", most)
            spot.refuse(rung.level_line, wrong)


def _check_way_back(draft: Draft) -> None:
    """A cooldown is for what clears by itself, gamma for limits that may adapt."""
    row, spec = draft.row, draft.spec
    if "cooldown" in row.lines and row.values.get("clears") == "operator":
        wrong = Wrong("an operator ends it, whenever that is", "Delete it, or write clears: auto.")
        draft.spot.field("cooldown").refuse(row.lines["cooldown"], wrong)
    if row.values.get("gamma") and spec and spec.family not in ADAPTIVE:
        fix = f"Delete it: only {', '.join(ADAPTIVE)} rules adapt."
        wrong = Wrong(f"the limits of {spec.name} do not adapt ({spec.family})", fix)
        draft.spot.field("gamma").refuse(row.lines["gamma"], wrong)


def _gamma(values: dict[str, Any]) -> float:
    """As written; else what a rule that clears by itself has, where its limits may adapt."""
    given: float | None = values["gamma"]
    adapts = values["clears"] == "auto" and values["metric"].family in ADAPTIVE
    return given if given is not None else AUTO_GAMMA if adapts else 0.0


CHECKS = (
    _check_scope,
    _check_of,
    _check_window,
    _check_ladder,
    _check_units,
    _check_ceilings,
    _check_way_back,
)


def _build(values: dict[str, Any]) -> Rule:
    rungs: tuple[RawRung, ...] = values["ladder"]
    return Rule(
        id=values["id"],
        title=values["title"],
        why=values["why"],
        metric=values["metric"].name,
        window=values["window"] or Window(),
        scope=values["scope"],
        direction="over" if rungs[0].direction == "over" else "under",
        ladder=tuple(built_rung(rung, values["hold"]) for rung in rungs),
        stale_after_seconds=values["stale_after"],
        on_unknown=OnUnknown(values["on_unknown"]),
        clears=values["clears"],
        cooldown_seconds=values["cooldown"],
        gamma=_gamma(values),
        armed=values["mode"] == "armed",
        only=values["only"],
        runbook=values["runbook"],
        of=values["of"],
    )
