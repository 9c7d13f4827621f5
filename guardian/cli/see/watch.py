"""`guardian watch`: the status, live. It has no action keys: who acts types a command and a name.

Law: what is old looks old. While no daemon answers the last picture stays, and its ages grow and turn red.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.live import Live

from guardian.cli.see.screen import screen
from guardian.cli.shared import client_of, config_option, loaded_or_last_good
from guardian.errors import GuardianError
from guardian.web.client import ControlClient

UNREACHABLE = 7


@dataclass(frozen=True, slots=True)
class Look:
    """The newest document, how old it is now, and since when no daemon answers ("" while one does)."""

    document: dict[str, Any] | None
    age_s: float
    silent_since: str = ""
    why: str = ""

    def line(self) -> bytes:
        """One line of ndjson. `reachable` false means that everything else in it is as old as `age_s`."""
        told: dict[str, Any] = {
            "at": _now(),
            "reachable": not self.silent_since,
            "age_s": round(self.age_s, 3),
        }
        if self.silent_since:
            told |= {"silent_since": self.silent_since, "error": self.why}
        return orjson.dumps({**told, "status": self.document})


@click.command()
@config_option
@click.option("--every", type=click.FloatRange(min=0.1, max=60.0), default=1.0, metavar="SECONDS")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N refreshes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a refresh, as without a terminal.")
@click.pass_context
def watch(
    ctx: click.Context, config_path: Path | None, every: float, count: int | None, as_json: bool
) -> None:
    """Watch each account's level, rules and data age; q or Ctrl-C ends. Nothing can be done from here.

    Exit 7 when no daemon answers at the last refresh.
    """
    looks = _looks(client_of(loaded_or_last_good(config_path), timeout_s=max(1.0, every)), count)
    with contextlib.suppress(KeyboardInterrupt):
        show = _print if as_json or not sys.stdout.isatty() else _live
        last = show(looks, every)
        ctx.exit(UNREACHABLE if last is not None and last.silent_since else 0)


def _looks(client: ControlClient, count: int | None) -> Iterator[Look]:
    """A look each time it is asked for, `count` times or for ever."""
    document: dict[str, Any] | None = None
    heard, silent_since = time.monotonic(), ""
    done = 0
    while count is None or done < count:
        done += 1
        why = ""
        try:
            document = asyncio.run(client.status())
            heard, silent_since = time.monotonic(), ""
        except GuardianError as error:
            silent_since, why = silent_since or _now(), str(error)
        yield Look(document, time.monotonic() - heard, silent_since, why)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _print(looks: Iterator[Look], every: float) -> Look | None:
    last = None
    for look in looks:
        if last is not None:
            time.sleep(every)
        sys.stdout.buffer.write(look.line() + b"\n")
        sys.stdout.flush()
        last = look
    return last


def _live(looks: Iterator[Look], every: float) -> Look | None:
    console, last = Console(), None
    with _keys() as quit_asked, Live(console=console, screen=True, auto_refresh=False) as live:
        for look in looks:
            last = look
            live.update(screen(look.document, look.age_s, look.silent_since), refresh=True)
            if quit_asked(every):
                break
    return last


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], bool]]:
    """Wait for q up to so many seconds; without a keyboard only wait. The terminal is left as it was."""
    if not sys.stdin.isatty():
        yield _no_keys
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _pressed_q
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _no_keys(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _pressed_q(seconds: float) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([sys.stdin], [], [], left)
        if ready and sys.stdin.read(1) in ("q", "Q"):
            return True
    return False
