"""The world: accounts, keys and markets under one deterministic set of rules.

Every call takes `now` (integer ms) and returns values or raises Refused; there is no clock, no I/O and
no randomness but the seeded generator given at construction. Prices move only through `set_prices`.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from decimal import Decimal

from guardian.sim.world import checks, fills, flows, moves, takeover
from guardian.sim.world.account import CASH, Account, LedgerRow
from guardian.sim.world.flows import Transit
from guardian.sim.world.instruments import Instrument, catalogue, inverse_of
from guardian.sim.world.keys import ApiKey, Permissions, fresh_credentials
from guardian.sim.world.margin import Margin, margin_of
from guardian.sim.world.market import Market
from guardian.sim.world.orders import (
    Kind,
    Order,
    OrderRequest,
    Refusal,
    Refused,
    Side,
    Status,
    TimeInForce,
)


class World:
    """All the nouns by their ids. Give it a seeded generator and how many instruments to list."""

    def __init__(self, rng: random.Random, instruments: int = 60) -> None:
        self.rng = rng
        self.instruments: dict[str, Instrument] = catalogue(instruments)
        self.markets = {s: Market.of(i, i.start_price) for s, i in self.instruments.items()}
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, ApiKey] = {}
        self.transits: list[Transit] = []
        self._inverse: dict[str, str] = {}
        self._count = 0

    # --- identity -----------------------------------------------------------------------------

    def next_seq(self) -> int:
        self._count += 1
        return self._count

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def add_account(self, name: str, parent: Account | None = None) -> Account:
        """A master without `parent`, a sub-account with one."""
        uid = str(self.rng.randrange(100_000_000, 999_999_999))
        while uid in self.accounts:
            uid = str(self.rng.randrange(100_000_000, 999_999_999))
        account = Account(uid, name, parent is None, parent.uid if parent else "0")
        self.accounts[uid] = account
        return account

    def add_key(
        self, owner: Account, role: str, now: int, *, read_only: bool, permissions: Permissions
    ) -> ApiKey:
        identity, secret = fresh_credentials(self.rng)
        key = ApiKey(
            id=identity,
            secret=secret,
            owner=owner.uid,
            role=role,
            read_only=read_only,
            permissions=permissions,
            created=now,
            number=self.rng.randrange(10_000_000, 99_999_999),
            note=role,
        )
        self.keys[key.id] = key
        return key

    def list_inverse(self, base: str) -> Instrument:
        """List the coin-margined contract on a base ("BTCUSD"); it follows the linear one unless told."""
        linear = self.market(base + CASH)
        instrument = inverse_of(linear.instrument)
        self.instruments[instrument.symbol] = instrument
        self.markets[instrument.symbol] = Market.of(instrument, linear.mark)
        self._inverse[linear.instrument.symbol] = instrument.symbol
        return instrument

    def market(self, symbol: str) -> Market:
        if symbol not in self.markets:
            raise Refused(Refusal.UNKNOWN_SYMBOL, symbol)
        return self.markets[symbol]

    def margin(self, account: Account) -> Margin:
        return margin_of(account, self.markets)

    # --- orders -------------------------------------------------------------------------------

    def place(self, account: Account, request: OrderRequest, now: int) -> Order:
        """Accept and match an order, or raise Refused having changed nothing.

        A reduce-only order is clipped to the leg; above the venue's maximum it becomes several orders,
        of which the first is returned.
        """
        market = self.market(request.symbol)
        checks.check_request(account, request, market)
        parts = [request.qty]
        if request.trigger is None:
            parts = self._parts(account, request, market.instrument)
            self._afford(account, request, parts[0], market)
        orders = [self._create(account, request, qty, now, first=n == 0) for n, qty in enumerate(parts)]
        for order in orders:
            if not order.is_conditional:
                fills.activate(self, account, order, now)
                moves.attach_from_order(self, account, order, now)
        return orders[0]

    def _parts(self, account: Account, request: OrderRequest, instrument: Instrument) -> list[Decimal]:
        if not checks.only_reduces(request.reduce_only, request.index, request.side):
            return [request.qty]
        room = checks.reducible(account, request.symbol, request.index, request.side)
        most = checks.max_qty(instrument, request.kind)
        if room <= 0:
            raise Refused(Refusal.NOTHING_TO_REDUCE)
        if room < instrument.min_qty and not self.market(request.symbol).closes_dust:
            raise Refused(Refusal.QTY_TOO_SMALL)
        if checks.closes_whole_leg(request):
            return [min(room, most)]
        total, parts = min(room, request.qty), []
        while total > 0:
            parts.append(min(total, most))
            total -= parts[-1]
        return parts

    def _afford(self, account: Account, request: OrderRequest, qty: Decimal, market: Market) -> None:
        if checks.only_reduces(request.reduce_only, request.index, request.side):
            return
        price = request.price or market.best(request.side)
        worth = market.instrument.notional(qty, price)
        if request.kind is Kind.MARKET and worth < market.instrument.min_notional:
            raise Refused(Refusal.NOTIONAL)
        if not fills.affordable(self, account, request, qty, price):
            raise Refused(Refusal.NO_FUNDS)

    def _create(
        self, account: Account, request: OrderRequest, qty: Decimal, now: int, *, first: bool
    ) -> Order:
        conditional = request.trigger is not None
        order = Order(
            id=self.new_id(),
            seq=self.next_seq(),
            symbol=request.symbol,
            side=request.side,
            kind=request.kind,
            qty=qty,
            price=request.price if request.kind is Kind.LIMIT else None,
            tif=TimeInForce.IOC if request.kind is Kind.MARKET else request.tif,
            reduce_only=request.reduce_only,
            close_on_trigger=request.close_on_trigger,
            index=request.index,
            link_id=request.link_id if first else "",
            trigger=request.trigger,
            rises=request.rises,
            key_id=request.key_id,
            created=now,
            updated=now,
            last_on_created=self.markets[request.symbol].last,
            status=Status.UNTRIGGERED if conditional else Status.NEW,
            stop_kind="Stop" if conditional else "",
            stop_loss=request.stop_loss,
            take_profit=request.take_profit,
            inverse=self.markets[request.symbol].instrument.inverse,
        )
        self.remember(account, order)
        return order

    def remember(self, account: Account, order: Order) -> None:
        account.orders[order.id] = order
        account.open_orders[order.id] = order
        if order.link_id:
            account.by_link[order.link_id] = order

    def find(self, account: Account, order_id: str = "", link_id: str = "") -> Order | None:
        """By id, or else by client id; open or closed."""
        return account.orders.get(order_id) if order_id else account.by_link.get(link_id)

    def cancel(self, account: Account, order: Order | None, now: int) -> Order:
        """Raises Refused(NO_SUCH_ORDER) unless the order is open."""
        if order is None or not order.is_open:
            raise Refused(Refusal.NO_SUCH_ORDER)
        fills.close_order(account, order, "CancelByUser", now)
        return order

    def amend(self, account: Account, order: Order | None, changes: Mapping[str, Decimal], now: int) -> Order:
        """Change `qty`, `price` or `trigger` of an open order; it loses nothing but may now match."""
        if order is None or not order.is_open:
            raise Refused(Refusal.NO_SUCH_ORDER)
        moves.amend(self, account, order, changes, now)
        return order

    # --- prices and money ---------------------------------------------------------------------

    def set_prices(self, prices: Mapping[str, Decimal], now: int) -> None:
        """Move markets together, land what is due, then match, fire conditional orders and liquidate."""
        for symbol in prices:
            self.market(symbol)
        followers = {self._inverse[s]: price for s, price in prices.items() if s in self._inverse}
        moved = {**followers, **prices}
        for symbol, price in moved.items():
            self.markets[symbol].move(price)
        self.land(now)
        for account in self.accounts.values():
            reached = moves.reached(self, account)
            for symbol in [s for s in moved if s in reached]:
                moves.match_resting(self, account, symbol, now)
                moves.fire_conditionals(self, account, symbol, now)
            takeover.liquidate_if_due(self, account, now)

    def transfer(self, account: Account, amount: Decimal, now: int, currency: str = CASH) -> LedgerRow:
        """A deposit (amount > 0) or withdrawal (< 0); a withdrawal above what is free is refused."""
        return flows.transfer(self, account, amount, now, currency)

    def send(self, transit: Transit, now: int) -> Transit:
        """Money leaves one account now and reaches the other when it is due; refused as a withdrawal is."""
        self.transfer(self.accounts[transit.source], -transit.amount, now, transit.currency)
        self.transits.append(transit)
        return transit

    def land(self, now: int) -> list[Transit]:
        """Book what is due by now on the accounts that it was sent to, in the order in which it is due."""
        due = sorted(
            (t for t in self.transits if t.due is not None and t.due <= now), key=lambda t: t.due or 0
        )
        for transit in due:
            self.transits.remove(transit)
            self.transfer(self.accounts[transit.target], transit.amount, now, transit.currency)
        return due

    # --- what the venue does with a leg -------------------------------------------------------

    def take_over(self, account: Account, taken: takeover.Taken, now: int) -> Order:
        """Liquidate, deleverage or agree on a block trade: a fill at a given price that no book has seen."""
        return takeover.take(self, account, taken, now)

    def settle_funding(self, symbol: str, rate: Decimal, now: int) -> None:
        """Longs pay shorts `rate` of the position's value at mark, as SETTLEMENT rows."""
        self.market(symbol)
        for account in self.accounts.values():
            moves.settle_funding(self, account, symbol, rate, now)

    # --- settings -----------------------------------------------------------------------------

    def set_leverage(self, account: Account, symbol: str, leverage: Decimal) -> None:
        if not 1 <= leverage <= self.market(symbol).instrument.max_leverage:
            raise Refused(Refusal.LEVERAGE)
        if account.leverage_of(symbol) == leverage and symbol in account.leverage:
            raise Refused(Refusal.NOT_MODIFIED)
        account.leverage[symbol] = leverage

    def switch_mode(self, account: Account, symbol: str | None, hedge: bool) -> None:
        """One-way or hedge, for one symbol or for all; refused while positions or orders are open."""
        if any(symbol in (None, leg.symbol) for leg in account.open_legs()):
            raise Refused(Refusal.HAS_POSITION)
        if any(symbol in (None, order.symbol) for order in account.open_orders.values()):
            raise Refused(Refusal.HAS_ORDERS)
        if symbol is None:
            account.hedged_by_default = hedge
            account.hedged.clear()
        elif hedge:
            account.hedged.add(symbol)
        else:
            account.hedged.discard(symbol)

    def attach_stop(
        self, account: Account, symbol: str, index: int, prices: Mapping[str, Decimal], now: int
    ) -> None:
        """Set or clear (price 0) the leg's "StopLoss" and "TakeProfit"; each shows as an order too."""
        moves.attach_stops(self, account, account.leg(symbol, index), prices, now)

    def close_side(self, account: Account, symbol: str, index: int) -> Side:
        return Side.SELL if account.size(symbol, index) > 0 else Side.BUY
