"""What a rule may measure, as the loader needs it. The names come from the core, never from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from guardian.core.model import Level


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """`unit` is fraction, multiple, seconds or ratio; `windows` the kinds of window that it accepts.

    `of` says what a rule's `of` names, "" where it takes none; `scopes` are those that it can be judged in.
    `low`: too little of it is bad. `choices` are all that `of` may name, () where anything may be;
    `of_assets`: it names assets. `spans`: its shortest and longest sliding window, in seconds.
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
    choices: tuple[str, ...] = ()
    of_assets: bool = False
    spans: tuple[float, float] | None = None


Catalogue = Mapping[str, MetricSpec]


def catalogue() -> Catalogue:
    """The metrics that the core measures, by name."""
    # Imported on first use: shapes and findings are needed by programs that never judge.
    from guardian.core.metrics import METRICS

    return {
        m.name: MetricSpec(
            name=m.name,
            unit=m.unit,
            family=m.family,
            windows=m.windows,
            ceiling=m.ceiling,
            of=m.of,
            of_optional=m.of_optional,
            scopes=m.scopes,
            low=m.low,
            choices=m.choices,
            of_assets=m.of_assets,
            spans=m.spans,
        )
        for m in METRICS
    }
