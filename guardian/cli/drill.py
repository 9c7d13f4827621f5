"""guardian drill: proof that what must work works, before it must. Live on a canary, or rehearsed whole."""

from __future__ import annotations

import asyncio
import importlib
import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from guardian.cli.shared import config_option, confirm_option, confirmed, json_option, loaded, say

NOT_PASSED = 4
OVERDUE = 3


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def drill() -> None:
    """Prove that guardian can act: live on a canary, or rehearsed on a simulated venue."""


@drill.command()
@click.argument("account")
@click.option("--no-page", is_flag=True, help="Page nobody; such a drill does not count.")
@click.option(
    "--wait", type=click.FloatRange(1, 3600), default=120.0, show_default=True, help="Seconds to acknowledge."
)
@confirm_option
@config_option
@json_option
def live(
    account: str, no_page: bool, wait: float, confirm: str | None, config_path: Path | None, as_json: bool
) -> None:
    """Drill ACCOUNT with its real keys and channels on its venue, touching no position.

    Fences and restores the canary key, rests and cancels a far-away order, restarts the canary process, and
    pages people. Exit 0 passed, 4 a step failed, 6 refused.
    """
    config = loaded(config_path)
    acts = importlib.import_module("guardian.drill.live")
    importlib.import_module("guardian.drill.ground").account_of(config, account)
    confirmed(account, confirm, "drill live")
    audience = acts.Audience(_tell, _prompt, not no_page, wait)
    done = asyncio.run(acts.drill_live(config, account, audience))
    kept = importlib.import_module("guardian.drill.report").keep(done, config.state_dir)
    document = done.document() | {"report": kept.document(), "drilled_at": None}
    if done.passed and not no_page:
        document["drilled_at"] = asyncio.run(acts.remember(config, account, str(kept.json)))
    _finish(done, kept, document, as_json)


@drill.command()
@click.argument("account", required=False)
@click.option("--seed", type=click.IntRange(min=0), help="Repeat one rehearsal; drawn if not given.")
@config_option
@json_option
def rehearse(account: str | None, seed: int | None, config_path: Path | None, as_json: bool) -> None:
    """Play the whole chain with ACCOUNT's own rules on a simulated venue; the real account is never touched.

    Exit 0 passed, 4 a step failed, 6 refused. A rehearsal is no live drill: it counts for nothing else.
    """
    config = loaded(config_path)
    chosen = random.SystemRandom().randrange(100_000) if seed is None else seed
    click.echo(f"seed {chosen}", err=True)
    acts = importlib.import_module("guardian.drill.rehearse")
    try:
        done = asyncio.run(acts.rehearse(config, account, chosen, acts.Stalls(_tell, _prompt)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo("guardian: rehearsal interrupted; everything that it had started is stopped", err=True)
        sys.exit(130)
    kept = importlib.import_module("guardian.drill.report").keep(done, config.state_dir)
    _finish(done, kept, done.document() | {"report": kept.document()}, as_json)


@drill.command()
@click.argument("account", required=False)
@config_option
@json_option
def due(account: str | None, config_path: Path | None, as_json: bool) -> None:
    """Say when each account's last live drill passed. Exit 3 when one is past 35 days, or never was."""
    config = loaded(config_path)
    dates = importlib.import_module("guardian.drill.due")
    rows = asyncio.run(dates.appointments(config, account, datetime.now(UTC)))
    late = any(row.due for row in rows)
    text = "\n".join(row.sentence for row in rows)
    say({"due": late, "accounts": [row.document() for row in rows]}, as_json, text)
    sys.exit(OVERDUE if late else 0)


def _tell(step: Any) -> None:
    sign = {"ok": "ok     ", "failed": "FAILED ", "skipped": "skipped"}[step.outcome]
    click.echo(f"guardian: {sign} {step.name}: {step.why}", err=True)


def _prompt(sentence: str) -> None:
    click.echo(f"guardian: {sentence}", err=True)


def _finish(done: Any, kept: Any, document: dict[str, Any], as_json: bool) -> None:
    say(document, as_json, "" if as_json else _table(done, kept))
    sys.exit(0 if done.passed else NOT_PASSED)


def _table(done: Any, kept: Any) -> str:
    """The steps as aligned text, then the verdict and the paths."""
    width = max((len(step.name) for step in done.steps), default=0)
    lines = []
    for step in done.steps:
        took = "-" if step.took_s is None else f"{step.took_s:.2f} s"
        lines.append(f"{step.name:<{width}}  {step.outcome:<7}  {took:>9} of {step.budget_s:g} s  {step.why}")
    paths = [str(kept.json), str(kept.markdown), str(kept.picture)]
    told = ["", *done.incident] if done.incident else []
    return "\n".join([*lines, *told, "", f"{done.kind} of {done.account}: {done.verdict}", *paths])
