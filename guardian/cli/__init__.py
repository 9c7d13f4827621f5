"""The command line: one file a command group, loaded only when it is asked for."""

from __future__ import annotations

import importlib
import sys
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
    """Run the command line; a traceback never reaches a user for what they can fix."""
    try:
        return root.main(args=argv, prog_name="guardian", standalone_mode=True)
    except GuardianError as error:
        click.echo(f"guardian: {error}", err=True)
        sys.exit(error.exit_code)
