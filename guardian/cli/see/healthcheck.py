"""guardian healthcheck: is the guardian of this configuration alive; for containers and supervisors."""

from __future__ import annotations

from pathlib import Path

import click

from guardian.cli.see import pulse
from guardian.cli.shared import CONTROL_SOCKET, config_option, json_option, loaded_or_last_good
from guardian.config.load import locate


@click.command()
@config_option
@json_option
@click.pass_context
def healthcheck(ctx: click.Context, config_path: Path | None, as_json: bool) -> None:
    """Ask /livez over `listen`; over the control socket where `listen` is omitted, or another program has it.

    Exit 0 when guardian says that it judges, 7 otherwise. The venue's health is no part of it.
    """
    address, spare = _addresses(config_path)
    ctx.exit(pulse.tell(address, as_json, spare))


def _addresses(config_path: Path | None) -> tuple[str, str]:
    """Where to ask first, and where else. Raises ConfigError when no configuration says it."""
    file = str(locate(config_path))
    found = pulse.glance(file)
    if found is not None:
        return found, pulse.spare(file)
    config = loaded_or_last_good(config_path)
    spare = str(config.state_dir / CONTROL_SOCKET)
    return config.listen or spare, spare
