"""What was traded on an account, whoever did it: two questions over the line, as the wire adapter asks them.

Law: a row counts as told only once a good answer with it has come; what is listed late comes with a later
one. No rule that is drawn reads past orders: they are asked for, and that can fail, but none is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from guardian.core.facts.activity import Activity, Fill
from guardian.sim.ports import door, view
from guardian.sim.ports.line import Reply
from guardian.sim.ports.stand import Stand

REPEATED = 3
LATE_MS = 120_000
"""So long after it was made a row may still be listed, as the wire adapter reckons."""


class SimHistory:
    """See ports.History. `since_ms`, of the world's clock, is up to when an earlier process was told: this
    one goes on a little before that. Without it only what is traded from the first question on is news.
    """

    def __init__(self, stand: Stand, machine: Callable[[], datetime], since_ms: float | None) -> None:
        self._stand = stand
        self._machine = machine
        self._key_id = stand.keys["watch"].id
        self._since_ms = since_ms
        self._told: int | None = None
        self._floor = 0

    async def recent(self) -> Activity:
        asked, line = self._machine(), self._stand.line
        first = self._told = self._begun()
        fills = line.ask("read", "executions", lambda: self._executions(first))
        orders = line.ask("read", "order-history", lambda: self._turned_away() or Reply(value=()))
        await asyncio.wait({fills, orders}, timeout=line.patience)
        told, past = line.reply(fills), line.reply(orders)
        if not told.code:
            rows, self._told = told.value
        wrong = {"executions": told, "order-history": past}
        return Activity(
            account=self._stand.name,
            asked_at=asked,
            fills=None if told.code else rows,
            orders=None if past.code else past.value,
            problem="; ".join(f"{name}: {reply.code}" for name, reply in wrong.items() if reply.code),
        )

    async def close(self) -> None:
        return None

    def _begun(self) -> int:
        """From which row on to ask."""
        if self._told is not None:
            return self._told
        stand = self._stand
        from_ms = stand.now_ms() if self._since_ms is None else self._since_ms - LATE_MS
        rows = stand.books.executions
        self._floor = next((n for n, row in enumerate(rows) if row.at >= from_ms), len(rows))
        return self._floor

    def _turned_away(self) -> Reply | None:
        if self._stand.struck("account-blind"):
            return Reply("10003", detail="the key is refused")
        return door.turned_away(self._stand, self._key_id, "any")

    def _executions(self, first: int) -> Reply:
        """Rows from number `first` on, and the number of the next one."""
        return self._turned_away() or Reply(value=self._listed(first))

    def _listed(self, first: int) -> tuple[tuple[Fill, ...], int]:
        stand = self._stand
        rows = stand.books.executions
        end = len(rows)
        late = stand.weather.strikes("fills-late", stand.name)
        if late is not None:
            shown = stand.now_ms() - late.size * 1000
            while end > first and rows[end - 1].at > shown:
                end -= 1
        if end < len(rows):
            stand.weather.count("fills-late", stand.name)
        again = max(self._floor, first - REPEATED)
        if again < first and stand.weather.strikes("duplicated-read", stand.name):
            stand.weather.count("duplicated-read", stand.name)
            first = again
        return tuple(view.fill(stand, row) for row in rows[first:end]), end
