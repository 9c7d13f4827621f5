"""Mutants of the shell and of the ports, which stand for the adapters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.ports import Report
from guardian.runtime import commit, perform, watch
from guardian.sim.mutants.mutant import Mutant
from guardian.sim.ports import journal, keys, outside, trader
from guardian.sim.ports.line import Reply
from guardian.sim.world.orders import Kind, Side

Call = Callable[..., Any]


def _plain_orders(request: Call) -> Call:
    def plain(self: Any, order: Any, instrument: Any) -> Any:
        made = request(self, order, instrument)
        return replace(made, reduce_only=False, close_on_trigger=False) if made.qty else made

    return plain


def _wrong_side(request: Call) -> Call:
    def adding(self: Any, order: Any, instrument: Any) -> Any:
        made = request(self, order, instrument)
        other = Side.SELL if made.side is Side.BUY else Side.BUY
        plain = replace(made, side=other, kind=Kind.MARKET, price=None, reduce_only=False)
        return plain if made.qty else made

    return adding


def _tail_lost(restored: Call) -> Call:
    def shorter(self: Any) -> Any:
        whole = restored(self)
        return replace(whole, bodies=whole.bodies[:-20])

    return shorter


def _wrong_desk(act: Call) -> Call:
    return lambda self, effect: act(self, replace(effect, account=min(self._desks)))


def _leg_forgotten(request: Call) -> Call:
    return lambda self, order, instrument: replace(request(self, order, instrument), index=0)


def _cancels_all(cancel: Call) -> Call:
    def everything(self: Any, order_id: str) -> Any:
        for other in [o for o in self._stand.books.open_orders if o != order_id]:
            cancel(self, other)
        return cancel(self, order_id)

    return everything


def _fence_freezes(close_position: Call) -> Call:
    async def frozen(self: Any, order: Any) -> Report:
        if self._stand.bot_key.read_only:
            return Report(Outcome.REFUSED, "frozen", "the sub-account is frozen")
        report: Report = await close_position(self, order)
        return report

    return frozen


def _fence_is_answered_only(fence: Call) -> Call:
    return lambda self, key: Reply()


def _secret_told(fetch: Call) -> Call:
    async def talkative(self: Any, ref: str) -> Any:
        try:
            return await fetch(self, ref)
        except SecretError as error:
            raise SecretError(f"{error} (wanted {outside.SECRETS[ref]})") from error

    return talkative


def _effect_first(commit_: Call) -> Call:
    async def unwaited(self: Any, at: Any, kind: str, body: str, outgoing: Any) -> None:
        self._start(at, kind, body, outgoing)

    return unwaited


def _one_at_a_time(work: Call) -> Call:
    """All accounts stand in one queue."""
    queues: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()

    async def queued(self: Any, *given: Any) -> None:
        async with queues.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            await work(self, *given)

    return queued


def _gap_hidden(declare: Call) -> Call:
    return lambda self, detail: None


MUTANTS = (
    Mutant(
        "plain-orders",
        "Closes are plain orders, not reduce-only.",
        trader.SimTrader,
        "request",
        _plain_orders,
    ),
    Mutant("wrong-side", "Closes buy where they should sell.", trader.SimTrader, "request", _wrong_side),
    Mutant(
        "tail-lost",
        "A restart leaves out the newest twenty records.",
        journal.Disk,
        "restored",
        _tail_lost,
    ),
    Mutant(
        "wrong-desk",
        "Every account's effects go to the first one's desk.",
        perform.Performer,
        "_act",
        _wrong_desk,
    ),
    Mutant(
        "leg-forgotten", "In hedge mode a close names no leg.", trader.SimTrader, "request", _leg_forgotten
    ),
    Mutant("cancels-all", "One cancel empties the book.", trader.SimTrader, "_cancel", _cancels_all),
    Mutant(
        "fence-freezes",
        "The fence freezes the sub-account, guardian's own hands with it.",
        trader.SimTrader,
        "close_position",
        _fence_freezes,
    ),
    Mutant(
        "fence-answered-only",
        "The fence is acknowledged and does nothing.",
        keys.SimKeyAdmin,
        "_fence",
        _fence_is_answered_only,
    ),
    Mutant("secret-told", "An error's text carries the secret.", outside.SimSecrets, "fetch", _secret_told),
    Mutant(
        "effect-first",
        "Effects do not wait for their record.",
        commit.Committer,
        "commit",
        _effect_first,
    ),
    Mutant(
        "gap-hidden", "A journal that fails is told to nobody.", commit.Committer, "_declare", _gap_hidden
    ),
    Mutant(
        "one-queue-of-effects",
        "An effect waits until the one before it is answered, whatever its account.",
        perform.Performer,
        "_perform",
        _one_at_a_time,
    ),
    Mutant(
        "one-queue-of-reads",
        "A read waits until the one before it is answered, whatever its account.",
        watch.Watch,
        "_read",
        _one_at_a_time,
    ),
)
