"""Imports point inward and the core stays pure; the linters that say so are themselves put to the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

PLANTS = {
    "The core is pure": ("core/planted.py", "import random"),
    "Dependencies point inward": ("core/planted_too.py", "import guardian.ports"),
    "Watching never imports acting": ("exchanges/planted/read.py", "import guardian.exchanges.planted.trade"),
    "ccxt only in exchanges, demo and bench": ("web/planted_ccxt.py", "import ccxt.async_support"),
    "httpx only in notify and halt": ("web/planted_httpx.py", "import httpx"),
    "yaml only in config": ("journal/planted.py", "import yaml"),
    "apscheduler only in the runtime": ("sim/planted.py", "import apscheduler.schedulers.asyncio"),
    "aiohttp only in sim, web, exchanges, sources, demo, bench and drill": (
        "notify/planted.py",
        "import aiohttp",
    ),
    "msgspec only where values are made": ("core/metrics/planted_values.py", "import msgspec"),
    "hvac only in secrets": ("notify/planted_hvac.py", "import hvac"),
    "prometheus_client only in web": ("notify/planted_metrics.py", "import prometheus_client"),
    "matplotlib only where pictures are made": ("exchanges/planted_pictures.py", "import matplotlib.pyplot"),
    "click and rich only at the terminal": ("journal/planted_click.py", "import click"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "lint-imports"), "--no-logo", "--no-cache"]
    plain = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=plain, capture_output=True, text=True, check=False)


def verdicts(output: str) -> dict[str, str]:
    """Contract name -> KEPT or BROKEN, from the summary that lint-imports prints."""
    found = {}
    for line in output.splitlines():
        for verdict in ("KEPT", "BROKEN"):
            name, mark, _ = line.partition(f" {verdict}")
            if mark:
                found[name.strip()] = verdict
    return found


def test_imports_point_inward() -> None:
    result = lint_imports(ROOT)

    assert 0 == result.returncode, result.stdout + result.stderr


def test_every_contract_can_be_broken(tmp_path: Path) -> None:
    """A contract that no import can break protects nothing: plant one violation of each and see it found."""
    shutil.copytree(ROOT / "guardian", tmp_path / "guardian", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    venue = tmp_path / "guardian/exchanges/planted"
    venue.mkdir()
    for name in ("__init__.py", "trade.py", "keys.py"):
        (venue / name).touch()
    for place, line in PLANTS.values():
        (tmp_path / "guardian" / place).write_text(line + "\n", encoding="utf-8")

    result = lint_imports(tmp_path)

    assert dict.fromkeys(PLANTS, "BROKEN") == verdicts(result.stdout), result.stdout + result.stderr
    assert 0 != result.returncode


def ruff_codes(filename: str, source: str) -> list[str]:
    command = [str(BIN / "ruff"), "check", "--output-format=concise", "--stdin-filename", filename, "-"]
    result = subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True, check=False)
    assert result.returncode in {0, 1}, result.stderr
    return [word for word in result.stdout.split() if word.startswith("TID")]


FORBIDDEN_CALLS = {
    "wall clock": "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "stopwatch": "import time\n\nNOW = time.monotonic()\n",
    "chance": "import random\n\nX = random.random()\n",
    "environment": "import os\n\nX = os.environ\n",
    "loop": "import asyncio\n\nX = asyncio.Queue\n",
    "unique ids": "import uuid\n\nX = uuid.uuid4\n",
}


@pytest.mark.parametrize("source", FORBIDDEN_CALLS.values(), ids=FORBIDDEN_CALLS.keys())
def test_the_core_may_not_call_the_world(source: str) -> None:
    """import-linter sees imports only; `datetime.now` hides behind an allowed one."""
    inside = ruff_codes("guardian/core/planted.py", source)
    outside = ruff_codes("guardian/web/planted.py", source)

    assert "TID251" in inside
    assert [] == outside
