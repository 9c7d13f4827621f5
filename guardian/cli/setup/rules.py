"""`guardian rules`: list, explain, test and compare rules before they matter."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from guardian.cli.setup.compare import compare
from guardian.cli.setup.explain import described, lines, live, rung_words
from guardian.cli.shared import client_of, config_option, json_option, loaded, say
from guardian.config import Pack, content, load_packs
from guardian.config.load import DEFAULT_NAME, ENVIRONMENT
from guardian.config.packs import BUILTIN
from guardian.config.reading import nearest
from guardian.core.model import Rule
from guardian.errors import ConfigError
from guardian.web.client import UnreachableError

CASEBOOK = "guardian.runtime.casebook.book"
CASE_FAILED, LOOSENS = 3, 6


@click.group()
def rules() -> None:
    """List, explain, test and compare rules."""


def _rules_option(command: Any) -> Any:
    text = "A pack instead of the configuration's (repeatable); without either, those that ship."
    return click.option("--rules", "refs", multiple=True, metavar="PACK", help=text)(command)


def packs_of(config_path: Path | None, refs: Sequence[str]) -> tuple[Pack, ...]:
    """The packs that are named, else those of the configuration, else those that ship.

    Who has no configuration yet chooses a pack for it; a file that was named, or is wrong, is still an error.
    """
    if refs:
        return load_packs(refs, Path.cwd())
    if unconfigured(config_path):
        click.echo(f"guardian: no {DEFAULT_NAME} here, so these are the packs that ship", err=True)
        return load_packs([name for name in content.names("rules") if name != BUILTIN], Path.cwd())
    return loaded(config_path).packs


def unconfigured(config_path: Path | None) -> bool:
    """Nobody named a configuration, and none lies where one is looked for."""
    return not (config_path or os.environ.get(ENVIRONMENT) or os.path.lexists(DEFAULT_NAME))


@rules.command("list")
@_rules_option
@config_option
@json_option
def list_rules(refs: tuple[str, ...], config_path: Path | None, as_json: bool) -> None:
    """Every rule with its metric, its ladder, its mode and its pack; then the packs that ship."""
    packs, shipped = packs_of(config_path, refs), content.names("rules")
    documents = [described(rule, pack.name) for pack in packs for rule in pack.rules]
    text = "\n".join(_line(rule, pack) for pack in packs for rule in pack.rules)
    text += f"\n\nPacks that ship (--rules PACK): {', '.join(shipped)}"
    say({"rules": documents, "shipped": shipped}, as_json, text)


def _line(rule: Rule, pack: Pack) -> str:
    mode = "armed" if rule.armed else "observe"
    ladder = "; ".join(rung_words(rule, rung) for rung in rule.ladder)
    return f"{rule.id} ({pack.name}, {mode}) {rule.metric}: {ladder}"


@rules.command()
@click.argument("rule_id", metavar="ID")
@click.option("--account", metavar="NAME", help="Only this account's live values.")
@_rules_option
@config_option
@json_option
def explain(
    rule_id: str, account: str | None, refs: tuple[str, ...], config_path: Path | None, as_json: bool
) -> None:
    """What one rule means; with a running daemon also where it stands and what would end the level."""
    packs = packs_of(config_path, refs)
    found = {rule.id: (rule, pack) for pack in packs for rule in pack.rules}
    if rule_id not in found:
        near = nearest(rule_id, found)
        hint = f"; did you mean {near}?" if near else ""
        raise ConfigError(f"no rule named {rule_id!r}{hint} (rules: {', '.join(sorted(found))})")
    rule, pack = found[rule_id]
    document = described(rule, pack.name)
    now = [] if refs or unconfigured(config_path) else _live(config_path, rule_id)
    if account is not None and now:
        now = [each for each in now if each["account"] == account] or _nobody(account, now)
    say({**document, "live": now}, as_json, "\n".join(lines(document, now)))


def _nobody(account: str, now: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ", ".join(each["account"] for each in now)
    raise ConfigError(f"the rule does not judge an account named {account!r}; it judges {names}")


def _live(config_path: Path | None, rule_id: str) -> list[dict[str, Any]]:
    try:
        return live(asyncio.run(client_of(loaded(config_path)).status()), rule_id)
    except UnreachableError:
        click.echo("guardian: no daemon answers, so there are no live values", err=True)
        return []


@rules.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_rules_option
@click.option("--rewrite", is_flag=True, help="Write what guardian does below each case; read the diff then.")
@json_option
@click.pass_context
def test(
    ctx: click.Context, paths: tuple[str, ...], refs: tuple[str, ...], rewrite: bool, as_json: bool
) -> None:
    """Play a pack's cases, or those of files and folders, through the real core.

    Exit 3, with a unified diff, where guardian does not do what is written. docs/rules.md shows the format.
    """
    # The core and its metrics are loaded only where cases are played.
    book = importlib.import_module(CASEBOOK)
    files = dict.fromkeys(file for path in paths for file in book.files_of(path, Path.cwd()))
    outcomes = {file: list(book.played([file], refs)) for file in files}
    every = [outcome for each in outcomes.values() for outcome in each]
    gaps = [] if refs else book.gaps(every)
    changed = [file for file in files if rewrite and _rewrite(file, book.rewritten(outcomes[file]))]
    failed = sum(not outcome.ok for outcome in every)
    document = {"ok": rewrite or not failed, "rewritten": [str(file) for file in changed], "gaps": gaps}
    lines = [f"rewritten: {file}; read the diff" for file in changed] if rewrite else [*map(_told, every)]
    lines += [f"no proof: {gap}" for gap in gaps]
    lines.append(f"cases: {len(every)}; not as written: {failed}")
    say({**document, "cases": [*map(_outcome, every)]}, as_json, "\n".join(lines))
    if failed and not rewrite:
        ctx.exit(CASE_FAILED)


def _rewrite(file: Path, text: str) -> bool:
    """Whether the file says something else now."""
    if file.read_text(encoding="utf-8") == text:
        return False
    file.write_text(text, encoding="utf-8")
    return True


def _told(outcome: Any) -> str:
    line = f"{'ok  ' if outcome.ok else 'FAIL'} {outcome.file}:{outcome.case.line}: {outcome.case.name}"
    return line if outcome.ok else f"{line}\n{outcome.difference}"


def _outcome(outcome: Any) -> dict[str, Any]:
    place = {"file": str(outcome.file), "line": outcome.case.line, "case": outcome.case.name}
    return {**place, "ok": outcome.ok, "deeds": outcome.deeds, "difference": outcome.difference}


@rules.command()
@click.argument("old")
@click.argument("new")
@click.option("--exit-code", is_flag=True, help="Exit 6 when anything loosens.")
@json_option
@click.pass_context
def diff(ctx: click.Context, old: str, new: str, exit_code: bool, as_json: bool) -> None:
    """What changes from pack OLD to pack NEW, each change classified: tighten, loosen or neutral."""
    changes = compare(_all(old), _all(new))
    loosens = any(change.effect == "loosen" for change in changes)
    text = "\n".join(map(str, changes)) or "no change"
    say({"loosens": loosens, "changes": [change.document() for change in changes]}, as_json, text)
    if exit_code and loosens:
        ctx.exit(LOOSENS)


@rules.command()
@click.argument("pack", metavar="PACK")
@click.option("--history", required=True, type=click.Path(path_type=Path), help="Candles.")
@click.option("--leverage", "multiples", type=click.FloatRange(0, 125, min_open=True), multiple=True,
              help="Multiple of the equity (repeatable); 1, 2, 3 and 5 if not given.")  # fmt: skip
@click.option("--symbol", default="", metavar="NAME", help="What is held; BTC if not given.")
@json_option
def trips(pack: str, history: Path, multiples: tuple[float, ...], symbol: str, as_json: bool) -> None:
    """How often each rule of PACK would have tripped a year, and what a CVaR limit means for size.

    Rules of loss and size are computed from the prices; the others that prices tell are played through
    guardian's own rules on the newest of them, fewer days the more multiples there are. The rest is named.
    """
    arming = importlib.import_module("guardian.evaluate.arming")
    playing = importlib.import_module("guardian.cli.act.trips").playing
    document = arming.report(_all(pack), history, symbol, multiples or arming.MULTIPLES, playing)
    say(document, as_json, "\n".join(arming.lines(document)))


def _all(ref: str) -> list[Rule]:
    return [rule for pack in load_packs([ref], Path.cwd()) for rule in pack.rules]
