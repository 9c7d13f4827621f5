"""Where one account stands: its books in the world, its keys, its line to the venue, and its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from guardian.sim.ports.line import Line
from guardian.sim.ports.weather import Weather
from guardian.sim.scenario.shapes import AccountPlan
from guardian.sim.world.account import Account
from guardian.sim.world.engine import World
from guardian.sim.world.keys import ApiKey


@dataclass(slots=True)
class Stand:
    """`bot_key` is the key that guardian may have to fence and delete; `now_ms` the world's own clock.

    `keys` are guardian's own by role: watch, hands, admin.
    `shown` is how many ledger rows the wallet contained that was asked at an instant; `told_to_stop` and
    `forced` are what the bot heard, `destroyed` the references whose secrets are gone.
    """

    plan: AccountPlan
    world: World
    books: Account
    bot_key: ApiKey
    line: Line
    weather: Weather
    now_ms: Callable[[], int]
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    shown: dict[datetime, int] = field(default_factory=dict)
    told_to_stop: bool = False
    forced: bool = False
    destroyed: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.plan.name

    def mark(self, venue_id: str) -> Decimal:
        return self.world.markets[venue_id].mark

    def struck(self, fault: str) -> bool:
        """Whether this fault changes what is being answered now; it is counted where it does."""
        if self.weather.strikes(fault, self.name) is None:
            return False
        self.weather.count(fault, self.name)
        return True
