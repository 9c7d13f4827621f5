"""A metric that fails, wherever it does, blinds its own rule and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.core.metrics.fresh import fresh
from guardian.core.metrics.metric import View
from guardian.core.metrics.position_age import METRIC
from guardian.core.model import Unknown
from guardian.core.observe import blank
from tests.core.build import Desk, at, rule, rung


def broken(_: View) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("part", ["measure", "aged"])
def test_a_defect_is_told_and_stays_where_it_is(part: str):
    on = rule(rung(1, "caution"), metric="position_age")
    view = View(Desk(on).warm().account, on, blank(on), at(0))

    assert fresh(replace(METRIC, **{part: broken}), view) == (
        Unknown("the metric failed: ZeroDivisionError"),
        True,
    )
