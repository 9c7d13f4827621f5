"""What is kept of a drill: one dated JSON, the same as Markdown for people, and the picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from guardian.drill.course import Step
from guardian.drill.picture import Bars, draw

NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill as it went. `facts` are what only this kind of drill has to say.

    `incident` is what guardian decided and did, in the lines of a case; for people, and in no document.
    """

    kind: Literal["live", "rehearse"]
    account: str
    instance: str
    at: datetime
    steps: tuple[Step, ...]
    facts: Mapping[str, Any]
    incident: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return bool(self.steps) and all(step.outcome != "failed" for step in self.steps)

    @property
    def verdict(self) -> str:
        failed = [step.name for step in self.steps if step.outcome == "failed"]
        return f"FAILED: {', '.join(failed)}" if failed else "passed"

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "account": self.account,
            "instance": self.instance,
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "passed": self.passed,
            **self.facts,
            "steps": [asdict(step) for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a report lies: absolute paths."""

    json: Path
    markdown: Path
    picture: Path

    def document(self) -> dict[str, str]:
        return {"json": str(self.json), "markdown": str(self.markdown), "picture": str(self.picture)}


def keep(drill: Drill, state_dir: Path) -> Kept:
    """Write all three into state_dir/drills. Raises OSError."""
    folder = state_dir / "drills"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = f"{drill.at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{drill.kind}-{drill.account}"
    kept = Kept(*(folder.absolute() / f"{stem}.{ending}" for ending in ("json", "md", "png")))
    kept.json.write_text(json.dumps(drill.document() | {"report": kept.document()}, indent=2) + "\n")
    kept.markdown.write_text(markdown(drill, kept.picture.name))
    draw(Bars(_title(drill), drill.verdict, drill.steps), kept.picture)
    return kept


def markdown(drill: Drill, picture: str) -> str:
    """For the file where people keep what they have proven."""
    facts = [f"- {name.replace('_', ' ')}: {_shown(value)}" for name, value in drill.facts.items()]
    rows = [
        f"| {s.name} | {s.outcome} | {taken(s)} | {s.budget_s:g} s | {_cell(s.why)} |" for s in drill.steps
    ]
    head = ["| step | outcome | took | budget | what was seen |", "|---|---|---|---|---|"]
    lines = [f"# {_title(drill)}", "", f"**{drill.verdict}**", "", *facts, "", *head, *rows, ""]
    if drill.incident:
        lines += ["Seconds are since the breach, by guardian's journal.", ""]
        lines += ["```text", *drill.incident, "```", ""]
    return "\n".join([*lines, f"![the steps against their budgets]({picture})", ""])


def taken(step: Step) -> str:
    return NOTHING if step.took_s is None else f"{step.took_s:.2f} s"


def _title(drill: Drill) -> str:
    what = "Live drill" if drill.kind == "live" else "Rehearsal"
    return f"{what} of {drill.account}, {drill.at:%Y-%m-%d %H:%M} UTC"


def _shown(value: Any) -> str:
    return NOTHING if value is None else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
