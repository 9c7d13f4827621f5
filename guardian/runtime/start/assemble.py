"""From a configuration to the ports of each account: fetch each key once, audit it, drop it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guardian.config.shapes import AccountConfig, KeyRefs
from guardian.core.metrics.nav import known_from
from guardian.core.model import Failure, Part, Snapshot
from guardian.core.policy import AccountPolicy, HaltTarget
from guardian.core.state import AccountState
from guardian.errors import SecretError
from guardian.exchanges import Endpoint, Heard, Venue, endpoint_of, venue
from guardian.halt import open_halt
from guardian.ports import BotControl, Clock, Credential, History, KeyAdmin, KeyAudit, Reader, SecretStore
from guardian.runtime.desk import AccountDesk
from guardian.runtime.start.audit import KeyFinding, judge_key, narrow_roles

AUDIT_SECONDS = 6.0
RESTART_AUDIT_SECONDS = 0.5
LATE_ROWS = timedelta(seconds=120)
"""How long after its date a venue may first show a row of its ledger."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """One account ready to run: its ports, the facts for the core, and what people must hear.

    `unaudited`: no audit was waited for to its end, and the keys are audited once the account is watched.
    """

    desk: AccountDesk
    policy: AccountPolicy
    findings: tuple[KeyFinding, ...]
    problems: tuple[str, ...]
    unaudited: bool = False

    @property
    def over_privileged(self) -> tuple[KeyFinding, ...]:
        return tuple(f for f in self.findings if f.excess)


class BlindReader:
    """Stands where the watch key cannot be used: every read fails and says why."""

    def __init__(self, account: str, why: str, clock: Clock) -> None:
        self._account = account
        self._why = why
        self._clock = clock

    async def snapshot(self) -> Snapshot:
        failures = tuple(Failure(part, "no-watch-key", self._why) for part in Part)
        return Snapshot(self._account, self._clock.now(), None, None, None, None, failures)

    async def audit(self) -> KeyAudit:
        return KeyAudit("", problem=self._why)

    async def close(self) -> None:
        return None


async def assemble(
    account: AccountConfig, secrets: SecretStore, known: AccountState | None, clock: Clock
) -> Assembled:
    """Ports of one account. Raises ConfigError for an unknown venue; a missing secret is only a problem.

    What a restart does not learn from its audits in time `Custody` asks again once the account is watched.
    """
    place = venue(account.venue)
    keys, problems = await fetch_all(account, secrets)
    own = _own_ids(keys, known)
    endpoint = _endpoint(account, known)
    reader, watch = _reader(place, endpoint, keys.get("watch"), clock)
    trader = place.open_trader(endpoint) if account.keys.hands else None
    admin = place.open_admin(endpoint, next(iter(own), ""), own) if account.keys.admin else None
    desk = AccountDesk(
        name=account.name,
        reader=reader,
        trader=trader,
        admin=admin,
        bots=_bots(account, secrets),
        secrets=secrets,
        hands_ref=account.keys.hands,
        admin_ref=account.keys.admin,
        hold_at_boot=account.keys.hold == "boot",
        market=place.open_market(endpoint),
        history=None if watch is None else place.open_history(endpoint, keys["watch"]),
    )
    findings = await _audited_at_start(desk, keys, watch, known)
    refused = frozenset(f.role for f in findings if f.excess)
    if "watch" in refused:
        await desk.reader.close()
        blind = BlindReader(account.name, "the watch key may do more than read", clock)
        desk = replace(desk, reader=blind, history=None)
    desk = replace(desk, refused=refused, narrow=narrow_roles(findings))
    return Assembled(
        desk, policy_of(account, own, desk), findings, tuple(problems), bool(keys) and not findings
    )


async def fetch_all(account: AccountConfig, secrets: SecretStore) -> tuple[dict[str, Credential], list[str]]:
    """Every key by its role, and a sentence for each that cannot be fetched."""
    keys: dict[str, Credential] = {}
    problems = []
    refs = {"watch": account.keys.watch, "hands": account.keys.hands, "admin": account.keys.admin}
    wanted = {role: ref for role, ref in refs.items() if ref is not None}
    answers = await asyncio.gather(*(_fetch(ref, secrets) for ref in wanted.values()))
    for role, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, str):
            problems.append(f"{role} key cannot be fetched: {answer}")
        else:
            keys[role] = answer
    return keys, problems


async def _fetch(ref: str, secrets: SecretStore) -> Credential | str:
    """The key, or a sentence that says why not."""
    try:
        return await asyncio.wait_for(secrets.fetch(ref), AUDIT_SECONDS)
    except SecretError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {AUDIT_SECONDS:.0f} s"


def _own_ids(keys: dict[str, Credential], known: AccountState | None) -> tuple[str, ...]:
    """Guardian's own public ids, remembered from earlier starts so that a dead vault exposes none of them."""
    before = known.policy.own_keys if known else ()
    return tuple(dict.fromkeys([*(c.key for c in keys.values()), *before]))


def _endpoint(account: AccountConfig, known: AccountState | None) -> Endpoint:
    return endpoint_of(account, booked_to(known, account.poll.flows_seconds), _done_to(known))


def booked_to(known: AccountState | None, flows_seconds: float) -> datetime | None:
    """From when the ledger is asked after a restart: rows come late, and the core counts each only once.

    A read counts as one of the ledger too while that was not due again, for `flows_seconds`. Never before the
    wallet that the account's NAV began with was asked, for what it contained is no news; nor before what the
    core still knows by its id.
    """
    if known is None or known.nav is None:
        return None
    told_at = known.evidence.asked_at(Part.LEDGER) or known.nav.at
    late, began = LATE_ROWS + timedelta(seconds=flows_seconds), known.nav.since or known.watched_since
    begin, remembered = max(told_at - late, began), known_from(known.nav)
    return begin if remembered is None else max(begin, remembered + timedelta(milliseconds=1))


def _done_to(known: AccountState | None) -> Heard:
    """From when fills and past orders are asked after a restart: the newest good answers told them before."""
    if known is None or known.doings is None:
        return Heard()
    return Heard(known.doings.filled_at or known.doings.since, known.doings.ordered_at or known.doings.since)


def _reader(
    place: Venue, endpoint: Endpoint, credential: Credential | None, clock: Clock
) -> tuple[Reader, Reader | None]:
    """The reader, and the same again where it can be audited."""
    if credential is None:
        return BlindReader(endpoint.account, "the watch key cannot be fetched", clock), None
    reader = place.open_reader(endpoint, credential)
    return reader, reader


async def reopened(
    account: AccountConfig, secrets: SecretStore, known: AccountState | None
) -> tuple[Reader | None, KeyFinding | None]:
    """A reader on the watch key as it can be fetched now, with its audit; None while it cannot."""
    credential = await _fetch(account.keys.watch, secrets)
    if isinstance(credential, str):
        return None, None
    reader = venue(account.venue).open_reader(_endpoint(account, known), credential)
    return reader, judge_key("watch", await reader.audit())


async def reopened_history(
    account: AccountConfig, secrets: SecretStore, known: AccountState | None
) -> History | None:
    """What was done on the account, seen with the watch key as it can be fetched now; else None."""
    credential = await _fetch(account.keys.watch, secrets)
    if isinstance(credential, str):
        return None
    return venue(account.venue).open_history(_endpoint(account, known), credential)


def reopened_admin(account: AccountConfig, own: tuple[str, ...], known: AccountState | None) -> KeyAdmin:
    """The admin that knows guardian's own ids, the watch key's first: by that one it finds the account."""
    return venue(account.venue).open_admin(_endpoint(account, known), own[0], own)


async def _audited_at_start(
    desk: AccountDesk, keys: dict[str, Credential], watch: Reader | None, known: AccountState | None
) -> tuple[KeyFinding, ...]:
    """The audits, as far as they may be waited for: a venue that is slow to answer them holds up no restart.

    An account that is new is not touched before its keys are known to be narrow. After a restart they were
    audited before, the market may have fallen meanwhile, and an open incident waits for nothing at all.
    """
    if known is None:
        return await audited(desk, keys, watch)
    if known.incident is not None:
        return ()
    try:
        async with asyncio.timeout(RESTART_AUDIT_SECONDS):
            return await audited(desk, keys, watch)
    except TimeoutError:
        return ()


async def audited(
    desk: AccountDesk, keys: dict[str, Credential], watch: Reader | None
) -> tuple[KeyFinding, ...]:
    """All audits at once; one that does not answer is a problem, never a pass."""
    asked = {}
    if watch is not None:
        asked["watch"] = watch.audit()
    if desk.trader is not None and "hands" in keys:
        asked["hands"] = desk.trader.audit(keys["hands"])
    if desk.admin is not None and "admin" in keys:
        asked["admin"] = desk.admin.audit(keys["admin"])
    answers = await asyncio.gather(
        *(asyncio.wait_for(a, AUDIT_SECONDS) for a in asked.values()), return_exceptions=True
    )
    findings = []
    for role, answer in zip(asked, answers, strict=True):
        if isinstance(answer, BaseException):
            key_id = keys[role].key if role in keys else ""
            answer = KeyAudit(key_id, problem=f"no answer ({type(answer).__name__})", code="timeout")
        findings.append(judge_key(role, answer))
    return tuple(findings)


def _bots(account: AccountConfig, secrets: SecretStore) -> dict[str, BotControl]:
    controls = [open_halt(entry, secrets) for entry in account.halt]
    return {control.name: control for control in controls}


def hands_late(keys: KeyRefs) -> bool:
    """Whether the hands key comes from a vault, and only once an incident asks for it."""
    return (keys.hands or "").startswith("vault:") and keys.hold != "boot"


def policy_of(account: AccountConfig, own: tuple[str, ...], desk: AccountDesk) -> AccountPolicy:
    """What the core must know of this account."""
    targets = tuple(
        HaltTarget(name, entry.grace_seconds) for name, entry in zip(desk.bots, account.halt, strict=True)
    )
    return AccountPolicy(
        name=account.name,
        venue=account.venue,
        currency=account.currency,
        has_hands=desk.trader is not None and "hands" not in desk.refused,
        has_admin=desk.admin is not None and "admin" not in desk.refused,
        own_keys=own,
        bot_keys=account.bot.keys,
        secret_ref=account.bot.secret_ref or "",
        order_prefixes=account.bot.order_prefix,
        halt_targets=targets,
        flatten_deadline_seconds=account.flatten.deadline_seconds,
        slippage=account.flatten.slippage,
        snapshot_seconds=account.poll.snapshot_seconds,
        hands_late=hands_late(account.keys),
        mandate=account.mandate,
        keys_seconds=account.poll.keys_seconds,
        known_keys=(account.drill.canary_key,) if account.drill else (),
        fee=account.flatten.fee,
    )
