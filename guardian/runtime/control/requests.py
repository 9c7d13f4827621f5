"""What an operator may ask of a running guardian. Safer needs one person; riskier needs a confirmation.

Implements `guardian.web.control.Controls`; every request becomes an event, journaled with who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from guardian.core.breaker import demands
from guardian.core.events import Armed, Demanded, Disarmed, Drilled, Resumed, Troubled
from guardian.core.model import Level, Rule
from guardian.core.observe import LONGEST_DISARM
from guardian.core.state import AccountState, State
from guardian.errors import ConfigError, RefusedError
from guardian.runtime.clock import wall
from guardian.runtime.control.announce import expectation, expected
from guardian.runtime.control.drilled import DRILL_DAYS, SUBJECT, overdue
from guardian.runtime.control.status import document, iso
from guardian.runtime.control.whatif import Question, what_if
from guardian.runtime.loop import Runtime

MOST_ORDERS_PER_SECOND = 5000
"""As `flatten.orders_per_second` allows."""

READ_WAIT_SECONDS = 2.0
"""How long a plan waits for the next read, to measure what one takes."""


Sanity = Callable[[str], Awaitable[dict[str, Any]]]
"""Runs the daily checks now, for whom it is told, and gives their report."""


LOOSENS = frozenset({"arm", "disarm", "expect", "resume"})
"""What makes things riskier: never done for somebody who has stopped waiting for it."""


class Operations:
    """`machine` is the machine's clock, by which clients say when they asked."""

    def __init__(
        self, runtime: Runtime, sanity: Sanity | None = None, machine: Callable[[], datetime] = wall
    ) -> None:
        self._runtime = runtime
        self._sanity = sanity
        self._machine = machine

    def status(self) -> dict[str, Any]:
        return document(self._runtime)

    async def operate(self, verb: str, body: dict[str, Any], by: str) -> dict[str, Any]:
        """Perform one verb. Raises GuardianError for what a person must change."""
        verbs = {
            "arm": self._arm,
            "disarm": self._disarm,
            "demand": self._demand,
            "expect": self._expect,
            "drilled": self._drilled,
            "resume": self._resume,
            "preview": self._preview,
            "plan": self._plan,
        }
        if verb == "sanity" and self._sanity is not None:
            return await self._sanity(by)  # It concerns every account.
        if verb not in verbs:
            raise ConfigError(f"unknown request {verb!r}; one of {', '.join(sorted(verbs))}")
        if verb in LOOSENS:
            in_time(verb, body, self._machine())
        account = known_account(self._runtime.state, str(body.get("account", "")))
        return await verbs[verb](account, body, by)

    async def _arm(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        only = tuple(str(r) for r in body.get("rules", ()))
        undrilled = str(body.get("accept_undrilled", ""))
        now = self._runtime.parts.clock.now()
        armable(self._runtime.state, account, only, undrilled, now)
        await self._runtime.submit(Armed(now, account.policy.name, only, by, undrilled or "armed"))
        return {"account": account.policy.name, "armed": True}

    async def _disarm(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        if not self._runtime.committer.ok:
            raise RefusedError("the journal is failing: guardian cannot be disarmed until it writes")
        seconds = float(body.get("seconds", 0))
        if not 0 < seconds <= LONGEST_DISARM.total_seconds():
            raise RefusedError("disarm needs --until between 1s and 4h; it re-arms itself")
        now = self._runtime.parts.clock.now()
        until = now + timedelta(seconds=seconds)
        await self._runtime.submit(
            Disarmed(now, account.policy.name, until, by, str(body.get("reason", "no reason given")))
        )
        return {"account": account.policy.name, "disarmed_until": iso(until)}

    async def _expect(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        if not self._runtime.committer.ok:
            raise RefusedError("the journal is failing: nothing can be announced until it writes")
        event = expectation(account, body, (self._runtime.parts.clock.now(), by))
        await self._runtime.submit(event)
        return expected(event)

    async def _demand(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        level = Level[str(body.get("level", "")).upper()]
        now = self._runtime.parts.clock.now()
        reason = str(body.get("reason", "")) or "operator"
        state = await self._runtime.submit(Demanded(now, account.policy.name, level, by, reason))
        after = state.account(account.policy.name)
        name = after.level.name if after else level.name
        return {"account": account.policy.name, "level": name, "demanded_at": iso(now)}

    async def _drilled(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        """Only `guardian drill live` asks this, when every step has passed; its report is named."""
        report = str(body.get("report", ""))
        if not report:
            raise RefusedError("a drill without a report proves nothing: run `guardian drill live`")
        now = self._runtime.parts.clock.now()
        await self._runtime.submit(Drilled(now, account.policy.name, by, report))
        healed = Troubled(now, account.policy.name, SUBJECT, "a live drill has passed", healed=True)
        await self._runtime.submit(healed)
        return {"account": account.policy.name, "drilled_at": iso(now)}

    async def _preview(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        return {"account": account.policy.name, "would_trip": would_trip(self._runtime, account, ())}

    async def _plan(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        """What would happen now; nothing is posted, so nothing happens and nothing is journaled."""
        name = account.policy.name
        as_if = {str(metric): _finite(value) for metric, value in dict(body.get("as_if", {})).items()}
        pace = body.get("orders_per_second")
        if pace is not None and not 1 <= int(pace) <= MOST_ORDERS_PER_SECOND:
            raise ValueError(f"orders_per_second is not from 1 to {MOST_ORDERS_PER_SECOND}")
        seconds = await self._read_seconds(name)
        question = Question(as_if, seconds, None if pace is None else int(pace))
        now = self._runtime.parts.clock.now()
        account = known_account(self._runtime.state, name)
        return what_if(replace(self._runtime.state, now=now), account, self._runtime.parts.router, question)

    async def _read_seconds(self, name: str) -> float | None:
        """From the question of the next read to its judgement; None when none comes in time."""
        before = known_account(self._runtime.state, name).evidence.complete_at
        for _ in range(int(READ_WAIT_SECONDS / 0.005)):
            asked = known_account(self._runtime.state, name).evidence.complete_at
            if asked is not None and asked != before:
                return (self._runtime.parts.clock.now() - asked).total_seconds()
            await asyncio.sleep(0.005)
        return None

    async def _resume(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        rebase = tuple(str(r) for r in body.get("rebase", ()))
        reason = str(body.get("reason", ""))
        known = {rule.id for rule in self._runtime.state.rules}
        if unknown := sorted(set(rebase) - known):
            raise ConfigError(f"no rule named {unknown[0]!r}; rules: {', '.join(sorted(known))}")
        if not reason:
            raise RefusedError("resume needs a reason: --reason TEXT")
        if not self._runtime.committer.ok:
            raise RefusedError(
                "the journal is failing: escalation goes on, de-escalation is refused until it writes"
            )
        would = would_trip(self._runtime, account, rebase)
        now = self._runtime.parts.clock.now()
        state = await self._runtime.submit(Resumed(now, account.policy.name, by, reason, rebase))
        after = state.account(account.policy.name)
        level = after.level.name if after else "NORMAL"
        return {"account": account.policy.name, "level": level, "would_trip": would}


def in_time(verb: str, body: dict[str, Any], now: datetime) -> None:
    """Refuse what has waited in the socket of a daemon that hung, for longer than whoever asked.

    A clock that has jumped in between proves nothing, so it refuses too. Who says not when it was asked is
    taken to be waiting.
    """
    if "asked_at" not in body:
        return
    waited = abs(now - datetime.fromisoformat(str(body["asked_at"]))).total_seconds()
    if waited > _finite(body.get("patience_s", 0)):
        raise RefusedError(f"{verb} was asked {waited:.0f} s ago and comes too late; ask again")


def _finite(value: Any) -> float:
    number = float(value)
    if not isfinite(number):
        raise ValueError("a supposed value is not a finite number")
    return number


def known_account(state: State, name: str) -> AccountState:
    account = state.account(name)
    if account is None:
        names = ", ".join(a.policy.name for a in state.accounts) or "none"
        raise ConfigError(f"no account named {name!r}; accounts: {names}")
    return account


def armable(
    state: State, account: AccountState, only: tuple[str, ...], undrilled: str, now: datetime
) -> None:
    """Refuse what cannot work, and LOCKOUT that nobody has drilled."""
    if not account.policy.has_hands:
        raise RefusedError(f"{account.policy.name} has no usable hands key: guardian only observes it")
    rules = {rule.id: rule for rule in state.rules}
    if unknown := sorted(set(only) - set(rules)):
        raise ConfigError(f"no rule named {unknown[0]!r}; rules: {', '.join(sorted(rules))}")
    if only and account.arming.armed and not set(only) >= set(account.arming.rules or rules):
        raise RefusedError(
            f"{account.policy.name} is armed for more than that: arming fewer rules would loosen it; "
            "use `guardian disarm --until`, which pages and re-arms itself"
        )
    chosen = [rules[name] for name in only] if only else list(rules.values())
    if account.policy.hands_late and any(_flattens(rule) for rule in chosen):
        raise RefusedError(
            f"a rule may flatten {account.policy.name} and its hands key is fetched from a vault only then, "
            "when it may be sealed: set `hold: boot` beside keys.hands, restart guardian and arm again"
        )
    if any(_locks_out(rule) for rule in chosen) and not undrilled and overdue(account, now):
        raise RefusedError(
            f"a rule may delete the execution key and no live drill has passed for {DRILL_DAYS} days: "
            "run `guardian drill live`, or add --accept-undrilled REASON to arm it all the same"
        )


def _flattens(rule: Rule) -> bool:
    return rule.armed and any(rung.level >= Level.FLATTEN for rung in rule.ladder)


def _locks_out(rule: Rule) -> bool:
    return rule.armed and any(rung.level is Level.LOCKOUT for rung in rule.ladder)


def would_trip(runtime: Runtime, account: AccountState, rebase: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rules that would demand a level at once after a resume."""
    now = runtime.parts.clock.now()
    found = demands(account, runtime.state.rules, now)
    return [
        {"rule": d.rule, "level": d.level.name, "value": d.value, "limit": d.limit}
        for d in found
        if d.cause in ("breach", "stale") and d.acts and d.rule not in rebase
    ]
