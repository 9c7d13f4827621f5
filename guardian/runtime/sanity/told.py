"""The last report in a few figures, for status and for those who scrape guardian."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Told:
    """When the checks last ended and how many failed or warned; `passed_at` is when none last failed."""

    at: datetime | None = None
    checks: int = 0
    failed: tuple[str, ...] = ()
    warned: int = 0
    passed_at: datetime | None = None
    running: bool = False

    def document(self, now: datetime) -> dict[str, Any]:
        """For the status document; `ok` is null while the checks have never run."""
        return {
            "at": _iso(self.at),
            "age_s": None if self.at is None else round((now - self.at).total_seconds(), 3),
            "ok": None if self.at is None else not self.failed,
            "checks": self.checks,
            "failed": list(self.failed),
            "warned": self.warned,
            "passed_at": _iso(self.passed_at),
            "running": self.running,
        }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
