"""Everything that is looked at once a day, each check under its own deadline, few accounts at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from itertools import chain

from guardian.config.shapes import AccountConfig
from guardian.ports import SecretStore
from guardian.runtime.checkup.audit import audit_account
from guardian.runtime.checkup.beside import examine_activity, examine_market
from guardian.runtime.checkup.channels import nobody
from guardian.runtime.checkup.halt import examine_halt
from guardian.runtime.checkup.journal import examine_journal
from guardian.runtime.checkup.keys import key_lines
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.checkup.venue import examine_venue
from guardian.runtime.sanity import heard, record, rules, seen, standing
from guardian.runtime.sanity.bounded import Check, bounded
from guardian.runtime.start.daemon import Opened
from guardian.runtime.watch import READ_DEADLINE_SECONDS
from guardian.secrets import SecretReferences

READ_SECONDS = READ_DEADLINE_SECONDS + 2.0
SPARE_SECONDS = 5.0
KEY_SECONDS = 20.0
DISK_SECONDS = 30.0
AT_ONCE = 4
"""Accounts that are looked at together: each opens clients of its own, which cost a moment of computing."""


async def look_over(opened: Opened) -> tuple[Line, ...]:
    """The instance's lines, then each account's in the order of the file. Never raises."""
    secrets = SecretReferences(opened.config.path.parent, vault=opened.config.vault)
    turns = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(
        _instance(opened, secrets),
        *(_account(opened, account, secrets, turns) for account in opened.config.accounts),
    )
    return tuple(chain.from_iterable(found))


async def _instance(opened: Opened, secrets: SecretStore) -> list[Line]:
    config, runtime = opened.config, opened.runtime
    about = partial(Subject, "")
    checks = [
        bounded(about("journal"), lambda: examine_journal(config), DISK_SECONDS),
        bounded(about("journal writing"), lambda: record.written(runtime.committer)),
        bounded(about("archive"), lambda: record.kept(config), DISK_SECONDS),
        bounded(about("rules"), lambda: rules.on_disk(config, runtime.state.pack_hash), DISK_SECONDS),
        bounded(about("telemetry"), lambda: heard.telemetry(runtime, config, secrets)),
    ]
    for each in config.routes.channels:
        checks.append(bounded(about(f"channel {each.name}"), partial(heard.channel, runtime, each, secrets)))
    return [*await _together(checks), *nobody(config)]


async def _account(
    opened: Opened, account: AccountConfig, secrets: SecretStore, turns: asyncio.Semaphore
) -> list[Line]:
    async with turns:
        return await _together(
            [
                bounded(Subject(account.name, check), question, seconds)
                for check, question, seconds in _questions(opened, account, secrets)
            ]
        )


def _questions(
    opened: Opened, account: AccountConfig, secrets: SecretStore
) -> list[tuple[str, Check, float]]:
    """What is asked of one account: the name of the check, the question, its deadline."""
    runtime, config, name = opened.runtime, opened.config, account.name
    desk = runtime.parts.desks[name]
    comparison = seen.comparison_seconds(account) + SPARE_SECONDS
    found: list[tuple[str, Check, float]] = [
        ("read path", partial(seen.read_path, runtime, name), READ_SECONDS),
        ("venue", partial(examine_venue, account), READ_SECONDS),
        ("balances", partial(seen.balances, runtime, account), comparison),
        ("keys", partial(_keys, account, secrets), KEY_SECONDS),
        ("halt target", partial(examine_halt, account, config.state_dir, secrets), READ_SECONDS),
        ("permit", partial(standing.permit, runtime, config.state_dir, name), READ_SECONDS),
        ("standing", partial(_standing, opened, name), READ_SECONDS),
    ]
    if desk.market is not None:
        found.append(("market", partial(examine_market, account), READ_SECONDS))
    if desk.history is not None:
        found.append(("activity", partial(examine_activity, account, secrets), READ_SECONDS))
    for source in config.sources:
        if source.account == name:
            found.append(("source", partial(heard.source, runtime, source), READ_SECONDS))
    return found


async def _keys(account: AccountConfig, secrets: SecretStore) -> list[Line]:
    """An audit of this moment: each key is fetched, asked about and dropped."""
    return list(key_lines(await audit_account(account, secrets)))


async def _standing(opened: Opened, name: str) -> list[Line]:
    runtime = opened.runtime
    account = runtime.state.account(name)
    if account is None:
        return [Subject(name, "standing").fail("its configuration was never taken in", "Restart guardian.")]
    now = runtime.parts.clock.now()
    return standing.standing(account, runtime.state.rules, runtime.parts.desks[name], now)


async def _together(checks: Sequence[Awaitable[list[Line]]]) -> list[Line]:
    return list(chain.from_iterable(await asyncio.gather(*checks)))
