"""What the ledger tells of trades, where no answer about fills or orders does: foreign_activity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from guardian.core.memory import MAXIMUM_MOVES
from guardian.core.metrics.foreign_activity import fold_traded
from guardian.core.model import AtLeast, Known, LedgerEntry, LedgerKind, Measured, Verdict, Window
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import at, policy, read, row
from tests.core.metrics.beside.stage import Stage, fill, past

WAITING = "the ledger tells of a trade that no fill explains"
MINUTES = Window("sliding", 600.0)


def traded(id: str, second: float, change: float = -1, currency: str = "BTC", **changes: Any) -> LedgerEntry:
    usual = {"at": at(second), "order_id": f"of-{id}", **changes}
    return replace(row(id, change, LedgerKind.TRADE, currency), **usual)


def watched() -> Stage:
    stage = Stage("foreign_activity", window=MINUTES, order_prefixes=("ft-",)).watched()
    stage.did(0)
    return stage


def told(stage: Stage, second: float, *rows: LedgerEntry) -> Measured:
    stage.see(read(second, cash=1000, ledger=rows))
    return stage.account.rules[0].measured


def test_coins_that_a_stolen_key_sells_are_somebodys_doing():
    """A spot trade is a row in each of its currencies: one order."""
    stage = watched()
    sale = traded("a", 1, client_id="thief-1"), traded("b", 1, 60_000, "USDT", client_id="thief-1")
    sale = sale[0], replace(sale[1], order_id=sale[0].order_id)

    assert told(stage, 2, *sale) == Known(1.0)
    assert stage.account.rules[0].verdict is Verdict.BREACHED

    stage.did(3, [fill("a", 1, -1, client_id="thief-1")], [past("of-a", 1, client_id="thief-1")])
    assert told(stage, 4) == Known(1.0), "told thrice, it is still one order"
    stage.did(600)
    assert told(stage, 602) == Known(0.0), "it has left the window"


def test_the_bots_trades_and_guardians_are_nobody_elses():
    own = traded("a", 1, client_id="ft-1"), traded("b", 1, client_id="gdn-1")

    assert told(watched(), 2, *own) == Known(0.0)


def test_a_trade_without_a_name_counts_once_no_fill_can_tell_whose_it_is():
    stage = watched()

    assert told(stage, 2, traded("a", 1)) == AtLeast(0.0, WAITING)
    stage.did(100)
    assert told(stage, 101) == AtLeast(0.0, WAITING)
    stage.did(122)
    assert told(stage, 123) == Known(1.0)


def test_a_trade_without_a_name_is_explained_by_its_fill():
    """As of a stop attached to a position: the fill says that the venue made it."""
    stage = watched()
    told(stage, 2, traded("a", 1))
    stage.did(10, [fill("a", 1, -1, client_id="", origin="attached")])

    assert told(stage, 11) == Known(0.0)


def test_what_was_traded_before_watching_explains_nothing():
    stage = Stage("foreign_activity", window=MINUTES, order_prefixes=("ft-",))
    stage.did(0)
    told(stage, 1, traded("a", -300))
    stage.did(200)

    assert isinstance(told(stage, 201), AtLeast)
    assert told(stage, 202).value == 0.0  # type: ignore[union-attr]


def test_a_row_without_an_order_is_no_order():
    """The venue's own: a liquidation, a delivery, and every row of an older journal."""
    assert told(watched(), 2, traded("a", 1, order_id="", client_id="x-1")) == Known(0.0)


def test_they_are_bounded_and_each_order_is_one():
    kept = policy(order_prefixes=("ft-",))
    rows = [traded(f"{n:04}", -9_000 + n, client_id="x-1") for n in range(MAXIMUM_MOVES + 50)]
    some = fold_traded((), read(0, ledger=(rows[0], rows[0], traded("f", 0, client_id="ft-1"))), kept)
    many = fold_traded(some, read(0, ledger=tuple(rows)), kept)

    assert some == (rows[0],)
    assert many == tuple(rows[-MAXIMUM_MOVES:])
    assert fold_traded(many, read(86_400 * 2, ledger=()), kept) == ()
    assert fold_traded((), read(0, ledger=tuple(rows)), policy(order_prefixes=())) == ()


def test_they_outlive_a_restart():
    stage = watched()
    told(stage, 2, traded("a", 1, client_id="thief-1"))

    assert decode_state(encode_state(stage.state)) == stage.state
    assert stage.account.course.traded[0].order_id == "of-a"
