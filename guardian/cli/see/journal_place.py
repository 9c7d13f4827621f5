"""Which journal a command reads, and what instants people may write."""

from __future__ import annotations

import difflib
import os
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click

from guardian.errors import ConfigError, GuardianError
from guardian.journal import FILE_NAME
from guardian.journal.archive import FOLDER, SegmentDamaged
from guardian.journal.history.owners import accounts_of, order_prefixes

T = TypeVar("T")

CHECK_FAILED = 3
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPAN_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def journal_options(command: Callable[..., None]) -> Callable[..., None]:
    """The ways to say which journal."""
    state_dir = click.option(
        "--state-dir", type=click.Path(path_type=Path), help="The folder that holds journal.db."
    )
    config = click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        metavar="F",
        help="Take its state_dir and archive.",
    )
    archive = click.option(
        "--archive",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Old segments; default: archive in it.",
    )
    return state_dir(config(archive(command)))


def located(state_dir: Path | None, config_path: Path | None, archive: Path | None) -> tuple[Path, Path]:
    """journal.db and its archive: as told, else as configured, else below ./state."""
    if state_dir is None:
        named = config_path is not None or "GUARDIAN_CONFIG" in os.environ or Path("guardian.yaml").exists()
        state_dir, configured = _configured(config_path) if named else (Path("state"), None)
        archive = archive or configured
    path = state_dir / FILE_NAME
    if not path.is_file():
        raise GuardianError(f"{path}: there is no journal here; name its folder with --state-dir")
    return path, archive or state_dir / FOLDER


def _configured(config_path: Path | None) -> tuple[Path, Path]:
    from guardian.config import load_config  # Only here: reading a journal needs no YAML.

    config = load_config(config_path)
    return config.state_dir, config.archive


def check_account(path: Path, account: str | None) -> None:
    """Raises ConfigError (exit 3) for a name that no account of this journal has: its silence is no calm."""
    if account is None or account in reading(path, lambda: order_prefixes(path)):
        return
    names = sorted(reading(path, lambda: accounts_of(path)))
    if names and account not in names:
        near = difflib.get_close_matches(account, names, 1)
        known = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        raise ConfigError(f"no account named {account!r} is configured or has a row in {path}; {known}")


def reading(path: Path, read: Callable[[], T]) -> T:
    """What `read` gives. A journal that cannot be read raises GuardianError."""
    try:
        return read()
    except (OSError, sqlite3.Error, SegmentDamaged) as error:
        raise GuardianError(
            f"{path}: cannot be read ({error}); is it a journal, may you read its folder?"
        ) from None


def instant(text: str, option: str = "--since") -> datetime:
    """An ISO 8601 instant, or a span such as 2h before now. Raises click.UsageError (exit 2)."""
    span = _SPAN.fullmatch(text.strip())
    try:
        if span is not None:
            return datetime.now(UTC) - timedelta(seconds=float(span[1]) * _SPAN_SECONDS[span[2]])
        at = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise click.UsageError(f"{option} {text}: write 2026-11-21T09:00:00Z, or 15m, 2h, 1d") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
