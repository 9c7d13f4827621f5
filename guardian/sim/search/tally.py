"""What a search has found so far, and the document of `guardian sim --json`."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from guardian.sim.play.incident import Result
from guardian.sim.search.coverage import Cells, holes, possible


@dataclass(slots=True)
class Tally:
    """Sums over results. `first` is the first seed asked for; `failed` are the results with a violation."""

    first: int
    done: int = 0
    violations: int = 0
    failed: list[Result] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    flat_seconds: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    cells: Cells = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        self.done += 1
        self.violations += len(result.violations)
        if result.violations:
            self.failed.append(result)
        self.events.append(result.events)
        self.decisions.append(result.decisions)
        self.calls.append(result.calls)
        self.flat_seconds += result.flat_seconds
        self.faults.update(result.faults)
        self.cells.update(result.cells)

    def document(self, seconds: float) -> dict[str, Any]:
        """CONTRACTS: `guardian sim --json`. Everything but the speed depends on the seeds alone."""
        missed = holes(self.cells)
        return {
            "seeds": self.done,
            "from": self.first,
            "violations": self.violations,
            "failed_seeds": [result.seed for result in self.failed],
            "incidents_per_s": round(self.done / seconds, 2) if seconds > 0 else 0.0,
            "median_events": median(self.events) if self.events else 0,
            "median_decisions": median(self.decisions) if self.decisions else 0,
            "median_calls": median(self.calls) if self.calls else 0,
            "flat_s": spread(self.flat_seconds),
            "faults": dict(sorted(self.faults.items())),
            "found": [_found(result) for result in self.failed],
            "coverage": {
                "cells": len(possible()),
                "hit": len(possible()) - len(missed),
                "holes": [f"{fault} at {level}" for fault, level in missed],
                "times": {f"{fault} at {level}": n for (fault, level), n in sorted(self.cells.items())},
            },
            "seconds": round(seconds, 2),
        }


def _found(result: Result) -> dict[str, Any]:
    shown = [{"checker": v.checker, "at_s": v.at, "text": v.text} for v in result.violations]
    return {"seed": result.seed, "violations": shown}


def spread(seconds: list[float]) -> dict[str, float | None]:
    """Median, 99th percentile (nearest rank) and worst; None where nothing had to be flattened."""
    if not seconds:
        return {"p50": None, "p99": None, "max": None}
    ranked = sorted(seconds)
    rank = math.ceil(0.99 * len(ranked)) - 1
    return {"p50": round(median(ranked), 3), "p99": round(ranked[rank], 3), "max": round(ranked[-1], 3)}
