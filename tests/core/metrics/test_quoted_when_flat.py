"""The prices of what was held of late are learned from quotes once the account is flat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from guardian.core.facts.market import Quote
from guardian.core.memory import Correlations, Followed, Markets
from guardian.core.metrics.correlation import fold_correlations
from guardian.core.model import Snapshot

NOW = datetime(2026, 1, 5, 12, 0, 2, tzinfo=UTC)


def read(at: datetime) -> Snapshot:
    return Snapshot("a", at, None, (), None, None)


def quoted(at: datetime, mark: str = "90") -> Markets:
    return Markets(quotes=(Quote("BTC/USDT:USDT", Decimal(mark)),), quoted_at=at)


def known() -> Correlations:
    cell = int(NOW.timestamp()) // 300
    return Correlations(cell, followed=(Followed("BTC", "BTC/USDT:USDT", 100.0, NOW, 100.0, cell - 1),))


def test_a_quote_newer_than_the_last_position_is_the_price() -> None:
    at = NOW + timedelta(seconds=10)
    found = fold_correlations(known(), read(at), quoted(at - timedelta(seconds=1)))
    assert found is not None
    assert (found.followed[0].mark, found.followed[0].seen_at) == (90.0, at - timedelta(seconds=1))


def test_an_older_quote_and_one_from_after_the_read_change_nothing() -> None:
    at = NOW + timedelta(seconds=10)
    for quote_at in (NOW - timedelta(seconds=1), at + timedelta(seconds=1)):
        found = fold_correlations(known(), read(at), quoted(quote_at))
        assert found is not None
        assert found.followed[0].mark == 100.0
