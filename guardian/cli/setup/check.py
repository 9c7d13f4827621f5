"""`guardian check`: everything that is wrong with a configuration or rule packs, before it matters."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from guardian.config import AccountConfig, Config, ConfigError, Finding, Pack, load_config, load_packs
from guardian.exchanges import VENUES

CHECK_FAILED = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read (only where nothing is wrong with it) and what is wrong."""

    config: Config | None
    packs: tuple[Pack, ...]
    findings: tuple[Finding, ...]


@click.command()
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), metavar="F", help="The file to check."
)
@click.option("--rules", "refs", multiple=True, metavar="DIR", help="A rule pack to check; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(config_path: Path | None, refs: tuple[str, ...], as_json: bool) -> None:
    """Check guardian.yaml with its rule packs and routes; --rules alone needs no guardian.yaml.

    Exit 0: nothing is wrong. Exit 3: each finding is printed with its file, its line and a fix.
    """
    checked = _check(config_path, refs)
    if as_json:
        click.echo(json.dumps(_document(checked)))
    else:
        for line in [text for finding in checked.findings for text in _finding(finding)] or _summary(checked):
            click.echo(line)
    if checked.findings:
        raise SystemExit(CHECK_FAILED)


def _check(config_path: Path | None, refs: Sequence[str]) -> Checked:
    config, packs, findings = None, tuple[Pack, ...](), list[Finding]()
    if config_path is not None or not refs:
        try:
            config = load_config(config_path, venues=VENUES)
            packs = config.packs
        except ConfigError as error:
            findings += error.findings
    if refs:
        try:
            packs += tuple(pack for pack in load_packs(refs, Path.cwd()) if pack not in packs)
        except ConfigError as error:
            findings += error.findings
    return Checked(config, packs, tuple(replace(each, file=_from_here(each.file)) for each in findings))


def _from_here(file: str) -> str:
    """A path relative to the working folder when it lies inside."""
    here = os.path.join(os.getcwd(), "")
    return file.removeprefix(here)


def _finding(finding: Finding) -> list[str]:
    return [str(finding), f"  {finding.fix}"] if finding.fix else [str(finding)]


def _document(checked: Checked) -> dict[str, object]:
    packs = [{"name": pack.name, "hash": pack.hash, "rules": _ids(pack)} for pack in checked.packs]
    findings = [asdict(finding) for finding in checked.findings]
    return {"ok": not findings, "findings": findings, "packs": packs}


def _ids(pack: Pack) -> list[str]:
    return [rule.id for rule in pack.rules]


# --- what a person reads when all is well -------------------------------------------------------


def _summary(checked: Checked) -> list[str]:
    rules = [rule for pack in checked.packs for rule in pack.rules]
    accounts = checked.config.accounts if checked.config else ()
    counts = [_count(len(accounts), "account")] if accounts else []
    counts += [_count(len(rules), "rule"), _count(len(checked.packs), "pack")]
    armed = ", ".join(rule.id for rule in rules if rule.armed) or "no rule"
    lines = [f"ok: {', '.join(counts)}; armed: {armed}"]
    lines += [f"  pack {pack.name}: {', '.join(_ids(pack))} (sha256 {pack.hash})" for pack in checked.packs]
    lines += [f"  account {account.name}: {_may(account)}" for account in accounts]
    if checked.config and not checked.config.routes.routes:
        lines.append("  nobody is told: guardian.yaml names no routes")
    return lines


def _may(account: AccountConfig) -> str:
    """What guardian can do on an account with the keys that it is given."""
    keys = account.keys
    if keys.hands is None and keys.admin is None:
        return "observes only: no hands key, no admin key"
    if keys.hands is None:
        return "observes only: no hands key, so it cannot cancel or flatten"
    if keys.admin is None:
        return "can flatten; no admin key, so it cannot fence or delete the bot's keys"
    return "can flatten, fence and delete the bot's keys, once armed"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
