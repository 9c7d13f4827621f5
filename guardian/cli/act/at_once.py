"""What an arming sets off at once: a rule that is past its limit acts then, so it is told before."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

import click

from guardian.cli.shared import client_of
from guardian.config.shapes import Config
from guardian.core.model import Level
from guardian.errors import GuardianError
from guardian.web.client import AbsentError

PATIENCE_SECONDS = 3.0
"""The daemon waits for its next read before it answers; a page to read waits no longer than that."""


def tell(config: Config, account: str, only: Collection[str]) -> None:
    """A line on stderr for each such demand. Without a daemon there is nothing that could act at once; one
    that does not say is no calm."""
    try:
        answer = asyncio.run(client_of(config, PATIENCE_SECONDS).operate("plan", {"account": account}))
    except AbsentError:
        return
    except GuardianError as error:
        click.echo(f"guardian: which rules would act at once is not known: {error}", err=True)
        return
    armed = {rule.id for pack in config.packs for rule in pack.rules if rule.armed}
    for line in lines(answer["demands"], armed & set(only) if only else armed):
        click.echo(f"guardian: {line}", err=True)


def lines(demands: Iterable[dict[str, Any]], chosen: Collection[str]) -> list[str]:
    """Of what is demanded now, what only waits for the arming; CAUTION does nothing but tell."""
    waiting = (each for each in demands if each["rule"] in chosen and not each["acts"])
    return [
        f"armed, {each['rule']} demands {each['level']} at once: {_reason(each)}"
        for each in waiting
        if Level[each["level"]] > Level.CAUTION
    ]


def _reason(demand: dict[str, Any]) -> str:
    if demand["cause"] != "breach" or demand["value"] is None:
        return "what it needs is not known"
    return f"{demand['value']:.4g} against {demand['limit']:.4g}"
