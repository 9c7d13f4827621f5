"""What is looked at beside each account's snapshots: bells for its market and for what was done on it."""

from __future__ import annotations

from functools import partial

from guardian.config.shapes import AccountConfig
from guardian.ports import History
from guardian.runtime.beside import ActivityWatch, MarketWatch, Seat, symbols_of
from guardian.runtime.desk import AccountDesk
from guardian.runtime.loop import Runtime
from guardian.runtime.start.daemon import Opened
from guardian.runtime.timers import Timers

Lookout = MarketWatch | ActivityWatch


def look_around(opened: Opened, timers: Timers) -> tuple[Lookout, ...]:
    """Two bells per account; whoever calls stops what comes back. Nothing is asked before a bell rings."""
    configs = {account.name: account for account in opened.config.accounts}
    return tuple(
        lookout
        for account in opened.assembled
        for lookout in _account(opened.runtime, account.desk, configs[account.desk.name], timers)
    )


def _account(
    runtime: Runtime, desk: AccountDesk, config: AccountConfig, timers: Timers
) -> tuple[Lookout, ...]:
    name = desk.name
    seat = Seat(name, runtime.parts.clock, runtime.post)
    activity = ActivityWatch(seat, partial(_history, desk))
    timers.every(config.poll.activity_seconds, activity.poll, f"activity {name}")
    found: tuple[Lookout, ...] = (activity,)
    if desk.market is not None:
        market = MarketWatch(seat, desk.market, partial(_symbols, runtime, name))
        timers.every(config.poll.market_seconds, market.poll, f"market {name}")
        found = (activity, market)
    runtime.watches[name].on_moved = partial(_moved, found)
    return found


def _moved(lookouts: tuple[Lookout, ...]) -> None:
    for lookout in lookouts:
        lookout.soon()


def _symbols(runtime: Runtime, name: str) -> tuple[str, ...]:
    return symbols_of(runtime.state.account(name))


def _history(desk: AccountDesk) -> History | None:
    """The desk's own of this moment: a watch key may be found, or become too powerful, while we run."""
    return desk.history
