"""What metrics declare of themselves is what their code does."""

from __future__ import annotations

import inspect
import re
import sys

import pytest

from guardian.core.metrics import BY_NAME, METRICS
from guardian.core.metrics.metric import ANYWHERE
from guardian.core.model import Window


def reaches_for_a_window(source: str) -> bool:
    return "own.baseline" in source or "from guardian.core.metrics.drawdown import measure" in source


def test_whoever_reads_a_rules_window_of_navs_says_so():
    """Else its window would never be filled, and it would wait for its baseline for ever."""
    sources = {m.name: inspect.getsource(sys.modules[m.measure.__module__]) for m in METRICS}
    readers = {name for name, source in sources.items() if reaches_for_a_window(source)}

    assert readers == {m.name for m in METRICS if m.baseline}
    assert all(m.windows != (Window().kind,) for m in METRICS if m.baseline)


def test_every_metric_can_be_judged_by_account():
    assert all("account" in m.scopes and set(m.scopes) <= {*ANYWHERE, "strategy"} for m in METRICS)


def test_what_is_judged_of_each_strategy_takes_the_name_of_one():
    """A rule of scope strategy gives it that name: else it would measure the same thing for each of them."""
    assert all("prefix" in m.of for m in METRICS if "strategy" in m.scopes)


# --- each metric says of itself what a reader of its number must know -----------------------------------

UNIT = re.compile(r"\b[Uu]nit:\s+(\w+)")


def page(name: str) -> str:
    return " ".join((sys.modules[BY_NAME[name].measure.__module__].__doc__ or "").split())


@pytest.mark.parametrize("name", BY_NAME)
def test_it_says_its_unit_as_it_is_declared(name: str) -> None:
    """A module of two metrics may say two units."""
    assert BY_NAME[name].unit in UNIT.findall(page(name))


@pytest.mark.parametrize("name", BY_NAME)
def test_it_says_where_it_comes_from(name: str) -> None:
    assert re.search(r"\bSource: \S", page(name))


@pytest.mark.parametrize("name", BY_NAME)
def test_it_says_when_it_is_unknown_or_that_it_never_is(name: str) -> None:
    assert re.search(r"\bUnknown\b", page(name))


@pytest.mark.parametrize("name", [name for name, metric in BY_NAME.items() if metric.needs])
def test_it_says_what_it_needs(name: str) -> None:
    assert re.search(r"\b[Nn]eeds\b", page(name))
