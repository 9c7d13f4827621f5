"""guardian run: the daemon."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from guardian.cli.shared import config_option
from guardian.config import load_config
from guardian.exchanges import VENUES
from guardian.runtime.start.daemon import Opened
from guardian.runtime.start.serve import serve


@click.command()
@config_option
def run(config_path: Path | None) -> None:
    """Watch the accounts, judge the rules, act where armed. Runs until SIGTERM.

    Stays up, blind and paging, when the venue, a key or a channel is down. Exit codes: 1 the journal cannot
    be opened, 3 bad configuration, 6 over-privileged key at the first start or a second instance.
    """
    asyncio.run(serve(load_config(config_path, VENUES), _ready))


def _ready(guardian: Opened) -> None:
    """People's text goes to stderr: what is watched, what is armed, what guardian cannot do."""
    for account in guardian.runtime.state.accounts:
        policy = account.policy
        hands = "" if policy.has_hands else "; observes only: no usable hands key"
        admin = "" if policy.has_admin else "; cannot fence: no usable admin key"
        until = account.arming.disarmed_until
        armed = "armed" if account.arming.armed else "not armed"
        armed = f"DISARMED until {until:%Y-%m-%d %H:%M} UTC" if until else armed
        click.echo(f"guardian: watching {policy.name} on {policy.venue}, {armed}{hands}{admin}", err=True)
        if account.incident is not None:
            incident = account.incident
            click.echo(f"guardian: resuming incident {incident.code} at {account.level.name}", err=True)
