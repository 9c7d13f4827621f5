"""The account's ledger, read so that no row is lost, none comes twice, and none is newer than the wallet.

Money that crosses the account's border must be told from money lost, and both must be told of one moment:
a deposit that the ledger shows before the wallet does would look like a loss. Rows newer than the wallet's
answer therefore wait for the next read.

After an absence there may be more rows than one read has time for. They are asked for by spans, the oldest
first, and a span that takes too long is halved: each read tells what came, and whether that is all.
Source: docs/v5/account/transaction-log.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain

from guardian.core.model import Balance, LedgerEntry, LedgerKind
from guardian.errors import VenueError
from guardian.exchanges.bybit import codes
from guardian.exchanges.bybit.client import TOO_MANY, BybitClient
from guardian.exchanges.bybit.kinds import DEBTS, kind_of, unknown
from guardian.exchanges.generic.fields import (
    Row,
    garbage,
    integer,
    number,
    optional_number,
    optional_text,
    text,
)
from guardian.ports import Credential

# The log is asynchronous: a row may appear this long after the moment it is dated.
_LATE_MS = 120_000
# A row dated further ahead of the wallet than this is the venue's clock, not a race: do not hold it back.
_AHEAD_MS = 5_000
# The venue answers at most 24 h from a start time.
_WINDOW_MS = 24 * 3600 * 1000 - 1
_NARROWEST_MS = 1_000
# What one read tells; the next one goes on.
_ENOUGH = 1000
# What says that a span has more rows than are answered in one go.
_TOO_WIDE = (TOO_MANY, codes.RATE_LIMIT, "timeout")
# Cash that moved without a row is asked about again until then.
_PATIENCE_S = 30.0

Dated = dict[str, tuple[int, LedgerEntry]]
"""By id, each row with its instant in the venue's time."""


@dataclass(frozen=True, slots=True)
class Told:
    """New rows, oldest first; `current` says that these are all up to the wallet's moment."""

    rows: tuple[LedgerEntry, ...]
    current: bool = True


class Ledger:
    """Remembers what was delivered. Not safe for concurrent reads: the reader asks one at a time."""

    def __init__(
        self,
        client: BybitClient,
        credential: Credential,
        flows_seconds: float,
        booked_to: datetime | None = None,
    ) -> None:
        """`booked_to`: an earlier run has delivered the rows up to then; the first read goes on there."""
        self._client = client
        self._credential = credential
        self._flows_seconds = flows_seconds
        self._booked_to = booked_to
        self._begin_ms: int | None = None
        self._from_ms = 0
        self._span_ms = _WINDOW_MS
        self._found: Dated = {}
        self._current = True
        self._read_at = 0.0
        self._moved_at: float | None = None
        self._cash: dict[str, Decimal] = {}
        self._seen: dict[str, int] = {}

    @property
    def behind(self) -> bool:
        """An absence, or a span that was too wide for one read, is still to be caught up with."""
        return not self._current or (self._begin_ms is None and self._booked_to is not None)

    def due(self, balances: tuple[Balance, ...]) -> bool:
        if self._begin_ms is None or time.monotonic() - self._read_at >= self._flows_seconds:
            return True
        return not self._current or _cash(balances) != self._cash

    async def read(self, balances: tuple[Balance, ...], wallet_ms: int) -> Told:
        """New rows up to the wallet's moment. Raises VenueError and then forgets nothing."""
        begin_ms = self._first_ms(wallet_ms) if self._begin_ms is None else self._begin_ms
        reached_ms = await self._reach(begin_ms, wallet_ms)
        fresh, self._found = self._found, {}
        self._remember(fresh, wallet_ms)
        first, self._begin_ms = self._begin_ms is None, begin_ms
        self._current = reached_ms >= wallet_ms
        if first and self._current:
            self._settle(balances)
        elif self._current:
            self._explain(balances, bool(fresh))
        if first and self._booked_to is None:
            # What the first wallet already contains is the starting point, not news.
            return Told(())
        rows = sorted(fresh.values(), key=lambda item: (item[0], item[1].id))
        return Told(tuple(entry for _, entry in rows), self._current)

    def _first_ms(self, wallet_ms: int) -> int:
        """In the venue's time; without an earlier run, the moment of the first wallet."""
        if self._booked_to is None:
            return wallet_ms
        begin = self._client.clock.venue_ms(self._booked_to)
        return min(wallet_ms, int(self._booked_to.timestamp() * 1000 if begin is None else begin))

    async def _reach(self, begin_ms: int, wallet_ms: int) -> int:
        """Find rows, oldest first, as far as a reasonable number goes; how far that is.

        What was found stays found where a deadline strikes before the rest comes.
        """
        start, latest = max(begin_ms, self._from_ms), wallet_ms + _AHEAD_MS
        while True:
            end = min(start + self._span_ms, latest)
            rows = await self._rows(start, end, wallet_ms)
            self._found |= {
                entry.id: (at_ms, entry)
                for at_ms, entry in chain.from_iterable(map(entries_of, rows))
                # What is newer than the wallet is held back.
                if at_ms >= begin_ms and entry.id not in self._seen and not wallet_ms < at_ms <= latest
            }
            self._from_ms = min(end, wallet_ms - _LATE_MS)
            if end >= latest or len(self._found) >= _ENOUGH:
                return end
            start = end

    async def _rows(self, start: int, end: int, wallet_ms: int) -> tuple[Row, ...]:
        """Of a span; of the last one also what is dated too far ahead of the wallet for a race."""
        last = end >= wallet_ms + _AHEAD_MS
        params = {
            "accountType": "UNIFIED",
            "limit": 50,
            "startTime": start,
            "endTime": min(start + _WINDOW_MS, wallet_ms + _WINDOW_MS // 2) if last else end,
        }
        try:
            pages = await self._client.ask_pages(
                "privateGetV5AccountTransactionLog", params, self._credential
            )
        except (VenueError, asyncio.CancelledError) as error:
            # Somebody's deadline has struck, or there are too many: a narrower span may come.
            if not isinstance(error, VenueError) or error.code in _TOO_WIDE:
                self._span_ms = max(_NARROWEST_MS, min(self._span_ms, end - start) // 2)
                self._current = False
            raise
        self._span_ms = min(_WINDOW_MS, 2 * self._span_ms)
        return pages.rows

    def _remember(self, fresh: Dated, wallet_ms: int) -> None:
        self._read_at = time.monotonic()
        self._seen.update((row_id, at_ms) for row_id, (at_ms, _) in fresh.items())
        oldest = min(self._from_ms, wallet_ms - _LATE_MS) - _LATE_MS
        self._seen = {row_id: at_ms for row_id, at_ms in self._seen.items() if at_ms >= oldest}

    def _explain(self, balances: tuple[Balance, ...], rows_came: bool) -> None:
        """Cash that moved while no row came stays due: the log may be behind the wallet."""
        moved = _cash(balances) != self._cash
        current = time.monotonic()
        if moved and not rows_came:
            self._moved_at = current if self._moved_at is None else self._moved_at
            if current - self._moved_at < _PATIENCE_S:
                return
        self._settle(balances)

    def _settle(self, balances: tuple[Balance, ...]) -> None:
        self._read_at = time.monotonic()
        self._cash = _cash(balances)
        self._moved_at = None


def _cash(balances: tuple[Balance, ...]) -> dict[str, Decimal]:
    """By coin, without empty ones: the venue lists or drops a coin at zero as it pleases."""
    return {balance.currency: balance.quantity for balance in balances if balance.quantity != 0}


def entries_of(row: Row) -> list[tuple[int, LedgerEntry]]:
    """A row as it counts: of a contract in USDC one settlement pays funding and what the session has made."""
    at_ms, entry = entry_of(row)
    made = optional_number(row, "cashFlow") if entry.kind is LedgerKind.FUNDING else None
    if not made:
        return [(at_ms, entry)]
    session = replace(entry, id=f"{entry.id}:session", kind=LedgerKind.TRADE, change=made)
    return [(at_ms, replace(entry, change=entry.change - made)), (at_ms, session)]


def entry_of(row: Row) -> tuple[int, LedgerEntry]:
    """When in the venue's time, and what the row is. A debt changes nothing: balances are told without it."""
    at_ms, venue_type, change = integer(row, "transactionTime"), text(row, "type"), number(row, "change")
    if not 0 < at_ms < 4_102_444_800_000:
        raise garbage("transactionTime is not a plausible instant")
    entry = LedgerEntry(
        id=_identity(row),
        at=datetime.fromtimestamp(at_ms / 1000, UTC),
        kind=kind_of(venue_type, optional_text(row, "symbol")),
        currency=text(row, "currency"),
        change=Decimal(0) if venue_type in DEBTS else change,
        client_id=optional_text(row, "orderLinkId"),
        quantity=abs(optional_number(row, "qty") or Decimal(0)),
        unknown_type=unknown(venue_type),
        order_id=optional_text(row, "orderId") if venue_type == "TRADE" else "",
    )
    return at_ms, entry


def _identity(row: Row) -> str:
    """The venue's id and a digest of what moved; the same in every read and after every restart.

    The documentation's own example repeats an id over a settlement and two fills, and a spot fill is a row in
    each of its currencies. What differs in any of this is another row, and both count: refused, a pair of
    them would be refused again by every later read. What agrees in all of it is one row that came twice.
    """
    told = [optional_text(row, name) for name in ("tradeId", "orderId", "symbol", "side")]
    told += [text(row, name) for name in ("type", "currency")]
    told += [str(integer(row, "transactionTime")), str(number(row, "change").normalize())]
    digest = hashlib.blake2b("\n".join(told).encode(), digest_size=8).hexdigest()
    return f"{text(row, 'id')}:{digest}"
