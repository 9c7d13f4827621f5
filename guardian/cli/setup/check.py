"""`guardian check`: everything that is wrong with a configuration or rule packs, before it matters."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from guardian.cli.setup.able import abilities, ability_words
from guardian.config import Config, ConfigError, Finding, Pack, load_config, load_packs
from guardian.exchanges import VENUES
from guardian.exchanges.comparable import comparable
from guardian.runtime.checkup import Level, Line, examine

CHECK_FAILED = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read (only where nothing is wrong with it), what is wrong, and what stands around it."""

    config: Config | None
    packs: tuple[Pack, ...]
    findings: tuple[Finding, ...]
    online: tuple[Line, ...] | None = None

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What keeps nothing from starting."""
        return tuple(_shown(warning) for warning in self.config.warnings) if self.config else ()

    @property
    def ok(self) -> bool:
        return not self.findings and all(line.ok for line in self.online or ())


@click.command()
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), metavar="F", help="The file to check."
)
@click.option("--rules", "refs", multiple=True, metavar="DIR", help="A rule pack to check; may be repeated.")
@click.option("--online", is_flag=True, help="Look at venue, clock, keys, channels and halt targets too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(config_path: Path | None, refs: tuple[str, ...], online: bool, as_json: bool) -> None:
    """Check guardian.yaml with its rule packs and routes; --rules alone needs no guardian.yaml.

    With --online it fetches each key and asks the venue about it, measures the clock, and sees whether
    channels, journal and halt targets are there. It sends no order, posts nothing and signals nobody.

    Exit 0: nothing is wrong; warnings may be printed. Exit 3: each finding is printed with its file, its line
    and a fix.
    """
    checked = _check(config_path, refs, online)
    if online:
        sound = checked.config if not checked.findings else None
        checked = replace(checked, online=asyncio.run(examine(sound)) if sound else ())
    if as_json:
        click.echo(json.dumps(_document(checked)))
    else:
        for line in [text for finding in checked.findings for text in _finding(finding)] or _summary(checked):
            click.echo(line)
        for line in online_text(checked.online or ()):
            click.echo(line)
    if not checked.ok:
        raise SystemExit(CHECK_FAILED)


def _check(config_path: Path | None, refs: Sequence[str], online: bool) -> Checked:
    config, packs, findings = None, tuple[Pack, ...](), list[Finding]()
    if config_path is not None or online or not refs:
        try:
            config = load_config(config_path, VENUES, comparable())
            packs = config.packs
        except ConfigError as error:
            findings += error.findings
    if refs:
        try:
            packs += tuple(pack for pack in load_packs(refs, Path.cwd()) if pack not in packs)
        except ConfigError as error:
            findings += error.findings
    return Checked(config, packs, tuple(_shown(each) for each in findings))


def _shown(finding: Finding) -> Finding:
    return replace(finding, file=_from_here(finding.file))


def _from_here(file: str) -> str:
    """A path relative to the working folder when it lies inside."""
    here = os.path.join(os.getcwd(), "")
    return file.removeprefix(here)


def _finding(finding: Finding) -> list[str]:
    return [str(finding), f"  {finding.fix}"] if finding.fix else [str(finding)]


def _document(checked: Checked) -> dict[str, object]:
    packs = [{"name": pack.name, "hash": pack.hash, "rules": _ids(pack)} for pack in checked.packs]
    findings = [asdict(finding) for finding in checked.findings]
    warned = [asdict(warning) for warning in checked.warnings]
    document: dict[str, object] = {"ok": checked.ok, "findings": findings, "warnings": warned, "packs": packs}
    if checked.config is not None and not findings:
        document["capabilities"] = [asdict(each) for each in abilities(checked.config)]
    if checked.online is not None:
        document["online"] = [{"ok": line.ok, **asdict(line)} for line in checked.online]
    return document


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
    lines += [f"  account {account.name}: {ability_words(account, rules)}" for account in accounts]
    if checked.config and not checked.config.routes.routes:
        lines.append("  nobody is told: guardian.yaml names no routes")
    for warning in checked.warnings:
        first, *rest = _finding(warning)
        lines += [f"warning: {first}", *rest]
    return lines


def online_text(lines: Sequence[Line]) -> list[str]:
    """One line each, its fix below, and at the end how many of each there are."""
    if not lines:
        return []
    text = [""]
    for line in lines:
        text.append(f"{line.level:4}  {line.account or '-'}  {line.check}: {line.message}")
        text += [f"        {line.fix}"] if line.fix else []
    counts = [f"{sum(line.level is level for line in lines)} {level}" for level in Level]
    return [*text, f"online: {', '.join(counts)}"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
