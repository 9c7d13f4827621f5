"""One line of a case, word by word. Everything raises Wrong, which says what to write instead."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from guardian.config.reading import Wrong, clip, unknown
from guardian.config.values import DURATION, SECONDS
from guardian.core.facts.pulse import Pulse
from guardian.core.model import Call, ClockOffset, Level, Part
from guardian.runtime.casebook.case import CURRENCY, MOVED, Leg, Resting, Seen

MOMENTS_MAX = 200_000
"""In one line of facts, so that a misspelt range is refused and not played all night."""

FARTHEST_SECONDS = 366 * 86_400.0

N = r"\d{1,15}(?:\.\d{1,15})?"
NUMBER = re.compile(rf"-?{N}", re.ASCII)
LEG = re.compile(rf"(-?{N})@({N})(?:/({N}))?", re.ASCII)
RESTING = re.compile(rf"([^:@]+)(?::(-?{N}))?(?:@({N}))?", re.ASCII)
PRICED = re.compile(rf"([^:@]+)@({N})", re.ASCII)
COIN = re.compile(rf"([A-Z0-9]+):(-?{N})@({N})", re.ASCII)
CALLS = re.compile(rf"(\d{{1,4}})@({N})(?:/(\d{{1,15}})of(\d{{1,15}}))?(?::([\w-]+))?", re.ASCII)
CALLS_FIX = "calls=COUNT@SECONDS, calls=4@0.1/9of50, calls=4@0.1:10006, calls=4@4:silent"
CLOCK = re.compile(rf"(-?{N})(?:/({N}))?", re.ASCII)
PULSE = re.compile(rf"({N})(?:/({N}))?", re.ASCII)
SYMBOL = re.compile(r"[A-Za-z0-9][\w/:.-]*(?:#\d)?", re.ASCII)
TIME_FIX = "Write seconds (12, 0.5), a duration (2m), or a range: -5..-1, 0..1h/5s."


def seconds(word: str) -> float:
    """Seconds from the start: a bare number, or a duration."""
    found = DURATION.fullmatch(word.removeprefix("-"))
    if not found and not NUMBER.fullmatch(word):
        raise Wrong(f"{clip(word)} is no time", TIME_FIX)
    sign = -1 if word.startswith("-") else 1
    value = sign * float(found[1]) * SECONDS[found[2]] if found else float(word)
    if abs(value) > FARTHEST_SECONDS:
        raise Wrong(f"{clip(word)} is more than a year away", TIME_FIX)
    return value


def times(word: str) -> tuple[float, ...]:
    """Every moment of `12`, `-5..-1` (each second) or `0..1h/5s`."""
    first, dots, rest = word.partition("..")
    if not dots:
        return (seconds(word),)
    last, _, each = rest.partition("/")
    begin, end, apart = seconds(first), seconds(last), seconds(each) if each else 1.0
    if apart <= 0 or end < begin:
        raise Wrong(f"{clip(word)} is no range", TIME_FIX)
    count = math.floor((end - begin) / apart + 1e-9) + 1
    if count > MOMENTS_MAX:
        raise Wrong(f"{clip(word)} has more than {MOMENTS_MAX} moments", "End sooner, or look less often.")
    return tuple(round(begin + n * apart, 6) for n in range(count))


def money(word: str) -> Decimal:
    if not NUMBER.fullmatch(word):
        raise Wrong(f"{clip(word)} is not a number", "Write a plain number such as 9400 or -0.5.")
    return Decimal(word)


def level(word: str) -> Level:
    names = [each.name.lower() for each in Level if each is not Level.NORMAL]
    if word not in names:
        raise unknown("level", word, names)
    return Level[word.upper()]


def symbol_of(word: str) -> tuple[str, int]:
    """`BTC` is the linear perpetual in USDT; `BTC#1` its hedge leg; a whole symbol stands for itself."""
    if not SYMBOL.fullmatch(word):
        raise Wrong(f"{clip(word)} is no symbol", "Write BTC, BTC#1 for a hedge leg, or BTC/USDC:USDC.")
    name, _, index = word.partition("#")
    return (name if "/" in name else f"{name}/{CURRENCY}:{CURRENCY}"), int(index or 0)


def is_inverse(symbol: str) -> bool:
    """Whether it settles in its base coin: BTC/USD:BTC."""
    return symbol.partition("/")[0] == symbol.rpartition(":")[2].partition("-")[0]


def seen(words: list[str]) -> Seen:
    """The words after `read`."""
    found: dict[str, Any] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            raise Wrong(f"{clip(word)} is no part of a read", READ_FIX)
        if name in READ:
            READ[name](found, value)
        elif leg := LEG.fullmatch(value):
            _add(found, "legs", _leg(name, leg))
        else:
            wrong = unknown("word", name, READ)
            raise Wrong(wrong.message, f"{wrong.fix} {READ_FIX}", wrong.nearest)
    return Seen(**found)


READ_FIX = "A position is written NAME=QUANTITY@MARK[/ENTRY]."


def _leg(name: str, found: re.Match[str]) -> Leg:
    symbol, index = symbol_of(name)
    quantity, mark, entry = Decimal(found[1]), Decimal(found[2]), Decimal(found[3] or found[2])
    if is_inverse(symbol) and not (mark and entry):
        raise Wrong("an inverse contract at a price of zero", "Write a price above zero.")
    return Leg(symbol, index, quantity, mark, entry)


def _add(found: dict[str, Any], name: str, *values: Any) -> None:
    found[name] = (*found.get(name, ()), *values)


def _matched(pattern: re.Pattern[str], value: str, fix: str) -> re.Match[str]:
    matched = pattern.fullmatch(value)
    if matched is None:
        raise Wrong(f"{clip(value)} cannot be read here", f"Write {fix}.")
    return matched


Reader = Callable[[dict[str, Any], str], None]


def _resting(stop: bool) -> Reader:
    noun = "stop" if stop else "order"

    def read(found: dict[str, Any], value: str) -> None:
        matched = _matched(RESTING, value, f"{noun}=NAME, {noun}=NAME:QUANTITY@PRICE; a minus sells")
        symbol, index = symbol_of(matched[1])
        same = sum(
            o.stop is stop and (o.symbol, o.index) == (symbol, index) for o in found.get("resting", ())
        )
        quantity, price = (Decimal(each) if each else None for each in matched.group(2, 3))
        id = f"{noun}-{matched[1]}" + (f"-{same + 1}" if same else "")
        _add(found, "resting", Resting(id, symbol, index, stop, quantity, price))

    return read


def _amount(name: str) -> Reader:
    def read(found: dict[str, Any], value: str) -> None:
        if name in MOVED:
            _add(found, "moved", (MOVED[name], money(value)))
        else:
            found[name] = money(value)

    return read


def _phantom(found: dict[str, Any], value: str) -> None:
    # Not a number is what some wallets have said, so it can be told.
    found["phantom"] = Decimal("nan") if value == "nan" else money(value)


def _late(found: dict[str, Any], value: str) -> None:
    found["late"] = seconds(value)


def _failed(found: dict[str, Any], value: str) -> None:
    parts = {part.value: part for part in Part}
    names = list(parts) if value == "all" else value.split(",")
    for name in names:
        if name not in parts:
            raise unknown("part", name, ("all", *parts))
    found["failed"] = frozenset(parts[name] for name in names)


def _liquidation(found: dict[str, Any], value: str) -> None:
    matched = _matched(PRICED, value, "liquidation=NAME@PRICE")
    symbol, index = symbol_of(matched[1])
    _add(found, "liquidations", (f"{symbol}#{index}", Decimal(matched[2])))


def _coin(found: dict[str, Any], value: str) -> None:
    matched = _matched(COIN, value, "coin=NAME:QUANTITY@PRICE")
    _add(found, "coins", (matched[1], Decimal(matched[2]), Decimal(matched[3])))


def _calls(found: dict[str, Any], value: str) -> None:
    matched = _matched(CALLS, value, CALLS_FIX)
    silent = matched[5] == "silent"
    budget = (int(matched[3]), int(matched[4])) if matched[3] else None
    call = Call("case", float(matched[2]), "timeout" if silent else matched[5] or "", not silent, budget)
    _add(found, "calls", *[call] * int(matched[1]))


def _clock(found: dict[str, Any], value: str) -> None:
    matched = _matched(CLOCK, value, "clock=SECONDS or clock=SECONDS/ERROR")
    found["clock"] = ClockOffset(float(matched[1]), float(matched[2] or 0.01))


def _pulse(found: dict[str, Any], value: str) -> None:
    matched = _matched(PULSE, value, "pulse=SECONDS or pulse=SECONDS/FREE")
    found["pulse"] = Pulse(float(matched[1]), float(matched[2]) if matched[2] else None)


READ: dict[str, Reader] = {
    "order": _resting(False),
    "stop": _resting(True),
    "phantom": _phantom,
    "late": _late,
    "failed": _failed,
    "liquidation": _liquidation,
    "coin": _coin,
    "calls": _calls,
    "clock": _clock,
    "pulse": _pulse,
    **{name: _amount(name) for name in ("cash", "equity", "margin", "maintenance", *MOVED)},
}
