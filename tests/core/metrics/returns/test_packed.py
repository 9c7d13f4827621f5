"""What is packed is to the bit what would be there without; and what earlier checkpoints hold is read."""

from __future__ import annotations

from base64 import b64encode
from itertools import combinations
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import Pairs
from guardian.core.metrics.correlation import FAST_CELLS, MIDDLE_CELLS, SLOW_CELLS, learned, rhos
from guardian.core.metrics.history import MAXIMUM_HOURS, RECORD, appended, rewritten, unpacked
from guardian.core.metrics.pairs import FAST, MIDDLE, SLOW, Pair, together
from guardian.core.metrics.pairs import unpacked as rows_of
from guardian.runtime.codec import decode_state, encode_state
from tests.core.metrics.returns.market import Market, watching

Step = dict[str, tuple[float, int]]

# --- pairs ------------------------------------------------------------------------------------------


class Plain:
    """The same definition, each pair by itself and with single floats."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], Pair] = {}

    def learn(self, assets: tuple[str, ...], step: Step, grid: int) -> Pairs:
        known = {names: self.pairs.get(names, Pair(*names)) for names in combinations(assets, 2)}
        self.pairs = {names: self._after(pair, step, grid) for names, pair in known.items()}
        return together(self.pairs.values()) if self.pairs else Pairs(assets)

    def _after(self, pair: Pair, step: Step, grid: int) -> Pair:
        (x, span), (y, other) = (step.get(name, (0.0, 0)) for name in (pair.a, pair.b))
        if not span or span != other:
            return pair
        elapsed = grid - pair.grid if pair.grid else span
        found = []
        for (aa, bb, ab, weight), cells in zip(
            (pair.fast, pair.slow, pair.middle), (FAST_CELLS, SLOW_CELLS, MIDDLE_CELLS), strict=True
        ):
            kept, added = 2 ** (-elapsed / cells), 1 - 2 ** (-span / cells)
            sums = ((aa, x * x), (bb, y * y), (ab, x * y), (weight, 1.0))
            found.append(tuple(kept * old + added * new for old, new in sums))
        fast, slow, middle = found
        return Pair(pair.a, pair.b, fast, slow, grid, middle)


MOVES = st.dictionaries(
    st.sampled_from("ABCDE"), st.tuples(st.floats(-0.3, 0.3), st.integers(1, 2)), max_size=5
)


@given(st.lists(st.tuples(st.sets(st.sampled_from("ABCDE")), MOVES, st.integers(1, 400)), max_size=12))
def test_pairs_learn_to_the_bit_what_each_would_alone(steps: list[tuple[set[str], Step, int]]):
    """Assets come, go, are not seen for a while, and move over one or two cells."""
    plain, pairs, grid = Plain(), Pairs(), 5_000_000
    for followed, step, cells in steps:
        assets = tuple(sorted(followed))
        moved = {name: move for name, move in step.items() if name in followed}
        grid += cells
        pairs = learned(pairs, assets, moved, grid)

        assert pairs == plain.learn(assets, moved, grid)


def test_a_pair_that_hardly_moves_or_is_hardly_known_has_no_correlation():
    moves, quiet, young = (1e-6, 4e-6, 1e-6, 0.5), (1e-12, 4e-6, 0.0, 0.5), (1e-6, 4e-6, 1e-6, 0.01)
    pairs = together(
        [Pair("A", "B", moves, quiet), Pair("A", "C", quiet, moves), Pair("B", "C", young, moves)]
    )

    assert rhos(pairs, FAST) == {("A", "B"): 0.5}
    assert rhos(pairs, SLOW) == {("A", "C"): 0.5}
    assert rhos(pairs, MIDDLE) == {}


def test_what_is_not_learned_is_not_copied():
    """After a cell that nobody saw it is the same value, and so is all that was computed of it."""
    pairs = learned(Pairs(), ("A", "B"), {"A": (0.1, 1), "B": (0.2, 1)}, 10)

    assert learned(pairs, ("A", "B"), {}, 11) is pairs
    assert learned(Pairs(), ("A",), {"A": (0.1, 1)}, 11) == Pairs(("A",))


# --- hours ------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(-9, 9, width=32)), max_size=60))
def test_hours_are_what_was_appended(steps: list[tuple[int, float]]):
    series, hour, expected = "", 480_000, []
    for gap, value in steps:
        hour += gap
        series = appended(series, hour, value)
        expected.append((hour, value))
    hours, values = unpacked(series)

    assert expected == list(zip(hours.tolist(), values.tolist(), strict=True))


@pytest.mark.parametrize("gap", [1, 2, 24])
def test_the_oldest_hours_are_dropped_across_runs(gap: int):
    series = ""
    for n in range(MAXIMUM_HOURS + 700):
        series = appended(series, n + n // 24 * gap, n / 8)
    hours, values = unpacked(series)

    assert [n / 8 for n in range(700, MAXIMUM_HOURS + 700)] == values.tolist()
    assert [n + n // 24 * gap for n in range(700, MAXIMUM_HOURS + 700)] == hours.tolist()


# --- what earlier checkpoints hold ------------------------------------------------------------------


def as_it_was(state: str) -> str:
    """The same state as it was written before: a pair an object, an hour before each number."""
    raw = orjson.loads(state)
    for account in raw["accounts"]:
        pairs = account["correlations"].pop("moments")
        account["correlations"]["pairs"] = old_pairs(Pairs(tuple(pairs["assets"]), pairs["packed"]))
        for asset in account["returns"]["assets"]:
            asset["hourly"] = old_hours(asset.pop("history"))
    return orjson.dumps(raw, option=orjson.OPT_SORT_KEYS).decode()


def old_pairs(pairs: Pairs) -> list[dict[str, Any]]:
    moments, grids = rows_of(pairs)
    return [
        {
            "a": a,
            "b": b,
            "grid": int(grids[n]),
            "fast": moments[FAST, :, n].tolist(),
            "slow": moments[SLOW, :, n].tolist(),
            "middle": moments[MIDDLE, :, n].tolist(),
        }
        for n, (a, b) in enumerate(combinations(pairs.assets, 2))
    ]


def old_hours(series: str) -> str:
    hours, values = unpacked(series)
    records = np.zeros(len(hours), RECORD)
    records["hour"], records["value"] = hours, values
    return b64encode(records.tobytes()).decode()


def test_an_earlier_checkpoint_has_all_that_was_learned():
    market = Market(watching("turbulence"), {"A": 1.0, "B": 0.5, "C": 0.0}).run(150)
    state = encode_state(market.desk.state)
    before = as_it_was(state)

    assert before != state
    assert orjson.loads(before)["accounts"][0]["returns"]["assets"][0]["hourly"]
    assert decode_state(before) == market.desk.state
    assert encode_state(decode_state(before)) == state


def test_a_pair_of_an_early_checkpoint_may_lack_its_middle_memory():
    early = {"a": "A", "b": "B", "fast": [1.0, 2.0, 3.0, 0.5], "slow": [4.0, 5.0, 6.0, 0.25], "grid": 7}
    market = Market(watching("turbulence"), {"A": 1.0, "B": 0.5}).run(2)
    raw = orjson.loads(encode_state(market.desk.state))
    raw["accounts"][0]["correlations"] |= {"pairs": [early]}
    (account,) = decode_state(orjson.dumps(raw).decode()).accounts

    assert account.correlations is not None
    assert rows_of(account.correlations.moments).moments[:, :, 0].tolist() == [
        [1.0, 2.0, 3.0, 0.5],
        [0.0, 0.0, 0.0, 0.0],
        [4.0, 5.0, 6.0, 0.25],
    ]


def test_an_empty_series_stays_empty():
    assert rewritten("") == ":"
    assert unpacked("")[0].tolist() == unpacked(":")[0].tolist() == []
