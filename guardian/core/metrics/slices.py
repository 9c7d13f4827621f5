"""Parts of one account: what a rule of scope symbol, cluster or strategy looks at, each part by itself.

A slice is the account with only the positions and orders of its symbols and the coins of their assets; the
equity stays that of the whole account, so that a limit is a multiple of what can be lost. Of a strategy it is
the whole account under a rule of that strategy, whose symbols are those that it holds or has traded.
"""

from __future__ import annotations

from guardian.core.frozen import replace
from guardian.core.metrics.metric import View
from guardian.core.metrics.strategy_course import traded_by
from guardian.core.metrics.within import start_of
from guardian.core.model import Rule
from guardian.core.state import AccountState

SLICES = ("symbol", "cluster", "strategy")
Symbols = tuple[str, ...]


def parts(view: View) -> tuple[tuple[Symbols, View], ...]:
    """The symbols of each part, and what a metric may look at of it, by name."""
    account, rule = view.account, view.rule
    if rule.scope == "strategy":
        names = rule.only or account.policy.order_prefixes
        return tuple(
            (traded_by(account, name, start_of(view)), replace(view, rule=replace(rule, of=name)))
            for name in names
        )
    return tuple((symbols, replace(view, account=part)) for symbols, part in slices(account, rule))


def slices(account: AccountState, rule: Rule) -> tuple[tuple[Symbols, AccountState], ...]:
    """The symbols of each part, and the account as far as it consists of them, by name."""
    evidence = account.evidence
    held = sorted({p.symbol for p in evidence.positions} | {o.symbol for o in evidence.orders})
    wanted = [symbol for symbol in held if not rule.only or symbol in rule.only or _base(symbol) in rule.only]
    if rule.scope == "symbol":
        return tuple(((symbol,), sliced(account, (symbol,))) for symbol in wanted)
    groups = [_of(group, held) for group in _clusters(account)]
    return tuple((group, sliced(account, group)) for group in groups if set(group) & set(wanted))


def sliced(account: AccountState, symbols: Symbols) -> AccountState:
    evidence, assets = account.evidence, {_base(symbol) for symbol in symbols}
    wallet = evidence.wallet
    if wallet is not None:
        currency = account.policy.currency
        kept = tuple(b for b in wallet.balances if b.currency in assets or b.currency == currency)
        wallet = replace(wallet, balances=kept)
    evidence = replace(
        evidence,
        wallet=wallet,
        positions=tuple(p for p in evidence.positions if p.symbol in symbols),
        orders=tuple(o for o in evidence.orders if o.symbol in symbols),
    )
    return replace(account, evidence=evidence)


def _base(symbol: str) -> str:
    return symbol.split("/")[0]


def _of(assets: tuple[str, ...], held: list[str]) -> Symbols:
    return tuple(symbol for symbol in held if _base(symbol) in assets)


def _clusters(account: AccountState) -> list[tuple[str, ...]]:
    """What moves together; without correlations everything does: to split it would call not knowing safe."""
    positions, orders = account.evidence.positions, account.evidence.orders
    assets = sorted({p.base for p in positions} | {o.base for o in orders})
    known = account.correlations.clusters if account.correlations is not None else ()
    loose = tuple(a for a in assets if a not in {asset for group in known for asset in group})
    # An asset whose price is not followed may move with any of them.
    return [tuple(sorted({*group, *loose})) for group in known] or [tuple(assets)]
