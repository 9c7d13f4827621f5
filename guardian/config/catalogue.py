"""What a rule may measure, as the loader needs it. The names come from the core, never from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from guardian.core.model import Level


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """`unit` is fraction, multiple, seconds or ratio; `windows` the kinds of window that it accepts.

    `of` says what a rule's `of` names, "" where it takes none; `scopes` are those that it can be judged in.
    `low`: too little of it is bad.
    """

    name: str
    unit: str
    family: str
    windows: tuple[str, ...]
    ceiling: Level
    of: str = ""
    of_optional: bool = False
    scopes: tuple[str, ...] = ("account",)
    low: bool = False


Catalogue = Mapping[str, MetricSpec]


def catalogue() -> Catalogue:
    """The metrics that the core measures, by name."""
    # Imported on first use: shapes and findings are needed by programs that never judge.
    from guardian.core.metrics import METRICS

    return {
        m.name: MetricSpec(
            m.name, m.unit, m.family, m.windows, m.ceiling, m.of, m.of_optional, m.scopes, m.low
        )
        for m in METRICS
    }
