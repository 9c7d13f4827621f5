"""What a folder holds that can be played, looked at whole before any work: its windows, and what is left out.

One file is one window. What cannot be read, has bars that do not make up five minutes, no account, no symbol
or a wrong row in it is said and the rest is played; refused is a folder of which nothing remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from guardian.config import Finding
from guardian.errors import ConfigError
from guardian.evaluate.accounts import Account, accounts, missing
from guardian.evaluate.bars import LeftOut, five_minutes
from guardian.evaluate.designs.none import Unprotected
from guardian.evaluate.play import Played, play
from guardian.replay.candles import candle_files, load_candles, passed_over
from guardian.replay.worth import Crash, crashes

NAMED = 5
"""So many files an error names."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One account of one file: without protection, and its events."""

    file: str
    account: Account
    free: Played
    events: tuple[Crash, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """One file: its accounts, what of it is left out, and what is wrong with its rows."""

    accounts: tuple[Watched, ...]
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """`files` are those that make an account; `windows` are (file, account, bars, events)."""

    files: tuple[Path, ...]
    windows: tuple[tuple[str, str, int, int], ...]
    left_out: tuple[LeftOut, ...] = ()
    findings: tuple[Finding, ...] = ()


@lru_cache(maxsize=4)
def window(file: Path) -> Window:
    """Raises ConfigError for what is no file of candles, or not of fine enough ones."""
    candles = load_candles(file)
    bars = five_minutes(candles, file.name)
    found = []
    for account in accounts(bars):
        free = play(account, Unprotected())
        found.append(Watched(file.name, account, free, crashes(bars.known_ms, free.equity)))
    return Window(tuple(found), (*bars.left_out, *missing(bars)), candles.findings)


def watched(file: Path) -> tuple[Watched, ...]:
    return window(file).accounts


def survey(path: Path) -> Survey:
    """Of a file or a folder. Raises ConfigError where nothing can be played."""
    files: list[Path] = []
    rows: list[tuple[str, str, int, int]] = []
    strays = [(stray.file.name, stray.why) for stray in passed_over(path)]
    left_out = [LeftOut(name, "file", name, why) for name, why in strays]
    findings: list[Finding] = []

    for file in candle_files(path):
        try:
            found = window(file)
        except ConfigError as error:
            left_out.append(LeftOut(file.name, "file", file.name, str(error).removeprefix(f"{file}: ")))
            continue
        if found.accounts:
            files.append(file)
        rows += [(w.file, w.account.name, len(w.account.bars), len(w.events)) for w in found.accounts]
        left_out += found.left_out
        findings += found.findings
    if not files:
        why = some([f"{each.where}: {each.why}" for each in left_out])
        raise ConfigError(f"{path}: no account: no file has BTC, or two symbols, throughout: {why}")
    return Survey(tuple(files), tuple(rows), tuple(left_out), tuple(findings))


def some(lines: list[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    return ", ".join(lines[:NAMED]) + more
