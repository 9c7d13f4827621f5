"""Whole files of cases: found, played, compared with the deeds that they expect, and rewritten on demand."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from guardian.config import content
from guardian.config.packs import Ref, load_packs, read_packs, surroundings
from guardian.config.reading import Page, Spot, Wrong, clip, nearest
from guardian.config.shapes import ConfigError, Pack
from guardian.core.model import Rule
from guardian.runtime.casebook import coverage
from guardian.runtime.casebook.case import NOTHING, RULED_OFF, Case
from guardian.runtime.casebook.play import Stuck, play
from guardian.runtime.casebook.read import read_cases

CASES = "cases"
SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case as it was played: `deeds` are what guardian does, `expected` what the file says."""

    file: Path
    case: Case
    deeds: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.case.deeds == self.deeds and (bool(self.deeds) or self.case.ruled_off)

    @property
    def difference(self) -> str:
        """A unified diff from what is expected to what guardian does; "" when there is none."""
        if self.ok:
            return ""
        expected = self.case.deeds or ((NOTHING,) if self.case.ruled_off else ())
        names = (f"{self.file}:{self.case.line} (expected)", "guardian")
        return "\n".join(difflib.unified_diff(expected, shown(self.deeds), *names, n=2, lineterm=""))


def shown(deeds: Sequence[str]) -> tuple[str, ...]:
    return tuple(deeds) or (NOTHING,)


def files_of(ref: str, base: Path) -> tuple[Path, ...]:
    """The files of cases that `ref` names: a file, a folder of them, or a pack with its `cases` folder.

    Raises ConfigError, with the nearest shipped pack.
    """
    found = content.find(ref, base, "rules")
    if found is not None and found.is_file():
        return (found,)
    for folder in (found / CASES, found) if found is not None else ():
        files = tuple(sorted(folder.glob(f"*{SUFFIX}")))
        if files:
            return files
    page = Page(ref)
    names = content.names("rules")
    fix = f"Name a file, a folder of *{SUFFIX} files, or a pack with a folder `{CASES}`: {', '.join(names)}."
    Spot(page).refuse(1, Wrong("no cases here", fix, "" if found else nearest(ref, names)))
    raise ConfigError(page.ordered())


def played(files: Sequence[Path], packs: Sequence[str] = (), base: Path | None = None) -> Iterator[Outcome]:
    """Every case of the files; `packs` are judged instead of those that a case names. Raises ConfigError."""
    for file in files:
        cases = read_cases(file)
        for case in cases:
            rules = _rules(file, case, packs, base or Path.cwd())
            try:
                yield Outcome(file, case, tuple(play(case, rules)))
            except Stuck as stuck:
                page = Page(str(file))
                Spot(page).refuse(stuck.line, stuck.wrong)
                raise ConfigError(page.ordered()) from None


def _rules(file: Path, case: Case, packs: Sequence[str], base: Path) -> tuple[Rule, ...]:
    """Those asked for, else those that the case names, else the pack in whose `cases` folder it lies."""
    names = () if case.no_rules else tuple(packs) or case.packs
    if not (names or case.rules or case.no_rules) and file.parent.name == CASES:
        names = (str(file.parent.parent),)
    if not (names or case.rules or case.no_rules):
        page = Page(str(file))
        fix = f"Add `pack NAME`, `rule ...` or `no-rules`, or put the file into PACK/{CASES}/."
        Spot(page).refuse(case.line, Wrong(f"no rules for {clip(case.name)}", fix))
        raise ConfigError(page.ordered())
    found = _loaded(names, base if packs else file.parent, f"{file}", case.line) if names else ()
    own = {rule.id for rule in case.rules}
    return (*(rule for pack in found for rule in pack.rules if rule.id not in own), *case.rules)


def _loaded(names: Sequence[str], base: Path, file: str, line: int) -> tuple[Pack, ...]:
    refs = [Ref(name, file, line) for name in names]
    packs, findings = read_packs(refs, surroundings(base), base)
    if findings:
        raise ConfigError(findings)
    return packs


def gaps(outcomes: Sequence[Outcome]) -> list[str]:
    """What the cases that lie in a pack's folder leave unproven: of all of its rules, once all of its files
    were played, else of those that the cases name with `only`.
    """
    packs: dict[Path, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.file.parent.name == CASES:
            packs.setdefault(outcome.file.parent.parent, []).append(outcome)
    found: list[str] = []
    for folder, cases in packs.items():
        rules = [r for pack in load_packs([str(folder)], folder) if pack.path == folder for r in pack.rules]
        named = {name for outcome in cases for name, _ in outcome.case.only}
        whole = {outcome.file for outcome in cases} >= set(files_of(str(folder), folder))
        asked = [rule for rule in rules if whole or rule.id in named]
        found += coverage.gaps(asked, [outcome.deeds for outcome in cases])
    return found


def rewritten(outcomes: Sequence[Outcome]) -> str:
    """The text of one file with guardian's deeds below each line."""
    blocks = []
    for outcome in outcomes:
        above = "\n".join(outcome.case.text).rstrip()
        blocks.append("\n".join((above, RULED_OFF, *shown(outcome.deeds))))
    return "\n\n".join(blocks) + "\n"
