"""A tiny venue that lies, loses, delays and repeats, with a bot that fights until its key is fenced.

It performs the core's effects and answers with events; `Referee` judges every effect against what the core
was told. After `CALM` seconds all faults stop, and from then on everything must end well.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from guardian.core.effects import Effect
from guardian.core.events import Event, KeysListed, Outcome, SnapshotTaken, Tick
from guardian.core.model import KeyRecord, OpenOrder, Part, Position
from tests.core.build import ACCOUNT, BOT_KEY, Desk, at, order, position, read, stop, without
from tests.core.referee import Referee

SYMBOLS = [f"{name}/USDT:USDT" for name in ("BTC", "ETH", "SOL", "XRP", "ADA")]
CALM = 40.0
END = 130.0


class World:
    def __init__(self, seed: int, level: str, auto_keys: bool = False) -> None:
        self.chance = random.Random(seed)
        self.faults = self.chance.uniform(0.0, 0.6)
        self.level = level
        self.now = 0.0
        self.queue: list[tuple[float, int, Callable[[], None]]] = []
        self.counted = 0
        self.process = 0
        self.positions = {s: Decimal(self.chance.choice([-3, -1, 2, 5])) for s in SYMBOLS}
        self.orders: dict[str, OpenOrder] = {}
        for i, symbol in enumerate(SYMBOLS):
            self.orders[f"s{i}"] = stop(f"s{i}", symbol)
            self.orders[f"o{i}"] = order(f"o{i}", symbol)
        self.key: KeyRecord | None = KeyRecord(BOT_KEY, False, True)
        self.seen_ids: set[str] = set()
        self.desk = Desk(bot_keys=() if auto_keys else (BOT_KEY,))
        self.referee = Referee(self.desk)

    # --- the run --------------------------------------------------------------------------------------

    def run(self) -> World:
        self.desk.warm(*self._legs(), orders=tuple(self.orders.values()))
        self.later(0.0, self._poll)
        self.later(0.1, self._bot)
        self.later(0.2, self._tick)
        self.later(1.0, lambda: self._act(self.desk.demand(self.now, self.level)))
        if self.chance.random() < 0.3:
            self.later(self.chance.uniform(2, 30), self._restart)
        while self.queue:
            self.now, _, do = heapq.heappop(self.queue)
            if self.now > END or self._done():
                break
            do()
        return self

    def _done(self) -> bool:
        incident = self.desk.account.incident
        flat = incident is not None and incident.flatness.verified_at is not None
        return flat and self.now > CALM and (self.level != "lockout" or incident.key_dead_at is not None)

    def _restart(self) -> None:
        """A new process: what the old one asked may still happen, but nobody hears of it."""
        self.process += 1
        self.referee.restarted(self.now)
        self._act(self.desk.restart(self.now))

    def later(self, wait: float, do: Callable[[], None]) -> None:
        self.counted += 1
        heapq.heappush(self.queue, (self.now + wait, self.counted, do))

    def _hits(self, weight: float = 1.0) -> bool:
        return self.now < CALM and self.chance.random() < self.faults * weight

    def _tell(self, event: Event) -> None:
        self.referee.told(event)
        self._act(self.desk.send(event))
        self.referee.claims(self)

    def _act(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self.referee.sent(effect, self.now)
            self._perform(effect)

    # --- reads ----------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._tell(Tick(at(self.now)))
        self.later(0.25, self._tick)

    def _poll(self) -> None:
        self._read()
        self.later(1.0, self._poll)

    def _read(self) -> None:
        snapshot = read(self.now, self._legs(), tuple(self.orders.values()))
        if self._hits(0.5):
            snapshot = without(snapshot, self.chance.choice([Part.WALLET, Part.POSITIONS, Part.ORDERS]))
        if self._hits(0.2):
            snapshot = replace(snapshot, positions=())
        if self._hits(0.2) or (self.faults > 0.4 and 10 < self.now < 25):
            return
        self._deliver(self.chance.uniform(0.02, 3.0) if self._hits() else 0.05, snapshot)
        if self._hits(0.2):
            self._deliver(self.chance.uniform(0.5, 6.0), snapshot)

    def _deliver(self, wait: float, snapshot: object) -> None:
        self.later(wait, lambda: self._tell(SnapshotTaken(at(self.now), snapshot)))  # type: ignore[arg-type]

    def _legs(self) -> tuple[Position, ...]:
        return tuple(position(s, q, maximum=4) for s, q in self.positions.items() if q)

    def _list(self) -> None:
        # The listing is as old as its question, and a missing page makes it incomplete.
        keys = (KeyRecord("admin-key", False, True), *((self.key,) if self.key else ()))
        complete = not self._hits()
        shown = keys if complete else keys[:1]
        asked = at(self.now)
        self.later(0.1, lambda: self._tell(KeysListed(at(self.now), ACCOUNT, asked, complete, shown)))

    # --- what guardian does ---------------------------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        """Executed at some moment, answered later; either may be lost."""
        wait = self.chance.uniform(0.02, 4.0) if self._hits() else 0.05
        lost_there, lost_back = self._hits(0.4), self._hits(0.4)
        asker = self.process

        def execute() -> None:
            outcome = Outcome.UNKNOWN if lost_there else self._do(effect)
            told = Outcome.UNKNOWN if lost_back else outcome
            self.later(wait / 2, lambda: self._answer(effect, told) if asker == self.process else None)

        self.later(wait / 2, execute)

    def _answer(self, effect: Effect, outcome: Outcome) -> None:
        self.referee.answered(effect, outcome, self.now)
        self._act(self.desk.report(self.now, effect, outcome))
        self.referee.claims(self)

    def _do(self, effect: Effect) -> Outcome:
        if self._hits(0.2) and effect.kind not in ("notify", "read_now"):
            return Outcome.REFUSED
        match effect.kind:
            case "cancel_order":
                return Outcome.DONE if self.orders.pop(effect.order_id, None) else Outcome.GONE
            case "close_position":
                return self._fill(effect)
            case "fence_key" if self.key:
                self.key = replace(self.key, read_only=True, can_trade=False)
            case "delete_key":
                self.key, existed = None, self.key is not None
                return Outcome.DONE if existed else Outcome.GONE
            case "list_keys":
                self._list()
            case "read_now":
                self._read()
        return Outcome.DONE

    def _fill(self, effect: Effect) -> Outcome:
        """Reduce-only at the venue: what would open or flip is refused, as a client id used before is."""
        close = effect.order  # type: ignore[union-attr]
        held = self.positions.get(close.symbol, Decimal(0))
        if close.client_id in self.seen_ids or held * close.side >= 0:
            return Outcome.REFUSED
        self.seen_ids.add(close.client_id)
        wanted = abs(held) if close.quantity is None else min(close.quantity, abs(held))
        part = Decimal(self.chance.choice(["0.25", "0.5"])) if self._hits() else Decimal(1)
        filled = (wanted * part).quantize(Decimal("0.001"))
        self.positions[close.symbol] = held + close.side * filled
        return Outcome.DONE

    # --- the bot --------------------------------------------------------------------------------------

    def _bot(self) -> None:
        """Re-opens and re-places as long as its key trades; it ignores every signal."""
        if self.key is not None and self.key.can_trade:
            symbol = self.chance.choice(SYMBOLS)
            held = self.positions[symbol]
            self.positions[symbol] = held + (1 if held >= 0 else -1)
            self.orders[f"b{self.counted}"] = order(f"b{self.counted}", symbol)
            self.later(0.4, self._bot)
