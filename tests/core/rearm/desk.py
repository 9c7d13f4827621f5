"""A desk whose rules clear by themselves, and what one asks of it in these tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from guardian.core.breaker import demands, scene
from guardian.core.model import Level, Rule, Window
from guardian.core.rearm import hindrances
from tests.core.build import SLIDING_HOUR, Desk, at, position, read, rule, rung

FULL = position(mark=1000)
HOUR = 3600.0
GRADED = (rung(0.025, "caution"), rung(0.0375, "reduce", to=0.5), rung(0.05, "reduce", to=0.0))
LADDER = (rung(0.025, "caution"), rung(0.0375, "halt"), rung(0.05, "reduce", to=0.0))


def auto(*ladder: Any, **changes: Any) -> Rule:
    return rule(*(ladder or LADDER), **{"clears": "auto", "window": SLIDING_HOUR, **changes})


def down(percent: float, quantity: float | str = 1) -> Any:
    return position(quantity=quantity, mark=1000 - 10 * percent, entry=1000)


def run(desk: Desk, since: float, until: float, percent: float, every: float = 5.0) -> Level:
    second = since
    while second <= until:
        desk.see(read(second, (down(percent),)))
        second += every
    return desk.level


def halted(*rules: Rule, percent: float = 4.0) -> Desk:
    """An hour of watching, then the fall that halts at second 0."""
    desk = Desk(*(rules or (auto(),))).warm(FULL)
    run(desk, 0, 0, percent)
    return desk


WEEK = Window("sliding", 7 * 24 * HOUR)


def watched_for_a_week(desk: Desk) -> Desk:
    """A window that is still filling is never calm: it only proves a bound."""
    own = tuple(
        replace(r, baseline=replace(r.baseline, whole=True) if r.baseline else None)
        for r in desk.account.rules
    )
    desk.state = replace(desk.state, accounts=(replace(desk.account, rules=own),))
    return desk


def cap(desk: Desk) -> float | None:
    trial = desk.account.incident.trial if desk.account.incident else None
    return trial.cap if trial else None


def standing_in_the_way(desk: Desk, now: float) -> list[str]:
    account = desk.account
    assert account.incident is not None
    found = demands(account, desk.state.rules, at(now))
    return [h.why for h in hindrances(scene(account, account.incident, desk.state.rules, found, at(now)))]
