"""The world's books as guardian's nouns: what a faultless answer of the venue says at this moment."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.model import Balance, KeyRecord, LedgerEntry, LedgerKind, OpenOrder, Position, Wallet
from guardian.exchanges.bybit.kinds import kind_of
from guardian.sim.ports.stand import Stand
from guardian.sim.world.account import CASH, Execution, Leg
from guardian.sim.world.margin import coin_price
from guardian.sim.world.orders import Order

ONE = Decimal(1)
KINDS: dict[str, LedgerKind] = {}
CAUSES = {"Trade": "trade", "BustTrade": "liquidation", "AdlTrade": "adl"}
ORIGINS = {"BustTrade": "liquidation", "AdlTrade": "adl"}


def symbol_of(venue_id: str) -> str:
    """BTCUSDT becomes BTC/USDT:USDT, the coin-margined BTCUSD becomes BTC/USD:BTC."""
    if venue_id.endswith("USDT"):
        return f"{venue_id.removesuffix('USDT')}/USDT:USDT"
    base = venue_id.removesuffix("USD")
    return f"{base}/USD:{base}"


def id_of(symbol: str) -> str:
    return symbol.split(":")[0].replace("/", "")


def wallet(stand: Stand) -> Wallet:
    margin, markets = stand.world.margin(stand.books), stand.world.markets
    balances = tuple(Balance(c, q, coin_price(c, markets)) for c, q in stand.books.balances.items())
    return Wallet(
        equity=margin.equity,
        balances=balances,
        margin_balance=margin.equity,
        maintenance_margin=margin.maintenance,
        initial_margin=margin.position_im + margin.order_im,
        position_margin=margin.position_im,
    )


def positions(stand: Stand) -> tuple[Position, ...]:
    orders = stand.books.open_orders.values()
    stops = {(o.symbol, o.index): o.trigger for o in orders if o.stop_kind == "StopLoss"}
    return tuple(_position(stand, leg, stops.get((leg.symbol, leg.index))) for leg in stand.books.open_legs())


def _position(stand: Stand, leg: Leg, stop: Decimal | None) -> Position:
    market = stand.world.markets[leg.symbol]
    instrument = market.instrument
    return Position(
        symbol=symbol_of(leg.symbol),
        index=leg.index,
        quantity=leg.size,
        entry=leg.entry,
        mark=market.mark,
        contract_size=ONE,
        step=instrument.step,
        minimum=instrument.min_qty,
        maximum=instrument.max_market_qty,
        settle=instrument.settle,
        stop_loss=stop,
        inverse=instrument.inverse,
    )


def orders(stand: Stand) -> tuple[OpenOrder, ...]:
    return tuple(_order(order) for order in stand.books.open_orders.values())


def _order(order: Order) -> OpenOrder:
    return OpenOrder(
        id=order.id,
        client_id=order.link_id,
        symbol=symbol_of(order.symbol),
        index=order.index,
        side=order.side.sign,
        remaining=order.leaves,
        price=order.price,
        trigger=order.trigger,
        reduce_only=order.reduce_only or order.close_on_trigger,
        created_at=instant(order.created),
    )


def fill(stand: Stand, row: Execution) -> Fill:
    """`origin` is whose order it was where the venue itself made it."""
    symbol = f"{row.symbol.removesuffix(CASH)}/{CASH}" if row.spot else symbol_of(row.symbol)
    return Fill(
        id=row.id,
        at=instant(row.at),
        symbol=symbol,
        side=row.side.sign,
        quantity=row.qty,
        price=row.price,
        fee=row.fee,
        fee_currency=row.currency,
        order_id=row.order_id,
        client_id=row.link_id,
        closed=row.closed,
        inverse=not row.spot and stand.world.instruments[row.symbol].inverse,
        cause=CAUSES.get(row.kind, row.kind),
        origin=ORIGINS.get(row.kind, ""),
    )


def ledger(stand: Stand, first: int, end: int) -> tuple[LedgerEntry, ...]:
    """Rows number `first` up to `end` of the account's ledger."""
    return tuple(
        LedgerEntry(
            row.id, instant(row.at), _kind(row.type), row.currency, row.change, row.link_id, abs(row.qty)
        )
        for row in stand.books.ledger[first:end]
    )


def _kind(venue_type: str) -> LedgerKind:
    if venue_type not in KINDS:
        KINDS[venue_type] = kind_of(venue_type)
    return KINDS[venue_type]


def keys(stand: Stand) -> tuple[KeyRecord, ...]:
    return tuple(
        KeyRecord(
            id=key.id,
            read_only=key.read_only,
            can_trade=key.can_trade,
            note=key.note,
            ips=key.ips,
            can_withdraw="Withdraw" in key.grants("Wallet"),
            can_transfer=bool({"AccountTransfer", "SubMemberTransfer"} & {*key.grants("Wallet")}),
        )
        for key in stand.world.keys.values()
        if key.owner == stand.books.uid and key.deleted_at is None
    )


def instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
