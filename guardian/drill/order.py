"""The steps about the canary order: placed by the hands, seen by the watch key, cancelled, seen to be gone.

Law: once it may have been sent, an order counts as resting until the venue has said otherwise for longer than
a signed request stays valid there.
"""

from __future__ import annotations

import asyncio
import secrets
import time

from guardian.core.events import Outcome
from guardian.core.model import OpenOrder
from guardian.drill.course import Course, Failed
from guardian.drill.ground import Ground
from guardian.drill.keys import insisted
from guardian.ports import Report

PLACE_S, READ_S, CANCEL_S, CLEANUP_S = 20.0, 10.0, 20.0, 45.0
# Bybit refuses a request older than its receive window of 5 s: after this, nothing sent before can arrive.
LATE_S = 6.0
PAUSE_S = 0.4
FILLED = "filled"
"""The code with which the canary port says that the order has traded."""


class OrderSteps:
    def __init__(self, course: Course, ground: Ground) -> None:
        self._course = course
        self._ground = ground
        self._symbol = ground.plan.symbol
        self._client_id = f"gdn-drill-{secrets.token_hex(6)}"
        self._sent_at: float | None = None
        self._cancelled = False

    async def take_all(self) -> None:
        take, steps = self._course.take, ("audit watch key", "audit hands key")
        if self._course.ok(*steps):
            self._course.later("cleanup: canary order is gone", CLEANUP_S, self.make_good)
        await take("place canary order", PLACE_S, self._place, steps)
        await take("watch key sees it", READ_S, self._seen, ("place canary order",))
        await take("cancel canary order", CANCEL_S, self._cancel, ("place canary order",))
        await take("watch key sees it gone", READ_S, self._gone, ("cancel canary order",))

    async def make_good(self) -> str:
        """By client id, so that an order whose acknowledgement was lost is found and cancelled too."""
        if self._sent_at is None:
            return "none was placed"
        while True:
            found = await self._find()
            if found.outcome is Outcome.DONE and await self._cancelled_now():
                return "it was still resting; cancelled"
            if found.code == FILLED:
                raise Failed(f"{self._client_id} in {self._symbol}: {found.detail}; close it by hand")
            settled = self._cancelled or time.monotonic() - self._sent_at > LATE_S
            if found.outcome is Outcome.GONE and settled:
                return "the venue has no such order"
            await asyncio.sleep(PAUSE_S)

    async def _cancelled_now(self) -> bool:
        """Whether it is cancelled; a venue that refuses for now (a rate limit) is asked again."""
        try:
            await self._cancel()
        except Failed:
            return False
        return True

    async def _place(self) -> str:
        self._sent_at = time.monotonic()
        try:
            report = await self._ground.canary.place(
                self._ground.keys["hands"], self._symbol, self._client_id
            )
        finally:
            # Prices and lots are asked first: the order itself may have left as late as now.
            self._sent_at = time.monotonic()
        if report.outcome is Outcome.UNKNOWN:
            return await self._await_lost(report)
        if report.outcome is not Outcome.DONE:
            raise Failed(f"{report.outcome}: {report.code} {report.detail}".strip())
        return f"{_terms(report)} as {self._client_id}"

    async def _await_lost(self, report: Report) -> str:
        """The answer was lost, so the venue is asked for the order by its client id."""
        assert self._sent_at is not None
        while time.monotonic() - self._sent_at <= LATE_S:
            if (await self._find()).outcome is Outcome.DONE:
                return f"the answer was lost ({report.code}), the order was found by its client id"
            await asyncio.sleep(PAUSE_S)
        raise Failed(f"no answer ({report.code}), and the venue has no such order")

    async def _seen(self) -> str:
        order = await self._read()
        while order is None:
            await asyncio.sleep(PAUSE_S)
            order = await self._read()
        return f"{order.remaining} at {order.price}, by guardian's own reader"

    async def _cancel(self) -> str:
        ground = self._ground

        async def act() -> Report:
            return await ground.canary.cancel(ground.keys["hands"], self._symbol, self._client_id)

        report = await insisted(act)
        if report.outcome not in (Outcome.DONE, Outcome.GONE):
            raise Failed(f"{report.outcome}: {report.code} {report.detail}".strip())
        found = await self._find()
        while found.outcome is not Outcome.GONE:
            if found.code == FILLED:
                raise Failed(f"{found.detail}; close it by hand")
            await asyncio.sleep(PAUSE_S)
            found = await self._find()
        self._cancelled = True
        return f"{report.detail or report.code}; the venue says {found.detail}"

    async def _gone(self) -> str:
        order = await self._read()
        while order is not None:
            await asyncio.sleep(PAUSE_S)
            order = await self._read()
        return "absent from a complete read of all open orders"

    async def _find(self) -> Report:
        return await self._ground.canary.find(self._ground.keys["hands"], self._symbol, self._client_id)

    async def _read(self) -> OpenOrder | None:
        """The order as guardian's reader sees it; a read that failed is asked again until the budget ends."""
        assert self._ground.reader is not None
        orders = (await self._ground.reader.snapshot()).orders
        while orders is None:
            await asyncio.sleep(PAUSE_S)
            orders = (await self._ground.reader.snapshot()).orders
        return next((order for order in orders if order.client_id == self._client_id), None)


def _terms(report: Report) -> str:
    facts = dict(report.facts)
    return f"{facts.get('quantity', '?')} at {facts.get('price', '?')}, post-only,"
