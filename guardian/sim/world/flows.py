"""Money crossing an account's border: deposits, withdrawals, and transfers that are on their way for a while.

Nothing is lost on the way: what all accounts hold plus what is in flight changes only by trading and by what
comes from outside. Each end has its own ledger row, at its own time.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from guardian.sim.world.account import CASH, Account, LedgerRow, to_cents
from guardian.sim.world.margin import coin_price, margin_of
from guardian.sim.world.orders import Refusal, Refused

if TYPE_CHECKING:
    from guardian.sim.world.engine import World


@dataclass(slots=True, kw_only=True)
class Transit:
    """`amount` of a coin between two accounts, by their uid. `due` None: on its way until `due` is set."""

    source: str
    target: str
    amount: Decimal
    due: int | None
    currency: str = CASH


def transfer(world: World, account: Account, amount: Decimal, now: int, currency: str) -> LedgerRow:
    """Book a deposit or a withdrawal; raises Refused for more than is free, or a coin without a price."""
    amount, price = to_cents(amount), coin_price(currency, world.markets)
    if not price or currency == "USD":
        raise Refused(Refusal.UNKNOWN_COIN, currency)
    if amount < 0:
        free = margin_of(account, world.markets).available
        if -amount > account.balance(currency) or -amount * price > free:
            raise Refused(Refusal.NO_FUNDS)
    return settle(world, account, "TRANSFER_IN" if amount >= 0 else "TRANSFER_OUT", (amount, currency), now)


def settle(world: World, account: Account, kind: str, change: tuple[Decimal, str], now: int) -> LedgerRow:
    """Book a change of one coin by no contract: a flow, an insurance payment, coins bought or sold."""
    amount, currency = change
    row = LedgerRow(
        id=world.new_id(),
        seq=world.next_seq(),
        at=now,
        type=kind,
        change=amount,
        cash=account.balance(currency) + amount,
        cash_flow=amount,
        currency=currency,
    )
    account.book(row)
    return row
