"""`guardian plan`: what would happen now, or if a value were another. It looks and touches nothing."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from guardian.cli.act.operate import known
from guardian.cli.see.names import short
from guardian.cli.see.status_beside import beside_lines
from guardian.cli.see.supposed import supposed
from guardian.cli.shared import client_of, config_option, json_option, loaded_or_last_good, say
from guardian.config.shapes import AccountConfig, Config
from guardian.web.client import UnreachableError

# The reading stack is needed only where no daemon answers.
LOOK = "guardian.runtime.control.look"
WOULD_ACT = 8
STALE = 7


@click.command()
@click.argument("account", required=False)
@click.option(
    "--as-if",
    "as_if",
    multiple=True,
    metavar="METRIC=VALUE",
    help="Suppose this value, such as drawdown=6% (repeatable).",
)
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit 8 when guardian would act by itself, 7 when it cannot read, else 0.",
)
@config_option
@json_option
@click.pass_context
def plan(
    ctx: click.Context,
    account: str | None,
    as_if: tuple[str, ...],
    exit_code: bool,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Show what guardian would do NOW on ACCOUNT (or every account), and which rule demands it.

    Asks the daemon; without one it reads the account itself with the watch key. Nothing is changed.
    """
    values = supposed(as_if)
    config = loaded_or_last_good(config_path)
    if account is not None:
        config = known(config, account)
    wanted = [a for a in config.accounts if account in (None, a.name)]
    plans = asyncio.run(_plans(config, wanted, values))
    would_act = any(each["would_act"] for each in plans)
    document = {"accounts": plans, "would_act": would_act}
    say(document, as_json, "\n\n".join("\n".join(lines(each)) for each in plans))
    if exit_code:
        ctx.exit(_exit_code(plans))


def _exit_code(plans: list[dict[str, Any]]) -> int:
    """8 would act, 7 an account was never read, so that nothing is known of it; else 0."""
    if any(each["would_act"] for each in plans):
        return WOULD_ACT
    return STALE if any(each["data_age_s"] is None for each in plans) else 0


async def _plans(
    config: Config, accounts: list[AccountConfig], as_if: Mapping[str, float]
) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(_plan(config, account, as_if) for account in accounts)))


async def _plan(config: Config, account: AccountConfig, as_if: Mapping[str, float]) -> dict[str, Any]:
    body: dict[str, Any] = {"account": account.name, "as_if": dict(as_if)}
    if account.flatten.orders_per_second is not None:
        body["orders_per_second"] = account.flatten.orders_per_second
    try:
        return {**await client_of(config).operate("plan", body), "source": "daemon"}
    except UnreachableError:
        look = importlib.import_module(LOOK)
        return {**await look.look(config, account.name, as_if), "source": "read"}


# --- for people ---------------------------------------------------------------------------------


def lines(plan: Mapping[str, Any]) -> list[str]:
    """One account's plan in the order in which people ask."""
    return [_headline(plan), *_evidence(plan), *_demands(plan), *_deeds(plan), *_expected(plan), *_tell(plan)]


def _headline(plan: Mapping[str, Any]) -> str:
    name, level = plan["account"], plan["level"]
    supposing = ", ".join(f"{metric} {value:g}" for metric, value in plan["as_if"].items())
    start = f"{name}, if {supposing}: " if supposing else f"{name}, now: "
    if plan["rule"] is None and plan["data_age_s"] is None:
        return f"{start}NOT KNOWN: the account has never been read, so no rule could be judged"
    if plan["rule"] is None:
        left = "" if level == "NORMAL" else f"; it is at {level}, which only an operator ends"
        return f"{start}no rule demands anything{left}"
    if not plan["why_not"]:
        return f"{start}guardian WOULD ACT: {level}, demanded by {plan['rule']}"
    return f"{start}guardian would have gone to {level} ({plan['rule']}), but {'; '.join(plan['why_not'])}"


def _evidence(plan: Mapping[str, Any]) -> list[str]:
    age = "never read" if plan["data_age_s"] is None else f"{plan['data_age_s']:.1f} s old"
    by = "the daemon" if plan["source"] == "daemon" else "a read with the watch key; no daemon answers"
    unused = [f"  no rule measures {metric}: supposing it changes nothing" for metric in plan["as_if_unused"]]
    first = f"  evidence: {age}, from {by}; level now {plan['level_now']}"
    return [first, *beside_lines(plan), *unused]


def _demands(plan: Mapping[str, Any]) -> list[str]:
    said = []
    for demand in plan["demands"]:
        to = "" if demand["to"] is None else f" to {demand['to']:g}"
        against = ""
        if demand["value"] is not None and demand["limit"] is not None:
            against = f": {demand['value']:.4g} against {demand['limit']:.4g}"
        capped = ""
        if demand["asked_level"] != demand["level"]:
            capped = f" (asks {demand['asked_level']}; the evidence allows no more than {demand['level']})"
        acts = "" if demand["acts"] else " [would have]"
        said.append(f"  {demand['rule']} demands {demand['level']}{to}{against}{capped}{acts}")
    return said


def _deeds(plan: Mapping[str, Any]) -> list[str]:
    if plan["level"] == "NORMAL":
        return []
    permit = plan["permit"]
    said = [f"  permit      {permit['mode']}, new size {permit['size_cap']:.0%}"]
    for bot in plan["stop"]:
        said.append(f"  stop bot    {short(bot['target'])}{', then by force' if bot['forced'] else ''}")
    said += [f"  fence key   {key}" for key in plan["fence"]]
    said += [f"  fence       {plan['fence_note']}"] if plan["fence_note"] and not plan["fence"] else []
    for order in plan["cancel"]:
        what = "stop" if order["conditional"] else "order"
        size = "" if order["side"] is None else f" ({order['side']} {order['remaining']:g})"
        said.append(f"  cancel      {what} {order['order_id']} on {order['symbol']}{size}")
    for close in plan["close"]:
        size = "all that is left" if close["quantity"] is None else f"{close['quantity']:g}"
        worth = "" if close["notional"] is None else f", {abs(close['notional']):,.0f} at mark"
        said.append(f"  close       {close['symbol']}: {close['side']} {size}{worth}")
    said += [f"  delete key  {key}" for key in plan["delete"]]
    return said + (["  destroy     the bot's secret in the vault"] if plan["destroy_secret"] else [])


def _expected(plan: Mapping[str, Any]) -> list[str]:
    expected = plan["expected"]
    if expected is None:
        return []
    seconds, read = expected["seconds"], expected["read_s"]
    took = "unknown: no read came in time" if seconds is None else f"about {seconds:.1f} s"
    reads = "" if read is None else f", reads of {read * 1000:.0f} ms"
    how = f"{expected['closes']} closes and {expected['cancels']} cancels at the venue's pace{reads}"
    proof, deadline = expected["verification_s"], expected["deadline_s"]
    return [f"  expected    {took} (an estimate: {how}, {proof:g} s of proof; deadline {deadline:g} s)"]


def _tell(plan: Mapping[str, Any]) -> list[str]:
    if plan["level"] == "NORMAL":
        return []
    if not plan["tell"]:
        return ["  tell        nobody: no route takes this message"]
    return [f"  tell        {each['channel']}: {each['title']}" for each in plan["tell"]]
