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
    """Ask /livez over `listen`, or over the control socket where `listen` is omitted.

    Exit 0 when guardian says that it judges, 7 otherwise. The venue's health is no part of it.
    """
    ctx.exit(pulse.tell(_address(config_path), as_json))


def _address(config_path: Path | None) -> str:
    """Where to ask. Raises ConfigError when no configuration says it."""
    found = pulse.glance(str(locate(config_path)))
    if found is not None:
        return found
    config = loaded_or_last_good(config_path)
    return config.listen or str(config.state_dir / CONTROL_SOCKET)
