"""The command line as people and scripts meet it: click's group, and a sentence for whatever goes wrong."""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, TextIO

import click

from guardian import __version__
from guardian.cli import COMMANDS
from guardian.errors import GuardianError


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


def run(argv: list[str] | None) -> NoReturn:
    """Run the command line; whatever happens, people get a sentence and never a traceback."""
    try:
        code = root.main(args=argv, prog_name="guardian", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        # A usage error: click shows the command's usage with the sentence.
        with _read_by_nobody(sys.stderr):
            error.show()
        _document(error.format_message(), error.exit_code, argv)
        sys.exit(error.exit_code)
    except click.Abort:
        _refuse("aborted", 1, argv)
    except GuardianError as error:
        _refuse(str(error), error.exit_code, argv)
    except (OSError, sqlite3.Error) as error:
        # This machine refused: a folder, a disk, a port. Which one stands in the error itself.
        _refuse(str(error), 1, argv)
    except Exception as error:
        # A defect. Only its kind and place are told: the message of a foreign exception may hold a secret.
        _refuse(f"a defect in guardian: {type(error).__name__} at {_place(error)}", 1, argv)


def _refuse(sentence: str, code: int, argv: list[str] | None) -> NoReturn:
    """The sentence for people, and with --json the one document that a program expects."""
    with _read_by_nobody(sys.stderr):
        click.echo(f"guardian: {sentence}", err=True)
    _document(sentence, code, argv)
    sys.exit(code)


@contextmanager
def _read_by_nobody(stream: TextIO) -> Iterator[None]:
    """The reader may be gone, or the disk full: the exit code tells all the same, and no traceback does."""
    try:
        yield
    except OSError:
        # Python flushes once more at its end, and would exit with 120.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _document(sentence: str, code: int, argv: list[str] | None) -> None:
    if "--json" in (sys.argv if argv is None else argv):
        with _read_by_nobody(sys.stdout):
            click.echo(json.dumps({"ok": False, "error": sentence, "exit_code": code}))


def _place(error: BaseException) -> str:
    """FILE:LINE of where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
