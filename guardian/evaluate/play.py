"""One design over one account: what it decided, and what became of the account's equity.

At the close of bar i the account's equity is known and the design decides which fraction of the account's own
exposure may be held. That is traded at the close of bar i + 1 and earns from there: five minutes late. A
trade costs 5 basis points and a tenth of its bar's range, each of what is traded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from guardian.evaluate.accounts import Account
from guardian.evaluate.bars import Floats

COST, RANGE_COST = 0.0005, 0.1
RUIN = 1e-6
"""Equity never falls below this part of its start: what is lost is lost."""


@dataclass(slots=True)
class Seen:
    """All that a design may look at: what is known at this close, and nothing later.

    `equity` is the protected account's, 1 at the start; `move` is what the unprotected account gained over
    this bar as a fraction; `target` is the exposure the account wants, `close` the prices, one for each
    symbol.
    """

    at_ms: int
    equity: float
    move: float
    target: Floats
    close: Floats


@dataclass(frozen=True, slots=True)
class Wish:
    """`fraction` of the account's own exposure that may be held; `halted` while it is shut out altogether."""

    fraction: float
    halted: bool = False


class Breaker(Protocol):
    """A design at one scale, watching one account from its first bar on."""

    def decide(self, seen: Seen) -> Wish: ...


class Design(Protocol):
    """A way to protect an account; `at` starts it anew with all its limits multiplied by `scale`."""

    @property
    def name(self) -> str: ...

    def at(self, scale: float, account: Account) -> Breaker: ...


@dataclass(frozen=True, slots=True)
class Played:
    """`equity[i]` at close i; `held[i]` the gross exposure from close i to i + 1, `wanted[i]` the account's
    own;
    `halts` are the bars at whose close the design shut the account out."""

    equity: Floats
    held: Floats
    wanted: Floats
    halts: tuple[int, ...]


def play(account: Account, breaker: Breaker, told: Callable[[int], None] = lambda _: None) -> Played:
    """Run the design bar by bar. `told` hears each bar's number."""
    moves, paid = _moves(account), _paid(account)
    targets, close, known = account.weights, account.bars.close, account.bars.known_ms
    equity, held = np.ones(len(known)), np.zeros(len(known))
    fraction = ordered = 1.0
    was_halted, value, halts = False, 1.0, []
    for i in range(len(known)):
        if i:
            value = max(value * (1.0 + fraction * moves[i]), RUIN)
            value = max(value * (1.0 - _cost(paid, i, fraction, ordered)), RUIN)
            fraction = ordered
        equity[i], held[i] = value, fraction
        wish = breaker.decide(Seen(int(known[i]), value, moves[i], targets[i], close[i]))
        ordered = min(max(wish.fraction, 0.0), 1.0)
        if wish.halted and not was_halted:
            halts.append(i)
        was_halted = wish.halted
        told(i)
    wanted = np.abs(_holding(account)).sum(axis=1)
    return Played(equity, held * wanted, wanted, tuple(halts))


@dataclass(frozen=True, slots=True)
class _Paid:
    """What trading costs at each close, as a fraction of the equity: of the whole new exposure, and of each
    leg where the account itself turns."""

    whole: list[float]
    turns: dict[int, tuple[Floats, Floats, Floats]]


def _cost(paid: _Paid, i: int, before: float, after: float) -> float:
    """At close i the account goes from `before` of its old exposure to `after` of its new one."""
    if i in paid.turns:
        old, new, unit = paid.turns[i]
        return float((np.abs(after * new - before * old) * unit).sum())
    return abs(after - before) * paid.whole[i]


def _holding(account: Account) -> Floats:
    """The unprotected account's exposure from close i to i + 1: what it wanted when bar i - 1 was known. It
    starts invested, without a cost."""
    return np.concatenate([account.weights[:1], account.weights[:-1]])


def _moves(account: Account) -> list[float]:
    """What the unprotected account gains over each bar, before costs."""
    close, holding = account.bars.close, _holding(account)
    moves = np.zeros(len(close))
    moves[1:] = (holding[:-1] * (close[1:] / close[:-1] - 1.0)).sum(axis=1)
    return [float(move) for move in moves]


def _paid(account: Account) -> _Paid:
    holding = _holding(account)
    unit = COST + RANGE_COST * account.bars.span
    whole = (np.abs(holding) * unit).sum(axis=1)
    turned = np.flatnonzero((holding[1:] != holding[:-1]).any(axis=1)) + 1
    turns = {int(i): (holding[i - 1], holding[i], unit[i]) for i in turned}
    return _Paid([float(cost) for cost in whole], turns)
