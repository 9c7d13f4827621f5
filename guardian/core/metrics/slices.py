"""Parts of one account: what a rule of scope symbol, cluster or strategy looks at, each part by itself.

A slice is the account with only the positions and orders of its symbols and the coins of their assets; the
equity stays that of the whole account, so that a limit is a multiple of what can be lost. Coins of the wallet
are a holding as a contract is: each contract counts them in its asset, and coins without a contract are a
slice of their own. It is named by the markets in which the reporting currency buys more of the asset,
"BTC/USDT" and "BTC/USDT:USDT", beside those in which it has orders; a contract's slice by its symbol and by
the asset's spot markets: once it is halted, an order in any of them is new risk. The assets that a rule of
scope cluster names in `of` are one cluster, with all that moves with any of them. Of a strategy it is the
whole account under a rule of that strategy, whose symbols are those that it holds or has traded; an account
without prefixes is one strategy.
"""

from __future__ import annotations

from functools import lru_cache

from guardian.core.frozen import replace
from guardian.core.metrics.cluster_exposure import declared_in
from guardian.core.metrics.clusters import united
from guardian.core.metrics.exposure import NOTHING, base_of
from guardian.core.metrics.metric import View
from guardian.core.metrics.strategy_course import traded_by
from guardian.core.metrics.within import start_of
from guardian.core.model import Balance, Rule
from guardian.core.state import AccountState

SLICES = frozenset({"symbol", "cluster", "strategy"})
Symbols = tuple[str, ...]


def parts(view: View) -> tuple[tuple[Symbols, View], ...]:
    """The symbols of each part, and what a metric may look at of it, by name."""
    account, rule = view.account, view.rule
    if rule.scope == "strategy":
        return tuple(
            (traded_by(account, name, start_of(view)), replace(view, rule=replace(rule, of=name)))
            for name in _strategies(account, rule)
        )
    return tuple(
        [
            (symbols, view if part is account else replace(view, account=part))
            for symbols, part in slices(account, rule)
        ]
    )


def _strategies(account: AccountState, rule: Rule) -> Symbols:
    """Prefixes of client order ids; "", which all begin with, where an account without them is one itself."""
    prefixes, own = account.policy.order_prefixes, account.policy.name
    names = rule.only or prefixes or (own,)
    return tuple("" if name == own and not prefixes else name for name in names)


def slices(account: AccountState, rule: Rule) -> tuple[tuple[Symbols, AccountState], ...]:
    """The symbols of each part, and the account as far as it consists of them, by name."""
    known = _known(account)
    wanted = _wanted(*known, rule.only)
    if rule.scope == "symbol":
        return tuple([(part, sliced(account, part)) for part in wanted])
    markets, meant = _markets(*known), {symbol for part in wanted for symbol in part}
    declared = tuple([asset for asset in declared_in(rule) if asset in markets])
    groups = [_of(group, markets) for group in _clusters(account, tuple(markets), declared)]
    return tuple((group, sliced(account, group)) for group in groups if not meant.isdisjoint(group))


def sliced(account: AccountState, symbols: Symbols) -> AccountState:
    """The account as far as it consists of these; of none: the reporting currency alone."""
    evidence = account.evidence
    positions = tuple([p for p in evidence.positions if p.symbol in symbols])
    orders = tuple([o for o in evidence.orders if o.symbol in symbols])
    wallet = evidence.wallet
    whole = _assets_of(symbols, account.policy.currency)
    uncut = len(positions) == len(evidence.positions) and len(orders) == len(evidence.orders)
    if uncut and not [b for b in (wallet.balances if wallet else ()) if b.currency not in whole]:
        return account  # of one market there is one part, and what is known of the whole is known of it
    if wallet is not None:
        # What a leg settles in is no part of it, but its price is: without one a coin would count as 1.
        priced = {p.settle for p in positions} | {o.settle for o in orders}
        kept = tuple(
            b if b.currency in whole else Balance(b.currency, NOTHING, b.price)
            for b in wallet.balances
            if b.currency in whole or b.currency in priced
        )
        wallet = replace(wallet, balances=kept)
    return replace(account, evidence=replace(evidence, wallet=wallet, positions=positions, orders=orders))


@lru_cache(maxsize=1024)
def _assets_of(symbols: Symbols, currency: str) -> frozenset[str]:
    return frozenset({currency, *map(base_of, symbols)})


def _known(account: AccountState) -> tuple[Symbols, Symbols, str]:
    """The symbols that are held or ordered, the coins of the wallet, and the reporting currency."""
    evidence, currency = account.evidence, account.policy.currency
    symbols = [p.symbol for p in evidence.positions] + [o.symbol for o in evidence.orders]
    balances = evidence.wallet.balances if evidence.wallet is not None else ()
    coins = [b.currency for b in balances if b.quantity and b.currency != currency]
    return tuple(symbols), tuple(coins), currency


@lru_cache(maxsize=1024)
def _markets(symbols: Symbols, coins: Symbols, currency: str) -> dict[str, list[Symbols]]:
    """The parts of each asset that is held or ordered: each contract, or where there is none its coins.

    Made of names alone and remembered: what is held and ordered seldom changes between two looks.
    """
    traded: dict[str, set[str]] = {}
    for symbol in symbols:
        traded.setdefault(base_of(symbol), set()).add(symbol)
    return {
        asset: _parts_of(asset, traded.get(asset, set()), currency if asset in coins else "")
        for asset in sorted({*coins, *traded})
    }


@lru_cache(maxsize=1024)
def _wanted(symbols: Symbols, coins: Symbols, currency: str, only: Symbols) -> list[Symbols]:
    """The parts that a rule is about, by name."""
    parts = [part for each in _markets(symbols, coins, currency).values() for part in each]
    return sorted([part for part in parts if _named(part, only)])


def _parts_of(asset: str, traded: set[str], bought_with: str) -> list[Symbols]:
    """`bought_with` is the reporting currency, where the wallet holds coins of the asset."""
    contracts = {symbol for symbol in traded if ":" in symbol}
    spot = traded - contracts
    if bought_with:
        spot.add(f"{asset}/{bought_with}")
    if not contracts:
        return [tuple(sorted(spot | ({f"{asset}/{bought_with}:{bought_with}"} if bought_with else set())))]
    return [tuple(sorted({contract, *spot})) for contract in sorted(contracts)]


def _named(part: Symbols, only: tuple[str, ...]) -> bool:
    return not only or any(symbol in only or base_of(symbol) in only for symbol in part)


def _of(group: tuple[str, ...], markets: dict[str, list[Symbols]]) -> Symbols:
    found = {symbol for asset in group for part in markets.get(asset, ()) for symbol in part}
    return tuple(sorted(found))


def _clusters(
    account: AccountState, assets: tuple[str, ...], declared: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """What moves together; without correlations everything does: to split it would call not knowing safe."""
    known = account.correlations.clusters if account.correlations is not None else ()
    loose = tuple(a for a in assets if a not in {asset for group in known for asset in group})
    # An asset whose price is not followed may move with any of them.
    return [tuple(sorted({*group, *loose})) for group in united(known, declared)] if known else [assets]
