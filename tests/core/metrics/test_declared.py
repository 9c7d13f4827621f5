"""What metrics declare of themselves is what their code does."""

from __future__ import annotations

import inspect
import sys

from guardian.core.metrics import METRICS
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
