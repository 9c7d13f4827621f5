"""`guardian rules`: list, explain, test and compare rules before they matter."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from guardian.cli.setup.compare import compare
from guardian.cli.setup.explain import described, lines, live, rung_words
from guardian.cli.shared import client_of, config_option, json_option, loaded, say
from guardian.config import Pack, load_packs
from guardian.config.content import find
from guardian.config.reading import nearest
from guardian.core.model import Rule
from guardian.errors import ConfigError, GuardianError
from guardian.web.client import UnreachableError

CASES = "guardian.runtime.casebook"
CASES_SUFFIX = ".cases.yaml"
CASE_FAILED, LOOSENS = 3, 6


@click.group()
def rules() -> None:
    """List, explain, test and compare rules."""


def _rules_option(command: Any) -> Any:
    text = "A pack instead of the configuration's (repeatable)."
    return click.option("--rules", "refs", multiple=True, metavar="PACK", help=text)(command)


def packs_of(config_path: Path | None, refs: Sequence[str]) -> tuple[Pack, ...]:
    """The packs that are named, else those of the configuration."""
    return load_packs(refs, Path.cwd()) if refs else loaded(config_path).packs


@rules.command("list")
@_rules_option
@config_option
@json_option
def list_rules(refs: tuple[str, ...], config_path: Path | None, as_json: bool) -> None:
    """Every rule with its metric, its ladder, its mode and its pack."""
    packs = packs_of(config_path, refs)
    documents = [described(rule, pack.name) for pack in packs for rule in pack.rules]
    text = "\n".join(_line(rule, pack) for pack in packs for rule in pack.rules)
    say({"rules": documents}, as_json, text)


def _line(rule: Rule, pack: Pack) -> str:
    mode = "armed" if rule.armed else "observe"
    ladder = "; ".join(rung_words(rule, rung) for rung in rule.ladder)
    return f"{rule.id} ({pack.name}, {mode}) {rule.metric}: {ladder}"


@rules.command()
@click.argument("rule_id", metavar="ID")
@_rules_option
@config_option
@json_option
def explain(rule_id: str, refs: tuple[str, ...], config_path: Path | None, as_json: bool) -> None:
    """What one rule means; with a running daemon also how far it is from its limit."""
    packs = packs_of(config_path, refs)
    found = {rule.id: (rule, pack) for pack in packs for rule in pack.rules}
    if rule_id not in found:
        near = nearest(rule_id, found)
        hint = f"; did you mean {near}?" if near else ""
        raise ConfigError(f"no rule named {rule_id!r}{hint} (rules: {', '.join(sorted(found))})")
    rule, pack = found[rule_id]
    document = described(rule, pack.name)
    now = [] if refs else _live(config_path, rule_id)
    say({**document, "live": now}, as_json, "\n".join(lines(document, now)))


def _live(config_path: Path | None, rule_id: str) -> list[dict[str, Any]]:
    try:
        return live(asyncio.run(client_of(loaded(config_path)).status()), rule_id)
    except UnreachableError:
        click.echo("guardian: no daemon answers, so there are no live values", err=True)
        return []


@rules.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_rules_option
@json_option
@click.pass_context
def test(ctx: click.Context, paths: tuple[str, ...], refs: tuple[str, ...], as_json: bool) -> None:
    """Play the cases of a file (or of a shipped pack, such as starter) through the real core.

    Exit 3 when a case fails; its first difference is told. docs/rules.md shows the format.
    """
    outcomes = [outcome for path in paths for outcome in _played(path, refs)]
    ok = all(not each["difference"] for each in outcomes)
    said = [f"{'FAIL' if o['difference'] else 'ok  '} {o['case']}" for o in outcomes]
    told = [
        f"{line}\n     {o['difference']}" if o["difference"] else line
        for line, o in zip(said, outcomes, strict=True)
    ]
    say({"ok": ok, "cases": outcomes}, as_json, "\n".join(told))
    if not ok:
        ctx.exit(CASE_FAILED)


def _played(ref: str, refs: Sequence[str]) -> list[dict[str, Any]]:
    # The core and its metrics are loaded only where cases are played.
    reading, playing = importlib.import_module(f"{CASES}.read"), importlib.import_module(f"{CASES}.play")
    path = _casebook(ref)
    outcomes = []
    for case in reading.read_cases(path):
        named = tuple(refs) or case.rules
        if not named:
            raise GuardianError(
                f"{path}:{case.line}: no rules for this case; add `rules: [PACK]`, or --rules PACK"
            )
        base = Path.cwd() if refs else path.parent
        packs = load_packs(named, base)
        judged = [rule for pack in packs for rule in pack.rules]
        outcomes.append({"file": str(path), "case": case.name, "difference": playing.play(case, judged)})
    return outcomes


def _casebook(ref: str) -> Path:
    """The file as given, else the cases that ship beside a pack of this name. Raises ConfigError."""
    for name in (ref, f"{ref}{CASES_SUFFIX}"):
        found = find(name, Path.cwd(), "rules")
        if found is not None and found.is_file():
            return found
    raise ConfigError(f"no cases at {ref}; name a YAML file, or a shipped pack that has {ref}{CASES_SUFFIX}")


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


def _all(ref: str) -> list[Rule]:
    return [rule for pack in load_packs([ref], Path.cwd()) for rule in pack.rules]
