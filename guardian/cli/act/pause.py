"""`guardian pause`: no new risk on an account, at once. Safer than before, so nothing is confirmed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from guardian.cli.act.operate import known
from guardian.cli.shared import client_of, config_option, json_option, loaded_or_last_good, say
from guardian.core.model import Level

HOLDS = (
    "the permit says reduce-only, bots are asked to pause, risk-increasing orders are cancelled one by one;",
    "positions and protective stops are untouched. If exposure still grows after 10 s, the bot ignores it:",
    "an armed guardian then flattens.",
)


@click.command()
@click.argument("account")
@click.option("--reason", default="operator", metavar="TEXT", help="Journaled, and told to people.")
@config_option
@json_option
def pause(account: str, reason: str, config_path: Path | None, as_json: bool) -> None:
    """Demand HALT on ACCOUNT: no new risk from now on. Leave it with `guardian resume`.

    Exit 7 when no daemon answers: where none runs nothing was done; one that hangs does it when it goes on.
    """
    config = loaded_or_last_good(config_path)
    config = known(config, account)
    body = {"account": account, "level": Level.HALT.name, "reason": reason}
    answer = asyncio.run(client_of(config).operate("demand", body))
    leave = f"guardian resume {account} --reason TEXT"
    say({**answer, "leave": leave}, as_json, _told(account, answer, leave))


def _told(account: str, answer: dict[str, Any], leave: str) -> str:
    level = str(answer["level"])
    if Level[level] > Level.HALT:
        first = f"{account} stays at {level}, which holds more than HALT does; the demand is journaled."
    else:
        first = f"{account} is at {level}:"
    return "\n".join((first, *(f"  {line}" for line in HOLDS), f"to leave: {leave}"))
