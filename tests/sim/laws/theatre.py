"""A theatre for one law: one account on a small stage, a clock to turn by hand, and the checker listening."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from guardian.core.effects import CloseOrder, ClosePosition, Effect
from guardian.core.events import Event, Tick
from guardian.core.model import Level, Rule, Rung, Window
from guardian.core.state import AccountState, Arming, Decision, Flatness, Incident, State
from guardian.ports import Message
from guardian.runtime.permit import Permit
from guardian.sim.checkers.checker import Checker, Decided, Deed, Scene, Violation
from guardian.sim.checkers.truth import Truth
from guardian.sim.play.life import Life, policy_of
from guardian.sim.play.stage import build
from guardian.sim.scenario.packs import draw_rules
from guardian.sim.scenario.shapes import AccountPlan, BotPlan, MarketPlan, Scenario, Stake
from guardian.sim.world.orders import Kind, OrderRequest, Side

START = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = AccountPlan("a1", "east", (Stake("BTCUSDT", 0.5),), BotPlan("fighting"))
DRAWN = next(rule for rule in draw_rules(random.Random(1)) if rule.id == "loss")
ASSET: Rule = replace(
    DRAWN,
    id="asset",
    metric="gross_exposure",
    window=Window(),
    scope="symbol",
    ladder=(Rung(0.4, Level.HALT, 0.0), Rung(0.6, Level.REDUCE, 0.0, to=0.5)),
)
"""What the theatre's account holds of bitcoin is past the first rung, and not past the second one."""

LOSS: Rule = replace(DRAWN, ladder=(Rung(0.05, Level.FLATTEN, 2.0),), window=Window("hwm"))


class Theatre:
    """`found` is what the checker has reported. Seconds are the world's, `instant` guardian's time."""

    def __init__(
        self, kind: type[Checker], plan: AccountPlan = PLAN, rules: tuple[Rule, ...] = (LOSS, ASSET)
    ) -> None:
        self.at = 10.0
        market = MarketPlan(5.0, 1.0, 1.0)
        scenario = Scenario(1, (plan,), market, rules, (), (), heals_at=20.0)
        self.stage = build(scenario, lambda: self.at, lambda account: Level.NORMAL)
        self.stand = self.stage.stands["a1"]
        self.scene = Scene(self.stage, Truth(self.stage.stands), lambda: self.at)
        self.scene.truth.look(0.0)
        self.found: list[Violation] = []
        self.checker = kind(self.scene, self.found.append)

    def instant(self, at: float | None = None) -> datetime:
        return START + timedelta(seconds=self.at if at is None else at)

    # --- what guardian knows ----------------------------------------------------------------------

    def account(self, level: Level = Level.NORMAL, **known: Any) -> AccountState:
        """Armed since long ago; above NORMAL with an incident that began three seconds ago."""
        incident = None if level is Level.NORMAL else self.incident(level)
        plain = AccountState(
            policy_of(self.stand), START, arming=Arming(True), level=level, incident=incident
        )
        return replace(plain, **known)

    def incident(self, level: Level = Level.FLATTEN, **known: Any) -> Incident:
        entered = self.instant(self.at - 3.0)
        return replace(Incident("1", entered, "loss", "breach", level, entered), **known)

    def verified(self) -> AccountState:
        flat = Flatness(self.instant(), self.instant(), verified_at=self.instant())
        return self.account(Level.FLATTEN, incident=self.incident(flatness=flat))

    def life(self, *accounts: AccountState, permit: str = "normal", defects: int = 0) -> Life:
        """A process that knows these accounts, as far as a checker may look into it."""
        permits = SimpleNamespace(get=lambda name: Permit(cast(Any, permit), 1.0))
        runtime = SimpleNamespace(
            committer=SimpleNamespace(ok=True),
            counters=SimpleNamespace(defects=defects),
            parts=SimpleNamespace(permits=permits),
        )
        clock = SimpleNamespace(now=self.instant)
        made = SimpleNamespace(state=State(rules=(LOSS,), accounts=accounts), runtime=runtime, clock=clock)
        self.scene.life = cast(Life, made)
        return self.scene.life

    # --- what happens -----------------------------------------------------------------------------

    def step(
        self,
        old: AccountState | None,
        new: AccountState,
        event: Event | None = None,
        effects: tuple[Effect, ...] = (),
        by: str = "loss",
    ) -> None:
        decided = (Decision("a1", "level", by),)
        before = State(rules=(LOSS,), accounts=() if old is None else (old,))
        after = State(rules=(LOSS,), accounts=(new,), decisions=decided)
        self.checker.decided(Decided(before, event or Tick(self.instant()), after, effects))

    def close(self, number: int = 1, client_id: str = "") -> ClosePosition:
        order = CloseOrder(client_id or f"gdn-1-{number}", "BTC/USDT:USDT", 0, -1, None, None)
        return ClosePosition(f"a1/{number}", "a1", order)

    def deed(self, before: str, after: str, *, reduce_only: bool = True) -> Deed:
        request = OrderRequest(
            symbol="BTCUSDT",
            side=Side.SELL,
            kind=Kind.MARKET,
            qty=Decimal(1),
            reduce_only=reduce_only,
            link_id="gdn-1-1",
        )
        return Deed(self.stand, request, Decimal(before), Decimal(after))

    def message(self, text: str = "all is lost", level: str = "HALT") -> Message:
        return Message("k", "trigger", level, "a1", text, (), False, self.instant(), "sim")


Play = Callable[[Theatre], None]
