"""`guardian venue serve`: the simulated venue on a socket."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from guardian.sim.faces.bybit import BybitVenue
from guardian.sim.faces.options import VenueOptions


@click.group()
def venue() -> None:
    """A simulated venue that speaks a real exchange's protocol."""


class Milliseconds(click.ParamType[float]):
    """A duration such as 50ms or 0.05s."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)?", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a duration; write 50ms or 0.05s", param, ctx)
        return float(found[1]) * (1000 if found[2] == "s" else 1)


@venue.command()
@click.option("--face", type=click.Choice(["bybit", "binance", "okx"]), default="bybit", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes any free port.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--accounts", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--positions", type=click.IntRange(0, 500), default=5, show_default=True)
@click.option("--markets", type=click.IntRange(1, 2000), default=60, show_default=True, help="At least.")
@click.option("--equity", type=Decimal, default="100000", help="USDT of each account.", show_default=True)
@click.option("--latency", "latency_ms", type=Milliseconds(), default="0ms", help="Round trip, e.g. 50ms.")
@click.option("--limits", type=click.Choice(["on", "off"]), default="off", show_default=True)
@click.option("--faults", default="", help="e.g. 'p429=0.1,p10016@order/create=0.05,pdrop=0.01'")
@click.option("--candles", type=click.Path(dir_okay=False, path_type=Path), help="CSV that drives prices.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True)
@click.option("--strict", is_flag=True, help="No local control under /_sim/.")
def serve(face: str, limits: str, **rest: Any) -> None:
    """Serve until SIGTERM; the first line of stdout is JSON with the url and the accounts' keys."""
    if face != "bybit":
        raise click.UsageError(f"--face {face} is not served yet; --face bybit is")
    if not rest["equity"] > 0:
        raise click.UsageError(f"--equity {rest['equity']} is not more than 0")
    options = VenueOptions(face=face, limits=limits == "on", **rest)
    asyncio.run(_serve(options))


async def _serve(options: VenueOptions) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stopped.set)
    async with BybitVenue.running(options) as running:
        click.echo(json.dumps(running.first_line()))
        await stopped.wait()
