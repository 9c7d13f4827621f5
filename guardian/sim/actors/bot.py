"""A bot: trades with its own key until the venue no longer lets it, or until it does as it is told."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guardian.runtime.permit import Permit
from guardian.sim.ports.stand import Stand
from guardian.sim.ports.view import symbol_of
from guardian.sim.world.account import Leg
from guardian.sim.world.orders import Kind, OrderRequest, Refused, Side

DEFIANT = frozenset({"fighting", "reopening", "deaf", "runaway"})
OBEDIENT = frozenset({"returning", "greedy"})
"""They trade while their permit lets them; what it says of the size, only one of them heeds."""

SOFT = Decimal("0.9")


class Bot:
    """`act` is called every `plan.bot.every_seconds`.

    `accepted` counts the orders that the venue took, `accepted_ms` is when it took the last one.
    """

    def __init__(self, stand: Stand, permit: Callable[[], Permit]) -> None:
        self._stand = stand
        self._permit = permit
        self._goal = {(leg.symbol, leg.index): leg.size for leg in stand.books.open_legs()}
        self._count = 0
        self.accepted = 0
        self.accepted_ms = 0

    def act(self) -> None:
        stand = self._stand
        if stand.forced or not stand.bot_key.can_trade or stand.plan.bot.style == "idle" or not self._goal:
            return
        if stand.plan.bot.style not in DEFIANT and self._permit().mode != "normal":
            return
        if stand.plan.bot.style in ("fighting", "reopening"):
            self._restore()
        elif stand.plan.bot.style in OBEDIENT:
            self._return()
        else:
            self._grow()

    def _restore(self) -> None:
        """Buys back what guardian has closed."""
        for (symbol, index), goal in self._goal.items():
            size = self._stand.books.size(symbol, index)
            if abs(size) < abs(goal) * SOFT:
                self._order(symbol, index, goal - size)

    def _return(self) -> None:
        """Builds up to as much of what it once had as it is allowed, or as it likes."""
        permit = self._permit()
        share = Decimal(1) if self._stand.plan.bot.style == "greedy" else Decimal(str(permit.size_cap))
        for (symbol, index), goal in self._goal.items():
            size = self._stand.books.size(symbol, index)
            if symbol_of(symbol) not in permit.symbols and abs(size) < abs(goal * share) * SOFT:
                self._order(symbol, index, goal * share - size)

    def _grow(self) -> None:
        symbol, index = min(self._goal)
        goal = self._goal[symbol, index]
        self._order(symbol, index, goal * Decimal(str(self._stand.plan.bot.size)))

    def _order(self, symbol: str, index: int, signed: Decimal) -> None:
        stand = self._stand
        instrument = stand.world.instruments[symbol]
        quantity = min(instrument.floor_qty(abs(signed)), instrument.max_market_qty)
        if quantity < instrument.min_qty:
            return
        self._count += 1
        request = OrderRequest(
            symbol=symbol,
            side=Side.BUY if signed > 0 else Side.SELL,
            kind=Kind.MARKET,
            qty=quantity,
            index=index,
            link_id=f"ft-{stand.name}-{self._count}",
            key_id=stand.bot_key.id,
        )
        try:
            stand.world.place(stand.books, request, stand.now_ms())
        except Refused:
            return
        self.accepted += 1
        self.accepted_ms = stand.now_ms()


def protect(stand: Stand, leg: Leg, distance: Decimal) -> None:
    """A stop-loss for the leg, as its own conditional order of the bot's."""
    mark = stand.world.markets[leg.symbol].mark
    instrument = stand.world.instruments[leg.symbol]
    trigger = instrument.round_price(mark * (1 - distance if leg.size > 0 else 1 + distance))
    request = OrderRequest(
        symbol=leg.symbol,
        side=Side.SELL if leg.size > 0 else Side.BUY,
        kind=Kind.MARKET,
        qty=abs(leg.size),
        reduce_only=True,
        close_on_trigger=True,
        index=leg.index,
        trigger=trigger,
        rises=leg.size < 0,
        link_id=f"ft-stop-{leg.symbol.lower()}-{leg.index}",
        key_id=stand.bot_key.id,
    )
    stand.world.place(stand.books, request, stand.now_ms())
