"""What guardian tells over `listen`: is it alive, is it ready, what may a bot do, and its figures.

Implements `guardian.web.figures.Telemetry`. It only reads what the loop has decided, on the loop's own
thread; it changes nothing and waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from guardian import __version__
from guardian.core.breaker import disarmed
from guardian.core.metrics.exposure import by_asset
from guardian.core.model import AtLeast, Known, Part, Rule
from guardian.core.state import AccountState, RuleState
from guardian.runtime.control.size import leverage_of
from guardian.runtime.counters import Durations
from guardian.runtime.desk import AccountDesk
from guardian.runtime.loop import Runtime
from guardian.runtime.sanity.told import Told
from guardian.runtime.stack.counts import StackCounts
from guardian.web.figures import (
    AccountFigures,
    CallFigures,
    Figures,
    Health,
    JournalFigures,
    NoticeFigures,
    RuleFigures,
    SanityFigures,
    SourceFigures,
    StackFigures,
    Times,
)

LIVE = timedelta(seconds=15)
"""A tick is judged every second; this much silence means that judging has stopped."""

FRESH = timedelta(seconds=30)

DEGRADED = ("key-", "custody", "channel:", "clock", "config", "journal-tampered", "outbox", "permit")
"""Troubles that end readiness: what an operator must mend before a bot relies on guardian."""


class RuntimeTelemetry:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def livez(self) -> Health:
        """Alive while events are judged. Never the venue: its outage must not restart the safety system."""
        age = self._runtime.parts.clock.now() - self._runtime.judged_at
        if age <= LIVE:
            return Health(True)
        return Health(False, (f"nothing has been judged for {age.total_seconds():.0f} s",))

    def readyz(self) -> Health:
        reasons = (*self.livez().reasons, *self._unready())
        return Health(not reasons, reasons)

    def permit(self, account: str) -> dict[str, Any] | None:
        """The permit in force; asking extends no lease, so a guardian that is stuck lets it run out."""
        if account not in self._runtime.parts.desks:
            return None
        return self._runtime.parts.permits.document(account)

    def figures(self) -> Figures:
        runtime, counters = self._runtime, self._runtime.counters
        courier, committer = runtime.courier, runtime.committer
        pulse = runtime.pulse.taken(runtime.parts.clock.now())
        return Figures(
            version=__version__,
            started_at=runtime.started_at.timestamp(),
            judged_at=runtime.judged_at.timestamp(),
            evaluations=counters.evaluations,
            defects=counters.defects,
            steps=_times(counters.steps),
            accounts=tuple(self._account(account) for account in runtime.state.accounts),
            calls=tuple(self._calls()),
            effects=tuple((*key, count) for key, count in sorted(counters.effects.items())),
            journal=JournalFigures(committer.records, committer.ok, committer.lost),
            notices=NoticeFigures(courier.sent, courier.failed, max(0, runtime.told - courier.sent)),
            tasks=_tasks(),
            stack=_stack(counters.stack),
            sanity=_sanity(counters.sanity),
            lag=pulse.lag_seconds,
            disk_free=pulse.disk_free,
        )

    def _unready(self) -> Iterator[str]:
        runtime = self._runtime
        if not runtime.committer.ok:
            yield "the journal is not being written"
        yield from (f"{name}: guardian cannot decide for it" for name in sorted(runtime.blocked))
        known = {account.policy.name: account for account in runtime.state.accounts}
        for name, desk in runtime.parts.desks.items():
            if (account := known.get(name)) is None:
                yield f"{name}: its configuration has not been taken in yet"
                continue
            yield from _unread(account, runtime.parts.clock.now())
            yield from (f"{name}: the {r} key has not passed an audit" for r, ok in _keys(desk) if not ok)
            yield from (f"{name}: trouble {t}" for t in account.troubles if t.startswith(DEGRADED))

    def _account(self, account: AccountState) -> AccountFigures:
        runtime, name = self._runtime, account.policy.name
        evidence, now = account.evidence, runtime.parts.clock.now()
        offset = runtime.counters.offsets.get(name)
        desk = runtime.parts.desks.get(name)
        return AccountFigures(
            name=name,
            currency=account.policy.currency,
            level=account.level.name.lower(),
            armed=account.arming.armed and not disarmed(account, now),
            troubles=len(account.troubles),
            equity=float(account.nav.equity) if account.nav else None,
            gross=_gross(account),
            leverage=leverage_of(account, now),
            orders=len(evidence.orders) if evidence.asked_at(Part.ORDERS) else None,
            positions=len(evidence.positions) if evidence.asked_at(Part.POSITIONS) else None,
            clock_offset=offset.seconds if offset else None,
            permit_expires_at=_epoch(runtime.parts.permits.expires_at(name)),
            drilled_at=_epoch(account.drilled_at),
            evidence=tuple((part.value, at.timestamp()) for part, at in evidence.asked),
            keys=_keys(desk) if desk else (),
            rules=tuple(_rules(account, runtime.state.rules)),
            heartbeat_at=_epoch(account.stack.heartbeat_at),
        )

    def _calls(self) -> Iterator[CallFigures]:
        venues = {a.policy.name: a.policy.venue for a in self._runtime.state.accounts}
        for (account, endpoint), seen in sorted(self._runtime.counters.requests.items()):
            codes = tuple(sorted(seen.codes.items()))
            yield CallFigures(account, venues.get(account, ""), endpoint, codes, _times(seen.times))


def _unread(account: AccountState, now: datetime) -> Iterator[str]:
    read_at, name = account.evidence.complete_at, account.policy.name
    if read_at is None:
        yield f"{name}: never read completely"
    elif now - read_at > FRESH:
        yield f"{name}: the newest complete read is {(now - read_at).total_seconds():.0f} s old"


def _keys(desk: AccountDesk) -> tuple[tuple[str, bool], ...]:
    """Each configured role, and whether its last audit found the key as narrow as it should be."""
    roles = {"watch": True, "hands": desk.hands_ref is not None, "admin": desk.admin_ref is not None}
    return tuple((role, role in desk.narrow) for role, configured in roles.items() if configured)


def _rules(account: AccountState, rules: tuple[Rule, ...]) -> Iterator[RuleFigures]:
    known = {rule.id: rule for rule in rules}
    for own in account.rules:
        if (rule := known.get(own.rule_id)) is not None:
            value, limit = _value(own), _next_limit(rule, own)
            yield RuleFigures(rule.id, own.verdict.value, value, limit, _distance(rule, value, limit))


def _value(own: RuleState) -> float | None:
    return own.measured.value if isinstance(own.measured, Known | AtLeast) else None


def _next_limit(rule: Rule, own: RuleState) -> float:
    """Of the first rung that has not fired, or of the last."""
    waiting = (rung.limit for rung, fired in zip(rule.ladder, own.fired, strict=False) if not fired)
    return next(waiting, rule.ladder[-1].limit)


def _distance(rule: Rule, value: float | None, limit: float) -> float | None:
    """1 at the limit and more past it, whichever way the rule points; None where no ratio says that."""
    if value is None or value < 0 or limit <= 0:
        return None
    if rule.direction == "over":
        return value / limit
    return limit / value if value else None


def _gross(account: AccountState) -> float | None:
    evidence = account.evidence
    if evidence.wallet is None or evidence.asked_at(Part.POSITIONS) is None:
        return None
    assets = by_asset(evidence.positions, evidence.wallet, account.policy.currency)
    return float(sum((abs(notional) for notional in assets.values()), Decimal(0)))


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0  # Asked without a loop, which has no tasks.


def _stack(counts: StackCounts) -> StackFigures:
    return StackFigures(
        accepted=tuple(sorted(counts.accepted.items())),
        dropped=tuple(sorted(counts.dropped.items())),
        refused=tuple(sorted(counts.refused.items())),
        sources=tuple(
            SourceFigures(account, source, _epoch(count.told_at), len(count.silent))
            for (account, source), count in counts.sources.items()
        ),
    )


def _sanity(told: Told) -> SanityFigures:
    return SanityFigures(_epoch(told.passed_at), None if told.at is None else len(told.failed))


def _times(durations: Durations) -> Times:
    return Times(durations.cumulative(), durations.seconds)


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
