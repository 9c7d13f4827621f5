"""Two assets whose marks walk at random through reads, for tests of what is made of them."""

from __future__ import annotations

import random
from math import exp, log, sqrt
from typing import Any

import pandas as pd

from guardian.core.model import Measured, Rule, Window
from tests.core.build import Desk, at, position, read, rule, rung

CELL = 300
NAMES = ("realised_volatility", "range_volatility", "jump_share")
HOUR, DAY = Window("sliding", 3600.0), Window("sliding", 86_400.0)


def asking(metric: str, window: Window = HOUR, **changes: Any) -> Rule:
    usual = {"id": changes.get("of") or metric, "metric": metric, "window": window}
    return rule(rung(9e9, "caution"), **{**usual, **changes})


class Walk:
    """Two assets whose marks walk at random, so many reads in each cell; all marks are kept."""

    def __init__(self, *rules: Rule, reads: int = 10, seed: int = 1) -> None:
        self.desk, self.reads, self.now = Desk(*rules), reads, 1.0
        self.chance = random.Random(seed)
        self.logs = {"BTC": log(100.0), "ETH": log(50.0)}
        self.held: dict[str, float] = {"BTC": 3.0, "ETH": -4.0}
        self.rows: list[dict[str, Any]] = []

    def run(self, cells: int, size: float = 0.001, **moves: float) -> Walk:
        for _ in range(cells):
            for _ in range(self.reads):
                for name in self.logs:
                    move = self.chance.gauss(0, size / sqrt(self.reads))
                    self.logs[name] += move + moves.get(name, 0.0) / self.reads
                self.see()
                self.now += CELL / self.reads
        return self

    def see(self) -> None:
        marks = {name: round(exp(own), 6) for name, own in self.logs.items()}
        legs = tuple(
            position(f"{name}/USDT:USDT", n, marks[name], entry=100 if name == "BTC" else 50)
            for name, n in self.held.items()
        )
        self.rows.append({"at": at(self.now), **marks})
        self.desk.see(read(self.now, legs, cash=10_000))

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows).set_index("at")

    def bars(self, name: str) -> pd.DataFrame:
        """By pandas; the last one is still filling."""
        return self.frame()[name].resample("5min").ohlc().iloc[:-1]

    def found(self, id: str) -> Measured:
        own = self.desk.account.rule(id)
        assert own is not None
        return own.measured

    @property
    def equity(self) -> float:
        nav = self.desk.account.nav
        assert nav is not None
        return float(nav.equity)

    def worth(self, name: str) -> float:
        return self.held[name] * self.rows[-1][name]
