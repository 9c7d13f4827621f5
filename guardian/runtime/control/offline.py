"""Arming and disarming while no daemon runs: straight into the journal, under its lock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from guardian.config.shapes import Config
from guardian.core.effects import Notify
from guardian.core.engine import step
from guardian.core.events import Armed, Disarmed, Drilled, Event, Troubled
from guardian.core.state import SCHEMA, AccountState, State
from guardian.errors import RefusedError
from guardian.journal.lock import InstanceLock
from guardian.journal.sqlite import FILE_NAME, SqliteJournal
from guardian.journal.store import Origin
from guardian.notify import Router
from guardian.runtime.clock import SystemClock
from guardian.runtime.codec import encode_step
from guardian.runtime.control.announce import expectation, expected
from guardian.runtime.control.drilled import SUBJECT
from guardian.runtime.control.requests import armable, known_account
from guardian.runtime.control.status import iso
from guardian.runtime.start.assemble import hands_late
from guardian.runtime.start.restore import resume


@asynccontextmanager
async def _journal(config: Config) -> AsyncIterator[tuple[SqliteJournal, State]]:
    """The journal and the state it gives. RefusedError when a hung daemon still holds the lock."""
    with InstanceLock(config.state_dir):
        journal = SqliteJournal(config.state_dir / FILE_NAME, Origin(config.instance, str(SCHEMA)))
        try:
            resumption = await resume(journal)
            if resumption.fresh:
                raise RefusedError("this guardian has never run: start it once with `guardian run`, then arm")
            yield journal, replace(resumption.state, rules=config.rules)
        finally:
            await journal.close()


async def _append(config: Config, journal: SqliteJournal, state: State, event: Event) -> None:
    """One step, with its notifications in the outbox: the daemon delivers them when it starts."""
    state, effects = step(state, event)
    router = Router(config.routes, config.instance)
    outgoing = [pair for e in effects if isinstance(e, Notify) for pair in router.route(e, event.at)]
    await journal.append(event.at, event.kind, encode_step(event, state.decisions, effects), outgoing)


async def arm_offline(config: Config, account: str, rules: tuple[str, ...], undrilled: str) -> dict[str, Any]:
    """Remembered by the journal; in force when the daemon starts."""
    async with _journal(config) as (journal, state):
        now = SystemClock().now()
        armable(state, _as_configured(config, known_account(state, account)), rules, undrilled, now)
        event = Armed(now, account, rules, "operator (offline)", undrilled or "armed")
        await _append(config, journal, state, event)
    return {"account": account, "armed": True}


def _as_configured(config: Config, account: AccountState) -> AccountState:
    """The journal knows where the hands key was held at the last run; the next one holds it as written."""
    written = next((a for a in config.accounts if a.name == account.policy.name), None)
    if written is None:
        return account
    return replace(account, policy=replace(account.policy, hands_late=hands_late(written.keys)))


async def disarm_offline(config: Config, account: str, seconds: float, reason: str) -> dict[str, Any]:
    async with _journal(config) as (journal, state):
        known_account(state, account)
        now = SystemClock().now()
        until = now + timedelta(seconds=seconds)
        await _append(config, journal, state, Disarmed(now, account, until, "operator (offline)", reason))
    return {"account": account, "disarmed_until": iso(until)}


async def expect_offline(config: Config, account: str, body: dict[str, Any]) -> dict[str, Any]:
    """Remembered by the journal: what leaves before the daemon starts is the one, too."""
    async with _journal(config) as (journal, state):
        asked = (SystemClock().now(), "operator (offline)")
        event = expectation(known_account(state, account), body, asked)
        await _append(config, journal, state, event)
    return expected(event)


async def drilled_offline(config: Config, account: str, report: str) -> dict[str, Any]:
    """A passed live drill, for the journal of a guardian that does not run now."""
    async with _journal(config) as (journal, state):
        known_account(state, account)
        now = SystemClock().now()
        drilled = Drilled(now, account, "operator (offline)", report)
        await _append(config, journal, state, drilled)
        state, _ = step(state, drilled)
        healed = Troubled(now, account, SUBJECT, "a live drill has passed", healed=True)
        await _append(config, journal, state, healed)
    return {"account": account, "drilled_at": iso(now)}
