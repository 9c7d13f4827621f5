"""The names of a rule's `of`; `file:PATH` stands for those of a list, relative to the folder of the rules.

    symbols: [BTC, "ETH/USDT:USDT"]      # what `guardian replay --per-asset --write PATH` writes

Laws: the names become the rule's own, so the pack's hash covers them; a list without any is refused, because
a rule that names no symbol allows every symbol.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from guardian.config.document import Items, Leaf, Node, Table
from guardian.config.reading import (
    Field,
    Page,
    Reported,
    Spot,
    Wrong,
    attempt,
    clip,
    list_of,
    read_file,
    read_table,
)
from guardian.config.values import absolute, text

PREFIX = "file:"
ENDINGS = (".yaml", ".yml")
KEY = "symbols"
NAME = re.compile(r"[\w.-]+(?<![_-])(/\w+(?<!_)(:[\w.-]+(?<![_-]))?)?")
"""An asset, or a symbol as venues or the field spell it: BTC, BTCUSDT, BTC/USDT, BTC/USDT:USDT-260327.

None ends with `-` or `_`: that is what is left where a quote was cut off (ADA_ of ADA_USDT).
"""

WRITE = "`guardian replay --per-asset --write PATH` writes one"


def names_of(written: str, spot: Spot) -> tuple[str, ...]:
    """Of a name, of several with commas or spaces between them, or of the list that `file:PATH` names."""
    if written.startswith(PREFIX):
        return _listed(_path(written, Path(spot.page.file).parent), spot)
    found = written.replace(",", " ").split()
    for each in found:
        if each.lower().endswith(ENDINGS):
            raise Wrong(f"{clip(each)} is a file, not a name", f"Write `of: file:{clip(each)}` to read it.")
    return tuple(found)


def is_list(node: Node | None) -> bool:
    """Whether this file of a pack's folder is a list and holds no rules."""
    return isinstance(node, Table) and any(entry.key == KEY for entry in node.entries)


def lists_in(node: Node, folder: Path) -> Iterator[Path]:
    """Every list that the rules of a file read."""
    rules = node.items if isinstance(node, Items) else []
    entries = [entry for rule in rules if isinstance(rule, Table) for entry in rule.entries]
    for of in (entry.value for entry in entries if entry.key == "of"):
        for leaf in of.items if isinstance(of, Items) else [of]:
            if isinstance(leaf, Leaf) and leaf.text.strip().startswith(PREFIX):
                yield _path(leaf.text.strip(), folder)


def unread(file: str) -> Wrong:
    """A list in a pack's folder that no rule of the pack reads."""
    fix = f"Write `of: file:{file}` in a rule of foreign_activity, or move the list elsewhere."
    return Wrong("a list of symbols that no rule reads", fix)


def _path(written: str, folder: Path) -> Path:
    return absolute(folder, written.removeprefix(PREFIX).strip())


def _listed(path: Path, spot: Spot) -> tuple[str, ...]:
    """The names of a list; what is wrong with it stands on the rule's page, with the list's file and line."""
    if not path.is_file():
        raise Wrong(f"no file {clip(path.name)}", f"The path begins at the rule's own folder; {WRITE}.")
    page = Page(str(path))
    node = read_file(path, page)
    names = attempt(_symbols, node, Spot(page, "", spot.rule)) if node is not None else None
    for finding in page.ordered():
        spot.page.add(finding)
    if names is None:
        raise Reported
    return names


def _symbols(node: Node, spot: Spot) -> tuple[str, ...]:
    found: tuple[str, ...] = read_table(node, spot, {KEY: Field(_names)}).all()[KEY]
    return found


def _names(node: Node, spot: Spot) -> tuple[str, ...]:
    if isinstance(node, Items) and not node.items:
        fix = "List at least one; a rule that names none allows every symbol."
        raise Wrong("allows no symbol", fix)
    return list_of(_symbol)(node, spot)


def _symbol(node: Node, spot: Spot) -> str:
    """`of` joins names by commas, so none may hold one."""
    name = text(node, spot)
    if len(name.replace(",", " ").split()) != 1:
        raise Wrong(f"{clip(name)} is more than one symbol", "Write each symbol on a line of its own.")
    if wrong := no_symbol(name):
        raise wrong
    return name


def no_symbol(name: str) -> Wrong | None:
    """What is wrong with a name that no symbol has: names are compared as a whole, so that it allows nothing.

    A name all in small letters is one: venues mix them in at most (kPEPE).
    """
    if NAME.fullmatch(name) and not name.islower():
        return None
    fix = "Write an asset such as BTC, or a symbol such as BTC/USDT:USDT; to allow every symbol delete `of`."
    return Wrong(f"{clip(name)} is no symbol", fix, _near(name))


def _near(name: str) -> str:
    """The name's own parts in the form of a symbol; "" where it has no asset."""
    plain = name.upper() if name.islower() else name
    base, *others = (re.sub(r"[^\w.-]", "", part).rstrip("-_") for part in re.split(r"[/:]", plain))
    rest = [part for part in others if part]
    if not base or not rest:
        return base
    settled = f":{rest[-1]}" if ":" in plain.rstrip(":") else ""
    return f"{base}/{rest[0]}{settled}"
