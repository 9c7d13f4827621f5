"""What many lives come to: blows by phase and means, how quick guardian was, and what it did wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.crash.cases import Case, Means, Phase
from tests.crash.checks import violations
from tests.crash.evidence import Life, Struck

PACES = {
    "restart_to_resume_s": "resume_s",
    "lock_to_first_read_s": "look_s",
    "lock_to_first_act_s": "act_s",
    "restart_to_first_act_s": "act_total_s",
}
"""Name in the document, and the figure of `tests.crash.evidence.Pace` behind it."""


@dataclass
class Figures:
    """Grows by one life after another. `wrong` holds the name of a life and each of its violations."""

    lives: int = 0
    struck: list[Struck] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def add(self, life: Life) -> list[str]:
        """Count this life in; returns its violations."""
        found = violations(life)
        self.lives += 1
        self.struck.extend(life.struck)
        self.wrong.extend((life.case.name, said) for said in found)
        return found

    def add_stuck(self, case: Case, why: str) -> None:
        self.lives += 1
        self.wrong.append((case.name, why))

    def document(self) -> dict[str, Any]:
        """JSON-ready. A process that was only stopped is no restart: its paces are counted apart."""
        back = [s for s in self.struck if s.blow.means is not Means.STOP_GO]
        gone_on = [s for s in self.struck if s.blow.means is Means.STOP_GO]
        return {
            "lives": self.lives,
            "blows": len(self.struck),
            "violations": len(self.wrong),
            "failed": [{"life": name, "said": said} for name, said in self.wrong],
            "phases": _counted((s.phase.value for s in self.struck), [p.value for p in Phase]),
            "means": _counted((s.blow.means.value for s in self.struck), [m.value for m in Means]),
            **{name: spread(_paces(back, figure)) for name, figure in PACES.items()},
            "continue_to_first_act_s": spread(_paces(gone_on, "act_s")),
        }


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """Median and worst of some seconds."""
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "p50": round(ordered[len(ordered) // 2], 3) if ordered else None,
        "max": round(ordered[-1], 3) if ordered else None,
    }


def _paces(struck: Iterable[Struck], figure: str) -> list[float]:
    found = (getattr(s.pace, figure) for s in struck)
    return [value for value in found if value is not None]


def _counted(values: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    """Every name with its count, also those that never came."""
    counts = Counter(values)
    return {name: counts[name] for name in names}
