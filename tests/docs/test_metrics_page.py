"""The page of metrics is the list that the core measures: no metric is missing, and none is promised more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guardian.core.metrics import METRICS, Metric

PAGE = (Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]+) \| ([\w, ]+) \| (\w+) \| (.+) \| (.+) \|$", re.M)


def shown() -> dict[str, tuple[str, ...]]:
    """By name: the family of the heading above, unit, windows, needs, ceiling."""
    families = re.split(r"^## (\w+)$", PAGE, flags=re.M)[1:]
    return {
        row[0]: (family.lower(), *row[1:5])
        for family, section in zip(families[::2], families[1::2], strict=True)
        for row in ROW.findall(section)
    }


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_shown_as_it_is(metric: Metric) -> None:
    needs = ", ".join(part.value for part in metric.needs) or "nothing"
    windows, ceiling = ", ".join(metric.windows), metric.ceiling.name.lower()

    assert (metric.family, metric.unit, windows, needs, ceiling) == shown()[metric.name]


def test_no_metric_is_shown_that_is_not_measured() -> None:
    assert {metric.name for metric in METRICS} == set(shown())
    assert len(shown()) == len(ROW.findall(PAGE)) == PAGE.count("\n| `")
