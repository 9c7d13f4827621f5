"""The command line: one file a command group, loaded only when it is asked for."""

from __future__ import annotations

import importlib
import sqlite3
import sys
import traceback
from typing import Any

import click

from guardian import __version__
from guardian.errors import GuardianError

COMMANDS = {
    "arm": "guardian.cli.operate:arm",
    "bench": "guardian.cli.bench:bench",
    "check": "guardian.cli.check:check",
    "demo": "guardian.cli.demo:demo",
    "disarm": "guardian.cli.operate:disarm",
    "flatten": "guardian.cli.operate:flatten",
    "journal": "guardian.cli.journal:journal",
    "lockout": "guardian.cli.operate:lockout",
    "resume": "guardian.cli.operate:resume",
    "run": "guardian.cli.run:run",
    "status": "guardian.cli.status:status",
    "venue": "guardian.cli.venue:venue",
}


class LazyGroup(click.Group):
    """Imports a command's module on first use, so that `guardian status` never pays for matplotlib."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="guardian")
def root() -> None:
    """An independent risk and safety sidecar for crypto trading."""


def main(argv: list[str] | None = None) -> Any:
    """Run the command line; whatever happens, people get a sentence and never a traceback."""
    try:
        return root.main(args=argv, prog_name="guardian", standalone_mode=True)
    except GuardianError as error:
        click.echo(f"guardian: {error}", err=True)
        sys.exit(error.exit_code)
    except (OSError, sqlite3.Error) as error:
        # This machine refused: a folder, a disk, a port. Which one stands in the error itself.
        click.echo(f"guardian: {error}", err=True)
    except Exception as error:
        # A defect. Only its kind and place are told: the message of a foreign exception may hold a secret.
        click.echo(f"guardian: a defect in guardian: {type(error).__name__} at {_place(error)}", err=True)
    sys.exit(1)


def _place(error: BaseException) -> str:
    """FILE:LINE of where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
