"""guardian run: the daemon."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import click

from guardian.cli.shared import config_option
from guardian.exchanges import VENUES
from guardian.runtime.start import lastgood
from guardian.runtime.start.daemon import Opened
from guardian.runtime.start.dropped import IncidentDroppedError
from guardian.runtime.start.serve import serve


@click.command()
@config_option
def run(config_path: Path | None) -> None:
    """Watch the accounts, judge the rules, act where armed. Runs until SIGTERM.

    Stays up, blind and paging, when the venue, a key or a channel is down; restarted into a configuration
    that is wrong, it goes on with the last good one and pages; on a disk that takes nothing, with what can be
    read; where its port is taken, without it. Exit codes: 1 at the first start the journal cannot be opened
    or a port is taken, later the state folder cannot be locked; 3 bad configuration at the first start; 6
    over-privileged key at the first start, or a second instance.
    """
    chosen = lastgood.choose(config_path, VENUES)
    try:
        asyncio.run(serve(chosen.config, partial(_ready, chosen)))
    except IncidentDroppedError as error:
        chosen = lastgood.instead(chosen, error)
        asyncio.run(serve(chosen.config, partial(_ready, chosen), chosen.drops))


def _ready(chosen: lastgood.Chosen, guardian: Opened) -> None:
    """People's text goes to stderr: what is watched, what is armed, what guardian cannot do."""
    _keep(chosen, guardian)
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


def _keep(chosen: lastgood.Chosen, guardian: Opened) -> None:
    """Remember a good configuration; where the last good one stands in for a wrong one, people are told."""
    if chosen.refused:
        click.echo(f"guardian: {chosen.refused}", err=True)
        instead = "without what it lacks" if chosen.drops else "with the last good one"
        click.echo(f"guardian: the configuration is wrong; going on {instead}", err=True)
        guardian.runtime.trouble("config", f"going on {instead}: {chosen.refused}", False)
        return
    try:
        lastgood.remember(chosen.config)
    except OSError as error:
        guardian.runtime.trouble("config", f"the last good one cannot be kept: {error.strerror}", False)
