"""The reports of the last month as files: `state_dir/sanity/2026-01-31T060000.000Z.json`.

Law: a file is whole or absent, and nothing but guardian's own reports is ever deleted here.
"""

from __future__ import annotations

import os
import re
from datetime import UTC
from pathlib import Path

import orjson

from guardian.runtime.sanity.report import Report, parsed

FOLDER = "sanity"
KEPT = 31
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z\.json", re.ASCII)


def put(state_dir: Path, report: Report) -> Path:
    """Write the report and drop those past the last 31. Raises OSError."""
    folder = state_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    at = report.at.astimezone(UTC)
    target = folder / f"{at:%Y-%m-%dT%H%M%S}.{at.microsecond // 1000:03}Z.json"
    temporary = target.with_suffix(".tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        file.write(orjson.dumps(report.document(), option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(fd)
    os.replace(temporary, target)
    for old in _files(folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return target


def kept(state_dir: Path) -> tuple[Report, ...]:
    """The reports that are there, oldest first; a file that is none is passed over."""
    return tuple(report for file in _files(state_dir / FOLDER) if (report := _read(file)) is not None)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    except OSError:
        return []


def _read(file: Path) -> Report | None:
    try:
        return parsed(orjson.loads(file.read_bytes()))
    except (OSError, KeyError, TypeError, ValueError):
        return None
