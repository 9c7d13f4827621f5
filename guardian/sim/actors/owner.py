"""The owner's money and the venue's heavy hand: deposits, withdrawals, transfers, liquidations, lost keys."""

from __future__ import annotations

from decimal import Decimal

from guardian.sim.play.stage import COIN, Stage
from guardian.sim.scenario.shapes import Act, FaultPlan
from guardian.sim.world import spot
from guardian.sim.world.account import Leg
from guardian.sim.world.flows import Transit
from guardian.sim.world.orders import Refused
from guardian.sim.world.takeover import Origin, Taken

IN_FLIGHT_MS = 4_000
MONEY = frozenset({"deposit", "withdraw", "transfer", "coins"})


class Owner:
    """Does to the world what no bot and no guardian does."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def move_money(self, act: Act) -> None:
        """A withdrawal that the venue refuses has not happened."""
        stage, stand = self._stage, self._stage.stands[act.account]
        amount = Decimal(str(round(float(stand.books.cash) * act.size, 2)))
        now = stage.now_ms()
        try:
            if act.kind == "coins":
                spot.trade(stage.world, stand.books, COIN, amount, now)
            elif act.kind == "transfer":
                target = next((s.books.uid for s in stage.stands.values() if s is not stand), None)
                if target is not None:
                    stage.world.send(_transit(stand.books.uid, target, amount, now), now)
            else:
                stage.world.transfer(stand.books, amount if act.kind == "deposit" else -amount, now)
        except Refused:
            return

    def misfortune(self, plan: FaultPlan) -> None:
        stage = self._stage
        stand = stage.stands[plan.account]
        if plan.name == "key-already-deleted":
            if stand.bot_key.deleted_at is None:
                stand.bot_key.delete(stage.now_ms())
                stage.weather.count(plan.name, stand.name)
            return
        legs = stand.books.open_legs()
        if legs:
            leg = legs[plan.salt % len(legs)]
            stage.world.take_over(stand.books, _taken(plan, leg), stage.now_ms())
            stage.weather.count(plan.name, stand.name)


def _transit(source: str, target: str, amount: Decimal, now: int) -> Transit:
    return Transit(source=source, target=target, amount=amount, due=now + IN_FLIGHT_MS)


def _taken(plan: FaultPlan, leg: Leg) -> Taken:
    """One leg of several, at mark: the venue closes it, and its hedge stands alone."""
    origin: Origin = "liquidation" if plan.name == "leg-liquidated" else "adl"
    return Taken(symbol=leg.symbol, index=leg.index, origin=origin)
