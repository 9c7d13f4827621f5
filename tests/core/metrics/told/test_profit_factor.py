"""M05: what closes won over what they lost; nothing is said of it on half of the rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import MAXIMUM_DOINGS
from guardian.core.metrics.profit_factor import HIGHEST, LEAST, profit_factor
from guardian.core.model import Balance, Known, LedgerKind, Level, Measured, Unknown, Verdict
from tests.core.build import read, row, wallet
from tests.core.metrics.beside.stage import HOUR, MINUTE, Stage, fill

VECTOR = (-10, 5, -3, -2)
"""The closes of metrics.md M05."""


def close(id: str, second: float, made: float | None, **changes: Any) -> Any:
    usual = fill(id, second, -1, 100, closed=1, **changes)
    return replace(usual, realised=None if made is None else Decimal(str(made)))


def row_of(*made: float | None, **changes: Any) -> list[Any]:
    """So many closes in the last half minute."""
    return [close(f"{n:02}", n / 4 - 30, each, **changes) for n, each in enumerate(made)]


def found(*fills: Any, since: float = -86_400, window: Any = MINUTE) -> Measured:
    stage = Stage("profit_factor", window=window, direction="under").watched(since)
    stage.did(0, fills=fills)
    return stage.now(0)


def test_vector_the_closes_of_m05_won_a_third_of_what_they_lost():
    assert pytest.approx(5 / 15) == profit_factor(VECTOR)
    assert pytest.approx(5 / 15) == value(found(*row_of(*VECTOR * 3)))


def value(measured: Measured) -> float:
    assert isinstance(measured, Known), measured
    return measured.value


def test_fees_are_what_a_close_has_paid():
    """Each of the vector's closes pays a quarter of one: 4.75 over 15.75."""
    assert pytest.approx(4.75 / 15.75) == value(found(*row_of(*VECTOR * 3, fee=0.25)))


def test_a_fee_can_make_a_loss_of_a_gain():
    assert 0.0 == value(found(*row_of(*[0.2] * LEAST, fee=0.3)))


@given(st.lists(st.integers(-(10**8), 10**8).map(lambda cents: cents / 100), min_size=1, max_size=40))
def test_it_is_numpy_s_quotient_of_the_two_sums(nets: list[float]):
    sums = np.array(nets)
    lost = -sums[sums < 0].sum()
    expected = min(sums[sums > 0].sum() / lost, HIGHEST) if lost else HIGHEST

    assert pytest.approx(expected, rel=1e-9) == profit_factor(nets)


@given(st.lists(st.integers(-50, 50), max_size=30), st.integers(1, 50))
def test_one_more_loss_never_makes_it_better(nets: list[int], lost: int):
    assert profit_factor([*nets, -lost]) <= profit_factor(nets)


# --- what counts --------------------------------------------------------------------------------------


def test_without_a_loss_it_is_as_high_as_it_gets():
    """A bot that has closed nothing has not failed either."""
    assert Known(HIGHEST) == found()
    assert Known(HIGHEST) == found(*row_of(1, 2))
    assert Known(HIGHEST) == found(*row_of(*[1] * 20))


def test_all_fills_of_one_order_are_one_close():
    parts = [
        part
        for n in range(LEAST)
        for part in (close(f"a{n}", -9, -3, order_id=f"o{n}"), close(f"b{n}", -8, 9, order_id=f"o{n}"))
    ]

    assert Known(HIGHEST) == found(*parts)


def test_openings_and_what_guardian_closed_do_not_count():
    won = row_of(*[3] * LEAST, -10)
    own = close("own", -9, -1000, client_id="gdn-1")

    assert Known(3.0) == found(*won, own, fill("open", -9, 1, 100))


def test_what_the_venue_closed_by_force_counts():
    forced = close("adl", -9, -10, client_id="", cause="liquidation")

    assert Known(3.0) == found(*row_of(*[3] * LEAST), forced)


def test_the_window_is_left_open():
    before = [close(f"old{n}", -60, -100) for n in range(LEAST)]

    assert Known(2.0) == found(*before, *row_of(*[4, -2] * LEAST))


def test_what_is_made_in_coins_counts_at_their_price():
    """A tenth of a coin of 100 lost against five dollars won."""
    stage = Stage("profit_factor", window=MINUTE, direction="under").watched()
    rows = row_of(*[0.5] * LEAST)
    lost = close("inv", -9, -0.1, symbol="BTC/USD:BTC", fee_currency="BTC", fee=0)
    coins = (Balance("USDT", Decimal(900), Decimal(1)), Balance("BTC", Decimal(1), Decimal(100)))
    stage.did(0, fills=(*rows, lost))
    stage.see(read(0, wallet=wallet(1000, balances=coins)))

    assert Known(pytest.approx(0.5)) == stage.account.rules[0].measured


# --- thin evidence ------------------------------------------------------------------------------------


def test_nothing_asked_yet_is_unknown():
    assert isinstance(Stage("profit_factor").now(0), Unknown)


def test_the_first_loss_is_no_strategy_that_has_failed():
    thin = found(*row_of(*[-1] * (LEAST - 1)))

    assert Unknown(f"only {LEAST - 1} closing orders of {LEAST}") == thin
    assert Known(0.0) == found(*row_of(*[-1] * LEAST))


def test_a_young_window_is_unknown_whatever_was_lost():
    """What was won before watching began may be more than all that was lost since."""
    young = found(*row_of(*[-1] * 20), since=-40)

    assert isinstance(young, Unknown)
    assert young.warming


def test_forgotten_rows_are_unknown():
    many = found(*(close(f"{n:03}", -50 + n / 100, -1) for n in range(MAXIMUM_DOINGS + 1)))

    assert isinstance(many, Unknown)
    assert not many.warming


@pytest.mark.parametrize(
    "silent",
    [
        close("x", -9, None),
        close("x", -9, float("nan")),
        close("x", -9, 1, symbol="BTC/USD:BTC", fee_currency="BTC"),
    ],
    ids=["no P&L", "no number", "no price of the coin"],
)
def test_a_close_that_tells_nothing_may_have_made_up_for_all(silent: Any):
    assert isinstance(found(*row_of(*[-1] * 20), silent), Unknown)


# --- what a rule makes of it --------------------------------------------------------------------------


def test_half_of_what_was_lost_fires_and_goes_no_further_than_halt():
    stage = Stage("profit_factor", window=HOUR, direction="under").watched()
    stage.did(0, fills=row_of(*[1, -2] * LEAST))
    stage.now(0)

    assert Verdict.BREACHED is stage.account.rules[0].verdict
    assert Level.CAUTION is stage.level


def test_a_deposit_moves_nothing():
    stage = Stage("profit_factor", window=HOUR, direction="under").watched()
    stage.did(0, fills=row_of(*[2, -1] * LEAST))
    before = stage.now(0)
    stage.see(read(1, cash=6000, ledger=(row("in", 5000, LedgerKind.FLOW),)))

    assert Known(2.0) == before == stage.account.rules[0].measured
