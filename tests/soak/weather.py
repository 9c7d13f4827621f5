"""A feed that flaps: faults of the wire venue that come and go, every few seconds another one."""

from __future__ import annotations

import random
import threading
from typing import Any

from tests.integration.troupe import Venue

FAULTS: tuple[dict[str, Any], ...] = (
    {"effect": "status", "code": 503},
    {"effect": "status", "code": 429},
    {"effect": "ret_code", "code": 10006},
    {"effect": "drop_before"},
    {"effect": "hang", "seconds": 3},
    {"effect": "timeout_after_effect"},
    {"effect": "garbage"},
    {"effect": "empty"},
    {"effect": "truncate"},
    {"effect": "stale"},
    {"effect": "replace", "match": "wallet", "values": {"/list/0/totalEquity": "NaN"}},
)


class Weather:
    """Begins with `start` and ends with `stop`; `changes` counts how often it has turned."""

    def __init__(self, venue: Venue, seed: int, seconds: tuple[float, float] = (0.5, 2.5)) -> None:
        self.changes = 0
        self._venue, self._rng, self._seconds = venue, random.Random(seed), seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._blow, name="weather", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(30)

    def _blow(self) -> None:
        while not self._over.is_set():
            fault = dict(self._rng.choice(FAULTS))
            if self._rng.random() < 0.5:
                fault["probability"] = round(self._rng.uniform(0.2, 0.9), 2)
            self._turn(fault)
            self._turn(None)

    def _turn(self, fault: dict[str, Any] | None) -> None:
        try:
            if fault is None:
                self._venue.clear()
            else:
                self._venue.fault(**fault)
        except OSError:
            return  # The venue is being closed.
        self.changes += 1
        self._over.wait(self._rng.uniform(*self._seconds))
