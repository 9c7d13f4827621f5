"""guardian's command line as tests use it: as a process of its own, or in theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from guardian.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Said:
    """How one command of guardian's ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


def environment() -> dict[str, str]:
    """Children run this source tree whatever their folder is, and inherit no configuration of the user's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GUARDIAN_")}
    return {**inherited, "PYTHONPATH": str(ROOT)}


def as_process(arguments: Sequence[str], folder: Path, timeout: float) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "guardian", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=folder,
        env=environment(),
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def in_process(arguments: Sequence[str]) -> Said:
    """Everything of a command but the start of its process: its imports alone take longer than most do."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(list(arguments))
    code = ended.value.code
    assert isinstance(code, int | None)
    return Said(code or 0, _written(out), _written(err))


def _written(stream: TextIOWrapper) -> str:
    assert isinstance(stream.buffer, BytesIO)
    return stream.buffer.getvalue().decode()
