"""One incident from its first read to its end: the stage is set, everybody acts, faults strike, then heal.

Safety holds at every moment; liveness is demanded after the weather has healed. The same scenario always
gives the same bytes: time is virtual, and everything that is drawn is drawn from the scenario.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Context, localcontext

from guardian.core.events import Armed, Demanded, Disarmed, Event, Resumed
from guardian.core.model import Level
from guardian.runtime.permit import UNSEEN, Permit
from guardian.sim.actors.bot import Bot
from guardian.sim.actors.market import REBOUND_AFTER, STEP_SECONDS, MarketPath
from guardian.sim.actors.owner import MONEY, Owner
from guardian.sim.checkers.checker import Violation
from guardian.sim.checkers.panel import Panel
from guardian.sim.play.days import hurried
from guardian.sim.play.life import Grounds, Life
from guardian.sim.play.settled import answered, settled, shown
from guardian.sim.play.stage import Stage, build, enter
from guardian.sim.play.virtual import VirtualLoop
from guardian.sim.ports.stand import Stand
from guardian.sim.scenario.shapes import Act, FaultPlan, Scenario, StrategyPlan

START = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 75.0
"""From the heal on: the flatten budget of 60 seconds, and what two proofs of it take."""

CALM_SECONDS = 2.0
"""How long an incident is watched after its holds are over, where nothing has to be flattened."""

AWAKE_SECONDS = 5.0
"""How long a process is watched at least: two reads of the slowest account, and what follows from them."""

EVENTS = 16
MOMENTS = (0.0, 0.001, 0.004, 0.04)
"""Seconds after a decision at which a process dies: in its commit, after it, on the way, at the venue."""


@dataclass(slots=True)
class Result:
    """What one incident gave: violations, figures, and what the weather changed.

    An event is anything that happens: a decision of guardian's, a request that reaches the venue, a move of
    the market, a trade of a bot's, a message that people get; `decisions` and `calls` are the first two.
    `digest` is that of everything the disk has recorded: the same seed and version give the same.
    """

    seed: int
    violations: list[Violation]
    events: int
    decisions: int
    calls: int
    seconds: float
    flat_seconds: list[float]
    faults: dict[str, int]
    cells: dict[tuple[str, str], int]
    timeline: list[str] = field(default_factory=list)
    digest: str = ""


class Incident:
    """Plays one scenario; `run` returns its result."""

    def __init__(self, scenario: Scenario, told: bool = False) -> None:
        self.scenario = scenario
        self._told = told
        self._clock_faults = [plan for plan in scenario.faults if plan.name in ("clock-jump", "clock-drift")]
        self.life: Life | None = None
        self.ended = False

    def run(self) -> Result:
        loop = VirtualLoop()  # type: ignore[abstract]  # nothing here has sockets, signals or subprocesses
        loop.set_exception_handler(lambda _, context: None)
        try:
            # The world reckons in its own context: a library may have changed the process's, as ccxt does.
            with localcontext(Context(prec=28)), hurried(self.scenario):
                return loop.run_until_complete(self._play())
        finally:
            loop.close()

    async def _play(self) -> Result:
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self._main = asyncio.current_task()
        scenario = self.scenario
        self.stage: Stage = build(scenario, self.now, self.level_of)
        self.panel = Panel(self.stage, self.now, self._told)
        grounds = Grounds(
            self.stage.stands, scenario.rules, self.stage.disk, self.stage.weather, self.wall, self.panel
        )
        self._grounds = grounds
        entered = {stake.symbol for a in scenario.accounts for each in a.strategies for stake in each.stakes}
        self._path = MarketPath(scenario.market, self.stage.world, scenario.seed, entered)
        self._owner = Owner(self.stage)
        self._schedule()
        self._live()
        await self._until_over()
        self.panel.ended()
        self._die()
        await asyncio.sleep(0)
        return self._result()

    # --- time -------------------------------------------------------------------------------------

    def wall(self) -> datetime:
        """The machine's own clock, which jumps and drifts as the weather wants."""
        at, off = self.now(), 0.0
        for plan in self._clock_faults:
            if plan.at <= at:
                off += plan.size if plan.name == "clock-jump" else plan.size * (min(at, plan.until) - plan.at)
        return START + timedelta(seconds=at + off)

    # --- guardian's process -------------------------------------------------------------------------

    def _live(self) -> None:
        self.life, self._born_at = Life(self._grounds), self.now()
        self.panel.born(self.life)
        self.life.start()
        if not self._armed:
            self._armed = True
            for plan in self.scenario.accounts:
                if plan.armed:
                    self._post(Armed(self.life.clock.now(), plan.name, (), "operator", "simulated"))

    _armed = False
    _born_at = 0.0

    def _die(self) -> None:
        if self.life is not None:
            self.life.kill([self._main] if self._main else [])
            self.panel.died()
        self.life = None

    def _doom(self, plan: FaultPlan) -> None:
        """Some decisions from now the process dies: before its effects start, or while they are under way."""
        self.panel.at_event(self.panel.events + 1 + plan.salt % EVENTS, lambda: self._strike(plan))

    def _strike(self, plan: FaultPlan) -> None:
        self._loop.call_later(MOMENTS[plan.salt // EVENTS % len(MOMENTS)], self._crash, plan)

    def _crash(self, plan: FaultPlan) -> None:
        if self.life is None or self.ended:
            return
        for name in self.stage.stands:
            self.stage.weather.count(plan.name, name)
        self._die()
        self._loop.call_later(plan.size, self._rise)

    def _rise(self) -> None:
        if self.life is None and not self.ended:
            self._live()

    def _post(self, event: Event) -> None:
        if self.life is not None:
            self.life.runtime.post(event)

    def level_of(self, account: str) -> Level:
        """As guardian sees it; for the parts that all accounts share, the worst."""
        if self.life is None:
            return Level.NORMAL
        levels = [a.level for a in self.life.state.accounts if account in ("", a.policy.name)]
        return max(levels, default=Level.NORMAL)

    # --- who else acts --------------------------------------------------------------------------------

    def _schedule(self) -> None:
        self._every(STEP_SECONDS, self._market)
        for name, stand in self.stage.stands.items():
            bot = Bot(stand, self._permit_of(name))
            self.stage.bots[name] = bot
            if stand.plan.bot.style != "idle":
                self._loop.call_later(
                    stand.plan.bot.starts_at, self._every, stand.plan.bot.every_seconds, bot.act
                )
            for strategy in stand.plan.strategies:
                if strategy.opens_at:
                    self._loop.call_later(strategy.opens_at, self._enter, stand, strategy)
        for act in self.scenario.acts:
            self._loop.call_later(act.at, self._act, act)
        for plan in self.stage.weather.plans("crash"):
            self._loop.call_later(plan.at, self._crash, plan)
        for plan in self.stage.weather.plans("crash-at-event"):
            self._loop.call_later(plan.at, self._doom, plan)
        for name in ("leg-liquidated", "leg-deleveraged", "key-already-deleted"):
            for plan in self.stage.weather.plans(name):
                self._loop.call_later(plan.at, self._owner.misfortune, plan)
        for name in ("clock-jump", "clock-drift"):
            for plan in self.stage.weather.plans(name):
                self._loop.call_later(plan.at + 0.5, self._clock_shows, plan)

    def _every(self, seconds: float, job: Callable[[], object]) -> None:
        def ring() -> None:
            if not self.ended:
                job()
                self._loop.call_later(seconds, ring)

        ring()

    def _market(self) -> None:
        self._path.move(self.now(), self.stage.now_ms())
        self.panel.moved()

    def _enter(self, stand: Stand, strategy: StrategyPlan) -> None:
        enter(self.stage, stand, strategy, self.stage.now_ms())
        self.stage.bots[stand.name].aim()

    def _clock_shows(self, plan: FaultPlan) -> None:
        for name in self.stage.stands:
            self.stage.weather.count(plan.name, name)

    def _permit_of(self, name: str) -> Callable[[], Permit]:
        def permit() -> Permit:
            return UNSEEN if self.life is None else self.life.runtime.parts.permits.get(name)

        return permit

    def _act(self, act: Act) -> None:
        """An operator who finds no daemon tries again; money moves whoever watches."""
        if self.ended:
            return
        if act.kind in MONEY:
            self._owner.move_money(act)
            return
        if self.life is None:
            self._loop.call_later(0.5, self._act, act)
            return
        self.panel.operated(act)
        self._post(self._event(act))

    def _event(self, act: Act) -> Event:
        assert self.life is not None
        at, by, why = self.life.clock.now(), "operator", "simulated"
        match act.kind:
            case "flatten":
                return Demanded(at, act.account, Level.FLATTEN, by, why)
            case "lockout":
                return Demanded(at, act.account, Level.LOCKOUT, by, why)
            case "arm":
                return Armed(at, act.account, (), by, why)
            case "disarm":
                return Disarmed(at, act.account, at + timedelta(seconds=act.size), by, why)
            case _:
                return Resumed(at, act.account, by, why)

    # --- the end ----------------------------------------------------------------------------------------

    async def _until_over(self) -> None:
        """Through the weather, then until every account is where it must be, or patience is over."""
        scenario = self.scenario
        least = max(scenario.heals_at, _calm_at(scenario))
        late = max((p.size for p in self.stage.weather.plans("deletion-delayed")), default=0.0)
        most = least + PATIENCE_SECONDS + late
        # Time is virtual, and "settled" has no event to wait for.
        while self.now() < least or (self.now() < most and self._open()):
            await asyncio.sleep(0.5)
            if self.life is not None:
                self.life.fail()
        self.ended = True

    def _open(self) -> bool:
        """Somewhere it is not yet told how this ends."""
        stands, life = self.stage.stands, self.life
        if life is None or not life.state.accounts:
            return True
        if self.now() - self._born_at < AWAKE_SECONDS:
            return True
        now, healed_for = life.clock.now(), self.now() - self.scenario.heals_at
        return not all(
            settled(account, stand)
            and answered(account, stand, now)
            and shown(account, stand, now, healed_for)
            for account, stand in ((each, stands[each.policy.name]) for each in life.state.accounts)
        )

    def _result(self) -> Result:
        weather = self.stage.weather
        faults: dict[str, int] = {}
        for (name, _), times in weather.changed.items():
            faults[name] = faults.get(name, 0) + times
        calls = sum(sum(s.line.requests.values()) for s in self.stage.stands.values())
        traded = sum(bot.accepted for bot in self.stage.bots.values())
        return Result(
            seed=self.scenario.seed,
            violations=self.panel.violations,
            events=self.panel.events + self.panel.others + calls + traded,
            decisions=self.panel.events,
            calls=calls,
            seconds=self.now(),
            flat_seconds=self.panel.flat_seconds,
            faults=faults,
            cells=dict(weather.changed),
            timeline=self.panel.timeline,
            digest=self.stage.disk.digest,
        )


def _calm_at(scenario: Scenario) -> float:
    """When everybody has acted, every hold could be full, and two reads have come since."""
    market = scenario.market
    acted = max((act.at for act in scenario.acts), default=0.0)
    moved = market.moves_at + market.seconds
    turned = moved + REBOUND_AFTER + market.seconds if market.rebounds else 0.0
    losses = (rule for rule in scenario.rules if rule.metric == "drawdown")
    hold = max((rung.hold_seconds for rule in losses for rung in rule.ladder), default=0.0)
    reads = 2 * max(plan.poll_seconds for plan in scenario.accounts)
    return max(turned, max(moved, acted) + hold + reads) + CALM_SECONDS


def play(scenario: Scenario, told: bool = False) -> Result:
    """The result of one scenario; `told` keeps its timeline."""
    return Incident(scenario, told).run()
