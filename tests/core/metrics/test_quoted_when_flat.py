"""The prices of what was held of late are learned from quotes once the account is flat."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import exp

import pytest

from guardian.core.events import Event, MarketTaken, SnapshotTaken
from guardian.core.facts.market import Market as Look
from guardian.core.facts.market import Quote
from guardian.core.memory import Correlations, Followed, Markets
from guardian.core.metrics.correlation import (
    STEPS_TO_KNOW,
    fold_correlations,
    fold_quotes,
)
from guardian.core.metrics.following import FORGOTTEN_AFTER, GRID_SECONDS, MAXIMUM_ASSETS
from guardian.core.metrics.heat import fold_heat
from guardian.core.metrics.overheat import overheat
from guardian.core.metrics.pairs import unpacked
from guardian.core.metrics.returns import STEPS_TO_COMPARE
from guardian.core.model import Known, Position, Snapshot, Unknown
from guardian.core.state import AccountState
from tests.core.build import ACCOUNT, BTC, START, Desk, at, position, read
from tests.core.metrics.returns.market import watching

NOW = datetime(2026, 1, 5, 12, 0, 2, tzinfo=UTC)
CELL = int(NOW.timestamp()) // GRID_SECONDS
CLOSING, OPENING = NOW + timedelta(seconds=297), NOW + timedelta(seconds=299)
"""In the last second of the cell of `NOW`, and in the first of the next."""


def seen(at: datetime, *positions: Position) -> Snapshot:
    return Snapshot("a", at, None, positions, None, None)


def quoted(at: datetime, mark: str = "90", symbol: str = BTC) -> Markets:
    return Markets(quotes=(Quote(symbol, Decimal(mark)),), quoted_at=at)


def known(held_at: datetime | None = NOW, clusters: tuple[tuple[str, ...], ...] = ()) -> Correlations:
    own = Followed("BTC", BTC, 100.0, NOW, 100.0, CELL - 1, held_at)
    return Correlations(CELL, followed=(own,), clusters=clusters)


def folded(book: Correlations, read: Snapshot, markets: Markets | None = None) -> Correlations:
    found = fold_correlations(book, read, markets)
    assert found is not None
    return found


def looked(book: Correlations, markets: Markets) -> Correlations:
    found = fold_quotes(book, markets)
    assert found is not None
    return found


def btc(book: Correlations) -> Followed:
    return book.followed[0]


# --- which mark counts --------------------------------------------------------------------------------


def test_a_quote_newer_than_the_last_position_is_the_price() -> None:
    later = NOW + timedelta(seconds=10)
    found = folded(known(), seen(later), quoted(later - timedelta(seconds=1)))

    assert (btc(found).mark, btc(found).seen_at) == (90.0, later - timedelta(seconds=1))


@pytest.mark.parametrize("seconds", [-1, 299])
def test_an_older_quote_and_one_of_the_next_cell_change_nothing(seconds: int) -> None:
    found = folded(known(), seen(NOW + timedelta(seconds=10)), quoted(NOW + timedelta(seconds=seconds)))

    assert btc(found).mark == 100.0


@pytest.mark.parametrize("mark", ["1e-400", "1e400"])
def test_a_price_that_is_no_finite_number_above_zero_is_no_mark(mark: str) -> None:
    """A Decimal may be good and its float 0 or infinite: the logarithm of it would blind everything."""
    found = folded(known(), seen(OPENING), quoted(NOW + timedelta(seconds=1), mark))

    assert btc(found).mark == 100.0


def test_the_price_of_another_contract_is_none_of_this_one() -> None:
    found = folded(known(), seen(OPENING), quoted(CLOSING, symbol="BTC/USDC:USDC"))

    assert btc(found).mark == 100.0


def test_what_is_held_has_the_mark_of_its_position() -> None:
    """The newest quote may be of after the last read of the cell; held, the position's mark ends it."""
    held = known(clusters=(("BTC",),))
    found = looked(held, quoted(CLOSING))
    assert found == held

    found = folded(found, seen(OPENING, position(BTC, mark=101)), quoted(CLOSING))
    assert (btc(found).grid_mark, btc(found).mark) == (100.0, 101.0)


def test_the_last_quote_of_a_cell_ends_it_though_the_next_read_is_of_the_next_cell() -> None:
    found = folded(looked(known(), quoted(CLOSING)), seen(OPENING))

    assert (btc(found).grid_mark, btc(found).grid) == (90.0, CELL)


def test_a_quote_of_the_next_cell_enters_nothing_before() -> None:
    assert looked(known(), quoted(OPENING)) == known()
    found = folded(known(), seen(OPENING), quoted(OPENING))

    assert (btc(found).grid_mark, btc(found).mark) == (100.0, 90.0)


# --- how long, and how many ---------------------------------------------------------------------------


@pytest.mark.parametrize("held_at", [NOW, None])
def test_what_was_not_held_for_a_week_is_forgotten_though_it_is_quoted(held_at: datetime | None) -> None:
    """None: a journal of before; the price that it saw last begins the week."""
    book, day = known(held_at), timedelta(days=1)
    for n in range(1, 8):
        book = folded(book, seen(NOW + n * day), quoted(NOW + n * day - timedelta(seconds=1)))
        assert btc(book).mark == 90.0
    assert FORGOTTEN_AFTER == 7 * day
    assert folded(book, seen(NOW + 7 * day + timedelta(seconds=1)), quoted(NOW + 7 * day)).followed == ()


def test_what_was_held_last_is_remembered_first() -> None:
    old = [
        Followed(f"A{n:02}", f"A{n:02}/USDT:USDT", 1.0, NOW, held_at=NOW + timedelta(seconds=n))
        for n in range(MAXIMUM_ASSETS)
    ]
    found = folded(Correlations(CELL, tuple(old)), seen(NOW + timedelta(seconds=90), position(BTC)))

    assert [f.asset for f in found.followed] == [f"A{n:02}" for n in range(1, MAXIMUM_ASSETS)] + ["BTC"]


# --- as if it were held -------------------------------------------------------------------------------


class Street:
    """Prices that are read and quoted each cell; what is not `held` is only quoted."""

    def __init__(self, *names: str, desk: Desk | None = None) -> None:
        self.desk = desk or watching("overheat", "correlation", "turbulence")
        self.chance, self.cell, self.swing = random.Random(1), 0, 0.001
        self.logs = dict.fromkeys(names, 0.0)
        self.held = set(names)

    def events(self) -> tuple[Event, Event]:
        when = at(self.cell * GRID_SECONDS + 2)
        marks = {f"{n}/USDT:USDT": str(round(100 * exp(log), 9)) for n, log in self.logs.items()}
        held = tuple(position(s, 1, m, entry=100) for s, m in marks.items() if s.split("/")[0] in self.held)
        quotes = tuple(Quote(symbol, Decimal(mark)) for symbol, mark in marks.items())
        shot = read(self.cell * GRID_SECONDS + 2, held, cash=10_000)
        return MarketTaken(when, Look(ACCOUNT, when, quotes, None)), SnapshotTaken(when, shot)

    def run(self, cells: int, quotes_first: bool = True) -> Street:
        for _ in range(cells):
            for name in self.logs:
                self.logs[name] += self.chance.gauss(0, self.swing)
            look, shot = self.events()
            for event in (look, shot) if quotes_first else (shot, look):
                self.desk.send(event)
            self.cell += 1
        return self

    @property
    def account(self) -> AccountState:
        return self.desk.account

    def read_again(self) -> Street:
        self.desk.send(SnapshotTaken(at(self.cell * GRID_SECONDS + 2), self.events()[1].snapshot))
        return self


def learned(account: AccountState) -> tuple[object, ...]:
    assert account.correlations is not None
    assert account.returns is not None
    book = account.correlations
    return book.moments, account.returns.assets, [(f.asset, f.grid_mark, f.grid) for f in book.followed]


@pytest.mark.parametrize("quotes_first", [True, False])
def test_quotes_teach_what_positions_would_have_taught(quotes_first: bool) -> None:
    """The same market, read at the same instants: flat or not, and whichever of both is told first."""
    always, flat = Street("BTC", "ETH").run(60), Street("BTC", "ETH").run(60)
    flat.held.clear()
    always.run(60, quotes_first)
    flat.run(60, quotes_first)

    assert learned(always.read_again().account) == learned(flat.read_again().account)


def test_what_is_not_held_is_in_no_correlation_and_no_cluster() -> None:
    street = Street("BTC", "ETH", "SOL").run(STEPS_TO_KNOW + 2)
    street.held = {"BTC"}
    street.run(20)
    own = street.account.rule("correlation")

    assert street.account.correlations is not None
    assert street.account.correlations.moments.count == 3
    assert street.account.correlations.clusters == (("BTC",),)
    assert own is not None
    assert own.measured == Known(0.0)


def test_turbulence_is_of_what_is_held_and_of_what_was_while_nothing_is() -> None:
    street = Street("BTC", "ETH").run(STEPS_TO_COMPARE + 12)
    assert street.account.returns is not None
    usual = street.account.returns.turbulence[0]
    street.held, street.swing = {"BTC"}, 0.0
    street.run(2)
    street.logs["ETH"] += 0.1
    calm = street.run(2).account.returns
    assert calm is not None
    assert calm.turbulence[0] < usual

    street.held.clear()
    street.run(1)
    street.logs["ETH"] += 0.1
    wild = street.run(2).account.returns
    assert wild is not None
    assert wild.turbulence[0] > 10 * usual


# --- how hot a flat account's market is ---------------------------------------------------------------


def test_a_flat_account_knows_how_hot_the_market_is_for_a_week() -> None:
    street = Street("BTC").run(STEPS_TO_COMPARE + 1)
    street.held.clear()
    street.run(24 * 12)
    found = overheat(street.account, at((street.cell - 1) * GRID_SECONDS + 2))
    assert not found.partial

    street.run(6 * 24 * 12 + 12)
    assert overheat(street.account, at((street.cell - 1) * GRID_SECONDS + 2)).partial
    own = street.account.rule("turbulence")
    assert own is not None
    assert isinstance(own.measured, Unknown)


def test_what_is_not_quoted_any_more_says_nothing_of_the_volatility() -> None:
    """Two were held; of one no quote comes, and what it did an hour ago is not what it does now."""
    street = Street("BTC", "ETH").run(STEPS_TO_COMPARE + 1)
    street.swing = 0.01
    street.run(6)
    street.held.clear()
    del street.logs["ETH"]
    street.swing = 0.0005
    street.run(36)
    alone = Street("BTC", desk=street.desk).account
    assert alone.returns is not None
    only = tuple(a for a in alone.returns.assets if a.asset == "BTC")
    without = replace(alone, returns=replace(alone.returns, assets=only), heat=None)
    now = at((street.cell - 1) * GRID_SECONDS + 2)
    both, one = (fold_heat(replace(a, heat=None), now).components[0] for a in (alone, without))
    assert both == one


def test_prices_alone_are_looked_at_once_a_cell() -> None:
    """A quote without a funding rate tells nothing new before the cell is over."""
    street = Street("BTC").run(3)
    before = street.account.heat
    street.desk.see(read((street.cell - 1) * GRID_SECONDS + 90, (), cash=10_000))

    assert before is not None
    assert street.account.heat == replace(before, looked=None)


def test_pairs_stay_as_bounded_as_before() -> None:
    names = [f"A{n:02}" for n in range(MAXIMUM_ASSETS + 5)]
    street = Street(*names).run(1)
    street.held = set(names[5:])
    street.run(2)

    assert street.account.correlations is not None
    assert len(street.account.correlations.followed) == MAXIMUM_ASSETS
    pairs = street.account.correlations.moments
    assert pairs.count == len(unpacked(pairs).grids) == MAXIMUM_ASSETS * (MAXIMUM_ASSETS - 1) // 2
    assert START.tzinfo is UTC
