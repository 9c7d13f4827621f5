"""What one process holds at one moment, as the kernel and its own /metrics tell."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
NAMES = ("rss", "descriptors", "threads", "tasks", "live")
"""`live` is the journal's live file with its log, in bytes."""


@dataclass(frozen=True)
class Subject:
    """A process to be watched: its metrics' address and its state directory may be absent."""

    pid: int
    metrics: str = ""
    state_dir: Path | None = None


def sample(subject: Subject) -> dict[str, float]:
    """Each figure that can be read now. Raises ProcessLookupError when the process is gone."""
    place = Path(f"/proc/{subject.pid}")
    try:
        found = {
            "rss": float(place.joinpath("statm").read_text().split()[1]) * PAGE,
            "descriptors": float(len(os.listdir(place / "fd"))),
            "threads": float(len(os.listdir(place / "task"))),
        }
    except FileNotFoundError:
        raise ProcessLookupError(f"process {subject.pid} has ended") from None
    if subject.state_dir is not None:
        found["live"] = float(sum(size(f) for f in subject.state_dir.glob("journal.db*")))
        found["archive"] = float(sum(size(f) for f in subject.state_dir.glob("archive/*")))
    return {**found, **_told(subject.metrics)}


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _told(url: str) -> dict[str, float]:
    """Tasks, events judged, defects and lost records, by guardian's own word; nothing while it is silent."""
    if not url:
        return {}
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read().decode()
    except (OSError, urllib.error.URLError):
        return {}
    wanted = {
        "tasks": "guardian_tasks",
        "judged": "guardian_evaluations_total",
        "defects": "guardian_evaluation_defects_total",
        "lost": "guardian_journal_gap_records",
    }
    found = {name: re.search(rf"^{metric} (\S+)$", text, re.MULTILINE) for name, metric in wanted.items()}
    return {name: float(match[1]) for name, match in found.items() if match}
