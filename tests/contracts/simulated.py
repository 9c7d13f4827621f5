"""The simulator's ports on the same seeded world as the wire's face, with the same faults on their requests.

The weather is told by the test which requests it strikes; all else is what an incident uses.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from guardian.core.effects import CloseOrder
from guardian.core.model import Level
from guardian.ports import Credential, KeyAdmin, Message, Reader, Report, Trader
from guardian.sim.faces.faults import Rule, rule_of
from guardian.sim.ports.door import refused
from guardian.sim.ports.keys import SimKeyAdmin
from guardian.sim.ports.line import Deed, Group, Line, Reply
from guardian.sim.ports.reader import SimReader
from guardian.sim.ports.stand import Stand
from guardian.sim.ports.trader import SimTrader
from guardian.sim.ports.view import id_of
from guardian.sim.ports.weather import Weather
from guardian.sim.scenario.shapes import AccountPlan, BotPlan, FaultPlan
from guardian.sim.world.engine import World
from guardian.sim.world.orders import Order, OrderRequest
from guardian.sim.world.seed import Seeding, Tenant, seed_world
from tests.contracts.bed import ROLES, Bed

FAULTS = {
    "read-down": "drop_before",
    "trade-down": "drop_before",
    "server-error": "status",
    "garbage-body": "garbage",
    "empty-body": "empty",
    "truncated-body": "truncate",
    "answer-lost": "timeout_after_effect",
    "latency": "hang",
}
"""Each of the simulator's faults, and the wire's fault that it stands for."""

REQUESTS = {
    "wallet": "GET /v5/account/wallet-balance",
    "positions": "GET /v5/position/list",
    "orders": "GET /v5/order/realtime",
    "ledger": "GET /v5/account/transaction-log",
    "create": "POST /v5/order/create",
    "cancel": "POST /v5/order/cancel",
    "resolve": "GET /v5/order/realtime",
    "list": "GET /v5/user/sub-apikeys",
    "fence": "POST /v5/user/update-sub-api",
    "restore": "POST /v5/user/update-sub-api",
    "delete": "POST /v5/user/del-sub-api",
    "audit": "GET /v5/user/query-api",
}
ABOUT: ContextVar[str] = ContextVar("about", default="")
"""The symbol that the request under way is about."""


class Told(Weather):
    """Weather that strikes exactly the requests that a test has named."""

    def __init__(self) -> None:
        super().__init__((), time.monotonic, lambda account: Level.NORMAL)
        self.rules: list[Rule] = []
        self.request = ""

    def strikes(self, name: str, account: str) -> FaultPlan | None:
        rule = self.rule(FAULTS.get(name, ""))
        if rule is None:
            return None
        rule.changed += 1
        return FaultPlan(name, 0.0, 0.0, size=rule.seconds)

    def draw(self, plan: FaultPlan) -> float:
        return 1.0

    def rule(self, effect: str) -> Rule | None:
        about = frozenset({ABOUT.get()})
        concerned = (r for r in self.rules if r.effect == effect and r.concerns(self.request, about, ""))
        return next(concerned, None)


class NamedLine(Line):
    """A line that tells the weather which request it carries."""

    weather: Told

    def ask(self, group: Group, endpoint: str, deed: Deed) -> Any:
        self.weather.request = REQUESTS[endpoint]
        if self.weather.rule("replace") is not None:
            return super().ask(group, endpoint, lambda: Reply(value=()))
        return super().ask(group, endpoint, deed)

    def _arrive(self, request: Any, answer: Any) -> None:
        self.weather.request = REQUESTS[request[1]]
        says_no = self.weather.rule("ret_code")
        if says_no is not None:
            says_no.changed += 1
            group, endpoint, _, back = request
            request = (group, endpoint, lambda: refused(says_no.code), back)
        super()._arrive(request, answer)


class NamedTrader(SimTrader):
    async def close_position(self, order: CloseOrder) -> Report:
        ABOUT.set(id_of(order.symbol))
        return await super().close_position(order)


class Silence:
    """Ears that hear nothing."""

    def decided(self, *_: Any) -> None: ...

    def ordered(self, stand: Stand, request: OrderRequest, before: Decimal, after: Decimal) -> None: ...

    def cancelled(self, stand: Stand, order: Order) -> None: ...

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None: ...

    def told(self, channel: str, message: Message) -> None: ...


class MachineClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Seeded:
    """The world of a wire bed, without its wire."""

    world: World
    tenants: list[Tenant]

    def clock(self) -> int:
        return time.time_ns() // 1_000_000


@dataclass(repr=False)
class SimulatedBed(Bed):
    """The simulator's ports, in real time."""

    stand: Stand
    weather: Told

    def reader(self, booked_to: datetime | None = None) -> Reader:
        ledger = self.stand.books.ledger
        rows = None if booked_to is None else sum(row.at < booked_to.timestamp() * 1000 for row in ledger)
        return SimReader(self.stand, MachineClock(), rows)

    def trader(self) -> Trader:
        return NamedTrader(self.stand, Silence())

    def admin(self) -> KeyAdmin:
        own = frozenset(self.credentials[role].key for role in ("watch", "hands"))
        return SimKeyAdmin(self.stand, MachineClock(), Silence(), own)

    def commits(self, effect: str, match: str, **more: Any) -> None:
        self.weather.rules.append(rule_of({"effect": effect, "match": match, **more}))

    def behaves(self) -> None:
        self.weather.rules.clear()


def stand_of(ground: Seeded, weather: Weather, line: type[Line] = NamedLine) -> Stand:
    (tenant, *_), plan = ground.tenants, AccountPlan("main", "sim", (), BotPlan())
    own = {role: tenant.keys[role] for role in ("watch", "hands", "admin")}
    return Stand(
        plan,
        ground.world,
        tenant.account,
        tenant.keys["bot"],
        line(plan, weather),
        weather,
        ground.clock,
        keys=own,
    )


@asynccontextmanager
async def simulated_bed(timeout_s: float = 0.5) -> AsyncIterator[SimulatedBed]:
    ground = Seeded(*seed_world(7, Seeding(), time.time_ns() // 1_000_000))
    weather = Told()
    stand = stand_of(ground, weather)
    stand.line.patience = timeout_s
    keys = ground.tenants[0].keys
    credentials = {role: Credential(keys[role].id, keys[role].secret) for role in ROLES}
    yield SimulatedBed(ground, credentials, stand, weather)
