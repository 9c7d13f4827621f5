"""What each strategy, and everybody in each symbol, holds and has earned, by the world's own executions.

In floats and by formulas of its own: P&L is the cash that all trades paid and brought, less fees, and what
is open at mark. It shares nothing with the metrics that it is held against. Linear contracts only; coins are
no lots.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from guardian.sim.checkers.truth import Books
from guardian.sim.play.life import policy_of
from guardian.sim.ports.stand import Stand
from guardian.sim.world.account import Execution

LOOKS = 24
"""Of an equity that guardian may still know: as many as there are in some ten seconds."""


@dataclass(slots=True)
class Lots:
    """`most` is the furthest that P&L has been below its best so far, over the equity; `lost` is how far it
    is below where it began now. What is above that between two trades nobody is told of. Money that crosses
    the border moves neither: what was lost before counts in the units after it.

    `unsure` are symbols in which a close may have been of its lots or of somebody else's.
    """

    cash: float = 0.0
    sizes: dict[str, float] = field(default_factory=dict)
    traded: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    began: float = 0.0
    best: float = 0.0
    most: float = 0.0
    lost: float = 0.0

    def take(self, row: Execution) -> None:
        signed, symbol = float(row.qty) * row.side.sign, row.symbol
        self.cash -= signed * float(row.price) + float(row.fee)
        self.sizes[symbol] = round(self.sizes.get(symbol, 0.0) + signed, 9)
        self.traded.add(symbol)

    def worth(self, marks: dict[str, float]) -> float:
        return self.cash + sum(size * marks[symbol] for symbol, size in self.sizes.items() if size)

    def look(self, marks: dict[str, float], equity: float) -> None:
        pnl = self.worth(marks)
        self.best = max(self.best, pnl)
        self.lost = max(self.began - pnl, 0.0) / equity
        self.most = max(self.most, (self.best - pnl) / equity)

    def cross(self, marks: dict[str, float], ratio: float) -> None:
        """The account has `ratio` times as many units as before."""
        pnl = self.worth(marks)
        self.began, self.best = (pnl + (level - pnl) * ratio for level in (self.began, self.best))


class Tape:
    """One account's executions, read as they come. What no strategy has opened is `others`."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._next, self._units = 0, 0.0
        self.strategies = {prefix: Lots() for prefix in policy_of(stand).order_prefixes}
        self.others = Lots()
        self.pairs: dict[str, Lots] = {}

    def look(self, books: Books) -> None:
        """Whenever the world has changed; a loss counts over the least that the equity was of late."""
        equity = min((each for each in books.equities[-LOOKS:] if each > 0), default=1e-9)
        marks = {symbol: float(market.mark) for symbol, market in self._stand.world.markets.items()}
        rows = self._stand.books.executions
        for row in (row for row in rows[self._next :] if not row.spot):
            whose = self._book(row)
            # A trade's own price may be better than the mark: then that was its best moment.
            whose.best = max(whose.best, whose.worth(marks | {row.symbol: float(row.price)}))
        self._next = len(rows)
        watched = (*self.strategies.values(), *self.pairs.values())
        if self._units and books.units != self._units:
            for lots in watched:
                lots.cross(marks, books.units / self._units)
        self._units = books.units
        for lots in watched:
            lots.look(marks, equity)

    def _book(self, row: Execution) -> Lots:
        self.pairs.setdefault(row.symbol, Lots()).take(row)
        prefix = next((prefix for prefix in self.strategies if row.link_id.startswith(prefix)), "")
        lots = self.strategies[prefix] if prefix else self._closed_by_nobody(row)
        lots.take(row)
        return lots

    def _closed_by_nobody(self, row: Execution) -> Lots:
        """Whose lots nobody's trade has closed: the only ones that it can have been, else nobody knows.

        One that turns the position round may have opened all of it beside theirs.
        """
        opposed = [lots for lots in self._all() if lots.sizes.get(row.symbol, 0.0) * row.side.sign < 0]
        if not row.closed or len(opposed) != 1 or row.closed < row.qty:
            for lots in opposed if row.closed else ():
                lots.unsure.add(row.symbol)
            return self.others
        return opposed[0]

    def _all(self) -> Iterable[Lots]:
        return (*self.strategies.values(), self.others)
