"""A market for tests: assets that share one factor, read once each five-minute cell on a `Desk`."""

from __future__ import annotations

import random
from math import exp, sqrt

from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.model import Measured, Position, Window
from guardian.core.state import AccountState
from tests.core.build import Desk, position, read, rule, rung

WINDOWS = {
    "realised_loss": Window("session"),
    "loss_velocity": Window("sliding", 300.0),
    "time_to_limit": Window("sliding", 3600.0),
    "capital_utilisation": Window("sliding", 3600.0),
}


def watching(*metrics: str, direction: str = "over", limit: float = 9e9) -> Desk:
    """One rule a metric, which never fires unless a limit says so; its id is the metric's name."""
    return Desk(
        *(
            rule(
                rung(limit, "caution"),
                id=name,
                metric=name,
                direction=direction,
                window=WINDOWS.get(name, Window()),
            )
            for name in metrics
        )
    )


class Market:
    """`alike` is the part of each asset's return that is common; `size` scales all returns."""

    def __init__(self, desk: Desk, alike: dict[str, float], seed: int = 1) -> None:
        self.desk, self.alike, self.cell, self.size = desk, alike, 0, 0.001
        self.chance = random.Random(seed)
        self.logs = dict.fromkeys(alike, 0.0)
        self.held = dict.fromkeys(alike, 1.0)

    def legs(self) -> tuple[Position, ...]:
        return tuple(
            position(f"{name}/USDT:USDT", held, str(round(100 * exp(self.logs[name]), 9)), entry=100)
            for name, held in self.held.items()
        )

    def step(self, **moves: float) -> Market:
        """One cell in which these assets moved so far, and the others not at all."""
        for name, move in moves.items():
            self.logs[name] += move
        self.desk.see(read(self.cell * GRID_SECONDS + 2, self.legs(), cash=10_000))
        self.cell += 1
        return self

    def run(self, cells: int) -> Market:
        for _ in range(cells):
            common = self.chance.gauss(0, self.size)
            self.step(
                **{
                    name: part * common + sqrt(1 - part * part) * self.chance.gauss(0, self.size)
                    for name, part in self.alike.items()
                }
            )
        return self

    @property
    def account(self) -> AccountState:
        return self.desk.account

    def found(self, metric: str) -> Measured:
        own = self.desk.account.rule(metric)
        assert own is not None
        return own.measured
