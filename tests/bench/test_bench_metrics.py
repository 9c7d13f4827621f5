"""`guardian bench metrics`: its document, and that it refuses a wrong metric. Times are not tested."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from guardian.bench.metrics import compare, memory, recompute, rules, streaming
from guardian.bench.metrics.market import Sizes, made, ticks
from guardian.cli.bench import bench
from guardian.core.metrics import correlation, drawdown
from guardian.core.metrics.correlation import Several
from guardian.core.metrics.pairs import Floats
from guardian.core.state import AccountState
from guardian.errors import GuardianError

TINY = Sizes(assets=3, hours=290, navs=4000, ticks=302)
MARKET = made(TINY)


@pytest.fixture(scope="module")
def account() -> AccountState:
    return streaming.filled(MARKET)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    tiny = {"assets": "3", "hours": "280", "ticks": "5", "accounts": "1,2", "repeat": "1"}
    words = [word for name, value in tiny.items() for word in (f"--{name}", value)]
    said = CliRunner().invoke(bench, ["metrics", "--json", *words])
    assert 0 == said.exit_code, said.output
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def test_the_document_has_its_parts(document: dict[str, Any]):
    assert {"sizes", "metrics", "rules", "event", "group", "memory", "accounts"} == document.keys()
    figures = {"guardian_us", "cell_us", "numpy_us", "pandas_us", "ratio_numpy", "ratio_pandas", "exact_to"}
    assert figures <= document["metrics"].keys()
    assert all(document["metrics"][name] >= 0 for name in figures)
    assert document["metrics"]["exact_to"] <= compare.EXACT
    assert 20 == document["event"]["rules"]
    assert (25, 200) == (document["group"]["few"], document["group"]["many"])
    assert document["group"]["ratio"] > 0
    assert [1, 2] == [shard["n"] for shard in document["accounts"]]
    assert document["memory"]["bytes_per_account"] > document["memory"]["remembered_bytes"] > 0


def test_folds_over_a_cell_s_end_equal_both_recomputations(account: AccountState):
    assert compare._exact(MARKET, account, recompute.Pandas()) <= compare.EXACT


def test_a_wrong_fold_is_refused(account: AccountState, monkeypatch: pytest.MonkeyPatch):
    """One part in a million of one fold: a return that is learned at another weight."""
    right = correlation.faded

    def wrong(old: Several, a: Floats, b: Floats, kept: float, added: float) -> Several:
        return right(old, a, b, kept, added * (1 + 1e-6 * (a > 0)))

    monkeypatch.setattr(correlation, "faded", wrong)

    with pytest.raises(GuardianError, match=r"(correlation|cvar) at tick"):
        compare._exact(MARKET, account, None)


def test_a_wrong_measure_is_refused(account: AccountState, monkeypatch: pytest.MonkeyPatch):
    right = drawdown.fraction_lost
    monkeypatch.setattr(drawdown, "fraction_lost", lambda value, top: right(value, top) * (1 + 1e-11))

    with pytest.raises(GuardianError, match="drawdown-1h at tick"):
        compare._exact(MARKET, account, None)


def test_without_pandas_the_rest_is_shown(account: AccountState, monkeypatch: pytest.MonkeyPatch):
    def absent() -> None:
        raise ImportError("pandas")

    monkeypatch.setattr(recompute, "Pandas", absent)
    found = compare.timed(MARKET, account, 1)

    assert found["pandas_us"] is None
    assert found["ratio_numpy"] > 0
    assert "guardian-sidecar[bench]" in found["missing"]


def test_without_an_engine_the_rest_is_shown(account: AccountState, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "_engine", lambda: ("", {}))
    found = rules.timed(streaming.ticked(account, *ticks(MARKET)[0]), 1)

    assert found["ratio"] is None
    assert found["judge_us"] > found["compare_us"]
    assert "guardian-sidecar[bench]" in found["missing"]


def test_an_object_that_is_held_twice_is_weighed_once():
    one = "x" * 1000
    assert memory.size_of((one, one)) < memory.size_of((one, "y" * 1000))
