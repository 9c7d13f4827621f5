"""`guardian evaluate`: what a pack of rules is worth on real crashes, beside what others do."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from guardian.cli.shared import json_option, say

SCALES = (0.6, 0.8, 1.0, 1.25, 1.5, 1.8, 2.1, 2.5, 3.0, 3.6, 4.3)
QUICK_SCALES = (0.6, 1.0, 1.5, 2.1, 3.0, 4.3)
TOLD_LINES = 20
OUT = Path("out/evaluate")


class Scales(click.ParamType[tuple[float, ...]]):
    """0.5,1,2: each from 0.05 to 20, sorted, each once."""

    name = "scales"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            found = sorted({float(word) for word in str(value).split(",")})
        except ValueError:
            self.fail(f"{value!r} is no list of numbers; write 0.5,1,2", param, ctx)
        if not all(0.05 <= scale <= 20 for scale in found):
            self.fail("a scale multiplies every limit: from 0.05 to 20", param, ctx)
        return tuple(found)


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Candles: FILE or DIR.")
@click.option("--rules", default="breaker", show_default=True, metavar="PACK", help="What guardian plays.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Where the report and its pictures go; if not given out/evaluate, and with --json "
              "nowhere.")  # fmt: skip
@click.option(
    "--scales", type=Scales(), default=None, metavar="0.5,1,2", help="What limits are multiplied by."
)
@click.option("--designs", metavar="NAMES", default=None, help="Only these, separated by commas.")
@click.option("--quick", is_flag=True, help="Six scales instead of eleven.")
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Processes; one a core if not given.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the bootstrap.")
@json_option
def evaluate(data: Path, as_json: bool, **wanted: Any) -> None:
    """Compare protections as frontiers on the candles of DATA, one window a file.

    At the same exposure given up, and at the same number of false halts: the crash loss that each design
    avoids, and the differences with an interval from whole weeks. docs/evaluate.md has the definitions and
    caveats.
    """
    run = importlib.import_module("guardian.evaluate.run")
    every = importlib.import_module("guardian.evaluate.designs.every")
    # What is wrong with the pack, the candles or the folder is told before an hour is spent.
    every.played(wanted["rules"])
    designs = _designs(wanted["designs"], every)
    scales = wanted["scales"] or (QUICK_SCALES if wanted["quick"] else SCALES)
    surveyed = importlib.import_module("guardian.evaluate.survey").survey(data)
    _told(surveyed)
    folder = wanted["out"] or (None if as_json else OUT)
    report = importlib.import_module("guardian.evaluate.report") if folder else None
    if report is not None:
        report.made(folder)
    plan = run.Plan(surveyed, designs, scales, wanted["rules"], wanted["seed"])
    with _progress() as told:
        found = run.evaluate(plan, wanted["jobs"] or os.cpu_count() or 1, told)
    command = shlex.join(["guardian", *sys.argv[1:]])
    lines = [report.summary(found), str(report.write(found, folder, command))] if report else []
    say(run.document(found) if as_json else {}, as_json, "\n".join(lines))


def _told(surveyed: Any) -> None:
    """What is left out of the candles, and what is wrong with them, on stderr."""
    lines = [f"left out: {each.where}: {each.why}" for each in surveyed.left_out]
    lines += [f"candles: {Path(each.file).name}: {each.message}. {each.fix}" for each in surveyed.findings]
    for line in lines[:TOLD_LINES]:
        click.echo(f"guardian: {line}", err=True)
    if len(lines) > TOLD_LINES:
        click.echo(f"guardian: {len(lines) - TOLD_LINES} more; the report and --json name them all", err=True)


def _designs(given: str | None, every: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = tuple(dict.fromkeys(given.split(","))) if given else every.NAMES
    wrong = [name for name in names if name not in every.EVERY]
    if wrong:
        known = ", ".join(every.EVERY)
        raise click.BadParameter(f"{wrong[0]!r} is no design; there are {known}", param_hint="--designs")
    return names


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    rich = importlib.import_module("rich.progress")
    console = importlib.import_module("rich.console").Console(stderr=True)
    columns = (
        rich.TextColumn("evaluated"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
