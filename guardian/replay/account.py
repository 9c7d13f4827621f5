"""ACCOUNT.yaml: what an account that never existed holds, and what trading costs it.

    start_equity: 10000
    hold: {"BTC/USDT": 1.0}     # multiples of start_equity, short below 0; or quantity: {"BTC/USDT": 0.2}
    cost: 0.0005                # of what is traded, each time
    delay: 1                    # bars between a decision and the open at which it is traded

Law: read strictly, every finding with its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from guardian.config import ConfigError, Finding
from guardian.config.document import Leaf, Node
from guardian.config.reading import (
    Field,
    Page,
    Read,
    Reported,
    Spot,
    Wrong,
    attempt,
    line_at,
    nearest,
    read_file,
    read_table,
    unique,
)
from guardian.config.values import name, number, whole
from guardian.core.metrics.exposure import DOLLARS

LARGEST_MULTIPLE = 125.0
LARGEST_AMOUNT = 1e15
CODES = tuple(sorted((*DOLLARS, "EUR"), key=lambda code: (-len(code), code)))
"""What an undivided symbol may end with, the longest first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`hold` are multiples of the start equity, `quantity` base units; one of the two, signed, by symbol.

    `lines` are where the file names each of them, in the same order.
    """

    start_equity: Decimal
    hold: tuple[tuple[str, Decimal], ...] = ()
    quantity: tuple[tuple[str, Decimal], ...] = ()
    cost: Decimal = Decimal("0.0005")
    delay: int = 1
    name: str = "account"
    lines: tuple[int, ...] = field(default=(), compare=False)

    @property
    def currency(self) -> str:
        """What all symbols can be quoted in; else what the first is, and `held_in` refuses the others."""
        first = _quotes(self.symbols[0])
        return next((each for each in first if all(each in _quotes(s) for s in self.symbols)), first[0])

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(symbol for symbol, _ in (*self.hold, *self.quantity))


def read_plan(path: Path) -> Plan:
    """Raises ConfigError with every finding."""
    page = Page(str(path))
    node = read_file(path, page)
    plan = attempt(_plan, node, Spot(page)) if node is not None else None
    if plan is None or page.findings:
        raise ConfigError(page.ordered())
    return plan


def held_in(plan: Plan, symbols: tuple[str, ...], file: str) -> Plan:
    """The plan with every symbol as the candles write it: BTC/USDT, BTC/USDT:USDT or BTCUSDT."""
    known = {_plain(symbol): symbol for symbol in reversed(symbols)} | {symbol: symbol for symbol in symbols}

    lower = tuple(symbol.lower() for symbol in symbols)

    lines = dict(zip(plan.symbols, plan.lines, strict=False))

    def refused(symbol: str, message: str, near: str, fix: str) -> ConfigError:
        place = ("", f"{'hold' if plan.hold else 'quantity'}.{symbol}")
        return ConfigError((Finding(file, lines.get(symbol, 0), *place, message, near, fix),))

    def found(symbol: str) -> str:
        own = known.get(symbol) or known.get(_plain(symbol))
        if own is None:
            near = next((each for each in symbols if each.lower() == nearest(symbol, lower)), "")
            raise refused(symbol, f"no candles of {symbol}", near, f"The candles have {', '.join(symbols)}.")
        return own

    own = replace(
        plan,
        hold=tuple((found(symbol), multiple) for symbol, multiple in plan.hold),
        quantity=tuple((found(symbol), quantity) for symbol, quantity in plan.quantity),
    )
    for place, (written, symbol) in enumerate(zip(plan.symbols, own.symbols, strict=True)):
        if symbol in own.symbols[:place]:
            raise refused(written, "one symbol is held under two names", "", "Name each symbol once.")
        if own.currency not in _quotes(symbol) or symbol.endswith(f":{symbol.split('/')[0]}"):
            fix = "An account holds linear symbols of one quote currency; replay the others apart."
            raise refused(written, f"{symbol} is not quoted and settled in {own.currency}", "", fix)
    return own


def base_of(symbol: str) -> str:
    """BTC of BTC/USDT, BTC/USDT:USDT, BTC-USDT, BTC_USDT, BTCUSDT and btc/usdt."""
    return readings(symbol)[0][0]


def readings(symbol: str) -> tuple[tuple[str, str], ...]:
    """Base and quote, the longest code first: two for ARBUSD, which is ARB/USD but could be AR/BUSD."""
    pair = symbol.split(":")[0]
    if "/" in pair:
        base, quote = pair.split("/")[:2]
        return (_in_capitals(base, quote),)
    parts = re.split("[-_]", pair)
    place = next((i for i, part in enumerate(parts) if i and part.upper() in CODES), 0)
    if place:
        return (_in_capitals("-".join(parts[:place]).strip("-"), parts[place]),)
    first = parts[0]
    found = [len(code) for code in CODES if first.upper().endswith(code) and first.upper() not in CODES]
    split = tuple(_in_capitals(first[:-length], first[-length:]) for length in found)
    return split or (_in_capitals(pair.strip("-_"), "USDT"),)


def _in_capitals(base: str, quote: str) -> tuple[str, str]:
    """Venues mix small letters in (kPEPE), and write no name and no quote wholly in them."""
    return base.upper() if base.islower() or quote.islower() else base, quote.upper()


def _quotes(symbol: str) -> tuple[str, ...]:
    """USDT of BTC/USDT, BTC/USDT:USDT and BTCUSDT; every code that an undivided symbol may end with."""
    return tuple(quote for _, quote in readings(symbol))


def _plain(symbol: str) -> str:
    return symbol.split(":")[0].replace("/", "").replace("-", "").replace("_", "").upper()


def _plan(node: Node, spot: Spot) -> Plan:
    fields = {
        "start_equity": Field(_between(0.0, LARGEST_AMOUNT)),
        "hold": Field(_amounts(LARGEST_MULTIPLE), ()),
        "quantity": Field(_amounts(LARGEST_AMOUNT), ()),
        "cost": Field(_cost, Decimal("0.0005")),
        "delay": Field(whole(0, 1000), 1),
        "name": Field(name, "account"),
    }
    row = read_table(node, spot, fields)
    if row.whole and bool(row.values["hold"]) == bool(row.values["quantity"]):
        said = "both hold and quantity" if row.values["hold"] else "neither hold nor quantity"
        fix = 'Write one of them: `hold: {"BTC/USDT": 1.0}` in multiples of start_equity.'
        spot.refuse(row.lines.get("quantity", node.line), Wrong(f"has {said}", fix))
        raise Reported
    named = "hold" if row.all()["hold"] else "quantity"
    lines = tuple(line_at(node, named, symbol) for symbol, _ in row.values[named])
    return Plan(**row.values, lines=lines)


def _between(least: float, most: float) -> Read[Decimal]:
    def read(node: Node, spot: Spot) -> Decimal:
        value = number(node, spot)
        if not least < value <= most:
            raise Wrong(f"{value:g} is not above {least:g} and up to {most:g}", "Write an ordinary amount.")
        return _exact(node)

    return read


def _cost(node: Node, spot: Spot) -> Decimal:
    """Zero is allowed: what would it be worth if trading cost nothing."""
    value = number(node, spot)
    if not 0 <= value <= 0.1:
        raise Wrong(f"{value:g} is outside 0 to 0.1", "Write a fraction: 0.0005 is five basis points.")
    return _exact(node)


def _amounts(most: float) -> Read[tuple[tuple[str, Decimal], ...]]:
    """Amounts by symbol, none of them zero."""

    def read_one(node: Node, spot: Spot) -> Decimal:
        value = number(node, spot)
        if value == 0 or abs(value) > most:
            raise Wrong(f"{value:g} is zero or beyond {most:g}", "Leave the symbol out, or write its size.")
        return _exact(node)

    def read(node: Node, spot: Spot) -> tuple[tuple[str, Decimal], ...]:
        entries = unique(node, spot)
        amounts = [(key, attempt(read_one, each.value, spot.field(key))) for key, each in entries.items()]
        if not amounts:
            raise Wrong("an empty mapping", 'Write at least one symbol: {"BTC/USDT": 1.0}.')
        found = tuple((key, amount) for key, amount in amounts if amount is not None)
        if len(found) < len(amounts):
            raise Reported
        return found

    return read


def _exact(node: Node) -> Decimal:
    """The number as it is written, not as a float holds it."""
    assert isinstance(node, Leaf)
    return Decimal(node.text)
