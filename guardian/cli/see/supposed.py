"""`--as-if METRIC=VALUE`: percent or fraction, multiple or duration, as the metric's unit says."""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

from guardian.config.catalogue import Catalogue, MetricSpec, catalogue
from guardian.config.reading import nearest

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
EXAMPLES = {"fraction": "6% or 0.06", "multiple": "3.5", "seconds": "30s", "ratio": "2.5"}


def supposed(given: tuple[str, ...]) -> Mapping[str, float]:
    """Values by metric. Raises click.UsageError (exit 2) naming what was meant."""
    metrics = catalogue()
    return dict(_one(text, metrics) for text in given)


def _one(text: str, metrics: Catalogue) -> tuple[str, float]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise click.UsageError(f"--as-if {text}: write METRIC=VALUE, such as drawdown=6%")
    if name not in metrics:
        near = nearest(name, metrics)
        hint = f"; did you mean {near}?" if near else ""
        raise click.UsageError(
            f"--as-if: unknown metric {name}{hint} (metrics: {', '.join(sorted(metrics))})"
        )
    return name, _value(metrics[name], value)


def _value(spec: MetricSpec, text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%|ms|s|m|h|d|x|)", text)
    allowed = {"fraction": ("%", ""), "seconds": tuple(SECONDS), "multiple": ("x", "")}.get(spec.unit, ("",))
    if not found or found[2] not in allowed:
        raise click.UsageError(
            f"--as-if {spec.name}={text}: it is a {spec.unit}; write {EXAMPLES[spec.unit]}"
        )
    number = float(found[1])
    if spec.unit == "seconds":
        return number * SECONDS[found[2]]
    value = number / 100 if found[2] == "%" else number
    if spec.unit == "fraction" and value > 1:
        raise click.UsageError(
            f"--as-if {spec.name}={text}: {number:g} is not a fraction; write {number:g}% or {number / 100:g}"
        )
    return value
