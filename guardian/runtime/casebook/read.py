"""A file of cases from its text: strict, every problem with its line and the nearest name.

# A bad hour halts.                      a case begins with a sentence
pack starter                             what is judged: packs, or rules of its own (inline.py)
only starter-dd-1h
-5..29 read BTC=10@1000                  facts, each at its seconds from the start
30..40 read BTC=10@940/1000
----
    2.0  starter-dd-1h breached at 0.06  guardian's deeds, written by --rewrite
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guardian.config.packs import surroundings
from guardian.config.reading import FILE_BYTES_MAX, Page, Read, Reported, Spot, Wrong, clip, unknown
from guardian.config.rules import rule_reader
from guardian.config.shapes import ConfigError
from guardian.config.values import NAME
from guardian.core.model import Rule
from guardian.runtime.casebook import words as reading
from guardian.runtime.casebook.case import (
    COMMANDS,
    FACTS,
    NOTHING,
    OUTCOMES,
    RULED_OFF,
    START,
    TOLD,
    Case,
    Fact,
    Played,
)
from guardian.runtime.casebook.inline import inline_rule
from guardian.runtime.casebook.told import READERS

FLAGS = ("unarmed", "as-written", "no-rules")
HEADS = ("pack", "only", "rule", "account", "start", *FLAGS)
KEYS = ("fenced", "trading", "withdrawing", "none", "stranger", "incomplete")
ARGUMENTS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("tick", "restart", "drilled"), (0, 0)),
    **dict.fromkeys(("arm", "resume", "look"), (0, 99)),
    **dict.fromkeys(("disarm", "demand", "trouble", "healed"), (1, 1)),
    "expect": (4, 4),
    **dict.fromkeys(("keys", *OUTCOMES), (1, 99)),
}
"""How many words a fact takes at least and at most."""


@dataclass(slots=True)
class Draft:
    """A case while its lines are read."""

    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)
    ruled_off: bool = False
    heads: dict[str, Any] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a file. Raises ConfigError with all findings."""
    page = Page(str(path))
    text = _text(path, page)
    read_rule = rule_reader(surroundings(path.parent))
    drafts = list(_split(text, page)) if text is not None else []
    cases = tuple(_case(draft, page, read_rule) for draft in drafts)
    if text is not None and not drafts:
        Spot(page).refuse(1, Wrong("no case here", "Begin with `# A sentence that says what it is about.`"))
    if page.findings:
        raise ConfigError(page.ordered())
    return cases


def _text(path: Path, page: Page) -> str | None:
    wrong = Wrong("not a plain text file below 1 MB", "Name a file of cases.")
    try:
        if path.is_file() and os.path.getsize(path) <= FILE_BYTES_MAX:
            return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        wrong = Wrong(
            f"cannot be read: {error.__class__.__name__}", "It must be UTF-8 text that you may read."
        )
    Spot(page).refuse(1, wrong)
    return None


def _split(text: str, page: Page) -> Iterator[Draft]:
    """Below the line of deeds, the next `#` begins the next case."""
    draft, below = None, False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#") and (draft is None or below):
            if draft is not None:
                yield draft
            draft, below = Draft(number), False
        if draft is None and line.strip():
            fix = "Begin each case with `# A sentence that says what it is about.`"
            Spot(page).refuse(number, Wrong("a line that belongs to no case", fix))
            return
        if draft is not None and line.strip() == RULED_OFF and not below:
            below = draft.ruled_off = True
        elif draft is not None and below:
            draft.deeds += [line.rstrip()] if line.strip() else []
        elif draft is not None:
            draft.lines.append((number, line.rstrip()))
    if draft is not None:
        yield draft


def _case(draft: Draft, page: Page, read_rule: Read[Rule]) -> Case:
    before = len(page.findings)
    draft.heads = {"packs": [], "only": [], "rules": [], "accounts": []}
    for number, line in draft.lines:
        written = line.split("  #")[0].split()
        if not written or line.startswith("#"):
            continue
        try:
            if written[0] in HEADS:
                _head(draft, written, number, (Spot(page), read_rule))
            else:
                draft.facts.append(_fact(draft, written, number))
        except Wrong as wrong:
            Spot(page).refuse(number, wrong)
        except Reported:
            pass
    if not draft.facts and len(page.findings) == before:
        Spot(page).refuse(
            draft.line, Wrong("a case without facts", "Add a line such as `0..10 read BTC=1@100`.")
        )
    gathered: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in draft.heads.items()
    }
    if not gathered["accounts"]:
        del gathered["accounts"]
    name = draft.lines[0][1].lstrip("# ").rstrip(".") if draft.lines else ""
    text = tuple(line for _, line in draft.lines)
    deeds = tuple(draft.deeds) if draft.deeds != [NOTHING] else ()
    return Case(name, draft.line, text, deeds, draft.ruled_off, tuple(draft.facts), **gathered)


def _head(draft: Draft, written: list[str], line: int, how: tuple[Spot, Read[Rule]]) -> None:
    if draft.facts:
        raise Wrong(f"`{written[0]}` after the first fact", "Say what is judged before anything happens.")
    what, words = written[0], written[1:]
    if bool(words) is (what in FLAGS):
        problem = "stands alone" if words else "needs a word after it"
        raise Wrong(f"`{what}` {problem}", "docs/rules.md lists what a case begins with.")
    match what:
        case "pack":
            draft.heads["packs"] += words
        case "only":
            draft.heads["only"] += [(word, line) for word in words]
        case "rule":
            draft.heads["rules"].append(inline_rule(words, line, *how))
        case "account":
            draft.heads["accounts"].append(_account(words))
        case "start":
            draft.heads["start"] = _instant(words[0])
        case "unarmed":
            draft.heads["armed"] = False
        case _:
            draft.heads[what.replace("-", "_")] = True


def _account(words: list[str]) -> Played:
    name, *others = words
    given = dict(word.split("=", 1) for word in others if word.startswith(("mandate=", "prefix=", "poll=")))
    for each in (name, *(v for k, v in given.items() if k == "mandate")):
        if not NAME.fullmatch(each):
            raise Wrong(f"{clip(each)} is not a name", "Use letters, digits, dot, dash and underscore.")
    without = {word for word in others if word.partition("=")[0] not in given}
    for word in sorted(without - {"no-hands", "no-admin"}):
        raise unknown("word", word, ("no-hands", "no-admin", "mandate=NAME", "prefix=A-,B-", "poll=1s"))
    played = Played(name, "no-hands" not in without, "no-admin" not in without, given.get("mandate", ""))
    played = replace(played, poll=_apart(given["poll"])) if "poll" in given else played
    return replace(played, prefixes=tuple(given["prefix"].split(","))) if "prefix" in given else played


def _apart(word: str) -> float:
    seconds = reading.seconds(word)
    if seconds <= 0:
        raise Wrong(f"{clip(word)} is no time between two reads", "Write poll=1s, poll=1h.")
    return seconds


def _instant(word: str) -> datetime:
    wrong = Wrong(f"{clip(word)} is not an instant of this century", "Write 2026-03-02T12:00:00Z.")
    try:
        at = datetime.fromisoformat(word)
    except ValueError:
        raise wrong from None
    if not 2000 < at.year < 2100:
        raise wrong
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _fact(draft: Draft, written: list[str], line: int) -> Fact:
    if not written[0][0].isdigit() and written[0][0] != "-":
        wrong = unknown("line", written[0], (*HEADS, *FACTS))
        raise Wrong(wrong.message, f"Begin with {', '.join(HEADS)}; or a time and a fact.", wrong.nearest)
    at, words = reading.times(written[0]), written[1:]
    if draft.facts and at[0] < draft.facts[-1].at[-1]:
        raise Wrong(f"{written[0]} lies before the line above it", "Write facts in the order of time.")
    account, words = _whose(draft, words)
    if not words:
        raise Wrong("a time at which nothing happens", f"Add a fact: {', '.join(FACTS)}.")
    what, rest = words[0], words[1:]
    if what not in FACTS:
        raise unknown("fact", what, FACTS)
    if what == "read":
        return Fact(line, at, account, what, seen=reading.seen(rest))
    if what in READERS:
        READERS[what](rest, account, START)  # refused here, with its line, or read again when it happens
        return Fact(line, at, account, what, tuple(rest))
    least, most = ARGUMENTS[what]
    if not least <= len(rest) <= most:
        needs = "a word after it" if len(rest) < least else "fewer words after it"
        raise Wrong(f"`{what}` needs {needs}", "docs/rules.md lists the facts.")
    _check(what, rest)
    return Fact(line, at, account, what, tuple(rest))


def _whose(draft: Draft, words: list[str]) -> tuple[str, list[str]]:
    """`12 second: read ...` in a case with several accounts; with one nobody needs to be named."""
    names = [account.name for account in draft.heads["accounts"]] or ["main"]
    if words and words[0].endswith(":"):
        name = words[0][:-1]
        if name not in names:
            raise unknown("account", name, names)
        return name, words[1:]
    if len(names) > 1 and words and words[0] in ("read", *TOLD, *COMMANDS, *OUTCOMES):
        raise Wrong("whose?", f"Name the account after the time: {names[0]}:")
    return names[0], words


def _check(what: str, words: list[str]) -> None:
    match what:
        case "demand":
            reading.level(words[0])
        case "disarm":
            reading.seconds(words[0])
        case "expect":
            reading.money(words[0])
            reading.seconds(words[2])
            reading.money(words[3])
        case "keys":
            for word in words:
                if word not in KEYS:
                    raise unknown("key", word, KEYS)
