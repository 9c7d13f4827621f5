"""The eyes: four questions over the line, and every way in which their answers can be wrong."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from guardian.core.model import Call, Failure, LedgerEntry, Part, Position, Snapshot, Wallet
from guardian.ports import Clock, KeyAudit
from guardian.sim.ports import view
from guardian.sim.ports.line import Reply
from guardian.sim.ports.stand import Stand

PART_SECONDS = 4.0
FLOWS_SECONDS = 10.0
REMEMBERED = 12
NAN = Decimal("NaN")
PHANTOM = Decimal("0.4")
"""What a phantom leaves of the equity: a loss of 60 % that nobody made."""

Shown = tuple[Wallet, int]
"""The wallet, and how many ledger rows it contains."""


class SimReader:
    """See ports.Reader. `rows` is how much of the ledger an earlier run has delivered."""

    def __init__(self, stand: Stand, clock: Clock, rows: int | None) -> None:
        self._stand = stand
        self._clock = clock
        self._begun = asyncio.get_running_loop().time()
        self._rows = rows
        self._cash: tuple[tuple[str, Decimal], ...] = ()
        self._read_at = -FLOWS_SECONDS
        self._past: dict[str, deque[tuple[float, Any]]] = {}
        self._phantoms: dict[str, int] = {}

    async def snapshot(self) -> Snapshot:
        asked = self._clock.now()
        stand = self._stand
        started = asyncio.get_running_loop().time()
        reordered = stand.weather.strikes("reordered-read", stand.name)
        questions = {
            Part.WALLET: stand.line.ask("read", "wallet", lambda: self._answer("wallet", self._wallet)),
            Part.POSITIONS: stand.line.ask(
                "read", "positions", lambda: self._answer("positions", lambda: view.positions(stand))
            ),
            Part.ORDERS: stand.line.ask(
                "read", "orders", lambda: self._answer("orders", lambda: view.orders(stand))
            ),
        }
        await asyncio.wait(set(questions.values()), timeout=PART_SECONDS)
        replies = {part: _reply(answer) for part, answer in questions.items()}
        shown: Shown | None = None if replies[Part.WALLET].code else replies[Part.WALLET].value
        replies[Part.LEDGER] = Reply(value=()) if shown is None else await self._ledger(shown)
        if reordered is not None:
            stand.weather.count("reordered-read", stand.name)
            await asyncio.sleep(reordered.size)
        seconds = asyncio.get_running_loop().time() - started
        return self._snapshot(asked, replies, shown, seconds)

    def _snapshot(
        self, asked: Any, replies: dict[Part, Reply], shown: Shown | None, seconds: float
    ) -> Snapshot:
        failures = [Failure(part, r.code, r.detail or r.code) for part, r in replies.items() if r.code]
        wallet = None if shown is None else shown[0]
        positions: tuple[Position, ...] | None = _value(replies[Part.POSITIONS])
        if positions == () and wallet is not None and wallet.position_margin > 0:
            # The real reader refuses this too: two endpoints that contradict each other are no evidence.
            positions = None
            failures.append(Failure(Part.POSITIONS, "inconsistent", "none listed, but the wallet shows some"))
        return Snapshot(
            account=self._stand.name,
            asked_at=asked,
            wallet=wallet,
            positions=positions,
            orders=_value(replies[Part.ORDERS]),
            ledger=_value(replies[Part.LEDGER]) if shown is not None else None,
            failures=tuple(failures),
            calls=tuple(
                Call(part.value, seconds, r.code, r.code != "timeout") for part, r in replies.items()
            ),
        )

    async def _ledger(self, shown: Shown) -> Reply:
        """Asked after the wallet, when cash has moved or it is time; the first wallet is the beginning."""
        wallet, rows = shown
        first = self._rows
        if first is None:
            self._rows, self._cash = rows, _cash(wallet)
            return Reply(value=())
        now = asyncio.get_running_loop().time()
        if _cash(wallet) == self._cash and now - self._read_at < FLOWS_SECONDS:
            return Reply(value=())
        question = self._stand.line.ask("read", "ledger", lambda: Reply(value=self._entries(first, rows)))
        await asyncio.wait({question}, timeout=PART_SECONDS)
        reply = _reply(question)
        if not reply.code:
            self._rows = max(rows, first)
            self._cash, self._read_at = _cash(wallet), now
        return reply

    def _entries(self, first: int, end: int) -> tuple[LedgerEntry, ...]:
        fresh = view.ledger(self._stand, first, end)
        if first > 0 and self._stand.weather.strikes("duplicated-read", self._stand.name):
            self._stand.weather.count("duplicated-read", self._stand.name)
            return (*view.ledger(self._stand, max(0, first - 3), first), *fresh)
        return fresh

    def _wallet(self) -> Shown:
        return view.wallet(self._stand), len(self._stand.books.ledger)

    # --- what the venue gets wrong --------------------------------------------------------------

    def _answer(self, part: str, see: Callable[[], Any]) -> Reply:
        """Executed at the venue: the truth, or what the weather makes of it."""
        stand = self._stand
        if stand.struck("account-blind"):
            return Reply("10003", detail="the key is refused")
        now = asyncio.get_running_loop().time()
        past = self._past.setdefault(part, deque(maxlen=REMEMBERED))
        if (frozen := stand.weather.rages("frozen-read", stand.name)) and past:
            stand.weather.count("frozen-read", stand.name)
            return Reply(value=next((v for at, v in past if at >= frozen.at), past[-1][1]))
        value = see()
        past.append((now, value))
        stale = stand.weather.strikes("stale-read", stand.name)
        if stale is not None and (old := [v for at, v in past if at <= now - stale.size]):
            stand.weather.count("stale-read", stand.name)
            value = old[-1]
        return Reply(value=self._distorted(part, value))

    def _distorted(self, part: str, value: Any) -> Any:
        if part == "wallet":
            shown: Shown = value
            return self._odd_wallet(shown[0]), shown[1]
        if part == "positions":
            return self._odd_positions(value)
        return value

    def _odd_wallet(self, wallet: Wallet) -> Wallet:
        stand = self._stand
        if stand.struck("not-a-number"):
            return replace(wallet, equity=NAN)
        if stand.struck("zero-equity"):
            return replace(wallet, equity=Decimal(0))
        if stand.struck("negative-equity"):
            return replace(wallet, equity=-wallet.equity)
        if self._phantom(0):
            return replace(wallet, equity=wallet.equity * PHANTOM)
        return wallet

    def _odd_positions(self, positions: tuple[Position, ...]) -> tuple[Position, ...]:
        if len(positions) > 1 and self._stand.struck("endpoints-disagree"):
            largest = max(positions, key=lambda p: abs(p.notional))
            return tuple(p for p in positions if p is not largest)
        if positions and self._phantom(1):
            books = self._stand.books
            missing = self._stand.world.margin(books).equity * (1 - PHANTOM)
            largest = max(positions, key=lambda p: abs(p.notional))
            moved = replace(largest, mark=max(Decimal("0.0001"), largest.mark - missing / largest.quantity))
            return tuple(moved if p is largest else p for p in positions)
        return positions

    def _phantom(self, side: int) -> bool:
        """One source shows a loss that the other does not, for as many reads as the fault's size says."""
        stand = self._stand
        for name in ("phantom-1", "phantom-3", "phantom-10"):
            plan = stand.weather.rages(name, stand.name)
            if plan is None or plan.salt % 2 != side or self._phantoms.get(name, 0) >= plan.size:
                continue
            self._phantoms[name] = self._phantoms.get(name, 0) + 1
            stand.weather.count(name, stand.name)
            return True
        return False

    async def audit(self) -> KeyAudit:
        return KeyAudit("watch", problem="not audited here")

    async def close(self) -> None:
        return None


def _reply(answer: asyncio.Future[Reply]) -> Reply:
    if answer.done():
        return answer.result()
    return Reply("timeout", detail=f"no answer within {PART_SECONDS:g} s")


def _value(reply: Reply) -> Any:
    return None if reply.code else reply.value


def _cash(wallet: Wallet) -> tuple[tuple[str, Decimal], ...]:
    return tuple((balance.currency, balance.quantity) for balance in wallet.balances)
