"""A metric that fails, wherever it does, blinds its own rule and nothing else."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from guardian.core.metrics import BY_NAME
from guardian.core.metrics.fresh import fresh
from guardian.core.metrics.metric import View
from guardian.core.metrics.position_age import METRIC
from guardian.core.model import AtLeast, Known, Level, Measured, Unknown
from guardian.core.observe import blank
from tests.core.build import Desk, at, kinds, read, rule, rung


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


@pytest.mark.parametrize("measured", [Known(nan), Known(inf), AtLeast(-inf, "half of it"), AtLeast(nan, "x")])
def test_what_is_no_finite_number_is_a_defect(measured: Measured):
    """No limit is past a NaN, and JSON has neither: a checkpoint with one could not be read again."""
    on = rule(rung(1, "caution"), metric="position_age")
    view = View(Desk(on).warm().account, on, blank(on), at(0))

    assert fresh(replace(METRIC, measure=lambda _: measured), view) == (
        Unknown("the metric failed: FloatingPointError"),
        True,
    )


def test_people_are_paged_once_about_a_metric_that_fails_and_told_when_it_does_not(
    monkeypatch: pytest.MonkeyPatch,
):
    """Whatever the rule says of blindness: it is a defect of guardian, and the rule is as good as gone."""
    desk = Desk(rule(rung(1, "caution"), id="age", metric="position_age")).warm()
    monkeypatch.setitem(BY_NAME, "position_age", replace(METRIC, measure=broken))
    pages = [kinds(desk.see(read(second)), "notify") for second in range(3)]
    monkeypatch.undo()
    healed = kinds(desk.see(read(3)), "notify")

    assert [1, 0, 0] == [len(told) for told in pages]
    assert ("trigger", Level.HALT) == (pages[0][0].notification, pages[0][0].level)
    assert "Guardian cannot judge age" == pages[0][0].title
    assert ["resolve"] == [told.notification for told in healed]
