"""What an operator may ask of a running guardian. Safer needs one person; riskier needs a confirmation.

Implements `guardian.web.control.Controls`; every request becomes an event, journaled with who asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from guardian.core.breaker import demands
from guardian.core.events import Armed, Demanded, Disarmed, Resumed
from guardian.core.model import Level, Rule
from guardian.core.observe import LONGEST_DISARM
from guardian.core.state import AccountState, State
from guardian.errors import ConfigError, RefusedError
from guardian.runtime.control.status import document, iso
from guardian.runtime.loop import Runtime


class Operations:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def status(self) -> dict[str, Any]:
        return document(self._runtime)

    async def operate(self, verb: str, body: dict[str, Any], by: str) -> dict[str, Any]:
        """Perform one verb. Raises GuardianError for what a person must change."""
        verbs = {
            "arm": self._arm,
            "disarm": self._disarm,
            "demand": self._demand,
            "resume": self._resume,
            "preview": self._preview,
        }
        if verb not in verbs:
            raise ConfigError(f"unknown request {verb!r}; one of {', '.join(sorted(verbs))}")
        account = known_account(self._runtime.state, str(body.get("account", "")))
        return await verbs[verb](account, body, by)

    async def _arm(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        only = tuple(str(r) for r in body.get("rules", ()))
        undrilled = str(body.get("accept_undrilled", ""))
        armable(self._runtime.state, account, only, undrilled)
        await self._runtime.submit(
            Armed(self._runtime.parts.clock.now(), account.policy.name, only, by, undrilled or "armed")
        )
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

    async def _demand(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        level = Level[str(body.get("level", "")).upper()]
        now = self._runtime.parts.clock.now()
        reason = str(body.get("reason", "")) or "operator"
        state = await self._runtime.submit(Demanded(now, account.policy.name, level, by, reason))
        after = state.account(account.policy.name)
        name = after.level.name if after else level.name
        return {"account": account.policy.name, "level": name, "demanded_at": iso(now)}

    async def _preview(self, account: AccountState, body: dict[str, Any], by: str) -> dict[str, Any]:
        return {"account": account.policy.name, "would_trip": would_trip(self._runtime, account, ())}

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


def known_account(state: State, name: str) -> AccountState:
    account = state.account(name)
    if account is None:
        names = ", ".join(a.policy.name for a in state.accounts) or "none"
        raise ConfigError(f"no account named {name!r}; accounts: {names}")
    return account


def armable(state: State, account: AccountState, only: tuple[str, ...], undrilled: str) -> None:
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
    if any(_locks_out(rule) for rule in chosen) and not undrilled:
        raise RefusedError(
            "a rule may delete the execution key and no live drill has passed: "
            "add --accept-undrilled REASON to arm it all the same"
        )


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
