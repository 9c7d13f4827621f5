"""`guardian expect transfer`: say before money leaves an account that it will."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Any

import click

from guardian.cli.act.operate import OFFLINE, known, seconds_of
from guardian.cli.shared import client_of, config_option, confirm_option, confirmed, json_option, loaded, say
from guardian.web.client import AbsentError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def expect() -> None:
    """Announce what would look like a stranger's doing."""


@expect.command()
@click.argument("account")
@click.option("--amount", required=True, metavar="500", help="What will leave, in the coin itself.")
@click.option("--coin", required=True, metavar="USDT", help="As the venue writes it.")
@click.option("--within", required=True, metavar="2h", help="From now on, at most 24h; then it lapses.")
@click.option("--reason", required=True, metavar="TEXT", help="Journaled, and told to people.")
@click.option(
    "--tolerance", default="0.01", show_default=True, help="Fraction of the amount, such as a fee; up to 0.1."
)
@confirm_option
@config_option
@json_option
def transfer(
    account: str,
    amount: str,
    coin: str,
    within: str,
    reason: str,
    tolerance: str,
    confirm: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Expect one transfer or withdrawal out of ACCOUNT: rules of foreign_transfers do not count it.

    It is used up by the first one like it. Every other rule, and every loss, is judged as ever.
    """
    config = known(loaded(config_path), account)
    confirmed(account, confirm, "expect transfer")
    body: dict[str, Any] = {
        "account": account,
        "amount": amount,
        "currency": coin,
        "tolerance": tolerance,
        "seconds": seconds_of(within, "--within"),
        "reason": reason,
    }
    try:
        answer = asyncio.run(client_of(config).operate("expect", body))
    except AbsentError:
        offline = importlib.import_module(OFFLINE)
        answer = asyncio.run(offline.expect_offline(config, account, body))
    told = f"{answer['amount']} {answer['currency']} may leave {account} once, until {answer['until']}"
    say(answer, as_json, told)
