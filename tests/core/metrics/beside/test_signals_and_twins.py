"""M26, M34, M35, M36: fills against signals and models, and an account against its paper and its master."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.copy_ratio_deviation import deviation, fixed_ratio_size, tradable
from guardian.core.metrics.model_vs_fill import weighted, z_score
from guardian.core.metrics.paper_vs_live import distance
from guardian.core.metrics.signalled import average_price
from guardian.core.metrics.slippage import slip
from guardian.core.model import AtLeast, Known, Unknown, Verdict
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import BTC, ETH, at, position, read, row, says
from tests.core.metrics.beside.stage import Stage, fill, quote, signal, twin

# --- vectors ------------------------------------------------------------------------------------------


def test_vector_a_buy_in_two_fills_slips_17_and_a_half():
    average = average_price((fill("a", 0, 1, 100.1), fill("b", 0, 3, 100.2)))

    assert Decimal("100.175") == average
    assert slip(1, 100, float(average)) * 1e4 == pytest.approx(17.5)


def test_vector_a_sale_below_its_signal_slips_ten():
    assert slip(-1, 100, 99.9) * 1e4 == pytest.approx(10)


def test_vector_two_deviations_from_the_model():
    assert z_score(signal("a", 0, 1, 100, predicted=100.0, sigma=0.25), 100.5) == pytest.approx(2)


def test_vector_copied_at_a_tenth():
    step = Decimal("0.001")
    ratio = Decimal(10_000) / Decimal(100_000)

    wanted = tradable(Decimal("2.5") * ratio, step, step)

    assert Decimal("0.25") == wanted
    assert deviation(Decimal("0.22"), wanted, step) == pytest.approx(-0.12)
    assert Decimal(0) == tradable(Decimal("0.004") * ratio, step, step)
    assert 0.0 == deviation(Decimal(0), Decimal(0), step)


@pytest.mark.parametrize(("profit", "size"), [(4999, 1), (5000, 2), (15000, 3), (30000, 4), (-7000, 1)])
def test_vector_fixed_ratio_sizing(profit: float, size: int):
    assert size == fixed_ratio_size(profit, 5000)


def test_an_inverse_contract_is_averaged_harmonically():
    """100 dollars at 100 and at 200 are 1.5 coins, so 200 dollars were bought at 133."""
    fills = tuple(fill(str(p), 0, 100, p, inverse=True) for p in (100, 200))

    assert float(average_price(fills)) == pytest.approx(133.3333, abs=1e-4)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=200))
def test_the_model_s_error_lies_between_its_least_and_its_largest(scores: list[float]):
    sizes = [abs(z) for z in scores]

    assert min(sizes) - 1e-9 <= weighted(scores) <= max(sizes) + 1e-9


@given(
    st.dictionaries(st.sampled_from("ABC"), st.floats(-3, 3)),
    st.dictionaries(st.sampled_from("ABC"), st.floats(-3, 3)),
)
def test_a_distance_is_one(live: dict[str, float], paper: dict[str, float]):
    assert distance(live, live) == 0
    assert distance(live, paper) == distance(paper, live) >= 0


# --- signals ------------------------------------------------------------------------------------------


def filled(metric: str, *fills: Any, **told: Any) -> Stage:
    stage = Stage(metric).watched()
    stage.tell(0, signals=(signal("a", 0, 1, 100, **told),))
    stage.did(1, fills=fills)
    return stage


def test_slippage_is_weighted_by_worth():
    stage = filled("slippage", fill("1", 0, 1, 101, client_id="ft-a"), fill("2", 0, 3, 102, client_id="ft-b"))
    stage.tell(1, signals=(signal("b", 1, 1, 100),))

    assert stage.now(1) == Known(pytest.approx((101 * 0.01 + 306 * 0.02) / 407))


def test_better_than_meant_is_negative():
    assert filled("slippage", fill("1", 0, 1, 99, client_id="ft-a")).now(1) == Known(pytest.approx(-0.01))


@pytest.mark.parametrize("metric", ["slippage", "model_vs_fill"])
def test_a_fill_without_a_signal_never_clears(metric: str):
    known = fill("1", 0, 1, 101, client_id="ft-a")
    whole, partly = (
        filled(metric, known, *more, predicted=100.0, sigma=1.0) for more in ((), (fill("2", 0, 1, 100),))
    )

    assert isinstance(whole.now(1), Known)
    assert isinstance(partly.now(1), AtLeast)
    assert Verdict.CLEAR is not partly.account.rules[0].verdict


@pytest.mark.parametrize(
    "stray",
    [
        {"client_id": "gdn-1"},
        {"client_id": "", "cause": "liquidation"},
    ],
)
def test_guardian_s_own_and_forced_closes_are_nobody_s_slippage(stray: dict[str, str]):
    got = filled("slippage", fill("1", 0, 1, 101, client_id="ft-a"), fill("2", 0, -1, 90, **stray)).now(1)

    assert got == Known(pytest.approx(0.01))


@pytest.mark.parametrize("stray", [{"client_id": "ft-b"}, {"side": -1}, {"symbol": ETH}])
def test_a_fill_belongs_to_the_signal_of_its_id_side_and_symbol(stray: dict[str, Any]):
    stage = filled("slippage", fill("1", 0, 1, 101, **{"client_id": "ft-a", **stray}))

    assert isinstance(stage.now(1), Unknown)


def test_fills_that_were_not_read_are_not_without_slippage():
    stage = Stage("slippage").watched()
    stage.tell(0, signals=(signal("a", 0, 1, 100),))
    stage.did(0, fills=(fill("1", 0, 1, 101, client_id="ft-a"),))
    stage.did(90, fills=None, orders=())

    assert isinstance(stage.now(90), Unknown)
    assert stage.account.rules[0].stale


@pytest.mark.parametrize("told", [{}, {"predicted": 100.0}, {"predicted": 100.0, "sigma": 0.0},
                                  {"predicted": float("nan"), "sigma": 1.0}])  # fmt: skip
def test_a_signal_that_predicts_nothing_is_no_model(told: dict[str, float]):
    stage = filled("model_vs_fill", fill("1", 0, 1, 101, client_id="ft-a"), **told)

    assert isinstance(stage.now(1), Unknown)


def test_a_sigma_of_nearly_nothing_stays_finite():
    stage = filled("model_vs_fill", fill("1", 0, 1, 101, client_id="ft-a"), predicted=100.0, sigma=1e-300)

    assert Known(1000.0) == stage.now(1)


# --- twins --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["paper_vs_live", "copy_ratio_deviation"])
def test_a_twin_that_is_not_told_is_unknown_and_goes_stale(metric: str):
    stage = Stage(metric, position(quantity=1))

    assert isinstance(stage.now(0), Unknown)
    stage.tell(0, twins=(twin("paper", 0, 1000), twin("master", 0, 1000)))
    assert isinstance(stage.now(1), Known)
    stage.now(62)
    assert stage.account.rules[0].stale


def test_half_of_what_would_have_to_be_traded():
    """0.2 of the equity in BTC here, 0.1 on paper and 0.1 in ETH."""
    stage = Stage("paper_vs_live", position(quantity=2))
    stage.shows(0, (quote(ETH, 10),), ())
    stage.tell(0, twins=(twin("paper", 0, 5000, BTC=5, ETH=50),))

    assert stage.now(0) == Known(pytest.approx((0.1 + 0.1) / 2))


def test_what_paper_holds_and_nobody_prices_is_at_least_the_rest():
    stage = Stage("paper_vs_live", position(quantity=2))
    stage.tell(0, twins=(twin("paper", 0, 5000, BTC=5, ETH=50),))

    assert stage.now(0) == AtLeast(pytest.approx(0.05), f"no price of {ETH}")


def test_a_twin_that_comes_late_replaces_nothing_newer():
    stage = Stage("paper_vs_live", position(quantity=2))
    for second in (5, 3):
        stage.tell(6, twins=(twin("paper", second, 1000, BTC=second),))

    assert stage.now(6) == Known(pytest.approx((0.5 - 0.2) / 2))


def copied(held: float, master: float, multiplier: float = 1.0) -> Stage:
    stage = Stage("copy_ratio_deviation", position(quantity=held), cash=10_000)
    stage.tell(0, twins=(twin("master", 0, 100_000, multiplier, BTC=master),))
    return stage


def test_a_copy_as_in_the_vector():
    assert copied(0.22, 2.5).now(0) == Known(pytest.approx(0.12))
    assert copied(0.5, 2.5, 2.0).now(0) == Known(pytest.approx(0))
    assert Known(0.0) == copied(0, 0.004).now(0)


def test_the_wrong_side_is_further_off_than_nothing():
    assert copied(-0.25, 2.5).now(0) == Known(pytest.approx(2.0))


def test_what_the_master_left_is_held_too_long():
    assert copied(0.25, 0).now(0) == Known(pytest.approx(250))


@pytest.mark.parametrize(("mark", "off"), [(100, 1.0), (10, 0.0)])
def test_a_symbol_that_was_never_copied_counts_once_it_is_large_enough(mark: float, off: float):
    stage = copied(0.25, 2.5)
    stage.tell(1, twins=(twin("master", 1, 100_000, BTC=2.5, ETH=100),))
    assert isinstance(stage.now(1), AtLeast), "without a price nobody knows"

    stage.shows(1, (quote(ETH, mark),), ())

    assert Known(off) == stage.now(1)


@pytest.mark.parametrize("metric", ["paper_vs_live", "copy_ratio_deviation"])
def test_a_disputed_equity_compares_with_nothing(metric: str):
    stage = Stage(metric, position(quantity=1))
    stage.tell(0, twins=(twin("paper", 0, 1000, BTC=1), twin("master", 0, 1000, BTC=1)))
    stage.see(says(read(0, stage.positions), 2000))

    assert isinstance(stage.account.rules[0].measured, Unknown)


# --- money that is paid in or out ---------------------------------------------------------------------


class Copier(Stage):
    """A tenth of a master that holds ten, copied when it was told; then money comes or goes."""

    def __init__(self, metric: str, held: float = 1, kind: str = "master") -> None:
        super().__init__(metric, position(BTC, held, 100), cash=1000)
        self.kind, self.second = kind, 0
        self.holds(10)

    def holds(self, quantity: float, equity: float = 10_000) -> None:
        self.second += 1
        self.tell(self.second, twins=(twin(self.kind, self.second, equity, BTC=quantity),))

    def pays_in(self, money: float) -> None:
        self.second += 1
        self.cash += money
        paid = replace(row(f"p{self.second}", money), at=at(self.second))
        self.see(read(self.second, self.positions, cash=self.cash, ledger=(paid,)))

    def off(self, held: float) -> float:
        self.second += 1
        self.positions = (position(BTC, held, 100),)
        measured = self.now(self.second)
        assert isinstance(measured, Known), measured
        return measured.value


@pytest.mark.parametrize("money", [500, 9000, -500])
@pytest.mark.parametrize(("metric", "kind"), [("copy_ratio_deviation", "master"), ("paper_vs_live", "paper")])
def test_money_that_comes_or_goes_is_no_deviation(metric: str, kind: str, money: float):
    copier = Copier(metric, kind=kind)
    assert copier.off(1) == 0
    copier.pays_in(money)

    assert copier.off(1) == 0
    copier.holds(10, equity=20_000)
    assert copier.off(1) == 0, "the other side is paid money too"
    assert copier.off(0.5) > 0, "a trade that was not copied still is one"


def test_what_the_master_adds_is_copied_by_the_equities_of_then():
    """One at a tenth; the account is paid as much again, and ten more are copied at a fifth."""
    copier = Copier("copy_ratio_deviation")
    copier.pays_in(1000)
    copier.holds(20)

    assert copier.off(3) == pytest.approx(0)
    assert copier.off(2) == pytest.approx(1 / 3)


def test_what_the_master_closes_takes_its_part_along_and_the_other_side_begins_anew():
    copier = Copier("copy_ratio_deviation")
    copier.pays_in(1000)
    copier.holds(5)
    assert copier.off(0.5) == pytest.approx(0)

    copier.holds(-5)
    assert copier.off(-1) == pytest.approx(0), "a fifth, by the equities of now"
    copier.holds(0)
    copier.pays_in(-1000)
    copier.holds(10)
    assert copier.off(1) == pytest.approx(0), "what was closed is forgotten"


def test_ratios_outlive_a_restart():
    copier = Copier("copy_ratio_deviation")

    assert copier.account.stack.copied[0].ratio == Decimal("0.1")
    assert decode_state(encode_state(copier.state)) == copier.state


def test_a_ratio_that_nobody_could_know_is_taken_when_it_is_known():
    """As of an older journal, or told before there was an equity: by the equities of the next word."""
    copier = Copier("copy_ratio_deviation")
    stack = replace(copier.account.stack, copied=())
    copier.state = replace(copier.state, accounts=(replace(copier.account, stack=stack),))
    assert copier.off(1) == 0

    copier.holds(10)
    copier.pays_in(500)
    assert copier.off(1) == 0
