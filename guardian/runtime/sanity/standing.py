"""How an account stands: its permit, whether guardian may act on it, its drill, and its open troubles."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from guardian.core.breaker import disarmed
from guardian.core.model import Rule
from guardian.core.state import AccountState
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.clock import wall
from guardian.runtime.control.drilled import DRILL_DAYS, needs_drill, overdue
from guardian.runtime.control.drilled import SUBJECT as DRILL
from guardian.runtime.desk import AccountDesk
from guardian.runtime.loop import Runtime

PREFIX = "sanity "
"""Troubles of these checks begin with it; they are not looked at again as troubles."""

TOLD_ELSEWHERE = (DRILL, "daily-checks")
"""Troubles with a line of their own, or that end with this very report."""

SOON = timedelta(days=7)
PERMIT = "Look at the disk and the rights of state_dir: a bot that honours its permit has stopped opening."


async def permit(runtime: Runtime, state_dir: Path, name: str) -> list[Line]:
    """The file is what a bot reads: renewed every 5 s, so its lease is live only while it can be written."""
    subject, file = Subject(name, "permit"), state_dir / f"permit-{name}.json"
    until = runtime.parts.permits.expires_at(name)
    if until is None or until <= wall():
        return [subject.fail("its lease has run out: guardian is not deciding", "See `guardian status`.")]
    try:
        written = orjson.loads(await asyncio.to_thread(file.read_bytes))
        expires = datetime.fromisoformat(written["expires_at"])
        left = (expires - wall()).total_seconds()
    except (OSError, KeyError, TypeError, ValueError) as error:
        return [subject.fail(f"{file.name} cannot be read ({type(error).__name__})", PERMIT)]
    if left <= 0:
        return [subject.fail(f"{file.name} ran out {-left:.0f} s ago: it is not being written", PERMIT)]
    return [subject.ok(f"{written.get('mode')}, its lease is live for {left:.0f} s more")]


def standing(account: AccountState, rules: tuple[Rule, ...], desk: AccountDesk, now: datetime) -> list[Line]:
    name = account.policy.name
    return [
        _armed(Subject(name, "armed"), account, rules, now),
        _drill(Subject(name, "drill"), account, rules, now),
        *_hands(Subject(name, "hands"), desk),
        *_troubles(Subject(name, "troubles"), account),
    ]


def _armed(subject: Subject, account: AccountState, rules: tuple[Rule, ...], now: datetime) -> Line:
    wanting = [rule.id for rule in rules if rule.armed]
    if disarmed(account, now):
        until = account.arming.disarmed_until
        said = f"DISARMED until {until:%Y-%m-%d %H:%M} UTC" if until else "DISARMED"
        return subject.warn(said, "It re-arms itself then; `guardian arm` does so now.")
    if account.arming.armed:
        only = ", ".join(account.arming.rules) or f"{len(wanting)} of {len(rules)} rules"
        return subject.ok(f"armed for {only}")
    if wanting:
        said = f"not armed, so {len(wanting)} rules whose YAML says armed only observe"
        return subject.warn(said, f"Arm it when you trust them: `guardian arm {subject.account}`.")
    return subject.ok("observes: no rule is armed")


def _drill(subject: Subject, account: AccountState, rules: tuple[Rule, ...], now: datetime) -> Line:
    fix = f"Run `guardian drill live {subject.account}`."
    last = account.drilled_at
    said = f"the last live one passed {last:%Y-%m-%d}" if last else "no live one has ever passed"
    if not needs_drill(account, rules):
        return subject.ok(f"none is due: guardian would not act on this account; {said}")
    if last is None or overdue(account, now):
        return subject.fail(f"one is due every {DRILL_DAYS} days, and {said}", fix)
    due = last + timedelta(days=DRILL_DAYS)
    said = f"{said}, the next is due {due:%Y-%m-%d}"
    return subject.warn(said, fix) if due - now < SOON else subject.ok(said)


def _hands(subject: Subject, desk: AccountDesk) -> Iterator[Line]:
    """What the running guardian does with its keys; whether they can be fetched is the keys' own line."""
    for role in sorted(desk.refused):
        yield Subject(subject.account, f"{role} key in use").fail(
            "left unused: it may do more than its role needs", "Make a narrower key and restart guardian."
        )
    if desk.hold_at_boot and not desk.holding:
        yield subject.fail("not in hand, although `hold: boot` asks for it", "See `guardian keys audit`.")
    elif desk.hands_ref is not None:
        yield subject.ok("in hand" if desk.holding else "fetched at an incident")


def _troubles(subject: Subject, account: AccountState) -> Iterator[Line]:
    found = [each for each in account.troubles if not each.startswith(PREFIX) and each not in TOLD_ELSEWHERE]
    if found:
        yield subject.fail(f"open: {', '.join(found)}", "See what was told when each began: `journal show`.")
    else:
        yield subject.ok("none is open")
