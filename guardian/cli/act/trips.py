"""The report before an arming: how often the rules would have tripped, by candles or by one's own journal."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from guardian.cli.shared import client_of, progress
from guardian.config.shapes import Config
from guardian.core.model import Rule
from guardian.errors import ConfigError, GuardianError
from guardian.web.client import UnreachableError

LEAST_HELD = 0.01
"""Multiples are told with two decimals."""

ARCHIVE = "guardian.journal.archive"
PATIENCE_SECONDS = 2.0
"""A page to read keeps nobody waiting for a daemon that hangs."""

WORTH_SAYING = 5000
"""Bars that take a second or more."""

HOW = "`--history candles/` shows them"


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which account, for which rules (none: all), from which candles, and of which asset ("": its own)."""

    account: str
    only: tuple[str, ...]
    candles: Path | None
    symbol: str


@dataclass(frozen=True, slots=True)
class Held:
    """The multiple of its equity that the account holds, its assets by size, and why none is told.

    `recorded` is when it was so, where no daemon says what it is now.
    """

    multiple: float | None
    assets: tuple[str, ...] = ()
    problem: str = ""
    recorded: str = ""


def tell(config: Config, asked: Asked) -> dict[str, Any] | None:
    """The report, to be read before one confirms, and as a document; None where there is none.

    What is wrong with it is said, and refuses no arming; a path that is not there was never meant, and raises
    ConfigError.
    """
    if asked.candles is not None and not asked.candles.exists():
        raise ConfigError(f"{asked.candles}: does not exist; name a file or a folder of candles")
    found = None
    try:
        found, said = _report(config, asked)
    except (GuardianError, OSError, ValueError) as error:
        said = [f"no trips a year are shown: {error}"]
    except ArithmeticError:
        said = ["no trips a year are shown: the history has prices too small or too large to reckon with"]
    for line in said:
        click.echo(f"guardian: {line}", err=True)
    return found


def _report(config: Config, asked: Asked) -> tuple[dict[str, Any] | None, list[str]]:
    arming = importlib.import_module("guardian.evaluate.arming")
    if asked.candles is not None:
        held = _held(config, asked.account)
        history = arming.of_candles(asked.candles, asked.symbol, held.assets)
    else:
        reads = _recorded(config, asked.account)
        held = _held(config, asked.account, reads)
        history = arming.of_journal(reads, asked.symbol)
    if history is None:
        what = asked.symbol or f"what {asked.account} held"
        return None, [f"no trips a year are shown: less than a day of {what} is recorded; {HOW}"]
    found: dict[str, Any] = arming.own_report(_rules(config, asked), history, held.multiple, playing)
    if held.problem:
        found["warnings"].append(f"none of these is marked as the account's own: {held.problem}")
    elif held.recorded:
        found["warnings"].append(f"no daemon answers; what is marked as now was recorded at {held.recorded}")
    return found, arming.lines(found)


@contextmanager
def playing(play: Any) -> Iterator[Callable[[int], object]]:
    """Says what takes its time, and on a terminal how far it is."""
    if play.bars >= WORTH_SAYING:
        words = importlib.import_module("guardian.evaluate.backtest.words").span_in_words(play)
        click.echo(f"guardian: playing {words}; this takes some seconds", err=True)
    with progress("bars", play.bars) as tell:
        yield tell or (lambda _: None)


def _rules(config: Config, asked: Asked) -> list[Rule]:
    """Those that would be armed, as far as they are about this account."""
    every = [rule for pack in config.packs for rule in pack.rules if not asked.only or rule.id in asked.only]
    return [r for r in every if r.scope != "account" or not r.only or asked.account in r.only]


def _recorded(config: Config, account: str) -> Any:
    journal = config.state_dir / importlib.import_module("guardian.journal").FILE_NAME
    archive = config.journal.archive or config.state_dir / importlib.import_module(ARCHIVE).FOLDER
    currency = next(each.currency for each in config.accounts if each.name == account)
    return importlib.import_module("guardian.evaluate.marks").reads_of(journal, archive, account, currency)


def _held(config: Config, account: str, reads: Any = None) -> Held:
    """As the daemon tells it, else as the journal recorded it last."""
    try:
        accounts = asyncio.run(client_of(config, PATIENCE_SECONDS).status())["accounts"]
    except UnreachableError:
        return _last(config, account, reads)
    row = next((each for each in accounts if each["name"] == account), None)
    if row is None or row["leverage"] is None:
        return Held(None, problem="it has not been read yet")
    sizes: dict[str, float] = {}
    for leg in row["positions"]:
        base = leg["symbol"].split("/")[0]
        sizes[base] = sizes.get(base, 0.0) + abs(leg["notional"])
    assets = tuple(sorted(sizes, key=lambda base: (-sizes[base], base)))
    return Held(row["leverage"], assets, "" if row["leverage"] >= LEAST_HELD else "it holds nothing now")


def _last(config: Config, account: str, reads: Any) -> Held:
    try:
        reads = _recorded(config, account) if reads is None else reads
    except GuardianError:
        reads = ()
    if not reads:
        return Held(None, problem="no daemon answers")
    last = reads[-1]
    if not last.leverage or last.leverage < LEAST_HELD:
        return Held(None, problem="no daemon answers, and it held nothing when it was read last")
    return Held(last.leverage, last.assets, recorded=f"{last.at:%Y-%m-%d %H:%M} UTC")
