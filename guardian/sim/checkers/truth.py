"""What is so, whatever anybody was told: each account's unitised equity, exposure and margin over time.

Computed from the world's books in floats, by formulas of its own: it shares nothing with the metrics that it
is held against.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from guardian.sim.ports.stand import Stand
from guardian.sim.world.margin import DOLLARS, coin_price, standing

BORDER = ("TRANSFER_IN", "TRANSFER_OUT")
START = 100.0

Look = Sequence[tuple[tuple[float, float], float]]
"""Of each account at one moment: (second, NAV), and its equity."""


@dataclass(slots=True)
class Books:
    """One account's truth: (second, NAV) from 100 on, the equity at each, and the newest other figures."""

    units: float
    rows: int
    navs: list[tuple[float, float]] = field(default_factory=list)
    equities: list[float] = field(default_factory=list)
    equity: float = 0.0
    gross: float = 0.0
    margin: float = 0.0
    most_gross: float = 0.0
    most_margin: float = 0.0


class Truth:
    """`look` samples one account; call it whenever the world has changed."""

    def __init__(self, stands: dict[str, Stand]) -> None:
        self._stands = stands
        self.books: dict[str, Books] = {}

    def look(self, now: float) -> None:
        for name, stand in self._stands.items():
            self._look(name, stand, now)

    def _look(self, name: str, stand: Stand, now: float) -> None:
        whole, needed = standing(stand.books, stand.world.markets)
        equity = float(whole)
        books = self.books.get(name)
        if books is None:
            books = self.books[name] = Books(equity / 100, len(stand.books.ledger))
        flow = self._flow(stand, books)
        if flow and books.units > 0:
            before = (equity - flow) / books.units
            books.units += flow / before if before > 0 else 0.0
        books.equity = equity
        books.equities.append(max(0.0, equity))
        books.navs.append((now, equity / books.units if books.units > 0 else 0.0))
        books.gross = self._gross(stand)
        books.margin = float(needed) / equity if equity > 0 else 10.0
        books.most_gross = max(books.most_gross, books.gross / equity if equity > 0 else 10.0)
        books.most_margin = max(books.most_margin, books.margin)

    def _flow(self, stand: Stand, books: Books) -> float:
        """What crossed the border since the last look, at today's prices."""
        fresh = stand.books.ledger[books.rows :]
        books.rows = len(stand.books.ledger)
        markets = stand.world.markets
        return sum(float(r.change * coin_price(r.currency, markets)) for r in fresh if r.type in BORDER)

    def _gross(self, stand: Stand) -> float:
        return sum(map(abs, held_by_asset(stand).values()))

    def worst_drawdown(self, name: str) -> float:
        """The largest fall from a peak before it, so far."""
        return _worst_fall(nav for _, nav in self.books[name].navs)

    def worst_drawdown_together(self, names: Sequence[str]) -> float:
        """The same of several accounts as one."""
        return _worst_fall(nav for _, nav in self._together(names))

    def drawdown_together(self, names: Sequence[str], seconds: float | None = None) -> float:
        """From their highest NAV as one so far, or of the last so many seconds, to now."""
        return _fallen(self._together(names), seconds)

    def _together(self, names: Sequence[str]) -> list[tuple[float, float]]:
        """Several accounts as one: between two looks each counts by what it was worth before."""
        each = (zip(self.books[n].navs, self.books[n].equities, strict=True) for n in names)
        looks = list(zip(*each, strict=True))
        together = [(looks[0][0][0][0], START)] if looks else []
        for before, now in pairwise(looks):
            together.append((now[0][0][0], together[-1][1] * _grown(before, now)))
        return together

    def drawdown(self, name: str, seconds: float | None = None) -> float:
        """From the highest NAV so far, or of the last so many seconds, to now."""
        return _fallen(self.books[name].navs, seconds)


def held_by_asset(stand: Stand, symbols: Collection[str] | None = None) -> dict[str, float]:
    """Netted by asset, with the coins of the wallet: they are exposure as contracts are, but for dollars.

    Of these symbols only, where any are given, with the coins of their assets.
    """
    markets, assets = stand.world.markets, dict[str, float]()
    coins = {markets[symbol].instrument.base for symbol in symbols or ()}
    for leg in stand.books.open_legs():
        market = markets[leg.symbol]
        if symbols is None or leg.symbol in symbols:
            inverse = market.instrument.inverse
            size = float(leg.size) * (1.0 if inverse else float(market.mark))
            base = market.instrument.base
            assets[base] = assets.get(base, 0.0) + size
    for coin, quantity in stand.books.balances.items():
        if coin not in DOLLARS and quantity and (symbols is None or coin in coins):
            assets[coin] = assets.get(coin, 0.0) + float(quantity * coin_price(coin, markets))
    return assets


def _fallen(known: Sequence[tuple[float, float]], seconds: float | None) -> float:
    since = known[-1][0] - seconds if known and seconds is not None else float("-inf")
    navs = [nav for at, nav in known if at > since]
    return 1 - navs[-1] / max(navs) if navs and max(navs) > 0 else 0.0


def _worst_fall(navs: Iterable[float]) -> float:
    peak, worst = 0.0, 0.0
    for nav in navs:
        peak = max(peak, nav)
        worst = max(worst, 1 - nav / peak if peak > 0 else 0.0)
    return worst


def _grown(before: Look, now: Look) -> float:
    """By how much several accounts have grown together."""
    pairs = [
        (worth, old, new) for ((_, old), worth), ((_, new), _) in zip(before, now, strict=True) if old > 0
    ]
    weight = sum(worth for worth, _, _ in pairs)
    return sum(worth * new / old for worth, old, new in pairs) / weight if weight > 0 else 1.0
