"""guardian status: what the daemon knows, with the age of what it knows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from guardian.cli.see.names import aged, short
from guardian.cli.see.status_beside import beside_lines, sanity_lines, stack_lines
from guardian.cli.shared import client_of, config_option, json_option, loaded_or_last_good, say
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
    config = loaded_or_last_good(config_path)
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
        lines += [_expected(each) for each in account.get("expected", ())]
        lines += beside_lines(account)
        lines += [_rule(rule) for rule in account["rules"]]
        lines += [f"  blind: {f['part']} ({f['code']}: {f['why']})" for f in account["failures"]]
        lines += [f"  trouble: {subject}" for subject in account["troubles"]]
        lines += [_owed(each) for each in account.get("to_unfence", ())]
        lines += stack_lines(account)
        if account["incident"]:
            lines += _incident(account["incident"])
            lines += [f"    waits for {what}" for what in (account.get("leaves") or {}).get("waits_for", ())]
    lines += sanity_lines(document)
    journal = document["journal"]
    lines.append(
        f"journal: {'writing' if journal['ok'] else 'FAILING'}, {journal['records']} records this run"
    )
    return lines


def _headline(account: dict[str, Any]) -> str:
    equity = "unknown" if account["equity"] is None else f"{account['equity']:,.2f}"
    age = aged(account.get("equity_age_s"))
    read = aged(account["data_age_s"])
    armed = armed_words(account)
    able = "" if account["can_act"] else ", observes only (no hands key)"
    name = f"{account['name']} ({account['venue']}): {account['level']}, {armed}{able}"
    return f"{name}; equity {equity} ({age}); whole read {read}"


def _expected(each: dict[str, Any]) -> str:
    return f"  expected to leave once: {each['amount']} {each['currency']}, until {each['until']}"


def _owed(each: dict[str, Any]) -> str:
    """A key that is to be given back to its bot; at FLATTEN and above that waits for the next resume."""
    code = f" ({each['code']})" if each["code"] not in ("", "0") else ""
    last = f", last {each['outcome']}{code}" if each["outcome"] else ""
    tried = f"tried {each['attempts']} times{last}"
    return f"  still fenced: key {short(each['key'])} is to be given back to its bot; {tried}"


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
    age = aged(rule.get("age_s"))
    return f"  {rule['verdict']:9} {rule['id']}: {bound}{value} of {limit} ({age}){mode}{why}"


def _incident(incident: dict[str, Any]) -> list[str]:
    lines = [f"  incident {incident['id']} since {incident['opened_at']}, by {incident['rule']}"]
    if trial := incident.get("trial"):
        clean = f"clean for {trial['clean_s'] / 60:.0f} of {trial['needs_s'] / 60:.0f} min"
        lines.append(f"    half-open: new size capped at {trial['size_cap']:.0%}, {clean}")
    lines += [f"    {line}" for step in incident["steps"] if (line := step_line(step))]
    if incident["verified_flat_at"]:
        lines.append(f"    verified flat at {incident['verified_flat_at']}")
    if incident["key_dead_at"]:
        lines.append(f"    key proven dead at {incident['key_dead_at']}")
    return lines


STEPS = {
    "permit": "permit now {target}",
    "halt": "ask bot {target} to stop",
    "force": "force bot {target} to stop",
    "fence": "fence key {target}",
    "delete": "delete key {target}",
    "destroy": "destroy the bot's secret",
    "cancel": "cancel order {target}",
    "close": "close {target}",
    "resolve": "ask what became of {target}",
    "list": "list the account's keys",
    "read": "read the account",
}


def step_line(step: dict[str, Any]) -> str:
    """A step of an incident in words; "" for what guardian only prepares for itself."""
    words = STEPS.get(step["step"])
    if words is None:
        return ""
    said = words.format(target=short(step["target"]).removesuffix("#0"))
    code = "" if step["code"] in ("", "0") else f" ({step['code']})"
    tries = f", try {step['attempts']}" if step["attempts"] > 1 else ""
    took = "" if step["took_ms"] is None else f" after {step['took_ms']:.0f} ms"
    return f"{step['at'][11:23]} {said}: {step['outcome']}{code}{took}{tries}"
