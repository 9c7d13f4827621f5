"""Plan without a daemon: read the account with the watch key, on the state that the journal gives.

Law: only the watch key is fetched, and nothing is written: the journal is opened read-only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from guardian.config.shapes import AccountConfig, Config
from guardian.core.engine import step
from guardian.core.events import Configured, SnapshotTaken
from guardian.core.memory import CONFIRMED_READS_FOR_BASELINE
from guardian.core.policy import AccountPolicy
from guardian.core.state import State
from guardian.errors import RefusedError, SecretError
from guardian.exchanges import endpoint_of, venue
from guardian.halt import open_halt
from guardian.journal import FILE_NAME
from guardian.notify import Router
from guardian.ports import Reader
from guardian.runtime.beside import Seat, activity_event, market_event, symbols_of
from guardian.runtime.clock import SystemClock
from guardian.runtime.control.whatif import Question, what_if
from guardian.runtime.desk import AccountDesk
from guardian.runtime.start.assemble import policy_of, reopened, reopened_history
from guardian.runtime.start.restore import remembered
from guardian.secrets import SecretReferences

BETWEEN_READS_SECONDS = 0.25
READ_DEADLINE_SECONDS = 8.0


async def look(config: Config, name: str, as_if: Mapping[str, float]) -> dict[str, Any]:
    """The plan of one account. Raises RefusedError for a watch key that may do more than read."""
    account = next(a for a in config.accounts if a.name == name)
    secrets, clock = SecretReferences(config.path.parent, vault=config.vault), SystemClock()
    state = remembered(config.state_dir / FILE_NAME)
    known = state.account(name)
    if state.now is not None:
        clock.raise_to(state.now)
    reader, finding = await reopened(account, secrets, known)
    if reader is None or finding is None:
        raise SecretError(f"the watch key of {name} ({account.keys.watch}) cannot be fetched")
    try:
        if finding.excess:
            raise RefusedError(finding.sentence)
        remembered_ids = known.policy.own_keys if known else ()
        own = tuple(dict.fromkeys(key for key in (finding.audit.key_id, *remembered_ids) if key))
        policy = _policy(account, own, reader, secrets)
        state, _ = step(state, Configured(clock.now(), config.instance, "plan", (policy,), config.rules))
        state, seconds = await _read(state, name, reader, clock)
        state = await _beside(state, account, secrets, clock)
    finally:
        await reader.close()
    seen = state.account(name)
    assert seen is not None
    question = Question(as_if, seconds, account.flatten.orders_per_second)
    now = clock.now()
    return what_if(replace(state, now=now), seen, Router(config.routes, config.instance), question)


async def _read(state: State, name: str, reader: Reader, clock: SystemClock) -> tuple[State, float | None]:
    """Read until a baseline is confirmed (two reads where one is remembered); the newest read's seconds."""
    known = state.account(name)
    warm = known is not None and known.nav is not None and not known.nav.warming
    seconds: float | None = None
    for number in range(2 if warm else CONFIRMED_READS_FOR_BASELINE):
        if number:
            await asyncio.sleep(BETWEEN_READS_SECONDS)
        asked = clock.now()
        try:
            snapshot = await asyncio.wait_for(reader.snapshot(), READ_DEADLINE_SECONDS)
        except TimeoutError:
            return state, None
        now = clock.now()
        state, _ = step(state, SnapshotTaken(now, replace(snapshot, asked_at=asked)))
        seconds = (now - asked).total_seconds() if snapshot.complete else None
    return state, seconds


async def _beside(
    state: State, account: AccountConfig, secrets: SecretReferences, clock: SystemClock
) -> State:
    """The market, and what was done since the journal's last word of it; what does not come stays unknown."""
    known, seat = state.account(account.name), Seat(account.name, clock, lambda event: None)
    market = venue(account.venue).open_market(endpoint_of(account))
    history = await reopened_history(account, secrets, known)
    try:
        state, _ = step(state, await market_event(seat, market, symbols_of(known)))
        if history is not None:
            event, _ = await activity_event(seat, history)
            state, _ = step(state, event)
    finally:
        await market.close()
        if history is not None:
            await history.close()
    return state


def _policy(
    account: AccountConfig, own: tuple[str, ...], reader: Reader, secrets: SecretReferences
) -> AccountPolicy:
    """The account as a daemon would know it, with the keys for acting taken from the configuration's word."""
    bots = {control.name: control for control in (open_halt(entry, secrets) for entry in account.halt)}
    desk = AccountDesk(account.name, reader, None, None, bots, secrets, None, None, hold_at_boot=False)
    policy = policy_of(account, own, desk)
    return replace(policy, has_hands=account.keys.hands is not None, has_admin=account.keys.admin is not None)
