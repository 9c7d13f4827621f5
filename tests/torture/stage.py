"""The wire in one process: a simulated venue on loopback, and before it the runtime of `guardian run`.

Keys are files, rules are YAML, every answer passes through ccxt; only the second process is missing.
Law: what happened is read from the venue's own books, never from guardian's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from guardian.config import load_config
from guardian.core.state import AccountState
from guardian.demo.client import CLIENT_ERRORS, bybit, raw_code
from guardian.journal.read import Wanted, read_records
from guardian.journal.sqlite import FILE_NAME
from guardian.runtime.control.requests import Operations
from guardian.runtime.control.status import document
from guardian.runtime.loop import Runtime
from guardian.runtime.start.daemon import Opened, announce, opened, set_timers
from guardian.runtime.timers import Timers
from guardian.sim.faces.bybit import BybitVenue, VenueOptions
from guardian.sim.faces.faults import rule_of
from guardian.sim.faces.truth import account_truth
from guardian.sim.world.orders import Kind, OrderRequest, Side

ROLES = ("watch", "hands", "admin", "bot")
CREATE, POSITIONS, WALLET = "order/create", "position/list", "wallet-balance"
FENCE = "user/update-sub-api"

DRAWDOWN = """\
- id: dd
  title: Lost 5 %
  why: The limit that this scenario is about.
  metric: drawdown
  window: hwm
  scope: account
  ladder: [{over: 0.05, level: flatten}]
  hold: 0s
  stale_after: 10s
  on_unknown: caution
  mode: armed
"""

CONFIG = """\
instance: torture
state_dir: state
rules: [./rules]
%(routes)saccounts:
- name: desk
  venue: bybit
  url: %(url)s
  currency: USDT
  keys: {watch: file:keys/watch.json, hands: file:keys/hands.json, admin: file:keys/admin.json}
  bot: {keys: [%(bot)s], secret_ref: file:keys/bot.json, order_prefix: [ft-]}
  poll: {snapshot: 100ms, flows: 1s}
"""


@dataclass
class Stage:
    """One account, armed and warm. `bot` is the bot's own client, with the bot's own key."""

    root: Path
    venue: BybitVenue
    runtime: Runtime
    bot: Bot

    # --- the world ------------------------------------------------------------------------------------

    @property
    def books(self) -> dict[str, Any]:
        """The account as the venue keeps it."""
        return account_truth(self.venue.world, self.venue.tenants[0])

    @property
    def sizes(self) -> dict[str, Decimal]:
        return {row["symbol"]: Decimal(row["size"]) for row in self.books["positions"]}

    @property
    def bot_key(self) -> dict[str, Any]:
        found: dict[str, Any] = next(key for key in self.books["keys"] if key["role"] == "bot")
        return found

    def crash(self, loss: float) -> None:
        """Every mark moves against the account at once: this fraction of its equity is lost, unrealised."""
        books = self.books
        gross = sum(abs(Decimal(leg["notional"])) for leg in books["positions"])
        move = Decimal(str(loss)) * Decimal(books["equity"]) / gross
        sides = {leg["symbol"]: 1 if Decimal(leg["size"]) > 0 else -1 for leg in books["positions"]}
        marks = {leg["symbol"]: Decimal(leg["mark"]) for leg in books["positions"]}
        prices = {symbol: mark * (1 - sides[symbol] * move) for symbol, mark in marks.items()}
        self.venue.world.set_prices(prices, self.venue.clock())

    def place(self, symbol: str, side: Side, qty: str, **changes: Any) -> None:
        """An order that no client of ours sent: the venue's own hand, a person on the web page."""
        request = OrderRequest(
            **{"symbol": symbol, "side": side, "kind": Kind.MARKET, "qty": Decimal(qty), **changes}
        )
        self.venue.world.place(self.venue.tenants[0].account, request, self.venue.clock())

    def fault(self, effect: str, match: str, **more: Any) -> None:
        """From now on the venue commits this fault on requests that match."""
        self.venue.faults.rules.append(rule_of({"effect": effect, "match": match, **more}))

    def heal(self) -> None:
        self.venue.faults.clear()

    def told(self) -> int:
        """How many answers the faults in force have changed."""
        return sum(rule.changed for rule in self.venue.faults.rules)

    def requests(self, role: str, path: str) -> list[dict[str, Any]]:
        """What the venue received from this role's key, in the order of arrival."""
        rows = (seen.row() for seen in self.venue.log.rows)
        return [row for row in rows if row["role"] == role and path in row["path"]]

    # --- guardian -------------------------------------------------------------------------------------

    @property
    def account(self) -> AccountState:
        found = self.runtime.state.account("desk")
        assert found is not None
        return found

    @property
    def level(self) -> str:
        return self.account.level.name

    @property
    def incident(self) -> dict[str, Any]:
        """The incident as `guardian status` tells it."""
        return document(self.runtime)["accounts"][0]["incident"] or {}

    @property
    def claims_flat(self) -> bool:
        return bool(self.incident.get("verified_flat_at"))

    async def operate(self, verb: str, **body: Any) -> None:
        await Operations(self.runtime).operate(verb, {"account": "desk", **body}, "anna")

    async def until(self, good: Callable[[], object], what: str, seconds: float = 15.0) -> None:
        """Wait for a condition; fails with what guardian and the venue hold."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not good():  # noqa: ASYNC110 - the world rings no bell
                    await asyncio.sleep(0.02)
                return
        told = {"level": self.level, "incident": self.incident, "positions": self.books["positions"]}
        raise AssertionError(f"not within {seconds:g} s: {what}\n{json.dumps(told, indent=1, default=str)}")

    def now(self) -> datetime:
        return self.runtime.parts.clock.now()

    async def judged(self) -> None:
        """Wait until a whole read that was asked from now on has been judged."""
        now = self.now()
        await self.until(lambda: (at := self.account.evidence.complete_at) and at > now, "a newer read")

    def reads_to_breach(self, since: datetime) -> int:
        """How many reads asked since then it took until the level rose, as the journal has it."""
        count = 0
        for record in read_records(self.root / "state" / FILE_NAME, Wanted()):
            body = json.loads(record.body)
            if record.kind == "snapshot":
                count += datetime.fromisoformat(body["event"]["snapshot"]["asked_at"]) >= since
            if any(each["what"] == "level" for each in body["decisions"]):
                return count
        raise AssertionError("the level never rose")

    async def reads(self, count: int) -> None:
        """Wait until guardian has asked for the positions this many times more, and had time to judge."""
        asked = len(self.requests("watch", POSITIONS)) + count
        await self.until(lambda: len(self.requests("watch", POSITIONS)) > asked, f"{count} more reads")


@dataclass
class Bot:
    """Obeys nobody: buys `qty` every `pause` seconds with its own key and keeps the venue's codes."""

    client: Any
    qty: str = "0.02"
    pause: float = 0.1
    codes: list[str] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self._trade())

    async def _trade(self) -> None:
        while True:
            self.codes.append(await self.buy(self.qty))
            await asyncio.sleep(self.pause)

    async def buy(self, qty: str) -> str:
        """The venue's code: "0" is accepted, "10003" a dead key, "10005" a key that may not trade."""
        order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": qty}
        try:
            await self.client.private_post_v5_order_create(order)
        except CLIENT_ERRORS as error:
            return raw_code(error)
        return "0"

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task
        await self.client.close()


@asynccontextmanager
async def staged(root: Path, rules: str = DRAWDOWN, routes: str = "", **venue: Any) -> AsyncIterator[Stage]:
    """A venue with five positions, and a guardian that has been armed and has a baseline."""
    async with BybitVenue.running(VenueOptions(**{"seed": 11, **venue})) as world:
        pairs = world.accounts[0]
        write_folder(root, world.url, pairs, rules, routes)
        bot = Bot(bybit(world.url, pairs["bot"]["key"], pairs["bot"]["secret"]))
        async with opened(load_config(root / "guardian.yaml")) as guardian, running(guardian):
            stage = Stage(root, world, guardian.runtime, bot)
            try:
                await stage.until(lambda: stage.account.nav and not stage.account.nav.warming, "warm")
                await stage.operate("arm", accept_undrilled="a scenario")
                yield stage
            finally:
                await bot.close()


def write_folder(root: Path, url: str, pairs: dict[str, Any], rules: str, routes: str) -> None:
    """What a person writes: keys that nobody else may read, rules, and the configuration."""
    for folder in ("keys", "rules", "state"):
        (root / folder).mkdir(mode=0o700, exist_ok=True)
    for role in ROLES:
        file = root / "keys" / f"{role}.json"
        file.touch(0o600)
        file.write_text(json.dumps(pairs[role]))
    (root / "rules" / "rules.yaml").write_text(rules)
    (root / "routes.yaml").write_text(routes)
    facts = {"url": url, "bot": pairs["bot"]["key"], "routes": "routes: routes.yaml\n" if routes else ""}
    (root / "guardian.yaml").write_text(CONFIG % facts)


@asynccontextmanager
async def running(guardian: Opened) -> AsyncIterator[None]:
    """The loop, the courier and the bells of `guardian run`, without its signals and its sockets."""
    runtime, timers = guardian.runtime, Timers()
    announce(guardian)
    await runtime.drain()
    runtime.renew_permits()
    set_timers(guardian, timers)
    timers.start()
    tasks = [asyncio.create_task(runtime.run()), asyncio.create_task(runtime.courier.run())]
    try:
        yield
    finally:
        timers.stop()
        for watch in runtime.watches.values():
            watch.stop()
        await runtime.performer.drain(1.0)
        await runtime.courier.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await runtime.committer.settle()
