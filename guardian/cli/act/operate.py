"""guardian arm, disarm, flatten, lockout, resume: what an operator commands."""

from __future__ import annotations

import asyncio
import importlib
import re
from pathlib import Path
from typing import Any

import click

from guardian.cli.act import at_once
from guardian.cli.act.follow import follow
from guardian.cli.act.trips import Asked, tell
from guardian.cli.shared import (
    client_of,
    config_option,
    confirm_option,
    confirmed,
    json_option,
    loaded,
    loaded_or_last_good,
    say,
)
from guardian.config.shapes import Config
from guardian.errors import ConfigError, RefusedError
from guardian.web.client import AbsentError, ControlClient, SilentError, UnreachableError

# Half a second of imports that a command to a living daemon must not wait for.
OFFLINE, DIRECT = "guardian.runtime.control.offline", "guardian.runtime.control.direct"
DIRECT_PATIENCE_SECONDS = 2.0
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def known(config: Config, account: str) -> Config:
    """The configuration that has the account: the file, else what runs. Raises ConfigError.

    An account that was taken out of the file in its incident is watched all the same, and must be ended.
    """
    names = [a.name for a in config.accounts]
    if account in names:
        return config
    running = importlib.import_module("guardian.runtime.start.lastgood").kept(config.state_dir)
    if running is None or account not in [a.name for a in running.accounts]:
        raise ConfigError(f"no account named {account!r} in {config.path}; accounts: {', '.join(names)}")
    click.echo(f"guardian: {account} is not in {config.path}; using the last good configuration", err=True)
    found: Config = running
    return found


@click.command()
@click.argument("account")
@click.option(
    "--rule", "rules", multiple=True, metavar="ID", help="Only these rules; otherwise all that are armed."
)
@click.option(
    "--accept-undrilled", default="", metavar="REASON", help="Arm LOCKOUT although no live drill passed."
)
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    default=None,
    help="Candles of which it is first said how often each rule would have tripped a year, which "
    "takes some 15 s where rules are played; otherwise what the journal recorded of the account.",
)
@click.option("--symbol", default="", metavar="NAME", help="Of which asset; otherwise what it holds most of.")
@confirm_option
@config_option
@json_option
def arm(
    account: str,
    rules: tuple[str, ...],
    accept_undrilled: str,
    history: Path | None,
    symbol: str,
    confirm: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Let guardian act on ACCOUNT: from now on an armed rule's breach moves positions and keys.

    First it tells how often each rule would have tripped a year, as far as a history is there, and which of
    them would act at once.
    """
    config = loaded(config_path)
    config = known(config, account)
    trips = tell(config, Asked(account, rules, history, symbol))
    at_once.tell(config, account, rules)
    confirmed(account, confirm, "arm")
    body = {"account": account, "rules": list(rules), "accept_undrilled": accept_undrilled}
    try:
        answer = asyncio.run(client_of(config).operate("arm", body))
    except AbsentError:
        offline = importlib.import_module(OFFLINE)
        answer = asyncio.run(offline.arm_offline(config, account, rules, accept_undrilled))
    only = f" for {', '.join(rules)} only" if rules else ""
    say({**answer, "trips": trips}, as_json, f"{account} is armed{only}")


@click.command()
@click.argument("account")
@click.option("--until", required=True, metavar="2h", help="How long, at most 4h; it re-arms itself.")
@click.option("--reason", default="", metavar="TEXT")
@confirm_option
@config_option
@json_option
def disarm(
    account: str, until: str, reason: str, confirm: str | None, config_path: Path | None, as_json: bool
) -> None:
    """Stop acting on ACCOUNT for a while. People are paged; it re-arms itself."""
    config = loaded(config_path)
    config = known(config, account)
    confirmed(account, confirm, "disarm")
    seconds = seconds_of(until, "--until")
    try:
        body = {"account": account, "seconds": seconds, "reason": reason}
        answer = asyncio.run(client_of(config).operate("disarm", body))
    except AbsentError:
        offline = importlib.import_module(OFFLINE)
        answer = asyncio.run(offline.disarm_offline(config, account, seconds, reason))
    say(answer, as_json, f"{account} is disarmed for {until}; it re-arms itself")


def seconds_of(text: str, option: str) -> float:
    """Raises click.BadParameter for the option that it was given by."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not found:
        raise click.BadParameter(f"{text!r} is no duration; write 90s, 30m or 2h", param_hint=option)
    return float(found[1]) * UNITS[found[2]]


def _severe(
    level: str, config: Config, account: str, direct: bool, reason: str
) -> tuple[dict[str, Any], int]:
    """Through the daemon; with --direct by ourselves when it does not answer within two seconds."""
    client = client_of(config, DIRECT_PATIENCE_SECONDS if direct else 5.0)
    try:
        asyncio.run(client.operate("demand", {"account": account, "level": level, "reason": reason}))
    except UnreachableError as error:
        if not direct:
            raise _undone(error, level.lower()) from None
        click.echo("guardian: the daemon does not answer; acting directly", err=True)
        alone = importlib.import_module(DIRECT)
        found: tuple[dict[str, Any], int] = asyncio.run(
            alone.act_directly(config, alone.DirectDemand(account, level, reason), _progress)
        )
        return found
    deadline = next(a.flatten.deadline_seconds for a in config.accounts if a.name == account)
    return follow(client_of(config), (account, level), deadline, _progress)


def _undone(error: UnreachableError, verb: str) -> UnreachableError:
    """Only where nothing was sent is it sure that nothing happens."""
    if isinstance(error, AbsentError):
        return AbsentError("no daemon answers, so nothing was done; add --direct to act without it, now")
    return SilentError(
        f"the daemon does not answer: it may hang, and carries the {verb} out should it go on; "
        "add --direct to act without it, now"
    )


def _progress(line: str) -> None:
    click.echo(f"guardian: {line}", err=True)


def severe_options(command: Any) -> Any:
    for option in (
        click.option("--reason", default="operator", metavar="TEXT"),
        click.option(
            "--direct", is_flag=True, help="Act without the daemon when it does not answer within 2 s."
        ),
        confirm_option,
        config_option,
        json_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("account")
@severe_options
@click.pass_context
def flatten(
    ctx: click.Context,
    account: str,
    reason: str,
    direct: bool,
    confirm: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Fence the bot's keys, cancel every order and close every position of ACCOUNT, now.

    Ctrl-C detaches; the daemon goes on. Exit 0 verified flat, 4 not verified flat in time, 7 no daemon
    answers: one that hangs still carries it out when it goes on.
    """
    _run_severe(ctx, "FLATTEN", (account, confirm, reason), (config_path, direct, as_json))


@click.command()
@click.argument("account")
@severe_options
@click.pass_context
def lockout(
    ctx: click.Context,
    account: str,
    reason: str,
    direct: bool,
    confirm: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """The kill switch: flatten ACCOUNT and delete the bot's execution key, irreversibly.

    Exit 0 verified flat and key dead, 4 not proven in time, 7 no daemon answers: one that hangs still carries
    it out when it goes on.
    """
    _run_severe(ctx, "LOCKOUT", (account, confirm, reason), (config_path, direct, as_json))


def _run_severe(
    ctx: click.Context,
    level: str,
    who: tuple[str, str | None, str],
    how: tuple[Path | None, bool, bool],
) -> None:
    account, confirm, reason = who
    config_path, direct, as_json = how
    config = loaded_or_last_good(config_path)
    config = known(config, account)
    confirmed(account, confirm, level.lower())
    document, code = _severe(level, config, account, direct, reason)
    say(document, as_json, _summary(document))
    ctx.exit(code)


def _summary(document: dict[str, Any]) -> str:
    flat = document.get("verified_flat_at")
    key = document.get("key_dead_at")
    words = [f"verified flat at {flat}" if flat else "NOT verified flat; guardian keeps trying"]
    if document.get("level") == "LOCKOUT":
        words.append(f"key proven dead at {key}" if key else "key NOT proven dead")
    return "; ".join(words)


@click.command()
@click.argument("account")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is safe to go on; journaled.")
@click.option("--rebase", multiple=True, metavar="RULE", help="Start this rule's baseline anew (repeatable).")
@confirm_option
@config_option
@json_option
def resume(
    account: str,
    reason: str,
    rebase: tuple[str, ...],
    confirm: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """End the incident of ACCOUNT and restore what the fence recorded. Lists what would trip at once."""
    config = loaded(config_path)
    config = known(config, account)
    client = client_of(config)
    _warn(config, asyncio.run(client.operate("preview", {"account": account})), rebase)
    confirmed(account, confirm, "resume")
    answer = _resume(client, account, reason, rebase)
    say(answer, as_json, f"{account} is back at {answer['level']}")


def _resume(client: ControlClient, account: str, reason: str, rebase: tuple[str, ...]) -> dict[str, Any]:
    body = {"account": account, "reason": reason, "rebase": list(rebase)}
    return asyncio.run(client.operate("resume", body))


def _warn(config: Config, preview: dict[str, Any], rebase: tuple[str, ...]) -> None:
    would = [d for d in preview["would_trip"] if d["rule"] not in rebase]
    if not would:
        return
    way_out = importlib.import_module("guardian.cli.act.rebasing").way_out
    for demand in would:
        name = demand["rule"]
        way = way_out(config, name)
        click.echo(f"guardian: {name} would demand {demand['level']} again at once; {way}", err=True)


__all__ = ["RefusedError", "arm", "disarm", "flatten", "lockout", "resume"]
