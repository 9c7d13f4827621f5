"""One run of the checks: what was looked at, what was found, and what a person does about it.

Law: a report without any line proves nothing and is not `ok`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from guardian.runtime.checkup.line import Level, Line
from guardian.runtime.sanity.told import Told

WORST_FIRST = (Level.FAIL, Level.WARN, Level.OK)


@dataclass(frozen=True, slots=True)
class Report:
    """`at` is when the checks ended, `by` what began them: `schedule`, `missed` or who asked."""

    at: datetime
    seconds: float
    by: str
    lines: tuple[Line, ...]

    @property
    def ok(self) -> bool:
        return bool(self.lines) and not self.failed

    @property
    def failed(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.level is Level.FAIL)

    @property
    def warned(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.level is Level.WARN)

    @property
    def worst_first(self) -> tuple[Line, ...]:
        """Failures, warnings, then what is well; each in the order of the configuration."""
        return tuple(sorted(self.lines, key=lambda line: WORST_FIRST.index(line.level)))

    def document(self) -> dict[str, Any]:
        """As `guardian sanity --json` prints it and the file keeps it."""
        return {
            "at": self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "seconds": round(self.seconds, 3),
            "by": self.by,
            "ok": self.ok,
            "failed": len(self.failed),
            "warned": len(self.warned),
            "items": [{"ok": line.ok, **asdict(line)} for line in self.worst_first],
        }

    def told(self, passed_at: datetime | None) -> Told:
        """In a few figures; `passed_at` is when a report before this one was ok."""
        return Told(
            at=self.at,
            checks=len(self.lines),
            failed=tuple(subject(line) for line in self.failed),
            warned=len(self.warned),
            passed_at=self.at if self.ok else passed_at,
        )


def parsed(document: dict[str, Any]) -> Report:
    """The report that `document` was made of. Raises KeyError, TypeError or ValueError for anything else."""
    lines = tuple(
        Line(Level(item["level"]), item["account"], item["check"], item["message"], item["fix"])
        for item in document["items"]
    )
    at = datetime.fromisoformat(document["at"])
    return Report(at, float(document["seconds"]), str(document["by"]), lines)


def subject(line: Line) -> str:
    """`ACCOUNT: CHECK`, or the check alone where it concerns the whole instance."""
    return f"{line.account}: {line.check}" if line.account else line.check
