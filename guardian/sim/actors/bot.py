"""A bot: trades with its own key until the venue no longer lets it, or until it does as it is told."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guardian.runtime.permit import Permit
from guardian.sim.ports.stand import Stand
from guardian.sim.ports.view import symbol_of
from guardian.sim.scenario.shapes import StrategyPlan
from guardian.sim.world.account import Leg
from guardian.sim.world.orders import Kind, OrderRequest, Refused, Side

DEFIANT = frozenset({"fighting", "reopening", "deaf", "runaway"})
OBEDIENT = frozenset({"returning", "greedy", "turning"})
"""They trade while their permit lets them; what it says of the size, only one of them heeds."""

PREFIX = "ft-"

SOFT = Decimal("0.9")


class Bot:
    """`act` is called every `plan.bot.every_seconds`.

    `accepted` counts the orders that the venue took, `accepted_ms` is when it took the last one.
    """

    def __init__(self, stand: Stand, permit: Callable[[], Permit]) -> None:
        self._stand = stand
        self._permit = permit
        self.aim()
        self._turns = [(each.prefix, stake) for each in stand.plan.strategies for stake in each.stakes]
        self._opened: dict[tuple[str, str], Decimal] = {}
        self._count = 0
        self.accepted = 0
        self.accepted_ms = 0

    def aim(self) -> None:
        """What is held now is what it wants to hold."""
        self._goal = {(leg.symbol, leg.index): leg.size for leg in self._stand.books.open_legs()}

    def act(self) -> None:
        stand = self._stand
        if stand.forced or not stand.bot_key.can_trade or stand.plan.bot.style == "idle" or not self._goal:
            return
        if stand.plan.bot.style not in DEFIANT and self._permit().mode != "normal":
            return
        if stand.plan.bot.style in ("fighting", "reopening"):
            self._restore()
        elif stand.plan.bot.style == "turning":
            self._turn()
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

    def _turn(self) -> None:
        """Strategy by strategy: a little more of what it holds, or, next time, that much less again."""
        if not self._turns:
            return
        prefix, stake = self._turns.pop(0)
        self._turns.append((prefix, stake))
        index = leg_index(self._stand, stake.size)
        opened = self._opened.pop((prefix, stake.symbol), None)
        if opened is not None:
            self._order(stake.symbol, index, -opened, prefix, reduce_only=True)
        elif symbol_of(stake.symbol) not in self._permit().symbols:
            held = abs(self._goal.get((stake.symbol, index), Decimal(0)))
            more = held * Decimal(str(self._stand.plan.bot.size)) * (1 if stake.size > 0 else -1)
            self._opened[prefix, stake.symbol] = more
            self._order(stake.symbol, index, more, prefix)

    def _grow(self) -> None:
        symbol, index = min(self._goal)
        goal = self._goal[symbol, index]
        self._order(symbol, index, goal * Decimal(str(self._stand.plan.bot.size)))

    def _order(
        self, symbol: str, index: int, signed: Decimal, prefix: str = "", *, reduce_only: bool = False
    ) -> None:
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
            reduce_only=reduce_only,
            index=index,
            link_id=f"{prefix or self._whose(symbol)}{stand.name}-{self._count}",
            key_id=stand.bot_key.id,
        )
        try:
            stand.world.place(stand.books, request, stand.now_ms())
        except Refused:
            return
        self.accepted += 1
        self.accepted_ms = stand.now_ms()

    def _whose(self, symbol: str) -> str:
        """The prefix of those that hold the symbol, in turn."""
        owners = [each.prefix for each in self._stand.plan.strategies if holds(each, symbol)]
        return owners[self._count % len(owners)] if owners else PREFIX


def holds(strategy: StrategyPlan, symbol: str) -> bool:
    return any(stake.symbol == symbol for stake in strategy.stakes)


def leg_index(stand: Stand, size: float) -> int:
    """The leg of a position of this sign: in hedge mode 1 is long and 2 is short."""
    return (1 if size > 0 else 2) if stand.plan.hedge else 0


def protect(stand: Stand, leg: Leg, distance: Decimal, prefix: str = PREFIX) -> None:
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
        link_id=f"{prefix}stop-{leg.symbol.lower()}-{leg.index}",
        key_id=stand.bot_key.id,
    )
    stand.world.place(stand.books, request, stand.now_ms())
