"""M34, M35: the other book that an account is compared with, and what both hold as weights of their equity.

A holding is compared with what its copy was when the twin last traded it, by the two equities of then: money
that is paid in or out of either account trades nothing, and no more does what both earn. What the twin adds
is copied by the equities of its own moment, what it closes takes its part of the copy with it, and the first
word on a twin is taken as if all of it were traded just then.

Live positions count by symbol, the legs of a hedge netted. A unit of a symbol is worth, by the first that is
known: the account's own position at mark, else the quote's mark, of a contract of one base unit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from guardian.core.facts.telemetry import Copied, Telemetry, Twin, Words
from guardian.core.frozen import replace
from guardian.core.memory import Nav
from guardian.core.metrics.exposure import settle_price, settle_prices
from guardian.core.metrics.metric import View
from guardian.core.metrics.stack import fold_telemetry
from guardian.core.metrics.tracking import fold_tracked
from guardian.core.state import AccountState


def fold_told(account: AccountState, told: Telemetry, at: datetime) -> AccountState:
    """The account after one message of its stack, which came at `at`."""
    known = account.stack
    stack = fold_telemetry(known, told, at)
    if stack.twins == known.twins and (known.copied or not any(twin.holdings for twin in stack.twins)):
        return replace(account, stack=stack)
    words = known.words
    if words is None or words.at != at:
        words = Words(at, known.twins, known.copied, known.tracked)
    return after_words(replace(account, stack=replace(stack, words=words)))


def before_words(account: AccountState, at: datetime) -> AccountState:
    """The account before a read that came at `at`: words of an older instant are settled."""
    words = account.stack.words
    if words is None or words.at == at:
        return account
    return replace(account, stack=replace(account.stack, words=None))


def after_words(account: AccountState) -> AccountState:
    """With what the newest words make of the twins, beside the newest read of their instant."""
    stack, words = account.stack, account.stack.words
    if words is None:
        return account
    before, paper = (_of_kind(twins, "paper") for twins in (words.twins, stack.twins))
    tracked = words.tracked
    if paper is not None and paper != before:
        was = replace(account, stack=replace(stack, tracked=tracked))
        tracked = fold_tracked(was, before, paper)
    copied = (each for twin in stack.twins for each in _copied(account, words.copied, twin))
    return replace(account, stack=replace(stack, copied=tuple(copied), tracked=tracked))


def _copied(account: AccountState, before: tuple[Copied, ...], twin: Twin) -> list[Copied]:
    """What the newest word on a twin makes of all that it holds."""
    known = {each.symbol: each for each in before if each.kind == twin.kind}
    now = equities(account.nav, twin)
    return [Copied(twin.kind, s, held, _ratio(known.get(s), held, now)) for s, held in twin.holdings if held]


def equities(nav: Nav | None, twin: Twin) -> Decimal | None:
    """The account's equity over the twin's, now; None where either is not known."""
    known = nav is not None and nav.agreed and nav.equity > 0 and twin.equity > 0
    return nav.equity / twin.equity if nav is not None and known else None


def _ratio(before: Copied | None, held: Decimal, now: Decimal | None) -> Decimal | None:
    """Of all that is held, after the twin's holding of a symbol has become `held`."""
    if before is None or before.ratio is None or before.quantity * held < 0:
        return now
    added = abs(held) - abs(before.quantity)
    if added <= 0 or now is None:
        return before.ratio
    return (abs(before.quantity) * before.ratio + added * now) / abs(held)


def copies(view: View, twin: Twin) -> dict[str, Decimal]:
    """Signed contracts that the account would hold of each symbol, if it had copied the twin exactly."""
    known = {each.symbol: each.ratio for each in view.account.stack.copied if each.kind == twin.kind}
    now, scale = equities(view.account.nav, twin) or Decimal(0), Decimal(str(twin.multiplier))
    return {symbol: held * scale * (known.get(symbol) or now) for symbol, held in twin.holdings}


def twin_of(view: View, kind: str) -> Twin | None:
    return _of_kind(view.account.stack.twins, kind)


def _of_kind(twins: tuple[Twin, ...], kind: str) -> Twin | None:
    return next((twin for twin in twins if twin.kind == kind), None)


def told_at(kind: str) -> Callable[[View], datetime | None]:
    """`Metric.aged` of what reads this twin."""

    def aged(view: View) -> datetime | None:
        twin = twin_of(view, kind)
        return twin.at if twin else None

    return aged


def live_holdings(view: View) -> dict[str, Decimal]:
    """Signed contracts by symbol."""
    held: dict[str, Decimal] = {}
    for p in view.account.evidence.positions:
        held[p.symbol] = held.get(p.symbol, Decimal(0)) + p.quantity
    return held


def units(view: View) -> dict[str, Decimal]:
    """What one contract of a symbol is worth, in the reporting currency."""
    prices = settle_prices(view.account.evidence.wallet)
    found = {q.symbol: q.mark for q in view.account.markets.quotes}
    for p in view.account.evidence.positions:
        if p.quantity:
            found[p.symbol] = p.notional / p.quantity * settle_price(p, prices)
    return found
