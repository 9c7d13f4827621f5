"""The shell: one queue of events, one writer of state.

    event -> stamp -> step() -> commit event, decision and effects together -> perform -> reports are events

The loop never dies of an event: a defect in deciding is told as trouble and the old state stays in force.
Where an event concerns all accounts and cannot be decided on, each account is decided for alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from guardian.core.breaker import permit_of
from guardian.core.effects import Effect, Notify
from guardian.core.engine import step
from guardian.core.events import Event, SnapshotTaken, Started, Tick, Troubled, account_of
from guardian.core.model import Level
from guardian.core.rearm import JOURNAL_TROUBLE
from guardian.core.state import AccountState, State
from guardian.notify.outbox import Courier
from guardian.notify.routing import Router
from guardian.ports import Clock, Journal
from guardian.runtime.codec import encode_state, encode_step
from guardian.runtime.commit import CHECKPOINT_EVERY, Committer
from guardian.runtime.counters import Counters
from guardian.runtime.desk import AccountDesk
from guardian.runtime.perform import Performer
from guardian.runtime.permit import UNSEEN, Permit, PermitBook
from guardian.runtime.pulse import PulseMeter, felt
from guardian.runtime.timers import TICK_SECONDS
from guardian.runtime.watch import Watch

INTERNAL = "engine"
TICK = timedelta(seconds=1)
PERMIT_NEEDS = timedelta(seconds=10)
EVIDENCE = frozenset({"snapshot", "market", "activity"})
"""What guardian reads again and again: after a defect each must be decided on before permits are extended."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a runtime is made of; every one can be simulated."""

    clock: Clock
    journal: Journal
    desks: Mapping[str, AccountDesk]
    permits: PermitBook
    router: Router
    checkpoint_every: int = CHECKPOINT_EVERY


class Runtime:
    """Start with `run()`; everything else happens by `post`ing events."""

    def __init__(self, parts: Parts, state: State, courier: Callable[[Runtime], Courier]) -> None:
        self.parts = parts
        self.state = state
        self._queue: asyncio.Queue[tuple[Event, asyncio.Future[State] | None]] = asyncio.Queue()
        self.performer = Performer(parts.desks, parts.permits, parts.clock, self.post)
        self.watches = {n: Watch(n, d.reader, parts.clock, self.post) for n, d in parts.desks.items()}
        self.courier = courier(self)
        self.committer = Committer(
            parts.journal, self.courier.offer, self._journal_trouble, parts.checkpoint_every
        )
        self.performer.read_now = lambda account: self.watches[account].now()
        self.performer.must_be_flat = self._must_be_flat
        self.counters = Counters()
        self.pulse = PulseMeter(TICK_SECONDS)
        self.started_at = parts.clock.now()
        self.judged_at = self.started_at
        self.told = 0
        self._cried: set[str] = set()
        self._undecidable: dict[str, set[str]] = {}  # Kinds of event, by account.
        self._permits_ok = True
        self._renewing: asyncio.Task[None] | None = None

    @property
    def blocked(self) -> set[str]:
        """Accounts of which some evidence cannot be decided on; of all, "" among them, it concerns all."""
        return {name for name, kinds in self._undecidable.items() if kinds}

    def _must_be_flat(self, name: str) -> bool:
        account = self.state.account(name)
        return account is not None and account.level >= Level.FLATTEN

    def post(self, event: Event) -> None:
        """Enqueue an event; never blocks."""
        self._queue.put_nowait((event, None))

    async def submit(self, event: Event) -> State:
        """Enqueue an event and wait until it has been decided and committed."""
        done: asyncio.Future[State] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((event, done))
        return await done

    def trouble(self, subject: str, detail: str, healed: bool) -> None:
        """Tell people about guardian's own parts, once per account that it concerns."""
        for account in self.state.accounts:
            self.post(Troubled(self.parts.clock.now(), account.policy.name, subject, detail, healed))

    async def run(self) -> None:
        """Consume events for ever."""
        while True:
            event, done = await self._queue.get()
            await self._handle(event)
            if done is not None and not done.cancelled():
                done.set_result(self.state)

    async def drain(self) -> None:
        """Handle what is queued now (at shutdown and in tests)."""
        while not self._queue.empty():
            event, done = self._queue.get_nowait()
            await self._handle(event)
            if done is not None and not done.cancelled():
                done.set_result(self.state)

    async def _handle(self, event: Event) -> None:
        event, begun = self._stamped(event), time.perf_counter()
        try:
            state, effects = step(self.state, event)
        except Exception as error:
            await self._undecided(event, type(error).__name__)
            return
        self._decided(event)
        self.counters.judged(event, effects, time.perf_counter() - begun)
        self.state = state
        self.judged_at = event.at
        await self._commit(event, effects)
        for effect in effects:
            self.performer.start(effect)
        self.committer.checkpoint_if_due(event.at, lambda: encode_state(self.state))

    async def _commit(self, event: Event, effects: tuple[Effect, ...]) -> None:
        """One record for event, decisions and effects; waited for only when something is to be done."""
        outgoing = [
            pair for e in effects if isinstance(e, Notify) for pair in self.parts.router.route(e, event.at)
        ]
        try:
            body = encode_step(event, self.state.decisions, effects)
        except Exception as error:
            # A record that cannot be written must not stop what it records.
            self._defect(event, type(error).__name__)
            for channel, message in outgoing:
                self.courier.offer(channel, message)
            return
        if effects:
            await self.committer.commit(event.at, event.kind, body, outgoing)
        else:
            self.committer.begin(event.at, event.kind, body)
        if outgoing:
            self.told += len(outgoing)
            self.courier.poke()

    def _stamped(self, event: Event) -> Event:
        """As of now; a read with how late guardian is in judging it, where a rule asks for that."""
        now = self.parts.clock.now()
        if isinstance(event, SnapshotTaken | Tick):
            self.pulse.waited(event.at, now)
        if isinstance(event, SnapshotTaken) and felt(self.state.rules):
            event = replace(event, snapshot=replace(event.snapshot, pulse=self.pulse.taken(now)))
        return replace(event, at=now)

    def _decided(self, event: Event) -> None:
        """This kind of event can be decided on again. A judgement also makes up for all that is no evidence.

        Other events prove nothing: the very trouble that tells of a defect is decided on.
        People are told anew of another defect once a trouble can be decided on: before that every event that
        fails between two good ones would be a page.
        """
        whose = account_of(event)
        for name, kinds in self._undecidable.items():
            if whose in ("", name):
                kinds.discard(event.kind)
                if isinstance(event, SnapshotTaken | Tick):
                    kinds &= EVIDENCE
        if isinstance(event, Troubled):
            self._cried.discard(whose)

    async def _undecided(self, event: Event, name: str) -> None:
        """An event for all accounts is decided for each alone, so that a defect on one costs no other.

        Each is a record of its own, so a replay decides the same. Where that fails too the old state stays in
        force and the next evidence is judged afresh; silence would be worse.
        """
        if isinstance(event, Tick | Started) and not event.account:
            for account in self.state.accounts:
                await self._handle(replace(event, account=account.policy.name))
            return
        self._undecidable.setdefault(account_of(event), set()).add(event.kind)
        self._defect(event, name)

    def _defect(self, event: Event, name: str) -> None:
        """Told as a trouble of whom it concerns; where not even that can be decided on, past the core."""
        self.counters.defects += 1
        whose, detail = account_of(event), f"{name} while deciding on a {event.kind} event"
        if not whose:
            self.trouble(INTERNAL, detail, False)
        elif not isinstance(event, Troubled):
            self.post(Troubled(event.at, whose, INTERNAL, detail))
        elif event.subject == INTERNAL and event.account not in self._cried:
            self._cried.add(event.account)
            self._cry(event)

    def _cry(self, event: Troubled) -> None:
        """The last way to people when no decision can be made: a page that no decision has made."""
        key = f"guardian/{self.state.instance}/{event.account}/guardian/{INTERNAL}"
        lines = (event.detail, "No rule acts on this account until this is mended.")
        title = f"Guardian cannot decide: {event.account}"
        page = Notify(f"{event.account}/defect", event.account, key, "trigger", Level.HALT, title, lines)
        for channel, message in self.parts.router.route(page, event.at):
            self.courier.offer(channel, message)

    def _journal_trouble(self, detail: str, healed: bool) -> None:
        self.trouble(JOURNAL_TROUBLE, detail, healed)

    def tick(self) -> None:
        """Judge again where no evidence has arrived for a second: holds run and data ages without news."""
        now = self.parts.clock.now()
        self.pulse.rang(now)
        # The loop's own instant is among them: without any rule it must still prove that it judges.
        judged = [self.judged_at, *(r.judged_at for a in self.state.accounts for r in a.rules)]
        if any(at is None or now - at >= TICK for at in judged):
            self.post(Tick(now))

    def has_free(self, fraction: float) -> None:
        """So much of the journal's disk is free now."""
        self.pulse.has_free(fraction, self.parts.clock.now())

    def renew_permits(self) -> None:
        """Extend every lease while events are being decided; a guardian that is stuck lets them run out.

        So does one that cannot decide for an account, with the lease of that one.
        """
        now = self.parts.clock.now()
        if now - self.judged_at > PERMIT_NEEDS:
            return
        permits = permits_of(self.state)
        self.parts.permits.adopt({name: permits[name] for name in permits.keys() - self.blocked})
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        try:
            await self.parts.permits.save(tuple(self.parts.desks))
        except OSError as error:
            self._permit_trouble(f"the permit file cannot be written: {error.strerror}", False)
        else:
            self._permit_trouble("the permit file is written again", True)

    def _permit_trouble(self, detail: str, healed: bool) -> None:
        if healed is not self._permits_ok:
            self._permits_ok = healed
            self.trouble("permit", detail, healed)


def permits_of(state: State) -> dict[str, Permit]:
    """The permits that a state implies. An account that was never read may not open anything yet."""
    return {account.policy.name: _permit(account) for account in state.accounts}


def _permit(account: AccountState) -> Permit:
    if account.nav is None and account.level < Level.HALT:
        return UNSEEN
    return Permit(*permit_of(account))
