"""A rule pack: a folder of YAML files, each a list of rules; loaded whole or not at all.

Laws: the hash names the parsed rules, not the files; an id exists once in all loaded packs; the built-in
rules come first and yield only to a rule of the same id.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from guardian.config import content
from guardian.config.catalogue import Catalogue, catalogue
from guardian.config.document import Items
from guardian.config.reading import Page, Spot, Wrong, attempt, clip, kind_of, nearest, read_file
from guardian.config.rules import Surroundings, rule_reader
from guardian.config.shapes import AccountConfig, ConfigError, Finding, Pack
from guardian.config.symbols.read import is_list, lists_in, unread
from guardian.core.model import Level, Rule

BUILTIN = "builtin"
SUFFIXES = (".yaml", ".yml")
ONCE = "List each pack once."


@dataclass(frozen=True, slots=True)
class Ref:
    """A pack as somebody asked for it, and where they did."""

    name: str
    file: str
    line: int = 1
    field: str = ""


@dataclass(slots=True)
class Shelf:
    """The packs read so far and from where, where each id was first seen, and everything that is wrong.

    `lists` are the lists of symbols in the folder of the pack that is read, each with its line; `listed` are
    those that its rules read, wherever they lie.
    """

    base: Path
    around: Surroundings
    packs: list[Pack] = field(default_factory=list)
    places: set[Path] = field(default_factory=set)
    seen: dict[str, str] = field(default_factory=dict)
    lists: dict[Path, int] = field(default_factory=dict)
    listed: set[Path] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def load_packs(refs: Sequence[str], base: Path, metrics: Catalogue | None = None) -> tuple[Pack, ...]:
    """The built-in rules and the packs that `refs` name. Raises ConfigError with all findings."""
    packs, findings = read_packs([Ref(ref, ref) for ref in refs], surroundings(base, metrics), base)
    if findings:
        raise ConfigError(findings)
    return packs


def surroundings(
    base: Path, metrics: Catalogue | None = None, accounts: Sequence[AccountConfig] = ()
) -> Surroundings:
    """What rules are held against when relative paths start at `base`."""

    def runbook_exists(path: str) -> bool:
        found = content.find(path, base, "alerts")
        return found is not None and found.is_file()

    found = catalogue() if metrics is None else metrics
    if not accounts:
        return Surroundings(found, runbook_exists)
    names, mandates = (a.name for a in accounts), (a.mandate for a in accounts if a.mandate)
    return Surroundings(found, runbook_exists, frozenset(names), frozenset(mandates))


def read_packs(
    refs: Sequence[Ref], around: Surroundings, base: Path
) -> tuple[tuple[Pack, ...], tuple[Finding, ...]]:
    """As `load_packs`, with the findings as a value: a pack with any finding is not among the packs."""
    shelf = Shelf(base, around)
    for ref in refs:
        _read_ref(ref, shelf)
    asked, seen = shelf.packs, shelf.seen
    shelf.packs, shelf.seen = [], {}
    if Path(os.path.realpath(_builtin_path())) not in shelf.places:
        _read_ref(Ref(str(_builtin_path()), str(_builtin_path())), shelf)
    builtin = [_without(pack, seen) for pack in shelf.packs]
    return (*(pack for pack in builtin if pack.rules), *asked), tuple(shelf.findings)


def _builtin_path() -> Path:
    return content.content_root() / "rules" / BUILTIN


def _without(pack: Pack, ids: dict[str, str]) -> Pack:
    rules = tuple(rule for rule in pack.rules if rule.id not in ids)
    return Pack(pack.name, pack.path, pack_hash(rules), rules)


def _read_ref(ref: Ref, shelf: Shelf) -> None:
    path = content.find(ref.name, shelf.base, "rules")
    if path is None:
        shipped = [name for name in content.names("rules") if name != BUILTIN]
        fix = f"Give a folder of rules, or a shipped pack: {', '.join(shipped)}."
        near = nearest(Path(ref.name).name, shipped)
        wrong = Finding(ref.file, ref.line, "", ref.field, f"no rule pack {clip(ref.name)}", near, fix)
        shelf.findings.append(wrong)
        return
    place = Path(os.path.realpath(path))
    if place in shelf.places:
        wrong = Finding(ref.file, ref.line, "", ref.field, f"the pack {clip(ref.name)} twice", "", ONCE)
        shelf.findings.append(wrong)
        return
    shelf.places.add(place)
    before = len(shelf.findings)
    shelf.lists, shelf.listed = {}, set()
    rules = [rule for file in _files(path, ref, shelf) for rule in _read_rules(file, shelf)]
    _refuse_unread(shelf)
    if len(shelf.findings) == before:
        name = path.stem if path.is_file() else path.name
        shelf.packs.append(Pack(name, path, pack_hash(rules), tuple(rules)))


def _files(path: Path, ref: Ref, shelf: Shelf) -> list[Path]:
    """The YAML files of a pack by name. One in a subfolder would be skipped, so it is a finding."""
    if not path.is_dir():
        return [path]
    try:
        files = sorted(Path(entry.path) for entry in os.scandir(path) if _is_rules(entry.name))
        deeper = sorted(each for each in path.glob("*/*") if _is_rules(each.name))
    except OSError as error:
        reason = f"cannot be listed: {error.strerror}"
        shelf.findings.append(Finding(str(path), 1, "", "", reason, "", "Check the folder's permissions."))
        return []
    for each in deeper:
        fix = "Move it into the pack's folder, or name its folder as a pack of its own."
        shelf.findings.append(Finding(str(each), 1, "", "", "not read: a pack has no subfolders", "", fix))
    if not files and not deeper:
        fix = "Put rules into files that end in .yaml."
        shelf.findings.append(Finding(ref.file, ref.line, "", ref.field, f"no YAML file in {path}", "", fix))
    return files


def _refuse_unread(shelf: Shelf) -> None:
    """Whoever laid a list into the folder believes that it is in force."""
    for file, line in shelf.lists.items():
        if file not in shelf.listed:
            page = Page(str(file))
            Spot(page).refuse(line, unread(file.name))
            shelf.findings.extend(page.findings)


def _is_rules(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _read_rules(file: Path, shelf: Shelf) -> list[Rule]:
    page = Page(str(file))
    rules = _rules_of(file, page, shelf)
    shelf.findings.extend(page.ordered())
    return rules


def _rules_of(file: Path, page: Page, shelf: Shelf) -> list[Rule]:
    node = read_file(file, page)
    if node is None:
        return []
    shelf.listed.update(lists_in(node, file.parent))
    if is_list(node):
        shelf.lists[file] = node.line
        return []
    spot = Spot(page)
    if not isinstance(node, Items) or not node.items:
        shape = "an empty list" if isinstance(node, Items) else kind_of(node)
        spot.refuse(node.line, Wrong(f"{shape} where rules are needed", "Begin each rule with `- id: NAME`."))
        return []
    read_rule = rule_reader(shelf.around)
    rules = []
    for index, item in enumerate(node.items):
        rule = attempt(read_rule, item, spot.item(index))
        if rule is not None and _is_new(rule, item.line, page, shelf):
            rules.append(rule)
    return rules


def _is_new(rule: Rule, line: int, page: Page, shelf: Shelf) -> bool:
    first = shelf.seen.get(rule.id)
    if first is None:
        shelf.seen[rule.id] = f"{page.file}:{line}"
        return True
    wrong = Wrong(f"the id exists already at {first}", "Give each rule its own id.")
    Spot(page, "id", rule.id).refuse(line, wrong)
    return False


def pack_hash(rules: Sequence[Rule]) -> str:
    """sha256 over canonical JSON of the rules, whatever their order and files."""
    plain = [_plain(rule) for rule in sorted(rules, key=lambda rule: rule.id)]
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(rule: Rule) -> dict[str, object]:
    """A rule as JSON types; levels by name, so that the hash outlives their numbers."""
    plain = asdict(rule)
    plain["ladder"] = [{**rung, "level": Level(rung["level"]).name} for rung in plain["ladder"]]
    return plain
