"""`guardian bench`: measurements that anybody can repeat on their own machine."""

from __future__ import annotations

import asyncio
import json
import re
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from guardian.bench.flatten import Comparison, Setup, Timing, compare
from guardian.bench.metrics.child import measured
from guardian.bench.metrics.table import rows


class Latency(click.ParamType[float]):
    """A duration such as 50ms or 0.05s, in milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a duration; write 50ms or 0.05s", param, ctx)
        return float(found[1]) * (1000 if found[2] == "s" else 1)


class Counts(click.ParamType[str]):
    """Whole numbers such as 1,10,100."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", str(value)) is None:
            self.fail(f"{value!r} is not a list of numbers; write 1,10,100", param, ctx)
        return str(value)


@click.group()
def bench() -> None:
    """Measure guardian against what people would use instead."""


@bench.command()
@click.option("--positions", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--latency", type=Latency(), default="50ms", show_default=True, help="Round trip.")
@click.option("--repeat", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout; progress on stderr.")
def flatten(positions: int, latency: float, repeat: int, seed: int, as_json: bool) -> None:
    """Time to flat: from the decision to the last close matched at a simulated venue, limits off.

    The naive script is synchronous ccxt with its defaults, markets loaded at kill time, one order after
    another. Guardian starts at the arrival of the snapshot that breaches.
    """
    setup = Setup(positions, latency, repeat, seed)
    found = asyncio.run(compare(setup, lambda line: click.echo(line, err=True)))
    if as_json:
        click.echo(json.dumps(found.document()))
    else:
        Console().print(table(found))


@bench.command()
@click.option("--assets", type=click.IntRange(2, 50), default=20, show_default=True)
@click.option("--hours", type=click.IntRange(280, 5000), default=1510, show_default=True, help="Of history.")
@click.option("--ticks", type=click.IntRange(2, 3600), default=3600, show_default=True, help="One a second.")
@click.option("--accounts", type=Counts(), default="1,10,100,1000", show_default=True, help="At once.")
@click.option("--repeat", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout; progress on stderr.")
def metrics(as_json: bool, **sizes: int | str) -> None:
    """What metrics, rules and events cost, each beside what people would use instead.

    Guardian's folds must first equal the recomputation to 1e-12, else this fails. Times are of the processor,
    in a process of its own with one thread; only the ratios mean anything on another machine.
    """
    found = measured(sizes)
    if as_json:
        click.echo(json.dumps(found))
        return
    shown = Table(title=f"{sizes['assets']} assets, {sizes['hours']} hours of history")
    for name in ("", "guardian", "beside it", "ratio", "goal"):
        shown.add_column(name, justify="left" if not name else "right")
    for row in rows(found):
        shown.add_row(*row)
    Console().print(shown)
    for part in ("metrics", "rules"):
        if found[part]["missing"]:
            click.echo(found[part]["missing"], err=True)


def table(found: Comparison) -> Table:
    """Both sides, the ratio of their medians, and guardian's verification beside its time to flat."""
    setup = found.setup
    title = f"{setup.positions} positions, {setup.latency_ms:g} ms round trip, limits off"
    shown = Table(title=title, caption=f"ratio of the medians: {found.ratio:.1f}")
    for name in ("", "flat, median", "min", "max", "verified flat", "orders"):
        shown.add_column(name, justify="left" if not name else "right")
    shown.add_row("naive script", *_cells(found.naive))
    shown.add_row("guardian", *_cells(found.guardian))
    return shown


def _cells(timings: tuple[Timing, ...]) -> list[str]:
    flat = [timing.flat_s for timing in timings]
    verified = [timing.verified_s for timing in timings if timing.verified_s is not None]
    return [
        *(f"{seconds:.3f} s" for seconds in (median(flat), min(flat), max(flat))),
        f"{median(verified):.3f} s" if verified else "never",
        "/".join(str(timing.orders) for timing in timings),
    ]
