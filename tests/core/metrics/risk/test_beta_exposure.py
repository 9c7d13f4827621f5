"""M15: what a cluster comes to in its leading asset, beside pandas' covariances of the same returns."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.beta_exposure import METRIC, betas, lead_of, net_in_lead
from guardian.core.metrics.correlation import FAST_CELLS, SLOW_CELLS
from guardian.core.metrics.pairs import Pair, Pairs, together
from guardian.core.model import AtLeast, Balance, Known, Level, Measured, Unknown
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import BTC, ETH, Desk, at, money, position, read, rule, rung, says
from tests.core.metrics.returns.market import Market, watching

SOL = "SOL/USDT:USDT"


def knowing(**moments: tuple[float, float, float]) -> Pairs:
    """`BTC_ETH=(aa, bb, ab)`, the same in both memories."""
    return together(
        Pair(*name.split("_"), fast=(*each, 1.0), slow=(*each, 1.0)) for name, each in moments.items()
    )


def found(account: AccountState, of: str = "") -> Measured:
    own = rule(rung(1.0, "halt"), metric="beta_exposure", of=of)
    return METRIC.measure(View(account, own, blank(own), at(0)))


def holding(pairs: Pairs, clusters: tuple[tuple[str, ...], ...], *legs: Any) -> AccountState:
    desk = Desk()
    desk.see(read(0, legs))
    assert desk.account.correlations is not None
    book = replace(desk.account.correlations, moments=pairs, clusters=clusters)
    return replace(desk.account, correlations=book)


TWICE = knowing(BTC_ETH=(1e-6, 4.41e-6, 2e-6))
"""ETH goes twice as far as BTC, and BTC 0.4535 times as far as ETH."""


def test_vector_a_long_of_what_goes_half_as_far_is_hedged_by_half_as_much() -> None:
    hedged = holding(TWICE, (("BTC", "ETH"),), position(BTC, -10, 100), position(ETH, 5, 100))
    equal = holding(TWICE, (("BTC", "ETH"),), position(BTC, -5, 100), position(ETH, 5, 100))

    assert Known(pytest.approx(0.0)) == found(hedged)
    assert Known(pytest.approx(0.5)) == found(equal)


def test_the_lead_is_bitcoin_even_if_it_is_the_smallest() -> None:
    assert "BTC" == lead_of({"BTC": 1.0, "ETH": -900.0})
    assert "ETH" == lead_of({"SOL": 5.0, "ETH": -900.0})
    assert "ADA" == lead_of({"SOL": 5.0, "ADA": -5.0})


def test_without_bitcoin_the_largest_leads() -> None:
    """Two SOL per ETH: a beta of 2 the one way, of 0.4535 the other."""
    pairs = knowing(ETH_SOL=(1e-6, 4.41e-6, 2e-6))
    of_eth = holding(pairs, (("ETH", "SOL"),), position(ETH, 6, 100), position(SOL, 5, 100))
    of_sol = holding(pairs, (("ETH", "SOL"),), position(ETH, 5, 100), position(SOL, 6, 100))

    assert Known(pytest.approx(0.6 + 2 * 0.5)) == found(of_eth)
    assert Known(pytest.approx(0.6 + 2 / 4.41 * 0.5)) == found(of_sol)


def test_clusters_are_not_netted_against_each_other() -> None:
    account = holding(TWICE, (("BTC",), ("ETH",)), position(BTC, -10, 100), position(ETH, 5, 100))

    assert Known(pytest.approx(1.0)) == found(account)
    assert Known(pytest.approx(0.0)) == found(account, "BTC,ETH")


def test_a_pair_that_nobody_measured_adds_and_does_not_net() -> None:
    together_long = holding(Pairs(), (("BTC", "ETH"),), position(BTC, 10, 100), position(ETH, 5, 100))
    hedged = holding(Pairs(), (("BTC", "ETH"),), position(BTC, -10, 100), position(ETH, 5, 100))

    assert Known(pytest.approx(1.5)) == found(together_long)
    assert Known(pytest.approx(1.0)) == found(hedged)


def test_a_lead_that_nobody_measured_hedges_nothing_of_what_it_leads() -> None:
    """Three shorts that move together, and a larger long of what was bought a moment ago."""
    ada, new = "ADA/USDT:USDT", "NEW/USDT:USDT"
    moves = (1e-6, 1e-6, 0.9e-6)
    pairs = knowing(ADA_ETH=moves, ADA_SOL=moves, ETH_SOL=moves)
    short = (position(ada, -9, 100), position(ETH, -9, 100), position(SOL, -9, 100))
    before = holding(pairs, (("ADA", "ETH", "SOL"),), *short)
    after = holding(pairs, (("ADA", "ETH", "NEW", "SOL"),), *short, position(new, 10, 100))

    assert Known(pytest.approx(0.9 * (1 + 2 * 0.9))) == found(before)
    assert Known(pytest.approx(2.7)) == found(after)


def test_of_two_memories_the_one_by_which_more_is_left_counts() -> None:
    pair = Pair("BTC", "ETH", (1e-6, 4.41e-6, 2e-6, 1.0), (1e-6, 1e-6, 0.8e-6, 1.0))
    account = holding(together([pair]), (("BTC", "ETH"),), position(BTC, -10, 100), position(ETH, 5, 100))

    assert Known(pytest.approx(1 - 0.8 * 0.5)) == found(account)


def test_coins_that_are_in_no_cluster_count_in_each() -> None:
    account = holding(TWICE, (("BTC",), ("ETH",)), position(BTC, 4, 100), position(ETH, 3, 100))
    wallet = account.evidence.wallet
    assert wallet is not None
    coins = replace(wallet, balances=(*wallet.balances, Balance("GLD", money(1), money(50))))
    account = replace(account, evidence=replace(account.evidence, wallet=coins))

    assert Known(pytest.approx(0.45)) == found(account)


def test_coins_alone_are_judged_too() -> None:
    desk = Desk()
    whole = read(0)
    assert whole.wallet is not None
    balances = (*whole.wallet.balances, Balance("GLD", money(10), money(50)))
    desk.see(says(replace(whole, wallet=replace(whole.wallet, balances=balances)), 1500))

    assert Known(pytest.approx(500 / 1500)) == found(desk.account)


def test_nothing_held_is_none() -> None:
    desk = Desk()
    desk.see(read(0))

    assert Known(0.0) == found(desk.account)


def test_it_is_unknown_before_the_first_read_and_a_bound_while_the_equity_is_disputed() -> None:
    desk = Desk()
    assert isinstance(found(desk.account), Unknown)

    desk.warm(position())
    desk.see(says(read(0, (position(),)), 1500))

    assert isinstance(found(desk.account), AtLeast)
    assert Level.HALT == BY_NAME["beta_exposure"].ceiling


def test_a_market_s_betas_are_those_that_pandas_finds() -> None:
    """The same returns through another's exponentially weighted means, in both half-lives."""
    market, closes = Market(watching("beta_exposure"), {"BTC": 0.95, "ETH": 0.9, "SOL": 0.8}, seed=4), []
    for _ in range(400):
        market.run(1)
        closes.append([log(float(leg.mark)) for leg in market.legs()])
    # The last cell is still filling: what it showed is in no return yet.
    frame = pd.DataFrame(np.diff(np.array(closes[:-1]), axis=0), columns=["BTC", "ETH", "SOL"])
    assert market.account.correlations is not None

    for known, cells in zip(
        betas(market.account.correlations.moments), (FAST_CELLS, SLOW_CELLS), strict=True
    ):
        for name in ("ETH", "SOL"):
            both, own = (
                (frame[name] * frame["BTC"]).ewm(halflife=cells).mean().iloc[-1],
                (frame["BTC"] ** 2).ewm(halflife=cells).mean().iloc[-1],
            )
            assert known[name, "BTC"] == pytest.approx(both / own, rel=1e-9)
    own = market.found("beta_exposure")
    assert isinstance(own, Known)


worths = st.dictionaries(st.sampled_from("ABCD"), st.floats(-9, 9).filter(bool), min_size=1)


@given(held=worths)
def test_what_is_not_measured_is_at_most_gross_and_at_least_net(held: dict[str, float]) -> None:
    value = net_in_lead(held, {})

    assert abs(sum(held.values())) - 1e-9 <= value <= sum(map(abs, held.values())) + 1e-9


@given(held=worths)
def test_what_nobody_measured_is_no_less_than_the_longs_or_the_shorts_alone(held: dict[str, float]) -> None:
    longs = sum(n for n in held.values() if n > 0)
    shorts = sum(n for n in held.values() if n < 0)

    assert net_in_lead(held, {}) == pytest.approx(max(longs, -shorts))


@given(held=worths, beta=st.floats(0, 1))
def test_measuring_a_pair_never_makes_it_more_than_not_knowing(held: dict[str, float], beta: float) -> None:
    lead = lead_of(held)
    known = {(asset, lead): beta for asset in held if asset != lead}

    assert net_in_lead(held, known) <= net_in_lead(held, {}) + 1e-9
