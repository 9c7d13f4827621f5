"""Everything is looked at at once, each check under its own deadline: a dead venue delays no other answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from guardian.config.shapes import AccountConfig, Config
from guardian.errors import GuardianError
from guardian.ports import SecretStore
from guardian.runtime.checkup.audit import audit_account
from guardian.runtime.checkup.beside import examine_activity, examine_market
from guardian.runtime.checkup.channels import examine_channel, nobody
from guardian.runtime.checkup.egress import examine_egress
from guardian.runtime.checkup.halt import examine_halt
from guardian.runtime.checkup.journal import examine_journal
from guardian.runtime.checkup.keys import key_lines
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.checkup.stack import examine_source, examine_telemetry
from guardian.runtime.checkup.venue import examine_venue
from guardian.secrets import SecretReferences

CHECK_SECONDS = 10.0


async def examine(config: Config) -> tuple[Line, ...]:
    """Every line, the instance's first, then each account's in the order of the file."""
    secrets = SecretReferences(config.path.parent, vault=config.vault)
    jobs: list[Awaitable[list[Line]]] = [_bounded(Subject("", "journal"), examine_journal(config))]
    jobs += [
        _bounded(Subject("", f"channel {channel.name}"), examine_channel(channel, secrets))
        for channel in config.routes.channels
    ]
    if config.telemetry is not None:
        jobs.append(_bounded(Subject("", "telemetry"), examine_telemetry(config.telemetry, secrets)))
    jobs += [
        _bounded(Subject(source.account, "source"), examine_source(source, secrets))
        for source in config.sources
    ]
    for account in config.accounts:
        jobs += _account(account, config, secrets)
    found = await asyncio.gather(*jobs)
    lines = [line for each in found for line in each] + nobody(config)
    order = {name: place for place, name in enumerate(["", *(account.name for account in config.accounts)])}
    return tuple(sorted(lines, key=lambda line: order[line.account]))


def _account(account: AccountConfig, config: Config, secrets: SecretStore) -> list[Awaitable[list[Line]]]:
    name = account.name
    return [
        _bounded(Subject(name, "venue"), examine_venue(account)),
        _bounded(Subject(name, "keys"), _keys(account, secrets)),
        _bounded(Subject(name, "market"), examine_market(account)),
        _bounded(Subject(name, "activity"), examine_activity(account, secrets)),
        _bounded(Subject(name, "halt target"), examine_halt(account, config.state_dir, secrets)),
        _at_once(examine_egress(account)),
    ]


async def _at_once(lines: list[Line]) -> list[Line]:
    return lines


async def _keys(account: AccountConfig, secrets: SecretStore) -> list[Line]:
    return list(key_lines(await audit_account(account, secrets)))


async def _bounded(subject: Subject, check: Awaitable[list[Line]]) -> list[Line]:
    """A check that does not end, or that a person must put right first, is a failure and not a silence."""
    try:
        return await asyncio.wait_for(check, CHECK_SECONDS)
    except TimeoutError:
        return [subject.fail(f"no answer within {CHECK_SECONDS:g} s", "Look at what it waits for.")]
    except GuardianError as error:
        return [subject.told(str(error), "Correct it in guardian.yaml.")]
