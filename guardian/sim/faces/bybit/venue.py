"""A Bybit face on a socket: one seeded world, its server, its control, its optional price driver."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from aiohttp import web

from guardian.errors import ConfigError, GuardianError
from guardian.sim.faces.bybit.control import Control
from guardian.sim.faces.bybit.server import BybitServer
from guardian.sim.faces.candles import Candles, load_candles
from guardian.sim.faces.faults import Faults, parse_shorthand
from guardian.sim.faces.limits import RateLimits
from guardian.sim.faces.options import VenueOptions
from guardian.sim.faces.record import RequestLog
from guardian.sim.world.instruments import catalogue
from guardian.sim.world.seed import Seeding, seed_world

Clock = Callable[[], int]


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class ShiftedClock:
    """The venue's clock; `offset_ms` sets it apart from everybody else's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ms = 0

    def __call__(self) -> int:
        return self._clock() + self.offset_ms


def _check_symbols(options: VenueOptions, prices: Mapping[str, Decimal]) -> None:
    unknown = sorted(set(prices) - set(catalogue(max(options.markets, options.positions))))
    if unknown:
        raise ConfigError(f"{options.candles}: {unknown[0]} is not a market of the simulated venue")


class BybitVenue:
    """`async with BybitVenue.running(options) as venue:` gives `.url`, `.world`, `.tenants`, `.accounts`.

    `accounts` is what CONTRACTS prints: name, uid and the four credentials of each sub-account. Private
    and public streams are not served yet: `ws` is where they would be.
    """

    def __init__(self, options: VenueOptions, clock: Clock = wall_clock) -> None:
        self.options = options
        self.clock = ShiftedClock(clock)
        self.candles: Candles | None = load_candles(options.candles) if options.candles else None
        seeding = Seeding(options.accounts, options.positions, options.equity, options.markets)
        prices = self.candles.first_prices() if self.candles else {}
        _check_symbols(options, prices)
        self.world, self.tenants = seed_world(options.seed, seeding, clock(), prices)
        self.faults = Faults(random.Random(options.seed + 1), parse_shorthand(options.faults))
        self.log = RequestLog(options.log_size)
        limits = RateLimits(options.limits)
        self.server = BybitServer(self.world, self.clock, self.faults, limits, self.log)
        self.server.latency_seconds = options.latency_ms / 1000
        self.port = options.port
        self._runner: web.AppRunner | None = None
        self._driver: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def running(
        cls, options: VenueOptions | None = None, clock: Clock = wall_clock
    ) -> AsyncIterator[BybitVenue]:
        venue = cls(options or VenueOptions(), clock)
        await venue.start()
        try:
            yield venue
        finally:
            await venue.stop()

    @property
    def url(self) -> str:
        return f"http://{self.options.host}:{self.port}"

    @property
    def accounts(self) -> list[dict[str, Any]]:
        return [
            {
                "name": tenant.account.name,
                "uid": tenant.account.uid,
                **{role: {"key": key.id, "secret": key.secret} for role, key in tenant.keys.items()},
            }
            for tenant in self.tenants
        ]

    def first_line(self) -> dict[str, Any]:
        """The document that `guardian venue serve` prints first."""
        return {
            "url": self.url,
            "ws": f"ws://{self.options.host}:{self.port}",
            "face": self.options.face,
            "seed": self.options.seed,
            "accounts": self.accounts,
        }

    async def start(self) -> None:
        """Bind and serve; raises GuardianError when the port is taken."""
        app = web.Application()
        if not self.options.strict:
            app.add_routes(Control(self).routes())
        app.router.add_route("*", "/v5/{tail:.*}", self.server.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.options.host, self.options.port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise GuardianError(
                f"cannot listen on {self.options.host}:{self.options.port}: {error.strerror}; "
                "choose another --port, or 0 for any free one"
            ) from None
        self.port = self._runner.addresses[0][1]
        if self.candles is not None:
            self._driver = asyncio.create_task(self._drive(self.candles))

    async def stop(self) -> None:
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _drive(self, candles: Candles) -> None:
        """Walk the candles at `speed` times their own pace, from now, without drift."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        for after_seconds, prices in candles.path(self.options.speed):
            await asyncio.sleep(max(0.0, started + after_seconds - loop.time()))
            self.world.set_prices(prices, self.clock())
