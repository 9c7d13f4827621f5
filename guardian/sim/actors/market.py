"""The market: one path for bitcoin, everything else by its beta, with a little noise of its own."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from zlib import crc32

from guardian.sim.scenario.shapes import MarketPlan
from guardian.sim.world.account import CASH
from guardian.sim.world.engine import World

STEP_SECONDS = 0.5
REBOUND_AFTER = 6.0


class MarketPath:
    """`move` sets each price that anybody here can see to where the plan has it at that second."""

    def __init__(self, plan: MarketPlan, world: World, seed: int, later: Iterable[str] = ()) -> None:
        """`later` are symbols that are only to be held."""
        self._plan = plan
        self._world = world
        self._seed = seed
        self._start = {s: market.mark for s, market in world.markets.items() if s in _seen(world, later)}

    def move(self, at: float, now_ms: int) -> None:
        common = self.factor(at) - 1
        prices = {}
        for symbol, start in self._start.items():
            beta = self._world.instruments[symbol].beta
            move = max(0.01, 1 + beta * common + self._noise(symbol, at))
            prices[symbol] = start * Decimal(str(round(move, 6)))
        self._world.set_prices(prices, now_ms)

    def factor(self, at: float) -> float:
        """Bitcoin's price as a multiple of its start."""
        plan = self._plan
        turn = plan.moves_at + plan.seconds + REBOUND_AFTER
        gone = self._done(at, plan.moves_at) + self._done(at, plan.again_at)
        back = self._done(at, turn) if plan.rebounds else 0.0
        return float(1 + (plan.factor - 1) * (gone - back))

    def _done(self, at: float, begins: float | None) -> float:
        """How much of a move is over, from 0 to 1."""
        if begins is None:
            return 0.0
        return min(1.0, max(0.0, (at - begins) / max(self._plan.seconds, STEP_SECONDS)))

    def _noise(self, symbol: str, at: float) -> float:
        draw = crc32(f"{self._seed}:{symbol}:{at:.1f}".encode()) / 2**32
        return (draw - 0.5) * 2 * self._plan.noise


def _seen(world: World, later: Iterable[str]) -> set[str]:
    """What is held or ordered, and what prices a coin: of other markets nobody asks, and no bot opens one."""
    found = set(later)
    for account in world.accounts.values():
        found |= {leg.symbol for leg in account.open_legs()}
        found |= {order.symbol for order in account.open_orders.values()}
        found |= {coin + CASH for coin in account.balances}
    return found | {world.instruments[symbol].base + CASH for symbol in found if symbol in world.instruments}
