"""Exposures for risk: what `exposure.by_asset` tells, as floats, repriced while nothing but marks has moved.

Between two trades a read brings new marks of the same positions. What a price of 1 would make each of them
worth is remembered of an account; its product with the mark is the exposure. Where that is not all there is
(inverse contracts, several legs of an asset, coins in the wallet), the exposure is asked for anew. The two
ways agree to a rounding or two: `by_asset` rounds once, after the product.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from guardian.core.metrics.exposure import ONE, base_of, by_asset, settle_prices
from guardian.core.metrics.following import marks_of
from guardian.core.metrics.remembered import newest_of
from guardian.core.model import Wallet
from guardian.core.state import AccountState

Floats = NDArray[np.float64]
Names = tuple[str, ...]
Sizes = tuple[tuple[Decimal, ...], tuple[Decimal, ...]]
"""The quantities and the contract sizes of the positions."""
Prices = tuple[tuple[str, Decimal], ...]


def exposures(account: AccountState) -> tuple[Names, Floats]:
    """The assets in alphabetical order, and how much of each is held: signed, in the reporting currency."""
    positions, wallet, policy = account.evidence.positions, account.evidence.wallet, account.policy
    if not _coins(wallet, policy.currency) and True not in [p.inverse for p in positions]:
        found = _units(
            policy.name,
            tuple([p.symbol for p in positions]),
            tuple([p.settle for p in positions]),
            (tuple([p.quantity for p in positions]), tuple([p.contract_size for p in positions])),
            tuple(settle_prices(wallet).items()),
        )
        if found is not None:
            names, places, units = found
            return names, units * np.array(marks_of(positions)).take(places)
    exposed = by_asset(positions, wallet, policy.currency)
    names = _alphabetical(tuple(exposed))
    return names, np.array([float(exposed[name]) for name in names], dtype=float)


def _coins(wallet: Wallet | None, currency: str) -> bool:
    return wallet is not None and any(b.quantity for b in wallet.balances if b.currency != currency)


@newest_of
def _units(
    owner: str, symbols: Names, settles: Names, sizes: Sizes, prices: Prices
) -> tuple[Names, NDArray[np.intp], Floats] | None:
    """The assets in alphabetical order, the place of each among the positions, and its worth at a mark of 1.

    None where an asset has several legs: they are netted before they are numbers.
    """
    assets = [base_of(symbol) for symbol in symbols]
    names = tuple(sorted(set(assets)))
    if not names or len(names) < len(assets):
        return None
    places = np.array([assets.index(name) for name in names])
    listed = dict(prices)
    legs = zip(*sizes, settles, strict=True)
    units = [float(quantity * size * listed.get(settle, ONE)) for quantity, size, settle in legs]
    return names, places, np.array(units).take(places)


@lru_cache(maxsize=1024)
def _alphabetical(names: Names) -> Names:
    return tuple(sorted(names))
