"""One market: its prices and a synthetic book of finite depth that market orders walk.

Prices move only when told. What an order takes from the book comes back at `REFILL_PER_SECOND` of the
whole side, so large orders slip and a burst of them slips more; nothing else makes the book move.
`depth` makes it thinner than that: no order may get more than so much at once, 0 fills nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from guardian.sim.world.instruments import Instrument
from guardian.sim.world.orders import ZERO, Side

LEVELS = 60
HALF_SPREAD = Decimal("0.0001")
LEVEL_GAP = Decimal("0.0005")
REFILL_PER_SECOND = 0.5


@dataclass(frozen=True, slots=True)
class Fill:
    """A part of an order that met one level: quantity (base units, inverse: dollars) at one price."""

    price: Decimal
    qty: Decimal
    maker: bool = False


@dataclass(slots=True)
class Market:
    """Mark, index and last price (all equal unless told) and what was lately taken from each side.

    `depth` is the most that one order may get at once, None without such a limit. `closes_dust`: whether the
    venue closes a position that is below its smallest order.
    """

    instrument: Instrument
    mark: Decimal
    index: Decimal
    last: Decimal
    level_notional: Decimal
    day_open: Decimal
    day_high: Decimal
    day_low: Decimal
    funding_rate: Decimal = Decimal("0.0001")
    taken: dict[Side, Decimal] = field(default_factory=lambda: {Side.BUY: ZERO, Side.SELL: ZERO})
    taken_at: int = 0
    depth: Decimal | None = None
    closes_dust: bool = True

    @classmethod
    def of(cls, instrument: Instrument, price: Decimal) -> Market:
        price = instrument.round_price(price)
        return cls(instrument, price, price, price, instrument.level_notional, price, price, price)

    def move(self, price: Decimal) -> None:
        """Mark, index and last become `price`, rounded to the tick."""
        price = self.instrument.round_price(price)
        self.mark = self.index = self.last = price
        self.day_high, self.day_low = max(self.day_high, price), min(self.day_low, price)

    def level(self, side: Side, number: int) -> Decimal:
        """Price of the `number`-th level that an order of `side` meets, best first from 0."""
        distance = HALF_SPREAD + LEVEL_GAP * number
        raw = self.mark * (1 + distance * side.sign) / self.instrument.tick
        rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
        return max(self.instrument.tick, raw.quantize(Decimal(1), rounding) * self.instrument.tick)

    def best(self, side: Side) -> Decimal:
        """The best price at which an order of `side` trades: the ask for a buy, the bid for a sell."""
        return self.level(side, 0)

    def protected(self, side: Side) -> Decimal:
        """The worst price that a market order of `side` may reach."""
        return self.instrument.round_price(self.mark * (1 + self.instrument.protection * side.sign))

    def walk(self, side: Side, qty: Decimal, worst: Decimal, now: int) -> list[Fill]:
        """What an order of `side` would get at `worst` or better; takes nothing yet."""
        self._refill(now)
        skipped, fills, left = self.taken[side], [], self.within_depth(qty)
        for number in range(LEVELS):
            price = self.level(side, number)
            if left <= 0 or (price - worst) * side.sign > 0:
                break
            free = self.level_notional - skipped
            skipped = max(ZERO, -free)
            got = min(left, self.instrument.floor_qty(self.instrument.qty_of(max(ZERO, free), price)))
            if got > 0:
                fills.append(Fill(price, got))
                left -= got
        return fills

    def within_depth(self, qty: Decimal) -> Decimal:
        return qty if self.depth is None else min(qty, self.depth)

    def take(self, side: Side, fill: Fill) -> None:
        self.taken[side] += self.instrument.notional(fill.qty, fill.price)
        self.last = fill.price

    def offered(self, side: Side, now: int) -> list[Fill]:
        """What an order of `side` would meet at each level, best first; looking changes nothing."""
        skipped, found = max(ZERO, self.taken[side] - self._back(now)), []
        for number in range(LEVELS):
            price, free = self.level(side, number), self.level_notional - skipped
            skipped = max(ZERO, -free)
            qty = self.instrument.floor_qty(self.instrument.qty_of(max(ZERO, free), price))
            if qty > 0:
                found.append(Fill(price, qty))
        return found

    def _refill(self, now: int) -> None:
        back = self._back(now)
        for side in Side:
            self.taken[side] = max(ZERO, self.taken[side] - back)
        self.taken_at = max(now, self.taken_at)

    def _back(self, now: int) -> Decimal:
        """What has come back to each side since it was last looked at."""
        seconds = max(0, now - self.taken_at) / 1000
        return self.level_notional * LEVELS * Decimal(seconds * REFILL_PER_SECOND)
