"""What a search says to people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from guardian.core.model import Level
from guardian.sim.mutants.mutant import planted
from guardian.sim.play.incident import Result
from guardian.sim.scenario.draw import draw
from guardian.sim.search import coverage
from guardian.sim.search.golden import golden
from guardian.sim.search.one import STOPPED, play_safely
from guardian.sim.search.shrink import shrink
from guardian.sim.search.story import told, violations

__all__ = ["case", "print_coverage", "shrunk", "story", "story_with", "summary", "violations"]


def summary(document: dict[str, Any]) -> str:
    """The figures of a search in three lines, the failed seeds in a fourth."""
    flat, covered = document["flat_s"], document["coverage"]
    took = "nothing had to be flattened"
    if flat["p50"] is not None:
        took = f"flat after {flat['p50']:g} s (median), {flat['p99']:g} s (p99), {flat['max']:g} s (worst)"
    lines = [
        f"{document['seeds']} incidents from seed {document['from']}: {document['violations']} violations",
        f"{document['incidents_per_s']:g} incidents/s; median {document['median_events']:g} events, "
        f"{document['median_calls']:g} calls of the venue; {took}",
        f"fault x level: {covered['hit']} of {covered['cells']} cells hit",
    ]
    if document["failed_seeds"]:
        lines.append(f"failed: {', '.join(str(seed) for seed in document['failed_seeds'])}")
    return "\n".join(lines)


def print_coverage(cells: coverage.Cells) -> None:
    """How often each fault changed an answer at each level."""
    table = Table(title="answers changed, by fault and level", caption="-: nothing to disturb at this level")
    table.add_column("fault")
    for level in Level:
        table.add_column(level.name, justify="right")
    for row in coverage.rows(cells):
        table.add_row(*(f"[bold red]{cell}[/]" if cell == coverage.HOLE else cell for cell in row))
    Console().print(table)


def shrunk(failed: Result) -> str:
    """The smallest scenario that breaks the same law as this result's first violation, and its timeline."""
    checker = failed.violations[0].checker
    found = shrink(draw(failed.seed), checker)
    how = "smallest scenario" if found.whole else "smallest scenario found in time"
    head = f"{how} in which {checker} still fails, after {found.plays} tries:"
    return "\n".join([head, told(found.scenario, play_safely(found.scenario, told=True))])


def story_with(mutant: str, seed: int) -> str:
    """What this planted fault does in one incident."""
    with planted(mutant):
        return told(draw(seed), play_safely(draw(seed), told=True))


def story(seed: int, smaller: bool) -> tuple[dict[str, Any], str]:
    """One incident: its document, and its timeline for people."""
    scenario = draw(seed)
    result = play_safely(scenario, told=True)
    shown = told(scenario, result)
    if smaller and result.violations:
        shown = shrunk(result)
    found = [{"checker": v.checker, "at_s": v.at, "text": v.text} for v in result.violations]
    document = {
        "seed": seed,
        "violations": found,
        "events": result.events,
        "calls": result.calls,
        "seconds": round(result.seconds, 3),
        "flat_s": [round(seconds, 3) for seconds in result.flat_seconds],
        "faults": dict(sorted(result.faults.items())),
        "timeline": result.timeline,
    }
    return document, shown


def case(seed: int, found: list[dict[str, Any]], smaller: bool) -> tuple[str, dict[str, Any]]:
    """The incident as a golden case, shrunk where wanted and failed; then how much of it that is."""
    scenario = draw(seed)
    if any(violation["checker"] == STOPPED for violation in found):
        return "", {
            "text": "",
            "whole": False,
            "sentence": "no case can tell it: the simulator itself stopped",
        }
    if smaller and found:
        scenario = shrink(scenario, found[0]["checker"]).scenario
    told = golden(scenario)
    return told.text.rstrip("\n"), {"text": told.text, "whole": told.whole, "sentence": told.sentence}
