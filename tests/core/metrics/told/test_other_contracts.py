"""What fills of inverse contracts and of options are to whoever reads fills: units are not mixed up.

10,000 contracts of one dollar at 50,000 are 0.2 coins; a tenth of an option at a premium of 900 is 90.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from guardian.core.metrics.drift import returns
from guardian.core.metrics.foreign_activity import strange_orders, strange_symbols
from guardian.core.metrics.hedge_imbalance import Legs, legs_before
from guardian.core.metrics.losing_streak import made
from guardian.core.metrics.signalled import average_price
from guardian.core.metrics.strategy_pnl import StrategyBook, by_strategy
from guardian.core.metrics.tally import opening_worth
from tests.core.build import BTC
from tests.core.metrics.beside.stage import HOUR, Stage, fill

COIN, OPTION = "BTC/USD:BTC", "BTC-27MAR26-70000-C"
COINS = fill("c", 1, 10_000, 50_000, symbol=COIN, inverse=True, fee=0.00011, fee_currency="BTC")
BOUGHT = fill("o", 1, 0.1, 900, symbol=OPTION, fee=0.03, fee_currency="")


def taken(*fills: Any) -> StrategyBook:
    return by_strategy(fills, ("ft-",))["ft-"]


def test_lots_of_an_inverse_contract_earn_together_what_each_earns():
    """100 dollars at 100 and 300 at 200 are 2.5 coins, which at 250 are 625 dollars: 225 earned."""
    symbol = COIN
    opened = [fill("1", 0, 100, 100, symbol=symbol, inverse=True),
              fill("2", 1, 300, 200, symbol=symbol, inverse=True)]  # fmt: skip
    closed = [*opened, fill("3", 2, -400, 250, symbol=symbol, inverse=True, closed=400)]

    assert (Decimal(400), Decimal(160)) == taken(*opened).lots[symbol], "the harmonic mean"
    assert Decimal(225) == taken(*opened).pnl({symbol: Decimal(250)}) == taken(*closed).realised


def test_an_option_earns_its_premium():
    """Half a unit bought at 900 and sold at 1,000, in what it is quoted in; fees too."""
    fills = (fill("1", 0, 0.5, 900, symbol=OPTION, fee=1, fee_currency=""),
             fill("2", 1, -0.5, 1000, symbol=OPTION, fee=1, fee_currency="", closed=0.5))  # fmt: skip

    assert Decimal(48) == taken(*fills).realised


def test_what_they_opened_is_worth_dollars():
    assert (Decimal(10_000), Decimal(90)) == (opening_worth(COINS), opening_worth(BOUGHT))


def test_a_hedge_counts_the_coins_of_an_inverse_contract_and_no_option():
    now = {"BTC": Legs(Decimal(50_000), long=Decimal(1), short=Decimal("0.2"))}

    before = legs_before(now, (COINS, BOUGHT))["BTC"]

    assert (Decimal("0.8"), Decimal("0.2")) == (before.long, before.short)


@pytest.mark.parametrize(("paid_in", "net"), [("USDT", 0.1), ("BTC", 0.0999)])
def test_a_close_of_an_inverse_contract_made_coins(paid_in: str, net: float):
    usual = {"symbol": COIN, "inverse": True, "closed": 100, "realised": Decimal("0.1")}
    close = fill("x", 2, -100, 100, fee=0.0001, fee_currency=paid_in, **usual)

    assert net == pytest.approx(made(close))
    assert [pytest.approx(0.1)] == returns([close]), "0.1 coins of the one that was closed"


def test_their_average_price_is_harmonic():
    dearer = fill("d", 2, 30_000, 60_000, symbol=COIN, inverse=True)

    assert Decimal(40_000) / Decimal("0.7") == pytest.approx(average_price((COINS, dearer)))


def test_a_stranger_is_one_in_whatever_he_trades():
    theirs = [fill(str(n), n, 1, symbol=s, client_id="") for n, s in enumerate((BTC, COIN, OPTION))]

    assert 3 == len(strange_orders(theirs, ("ft-",)))
    assert set() == strange_orders([COINS, BOUGHT], ("ft-",)), "the bot's own prefix"


def test_an_option_on_an_allowed_asset_is_not_that_asset():
    assert {OPTION} == strange_symbols({BTC, COIN, OPTION}, "BTC")


def test_an_option_that_was_sold_again_leaves_no_lot():
    """It lost its premium, 70 of a wallet of 1,000, and nothing of its underlying's price."""
    stage = Stage("strategy_drawdown", window=HOUR, order_prefixes=("ft-", "mm-"))
    stage.watched()
    stage.read(0)

    stage.did(5, (BOUGHT, fill("s", 4, -0.1, 200, symbol=OPTION, closed=0.1)))

    (own,) = (s for s in stage.account.course.stakes if s.symbol == OPTION and s.name == "ft-")
    assert (Decimal(0), Decimal("-70.03")) == (own.quantity, own.earned)
