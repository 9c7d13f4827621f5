"""What several commands share: options, one JSON document on stdout, typed confirmation."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from guardian.config import load_config
from guardian.config.shapes import Config
from guardian.errors import ConfigError, RefusedError
from guardian.web.client import ControlClient

Command = TypeVar("Command", bound=Callable[..., Any])

CONTROL_SOCKET = "control.sock"


def config_option(command: Command) -> Command:
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        default=None,
        help="The configuration; otherwise GUARDIAN_CONFIG, then ./guardian.yaml.",
    )(command)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document on stdout.")(
        command
    )


def confirm_option(command: Command) -> Command:
    return click.option("--confirm", default=None, metavar="NAME", help="The account's name, for scripts.")(
        command
    )


def client_of(config: Config, timeout_s: float = 5.0) -> ControlClient:
    return ControlClient(config.state_dir / CONTROL_SOCKET, timeout_s)


def loaded(config_path: Path | None) -> Config:
    return load_config(config_path)


def loaded_or_last_good(config_path: Path | None) -> Config:
    """For what makes things safer or only looks: a file edited into nonsense must not stand in the way."""
    try:
        return load_config(config_path)
    except ConfigError:
        # Half a second of imports that only a broken file costs.
        lastgood = importlib.import_module("guardian.runtime.start.lastgood")
        chosen = lastgood.choose(config_path)
    click.echo(f"guardian: {chosen.refused}\nguardian: using the last good configuration instead", err=True)
    config: Config = chosen.config
    return config


def say(document: dict[str, Any], as_json: bool, text: str) -> None:
    """The document for programs, or the text for people."""
    if as_json:
        click.echo(orjson.dumps(document).decode())
    else:
        click.echo(text)


@contextmanager
def progress(noun: str, total: int | None) -> Iterator[Callable[[int], object] | None]:
    """A progress bar on a terminal, nothing elsewhere; what it gives hears of how many more are done."""
    if not sys.stderr.isatty():
        yield None
        return
    rich = importlib.import_module("rich.progress")
    console = importlib.import_module("rich.console").Console(stderr=True)
    columns = (rich.TextColumn(noun), rich.BarColumn(), rich.MofNCompleteColumn(), rich.TimeRemainingColumn())
    with rich.Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(noun, total=total)
        yield lambda done: shown.advance(task, done)


def confirmed(account: str, given: str | None, what: str) -> None:
    """A severe act needs the account's name, typed or given. Raises RefusedError (exit 6)."""
    if given is None and sys.stdin.isatty():
        click.echo(f"{what} acts on the real account {account}.", err=True)
        given = click.prompt("Type the account's name to go on", err=True, default="", show_default=False)
    if given != account:
        raise RefusedError(f"not confirmed: {what} needs --confirm {account}")
