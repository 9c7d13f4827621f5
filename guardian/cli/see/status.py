"""guardian status: what the daemon knows, with the age of what it knows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from guardian.cli.shared import client_of, config_option, json_option, loaded, say
from guardian.core.model import Level


@click.command()
@config_option
@json_option
@click.option(
    "--exit-code", is_flag=True, help="Exit 5 when any account is at HALT or worse, 7 when data is stale."
)
@click.pass_context
def status(ctx: click.Context, config_path: Path | None, as_json: bool, exit_code: bool) -> None:
    """Show each account's level, rules and data age. Exit 7 when no daemon answers."""
    config = loaded(config_path)
    document = asyncio.run(client_of(config).status())
    say(document, as_json, "\n".join(_lines(document)))
    if exit_code:
        ctx.exit(_exit_code(document))


def _exit_code(document: dict[str, Any]) -> int:
    accounts = document["accounts"]
    if any(Level[a["level"]] >= Level.HALT for a in accounts):
        return 5
    return 7 if any(a["data_age_s"] is None or a["data_age_s"] > 30 for a in accounts) else 0


def _lines(document: dict[str, Any]) -> list[str]:
    lines = []
    for account in document["accounts"]:
        lines.append(_headline(account))
        lines += [_rule(rule) for rule in account["rules"]]
        lines += [f"  blind: {f['part']} ({f['code']}: {f['why']})" for f in account["failures"]]
        lines += [f"  trouble: {subject}" for subject in account["troubles"]]
        if account["incident"]:
            lines += _incident(account["incident"])
    journal = document["journal"]
    lines.append(
        f"journal: {'writing' if journal['ok'] else 'FAILING'}, {journal['records']} records this run"
    )
    return lines


def _headline(account: dict[str, Any]) -> str:
    age = "never read" if account["data_age_s"] is None else f"{account['data_age_s']:.1f} s old"
    equity = "unknown" if account["equity"] is None else f"{account['equity']:,.2f}"
    armed = armed_words(account)
    able = "" if account["can_act"] else ", observes only (no hands key)"
    return (
        f"{account['name']} ({account['venue']}): {account['level']}, {armed}{able}; equity {equity} ({age})"
    )


def armed_words(account: dict[str, Any]) -> str:
    """Whether guardian would act now, and if not wholly, what is missing."""
    if account["disarmed_until"]:
        return f"DISARMED until {account['disarmed_until']}"
    if not account["armed"]:
        return "not armed"
    only = ", ".join(account["armed_rules"])
    return f"armed for {only} only" if only else "armed"


def _rule(rule: dict[str, Any]) -> str:
    value = "unknown" if rule["value"] is None else f"{rule['value']:.5g}"
    bound = "at least " if rule["bound"] == "at_least" else ""
    why = f" ({rule['why']})" if rule["why"] else ""
    mode = "" if rule["armed"] else " [observe]"
    limit = f"{rule['limit']:.5g} for {rule['level']}"
    return f"  {rule['verdict']:9} {rule['id']}: {bound}{value} of {limit}{mode}{why}"


def _incident(incident: dict[str, Any]) -> list[str]:
    lines = [f"  incident {incident['id']} since {incident['opened_at']}, by {incident['rule']}"]
    lines += [
        f"    {s['at'][11:23]} {s['step']:8} {s['target']}: {s['outcome']} {s['code']}"
        for s in incident["steps"]
    ]
    if incident["verified_flat_at"]:
        lines.append(f"    verified flat at {incident['verified_flat_at']}")
    if incident["key_dead_at"]:
        lines.append(f"    key proven dead at {incident['key_dead_at']}")
    return lines
