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
from guardian.sim.ports import door, view
from guardian.sim.ports.line import Reply
from guardian.sim.ports.stand import Stand

FLOWS_SECONDS = 10.0
REMEMBERED = 12
STALE_SECONDS = 2.0
LYING = {"wallet": 1, "positions": 2}
"""Which part a replica that hides its age answers for, by a fault's salt modulo 3; 0 is an honest one."""

REPEATED = 3
NAN = Decimal("NaN")
PHANTOM = Decimal("0.4")
"""What a phantom leaves of the equity: a loss of 60 % that nobody made."""

UNASKED = Reply("unasked", detail="it is asked to explain a wallet, and there was none")

Legs = dict[str, tuple[Decimal, Decimal]]
Shown = tuple[Wallet, int]
"""The wallet, and how many ledger rows it contains."""


class SimReader:
    """See ports.Reader. `rows` is how much of the ledger an earlier run has delivered."""

    def __init__(self, stand: Stand, clock: Clock, rows: int | None) -> None:
        self._stand = stand
        self._key_id = stand.keys["watch"].id
        self._clock = clock
        self._rows = rows
        self._begun = rows
        self._cash: tuple[tuple[str, Decimal], ...] = ()
        self._read_at = -FLOWS_SECONDS
        self._legs: Legs | None = None
        self._past: dict[str, deque[tuple[float, Any]]] = {}
        self._phantoms: dict[str, int] = {}

    async def snapshot(self) -> Snapshot:
        asked = self._clock.now()
        stand = self._stand
        started = asyncio.get_running_loop().time()
        reordered = stand.weather.strikes("reordered-read", stand.name)
        questions = {
            Part.WALLET: self._ask("wallet", self._wallet),
            Part.POSITIONS: self._ask("positions", lambda: view.positions(stand)),
            Part.ORDERS: self._ask("orders", lambda: view.orders(stand)),
        }
        await asyncio.wait(set(questions.values()), timeout=stand.line.patience)
        replies = {part: stand.line.reply(question) for part, question in questions.items()}
        shown: Shown | None = None if replies[Part.WALLET].code else replies[Part.WALLET].value
        # Without a wallet the ledger is not asked, as on the wire, and whoever is not asked has told nothing.
        if shown is not None:
            stand.shown[asked] = shown[1]
        replies[Part.LEDGER] = (
            UNASKED if shown is None else await self._ledger(shown, _legs(_value(replies[Part.POSITIONS])))
        )
        if reordered is not None:
            stand.weather.count("reordered-read", stand.name)
            await asyncio.sleep(reordered.size)
        seconds = asyncio.get_running_loop().time() - started
        return self._snapshot(asked, replies, shown, seconds)

    def _ask(self, part: str, see: Callable[[], Any]) -> asyncio.Future[Reply]:
        return self._stand.line.ask("read", part, lambda: self._answer(part, see))

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
            ledger=_value(replies[Part.LEDGER]),
            failures=tuple(failures),
            calls=tuple(
                Call(part.value, seconds, r.code, r.code != "timeout")
                for part, r in replies.items()
                if r is not UNASKED
            ),
        )

    async def _ledger(self, shown: Shown, legs: Legs | None) -> Reply:
        """Asked after the wallet, when cash has moved, a leg was traded, or it is time.

        The first wallet is the beginning.
        """
        wallet, rows = shown
        if self._begun is None:
            self._begun = rows
        first = rows if self._rows is None else self._rows
        now = asyncio.get_running_loop().time()
        fresh = self._rows is not None and now - self._read_at < FLOWS_SECONDS
        traded = None not in (legs, self._legs) and legs != self._legs
        if fresh and not traded and _cash(wallet) == self._cash:
            return Reply(value=())
        reply = await self._stand.line.answer("read", "ledger", lambda: self._booked(first, rows))
        if not reply.code:
            self._rows = max(rows, first)
            self._legs = self._legs if legs is None else legs
            self._cash, self._read_at = _cash(wallet), now
        return reply

    def _booked(self, first: int, end: int) -> Reply:
        return self._turned_away() or Reply(value=self._entries(first, end))

    def _turned_away(self) -> Reply | None:
        if self._stand.struck("account-blind"):
            return Reply("10003", detail="the key is refused")
        return door.turned_away(self._stand, self._key_id, "any")

    def _entries(self, first: int, end: int) -> tuple[LedgerEntry, ...]:
        fresh = view.ledger(self._stand, first, end)
        again = max(self._begun or 0, first - REPEATED)
        if again < first and self._stand.weather.strikes("duplicated-read", self._stand.name):
            self._stand.weather.count("duplicated-read", self._stand.name)
            return (*view.ledger(self._stand, again, first), *fresh)
        return fresh

    def _wallet(self) -> Shown:
        return view.wallet(self._stand), len(self._stand.books.ledger)

    # --- what the venue gets wrong --------------------------------------------------------------

    def _answer(self, part: str, see: Callable[[], Any]) -> Reply:
        """Executed at the venue: the truth, or what the weather makes of it."""
        away = self._turned_away()
        if away is not None:
            return away
        now = asyncio.get_running_loop().time()
        past = self._past.setdefault(part, deque(maxlen=REMEMBERED))
        value = see()
        old = self._replica(part, now)
        past.append((now, value))
        if old is None:
            return Reply(value=self._distorted(part, value))
        at, seen, honest = old
        # A wallet that hides its age is dated now, and so is the ledger that is asked for up to that moment.
        value = (seen[0], value[1]) if part == "wallet" and not honest else seen
        if honest and now - at > STALE_SECONDS:
            # Answers carry the venue's time: one that says how old it is gets refused, as by the real reader.
            return Reply("stale", detail=f"the answer is {now - at:.1f} s old")
        return Reply(value=value)

    def _replica(self, part: str, now: float) -> tuple[float, Any, bool] | None:
        """An older answer (when it was true, what it said) that comes instead of today's.

        Some replicas say how old they are; others date old contents anew, but then not for both accounts of
        the equity at once: that could not be told from a loss.
        """
        stand, past = self._stand, self._past[part]
        for name in ("frozen-read", "stale-read"):
            plan = stand.weather.rages(name, stand.name)
            if plan is None or not past or plan.salt % 3 not in (0, LYING.get(part, 0)):
                continue
            if name == "stale-read" and stand.weather.draw(plan) >= plan.rate:
                continue
            honest = plan.salt % 3 == 0
            age = max(plan.size, STALE_SECONDS) if honest else plan.size
            limit = plan.at if name == "frozen-read" else now - age
            older = [entry for entry in past if entry[0] <= limit]
            if older:
                stand.weather.count(name, stand.name)
                return *older[-1], honest
        return None

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
        """One source shows a loss that the other does not, for as many reads as the fault's size says.

        It is the same source all along: two that lie alike could not be told from a loss.
        """
        stand = self._stand
        if int(stand.books.uid) % 2 != side:
            return False
        for name in ("phantom-1", "phantom-3", "phantom-10"):
            plan = stand.weather.rages(name, stand.name)
            if plan is not None and self._phantoms.get(name, 0) < plan.size:
                self._phantoms[name] = self._phantoms.get(name, 0) + 1
                stand.weather.count(name, stand.name)
                return True
        return False

    async def audit(self) -> KeyAudit:
        return await door.audit(self._stand, self._key_id)

    async def close(self) -> None:
        return None


def _value(reply: Reply) -> Any:
    return None if reply.code else reply.value


def _legs(positions: tuple[Position, ...] | None) -> Legs | None:
    return None if positions is None else {p.leg: (p.quantity, p.entry) for p in positions}


def _cash(wallet: Wallet) -> tuple[tuple[str, Decimal], ...]:
    return tuple((balance.currency, balance.quantity) for balance in wallet.balances)
