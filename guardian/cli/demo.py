"""`guardian demo`: the main job on a simulated venue, in one command that needs nothing of anybody's."""

from __future__ import annotations

import asyncio
import json
import math
import random
import signal
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from guardian.demo.crash import LONGEST_SECONDS, SHORTEST_SECONDS
from guardian.demo.performance import perform
from guardian.demo.plain import PlainScreen, Screen
from guardian.demo.stage import Script
from guardian.demo.timeline import Result, tell
from guardian.demo.view import LiveScreen
from guardian.errors import GuardianError

NOT_SHOWN = 4
INTERRUPTED = 130


class Seconds(click.FloatRange):
    """What an hour can be compressed into: no less than the slow stretch needs, and no more than it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):  # no comparison holds of it, so that it lies in every range
            self.fail(f"nan is no number of seconds; write one from {self.min:g} to {self.max:g}", param, ctx)
        return found


@click.command()
@click.option("--seed", type=click.IntRange(min=0), help="Repeat one run; drawn and printed if not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout; progress on stderr.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Where the run folder and the picture go.",
)
@click.option(
    "--seconds",
    type=Seconds(SHORTEST_SECONDS, LONGEST_SECONDS),
    default=40.0,
    show_default=True,
    help="What the hour is compressed into.",
)
def demo(seed: int | None, as_json: bool, out: Path, seconds: float) -> None:
    """Crash a simulated account and watch guardian flatten it and kill the bot's key.

    Starts a simulated venue, a bot that ignores SIGTERM, and guardian, each in a process of its own. Exits 0
    only if the venue itself says that the account is flat and the bot's key is dead, and 4 otherwise.
    """
    chosen = random.SystemRandom().randrange(100_000) if seed is None else seed
    click.echo(f"seed {chosen}", err=as_json)
    console = Console(stderr=as_json)
    screen: Screen = PlainScreen(sys.stderr if as_json else sys.stdout)
    if console.is_terminal and not as_json:
        screen = LiveScreen(console)
    result = _run(Script(chosen, out.absolute(), seconds), screen)
    tell(result, console)
    if as_json:
        click.echo(json.dumps(result.document()))
    sys.exit(NOT_SHOWN if result.unmet() else 0)


def _run(script: Script, screen: Screen) -> Result:
    """Ctrl-C and SIGTERM end the play in order: whatever it has started is ended before we go."""
    try:
        return asyncio.run(_until_told(script, screen))
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo("demo interrupted; everything that it had started is stopped", err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        raise GuardianError(f"the demo cannot write to {script.out}: {error.strerror}") from error


async def _until_told(script: Script, screen: Screen) -> Result:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await perform(script, screen)
