"""`guardian sanity`: the daily checks, run now by the daemon, or as they ended the last time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from guardian.cli.shared import client_of, config_option, json_option, loaded_or_last_good, say
from guardian.errors import GuardianError
from guardian.runtime.sanity.shelf import kept

FAILED = 3
WAIT_SECONDS = 150.0
"""Longer than all deadlines of the checks of many accounts; an idle desk takes a few seconds."""


class NoReportError(GuardianError):
    """The checks have never run here."""

    exit_code = 7


@click.command()
@config_option
@json_option
@click.option("--last", is_flag=True, help="Print the last report; no daemon is needed.")
@click.pass_context
def sanity(ctx: click.Context, config_path: Path | None, as_json: bool, last: bool) -> None:
    """Run the daily checks now, in the running guardian, and print their report, worst first.

    It is kept, told and scraped like the one that `sanity:` of guardian.yaml asks for once a day.

    Exit 0: nothing failed. 3: something did. 6: an incident is younger than ten minutes. 7: no daemon
    answers, or with --last there is no report.
    """
    config = loaded_or_last_good(config_path)
    if last:
        reports = kept(config.state_dir)
        if not reports:
            raise NoReportError(f"no report in {config.state_dir / 'sanity'}: the checks have never run")
        document = reports[-1].document()
    else:
        document = asyncio.run(client_of(config, WAIT_SECONDS).operate("sanity", {}))
    say(document, as_json, "\n".join(_lines(document)))
    if not document["ok"]:
        ctx.exit(FAILED)


def _lines(document: dict[str, Any]) -> list[str]:
    """One line an item and its fix below, as `check --online` prints them."""
    text = []
    for item in document["items"]:
        text.append(f"{item['level']:4}  {item['account'] or '-'}  {item['check']}: {item['message']}")
        text += [f"        {item['fix']}"] if item["fix"] else []
    at = datetime.fromisoformat(document["at"]).astimezone(UTC)
    counts = f"{document['failed']} of {len(document['items'])} failed, {document['warned']} with a warning"
    return [
        *text,
        f"sanity: {counts}; {at:%Y-%m-%d %H:%M:%S} UTC, {document['seconds']:.1f} s, by {document['by']}",
    ]
