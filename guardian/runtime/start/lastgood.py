"""The last configuration that guardian ran with: a restart into nonsense still watches (DESIGN section 3).

Kept in the state folder with mode 0600 each time guardian is up. It holds references, never keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from guardian.config import Config, ConfigError, load_config
from guardian.config.load import locate
from guardian.errors import GuardianError
from guardian.exchanges.comparable import comparable

FILE_NAME = "last-good.json"
_CONFIG: TypeAdapter[Config] = TypeAdapter(Config)
_STATE_DIR = re.compile(r"""^state_dir:[ \t]*["']?([^"'#\n]+?)["']?[ \t]*(?:#.*)?$""", re.MULTILINE)
USUAL_STATE_DIR = "state"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The configuration to go on with. `refused` is what is wrong with the file, where the last good one
    stands in for it; `drops` where nothing can, and an account is lost in its incident.
    """

    config: Config
    refused: str = ""
    drops: bool = False


def choose(path: Path | None, venues: Collection[str] | None = None) -> Chosen:
    """The file's configuration, or the last good one of that file. Raises ConfigError at a first start."""
    try:
        return Chosen(load_config(path, venues, comparable() if venues is not None else None))
    except ConfigError as error:
        file = _named(path)
        known = recall(file) if file is not None else None
        if known is None:
            raise
        return Chosen(known, str(error))


def instead(chosen: Chosen, refused: GuardianError) -> Chosen:
    """What ran last with the state of a configuration that must not run, whatever file it came from.

    Where nothing is kept the file runs all the same: the other accounts must not go unwatched for one.
    """
    known = kept(chosen.config.state_dir)
    if known is None or chosen.refused:
        return Chosen(chosen.config, str(refused), drops=True)
    return Chosen(known, str(refused))


def remember(config: Config) -> None:
    """Replace what is kept. Raises OSError; the old one is then still whole."""
    target = config.state_dir / FILE_NAME
    temporary = target.with_suffix(".tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        file.write(_CONFIG.dump_json(config))
        file.flush()
        os.fsync(fd)
    os.replace(temporary, target)


def recall(file: Path) -> Config | None:
    """What ran last from this file, or None. The state folder is found by a look at the text alone."""
    for folder in _state_dirs(file):
        known = kept(folder)
        if known is not None and known.path == file:
            return known
    return None


def kept(folder: Path) -> Config | None:
    """What ran last with this state, or None."""
    try:
        return _CONFIG.validate_json((folder / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def _named(path: Path | None) -> Path | None:
    try:
        return locate(path)
    except ConfigError:
        return None


def _state_dirs(file: Path) -> tuple[Path, ...]:
    """Where the state may be: as the broken file still says, else where most have it."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    named = _STATE_DIR.findall(text)
    found = (_absolute(file.parent, name) for name in (*named, USUAL_STATE_DIR))
    return tuple(folder for folder in found if folder is not None)


def _absolute(base: Path, name: str) -> Path | None:
    """None for a name that no folder can have, or that asks for the home of nobody."""
    try:
        return None if "\0" in name else base / Path(name).expanduser()
    except RuntimeError:
        return None
