"""Bybit rows become guardian's nouns, or the part fails: no row is skipped, no number is guessed.

Sources: docs/v5/account/wallet-balance, docs/v5/position, docs/v5/order/open-order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from guardian.core.model import Balance, OpenOrder, Position, Wallet
from guardian.errors import VenueError
from guardian.exchanges.bybit.symbols import category_of, symbol_of
from guardian.exchanges.generic.fields import (
    Row,
    flag,
    garbage,
    instant,
    integer,
    number,
    optional_number,
    optional_positive,
    optional_text,
    positive,
    rows,
    text,
)
from guardian.ports import InstrumentFacts

CONTRACT_SIZE = Decimal(1)
"""A linear contract is one unit of its base, an inverse one a dollar."""

LONGEST_NAME = 48
_SIGNS = {"Buy": 1, "Sell": -1}
# Which side a leg can have: 0 is the one-way leg, 1 the long leg and 2 the short leg of hedge mode.
_LEG_SIDES = {0: {"Buy", "Sell"}, 1: {"Buy"}, 2: {"Sell"}}
_CLOSED = frozenset({"Filled", "Cancelled", "Rejected", "Deactivated", "PartiallyFilledCanceled"})
_ACCOUNT_WIDE = ("totalMarginBalance", "totalInitialMargin", "totalMaintenanceMargin")
# What one unit of the reporting currency may be worth in USD: past this the answer is wrong, not the peg.
_LEAST_PAR, _MOST_PAR = Decimal("0.5"), Decimal(2)

FactsOf = Callable[[str], InstrumentFacts | None]


@dataclass(frozen=True, slots=True)
class WalletView:
    """The wallet and the venue's own open P&L, which must agree with the positions about emptiness."""

    wallet: Wallet
    open_pnl: bool
    time_ms: int

    @property
    def says_positions(self) -> bool:
        return self.open_pnl or self.wallet.position_margin > 0


def parse_wallet(result: Row, currency: str, time_ms: int) -> WalletView:
    """The unified account of a wallet-balance answer; `currency` is the reporting currency."""
    accounts = rows(result, "list")
    if len(accounts) != 1:
        raise garbage("wallet-balance does not describe exactly one account")
    account = accounts[0]
    coins = rows(account, "coin")
    equity = number(account, "totalEquity")
    isolated = all(account.get(name) == "" for name in _ACCOUNT_WIDE)
    initial, maintenance = _coin_margins(coins, currency) if isolated else _account_margins(account)
    wallet = Wallet(
        equity=equity,
        balances=tuple(_balance(coin, currency) for coin in coins),
        margin_balance=equity if isolated else number(account, _ACCOUNT_WIDE[0]),
        maintenance_margin=maintenance,
        initial_margin=initial,
        position_margin=_position_margin(coins, maintenance, currency),
        isolated=isolated,
    )
    if len({balance.currency for balance in wallet.balances}) != len(coins):
        raise garbage("the wallet names a coin twice")
    return WalletView(wallet, any(number(coin, "unrealisedPnl") != 0 for coin in coins), time_ms)


def _account_margins(account: Row) -> tuple[Decimal, Decimal]:
    """Initial and maintenance margin of the whole account."""
    initial, maintenance = (number(account, name) for name in _ACCOUNT_WIDE[1:])
    if initial < 0 or maintenance < 0:
        raise garbage("a margin requirement is below zero")
    return initial, maintenance


def _coin_margins(coins: list[Row], currency: str) -> tuple[Decimal, Decimal]:
    """The same as sums over the coins, at their prices: what is left where the venue tells no margin of all.

    It leaves every account-wide field empty under isolated margin; one empty alone is garbage.
    """
    initial, maintenance = Decimal(0), Decimal(0)
    for coin in coins:
        price = _price(coin, currency) or Decimal(1)
        initial += (number(coin, "totalPositionIM") + number(coin, "totalOrderIM")) * price
        maintenance += number(coin, "totalPositionMM") * price
    return initial, maintenance


def _position_margin(coins: list[Row], maintenance: Decimal, currency: str) -> Decimal:
    """Sum of totalPositionIM at each coin's price; portfolio margin leaves it empty, then the requirement."""
    total = Decimal(0)
    for coin in coins:
        margin = optional_number(coin, "totalPositionIM")
        if margin is None:
            return maintenance
        if margin < 0:
            raise garbage("totalPositionIM is below zero")
        # A coin that is worth nothing still must not hide that the venue sees positions in it.
        total += margin * (_price(coin, currency) or Decimal(1))
    return total


def _balance(coin: Row, currency: str) -> Balance:
    """Without what is owed on spot, as the venue's own equity of the coin is; of other debts it is negative.

    equity = walletBalance - spotBorrow + unrealisedPnl + option value. A loan raises the first two alike.
    """
    owed = optional_number(coin, "spotBorrow") or Decimal(0)
    return Balance(text(coin, "coin"), number(coin, "walletBalance") - owed, _price(coin, currency))


def _price(coin: Row, currency: str) -> Decimal:
    equity, value = number(coin, "equity"), number(coin, "usdValue")
    if equity == 0:
        return Decimal(1) if coin.get("coin") == currency else Decimal(0)
    price = value / equity
    if price < 0:
        raise garbage("usdValue and equity of a coin disagree in sign")
    if coin.get("coin") == currency and abs(equity) >= 1 and not _LEAST_PAR <= price <= _MOST_PAR:
        # Both accounts of the equity are priced with it: a wrong one would hide a loss from both.
        raise garbage(f"usdValue and equity of {currency} do not belong together")
    return price


def parse_position(row: Row, settle: str, facts_of: FactsOf) -> Position | None:
    """One leg, or None for the empty rows that hedge mode brings."""
    size = number(row, "size")
    if size < 0:
        raise garbage("a position's size is below zero")
    if size == 0:
        # A closed leg may keep its side, entry, stop or liquidation price; only a value contradicts the size.
        if optional_number(row, "positionValue"):
            raise garbage("a position without a size has a value")
        return None
    index, side = integer(row, "positionIdx"), text(row, "side")
    if side not in _LEG_SIDES.get(index, set()):
        raise garbage("a position's side and leg do not fit")
    venue_id = text(row, "symbol")
    facts = facts_of(venue_id)
    # Without the venue's lot sizes the size itself shows a step that is certainly fine enough to close it,
    # and bounds the largest order.
    step = facts.step if facts else Decimal(1).scaleb(min(0, _exponent(size)))
    return Position(
        symbol=symbol_of(venue_id),
        index=index,
        quantity=size * _SIGNS[side],
        entry=_entry(row, settle),
        mark=positive(row, "markPrice"),
        contract_size=CONTRACT_SIZE,
        step=step,
        minimum=facts.minimum if facts else step,
        maximum=facts.maximum if facts else size,
        settle=settle,
        stop_loss=optional_positive(row, "stopLoss"),
        liquidation=_liquidation(row),
        maintenance=_maintenance(row),
    )


def parse_inverse(row: Row, facts_of: FactsOf) -> Position | None:
    """One leg of a contract that is margined, and gains, in its base coin; its size counts dollars.

    Raises VenueError("contract") for one whose name does not say so: its coin would be a guess.
    """
    symbol = symbol_of(text(row, "symbol"))
    if category_of(symbol) != "inverse":
        if number(row, "size") == 0:
            return None
        raise VenueError("contract", f"{_name(row)} is not named as an inverse contract")
    position = parse_position(row, symbol.partition("/")[0], facts_of)
    return None if position is None else replace(position, inverse=True)


def parse_option(row: Row) -> Position | None:
    """None for an empty row. Raises VenueError("contract") for what is held.

    What an option risks does not follow from its size and price: read as a contract it would look small.
    """
    if number(row, "size") != 0:
        raise VenueError("contract", f"an option is held, which is not read: {_name(row)}")
    return None


def _name(row: Row) -> str:
    return f"{text(row, 'symbol')[:LONGEST_NAME]!a}"


def _entry(row: Row, settle: str) -> Decimal:
    """From where its open P&L counts. Every eight hours a contract in USDC pays out what it has made and goes
    on from the price of then, and avgPrice stays what it was bought at: docs/v5/position, sessionAvgPrice."""
    entry = positive(row, "avgPrice")
    return (optional_positive(row, "sessionAvgPrice") or entry) if settle == "USDC" else entry


def _liquidation(row: Row) -> Decimal | None:
    """An estimate that may come out below zero for a well covered account: then no price liquidates it."""
    price = optional_number(row, "liqPrice")
    return price if price is not None and price > 0 else None


def _maintenance(row: Row) -> Decimal | None:
    """Told only with a liquidation price: that is empty where no price which the venue allows reaches it."""
    margin = optional_number(row, "positionMM")
    if margin is not None and margin < 0:
        raise garbage("a position's maintenance margin is below zero")
    return None if row.get("liqPrice") is None else margin


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def parse_order(row: Row) -> OpenOrder | None:
    """One open or conditional order, or None for a row that is already closed."""
    if text(row, "orderStatus") in _CLOSED:
        return None
    side = _SIGNS.get(text(row, "side"))
    if side is None:
        raise garbage("an order has no side")
    index = integer(row, "positionIdx")
    if index not in _LEG_SIDES:
        raise garbage("an order's leg does not exist")
    # A stop for the whole position carries no quantity of its own; untriggered orders may leave it empty.
    remaining = optional_number(row, "leavesQty")
    remaining = number(row, "qty") if remaining is None else remaining
    if remaining < 0:
        raise garbage("an order's remaining quantity is below zero")
    return OpenOrder(
        id=text(row, "orderId"),
        client_id=optional_text(row, "orderLinkId"),
        symbol=symbol_of(text(row, "symbol")),
        index=index,
        side=side,
        remaining=remaining,
        price=optional_positive(row, "price"),
        trigger=optional_positive(row, "triggerPrice"),
        reduce_only=flag(row, "reduceOnly") or row.get("closeOnTrigger") is True,
        created_at=instant(row, "createdTime"),
    )
