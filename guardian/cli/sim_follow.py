"""Follows a search: a bar on a terminal, a line now and then elsewhere; Ctrl-C keeps what was done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from guardian.sim.mutants.hunt import hunt as hunt_among
from guardian.sim.play.incident import Result
from guardian.sim.scenario.draw import draw
from guardian.sim.search import kept
from guardian.sim.search.many import cores, results
from guardian.sim.search.shrink import shrink
from guardian.sim.search.tally import Tally

LINE_SECONDS = 10.0

Seen = Callable[[int, int, float], None]
"""Told after each seed: how many are done, violations so far, seconds since the start."""


def search(seeds: range, jobs: int | None) -> tuple[Tally, float, bool]:
    """The tally, the seconds it took, and whether every seed was played."""
    tally, begun, whole = Tally(seeds.start), time.monotonic(), True
    try:
        with _shown(len(seeds)) as seen, results(seeds, jobs or cores()) as played:
            for result in played:
                tally.add(result)
                seen(tally.done, tally.violations, time.monotonic() - begun)
    except KeyboardInterrupt:
        whole = False
        click.echo(f"guardian: interrupted after {tally.done} of {len(seeds)} seeds", err=True)
    return tally, time.monotonic() - begun, whole


def hunt(mutant: str, seeds: range, jobs: int | None) -> dict[str, Any]:
    """The document of a hunt; it ends with the first catch."""
    with _shown(len(seeds)) as seen, results(seeds, jobs or cores(), mutant) as played:
        found = hunt_among(mutant, _followed(played, seen))
    if found is None:
        return {"mutant": mutant, "caught": False, "seeds": len(seeds)}
    return {
        "mutant": mutant,
        "caught": True,
        "seed": found.seed,
        "after": found.after,
        "checker": found.violations[0].checker,
        "checkers": list(found.checkers),
        "text": found.violations[0].text,
    }


def _followed(played: Iterable[Result], seen: Seen) -> Iterator[Result]:
    begun, violations = time.monotonic(), 0
    for done, result in enumerate(played, 1):
        violations += len(result.violations)
        seen(done, violations, time.monotonic() - begun)
        yield result


def keep(failed: list[Result], smaller: bool) -> None:
    """Write each failed seed down with the scenario that shows it, shrunk where wanted."""
    for result in failed:
        violation = result.violations[0]
        scenario = draw(result.seed)
        if smaller:
            scenario = shrink(scenario, violation.checker).scenario
        file = kept.keep(scenario, violation, kept.SEEDS)
        where = f"kept as {file}" if file else f"not kept: there is no {kept.SEEDS}"
        click.echo(f"guardian: seed {result.seed} {where}", err=True)


@contextmanager
def _shown(seeds: int) -> Iterator[Seen]:
    """On stderr, so that stdout stays for the result."""
    if not sys.stderr.isatty():
        yield _lines(seeds)
        return
    columns = (
        TextColumn("seeds"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f}/s"),
        TextColumn("{task.fields[violations]} violations"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("seeds", total=seeds, rate=0.0, violations=0)
        yield lambda done, violations, seconds: bar.update(
            task, completed=done, violations=violations, rate=done / max(seconds, 1e-9)
        )


def _lines(seeds: int) -> Seen:
    """A line every ten seconds, for logs."""
    due = LINE_SECONDS

    def line(done: int, violations: int, seconds: float) -> None:
        nonlocal due
        if seconds >= due and done < seeds:
            due = seconds + LINE_SECONDS
            rate = done / seconds
            click.echo(f"guardian: {done} of {seeds} seeds, {violations} violations, {rate:.1f}/s", err=True)

    return line
