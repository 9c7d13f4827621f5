"""M14 and M15: correlations on a grid, clusters of what moves together, and what is assumed meanwhile."""

from __future__ import annotations

import random
from decimal import Decimal
from math import exp, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import Correlations, Pairs
from guardian.core.metrics.cluster_exposure import largest_cluster
from guardian.core.metrics.clusters import distance, partition
from guardian.core.metrics.correlation import (
    STEPS_TO_KNOW,
    faded,
    known_rhos,
    moment_rho,
)
from guardian.core.metrics.following import GRID_SECONDS, MAXIMUM_ASSETS
from guardian.core.metrics.pairs import FAST, unpacked
from guardian.core.model import AtLeast, Known, Measured, Part, Position, Unknown
from guardian.core.state import AccountState
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import Desk, position, read, rule, rung, without

DAY_CELLS = 86400 // GRID_SECONDS


# --- vectors ------------------------------------------------------------------------------------------


def test_vector_ewma():
    """lambda 0.5, S0 1e-4 I, returns (.02, .01) and (-.01, -.02)."""
    moments = (1e-4, 1e-4, 0.0, 1.0)
    for a, b in ((0.02, 0.01), (-0.01, -0.02)):
        moments = faded(moments, a, b, 0.5, 0.5)
    aa, bb, ab, weight = moments

    assert pytest.approx((1.75e-4, 2.5e-4, 1.5e-4, 1.0)) == (aa, bb, ab, weight)
    assert pytest.approx(0.71714, abs=5e-6) == moment_rho(moments)


# --- clusters -----------------------------------------------------------------------------------------


def test_alike_assets_are_one_cluster_and_others_are_not():
    rhos = {("A", "B"): 0.7, ("A", "C"): 0.2, ("B", "C"): 0.1}

    assert (("A", "B"), ("C",)) == partition(("C", "B", "A"), rhos)


def test_linkage_is_average_and_not_single():
    """C is like B but not like A: a chain of neighbours is not one bet."""
    rhos = {("A", "B"): 0.9, ("B", "C"): 0.72, ("A", "C"): 0.2}

    assert distance(0.7) < (distance(0.72) + distance(0.2)) / 2
    assert (("A", "B"), ("C",)) == partition("ABC", rhos)


@pytest.mark.parametrize(("rho", "joined"), [(0.71, True), (0.65, True), (0.6, True), (0.59, False)])
def test_what_was_together_is_parted_only_below_the_lower_limit(rho: float, joined: bool):
    assert joined is (1 == len(partition("AB", {("A", "B"): rho}, (("A", "B"),))))
    assert (rho >= 0.7) is (1 == len(partition("AB", {("A", "B"): rho})))


def test_an_unknown_pair_is_never_split():
    """Even when what is known of both says otherwise."""
    rhos = {("A", "C"): -0.9, ("B", "C"): 0.0}

    assert (("A", "B"), ("C",)) == partition("ABC", rhos)
    assert (("A", "B", "C"),) == partition("ABC", {})


tables = st.integers(1, 7).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            (a, b): st.one_of(st.none(), st.floats(-1, 1))
            for i, a in enumerate("ABCDEFG"[:n])
            for b in "ABCDEFG"[i + 1 : n]
        }
    )
)


@given(tables, st.randoms())
def test_clusters_partition_the_assets_in_whatever_order(
    table: dict[tuple[str, str], float | None], chance: random.Random
):
    rhos = {names: value for names, value in table.items() if value is not None}
    assets = sorted({name for names in table for name in names}) or ["A"]
    found = partition(assets, rhos)

    assert assets == sorted(asset for group in found for asset in group)
    assert found == partition(chance.sample(assets, len(assets)), rhos)
    for a, b in set(table) - set(rhos):
        assert any(a in group and b in group for group in found)


@given(tables)
def test_the_largest_cluster_lies_between_the_largest_asset_and_gross(
    table: dict[tuple[str, str], float | None],
):
    rhos = {names: value for names, value in table.items() if value is not None}
    assets = {name: Decimal(i + 1) for i, name in enumerate(sorted({n for names in table for n in names}))}
    found = largest_cluster(assets, partition(list(assets), rhos))

    assert max(assets.values(), default=Decimal(0)) <= found <= sum(assets.values())
    assert sum(assets.values()) == largest_cluster(assets, ())


# --- the grid -----------------------------------------------------------------------------------------


class Market:
    """Assets that share one factor: `alike` is the part of each return that is common."""

    def __init__(self, desk: Desk, alike: dict[str, float], seed: int = 1) -> None:
        self.desk, self.alike, self.cell = desk, alike, 0
        self.chance = random.Random(seed)
        self.logs = dict.fromkeys(alike, 0.0)

    def legs(self, names: str = "") -> tuple[Position, ...]:
        return tuple(
            position(f"{n}/USDT:USDT", 1, str(round(100 * exp(self.logs[n]), 9)), entry=100)
            for n in names or self.alike
        )

    def run(self, cells: int, names: str = "") -> Market:
        for _ in range(cells):
            common = self.chance.gauss(0, 0.001)
            for name, part in self.alike.items():
                own = self.chance.gauss(0, 0.001)
                self.logs[name] += part * common + sqrt(1 - part * part) * own
            self.desk.see(read(self.cell * GRID_SECONDS + 2, self.legs(names)))
            self.cell += 1
        return self

    @property
    def found(self) -> Measured:
        own = self.desk.account.rule("m")
        assert own is not None
        return own.measured


def watching(metric: str = "correlation") -> Desk:
    return Desk(rule(rung(9e9, "caution"), id="m", metric=metric))


def book(account: AccountState) -> Correlations:
    assert account.correlations is not None
    return account.correlations


def test_what_moves_together_is_found_to():
    market = Market(watching(), {"A": 1.0, "B": 1.0, "C": 0.0}).run(100)

    assert isinstance(market.found, Known)
    assert market.found.value > 0.999
    assert (("A", "B"), ("C",)) == book(market.desk.account).clusters


def test_four_hours_are_needed_and_not_a_step_less():
    """The first return needs two marks, and the newest cell is not over yet."""
    market = Market(watching(), {"A": 1.0, "B": 1.0}).run(STEPS_TO_KNOW + 1)
    assert Unknown(f"no pair has {STEPS_TO_KNOW} five-minute steps yet", warming=True) == market.found

    market.run(1)
    assert isinstance(market.found, Known)


def test_a_new_asset_leaves_a_lower_bound_until_it_is_known():
    """Partial evidence may fire, never clear."""
    market = Market(watching(), {"A": 1.0, "B": 1.0, "C": 0.0}).run(60, "AB").run(10)

    assert isinstance(market.found, AtLeast)
    assert not market.found.filling
    assert market.found.value > 0.999


def test_a_single_asset_correlates_with_nothing():
    assert Known(0.0) == Market(watching(), {"A": 1.0}).run(2).found


def test_no_mark_of_the_future_is_in_a_step():
    """A read in a new cell closes the old one; its own marks must not count before its cell is over."""
    calm = Market(watching(), {"A": 1.0, "B": 1.0}).run(60)
    wild = Market(watching(), {"A": 1.0, "B": 1.0}).run(60)
    wild.logs["A"] += 1.0
    calm.run(1)
    wild.run(1)

    assert book(calm.desk.account).moments == book(wild.desk.account).moments


def test_only_the_last_mark_of_a_cell_counts():
    """Previous tick: what a price did on the way (Epps effect, glitches) leaves no trace."""
    plain, noisy = (Market(watching(), {"A": 1.0, "B": 0.5}) for _ in range(2))
    plain.run(60)
    for cell in range(60):
        shaken = (position("A/USDT:USDT", 1, 90), position("B/USDT:USDT", 1, 110))
        noisy.desk.see(read(cell * GRID_SECONDS + 1, shaken))
        noisy.run(1)

    assert book(plain.desk.account).moments == book(noisy.desk.account).moments
    assert unpacked(book(plain.desk.account).moments).moments[FAST, 2, 0] > 0.0


def last_step(market: Market) -> int:
    """Of the only pair."""
    return int(unpacked(book(market.desk.account).moments).grids[0])


def test_a_silence_is_no_return():
    """Two hours without a read: the move in between belongs to no step of five minutes."""
    market = Market(watching(), {"A": 1.0, "B": 1.0}).run(60)
    market.cell += 24
    before = last_step(market)
    market.logs["A"] += 0.5
    market.run(2)
    skipped = last_step(market)
    market.run(1)

    assert skipped == before + 1  # the cell that was filling when the silence began
    assert last_step(market) == before + 27


def test_one_step_after_a_long_silence_does_not_become_everything():
    """Twenty hours later the old has faded: the pair is known again only once enough is new."""
    market = Market(watching(), {"A": 0.0, "B": 0.0}).run(60)
    market.cell += 20 * DAY_CELLS // 24
    market.run(3)

    assert isinstance(market.found, Unknown)
    assert ("A", "B") not in known_rhos(book(market.desk.account))


def test_a_price_that_does_not_move_is_not_known_to_be_independent():
    """A frozen feed must not look like diversification."""
    market = Market(watching(), {"A": 1.0, "B": 1.0})
    for _ in range(60):
        legs = (*market.legs("A"), position("B/USDT:USDT", 1, 100))
        market.desk.see(read(market.cell * GRID_SECONDS, legs))
        market.logs["A"] += 0.001
        market.cell += 1

    assert isinstance(market.found, Unknown)
    assert (("A", "B"),) == book(market.desk.account).clusters


def test_another_contract_of_an_asset_gives_no_return():
    """What lies between a perpetual and a dated future is a basis, not a move."""
    market = Market(watching(), {"A": 1.0, "B": 1.0}).run(10)
    before = last_step(market)
    dated = (position("A/USDC:USDC", 1, 130), *market.legs("B"))
    for n in range(2):
        market.desk.see(read((market.cell + n) * GRID_SECONDS, dated))

    assert before + 1 == last_step(market)


def test_what_is_not_held_for_a_week_is_forgotten():
    market = Market(watching(), {"A": 1.0, "B": 1.0}).run(10).run(7 * DAY_CELLS - 2, "A")
    assert 2 == len(book(market.desk.account).followed)

    market.run(4, "A")
    assert ["A"] == [f.asset for f in book(market.desk.account).followed]
    assert Pairs(("A",)) == book(market.desk.account).moments


def test_memory_is_bounded_and_what_is_followed_is_kept():
    """Sixty assets: fifty are followed, the rest count in every cluster."""
    desk = watching("cluster_exposure")
    first = tuple(position(f"A{n:02}/USDT:USDT", 1, 1) for n in range(30))
    more = tuple(position(f"B{n:02}/USDT:USDT", 1, 50) for n in range(30))
    for cell, legs in enumerate((first, first + more, first + more, first + more)):
        desk.see(read(cell * GRID_SECONDS, legs))
    kept = book(desk.account)

    assert MAXIMUM_ASSETS == len(kept.followed)
    assert 30 == sum(f.asset.startswith("A") for f in kept.followed)
    assert MAXIMUM_ASSETS * (MAXIMUM_ASSETS - 1) // 2 == len(unpacked(kept.moments).grids)
    own = desk.account.rule("m")
    assert own is not None
    assert Known(pytest.approx(1.53)) == own.measured


# --- the metrics on an account ------------------------------------------------------------------------


def test_before_anything_is_known_a_cluster_is_all_of_the_book():
    """DESIGN: cluster exposure without correlations assumes 1."""
    market = Market(watching("cluster_exposure"), {"A": 0.0, "B": 0.0}).run(1)
    assert Known(pytest.approx(0.2, abs=1e-3)) == market.found

    market.run(80)
    assert Known(pytest.approx(0.1, abs=5e-3)) == market.found


def test_a_hedge_that_nobody_measured_hedges_nothing():
    desk = watching("correlated_exposure")
    held = {"A": 3, "B": 3, "C": -4}
    desk.see(read(0, tuple(position(f"{name}/USDT:USDT", n, 100) for name, n in held.items())))
    own = desk.account.rule("m")

    assert own is not None
    assert Known(pytest.approx(sqrt(6**2 + 4**2) / 10)) == own.measured


@pytest.mark.parametrize("metric", ["correlation", "cluster_exposure", "correlated_exposure"])
def test_positions_that_were_never_read_are_unknown(metric: str):
    desk = watching(metric)
    desk.see(without(read(0), Part.POSITIONS))
    own = desk.account.rule("m")

    assert own is not None
    assert Unknown("not read yet", warming=True) == own.measured


def test_the_same_reads_give_the_same_bytes_and_survive_a_checkpoint():
    """Replay is live: no set order, no clock, nothing lost in the journal."""
    one, two = (Market(watching(), {"A": 1.0, "B": 0.6, "C": 0.1}).run(70).desk.state for _ in range(2))

    assert encode_state(one) == encode_state(two)
    assert one == decode_state(encode_state(one))
