"""Exposures for risk: what `exposure.by_asset` tells, as floats, repriced while nothing but marks has moved.

Between two trades a read brings new marks of the same positions. What a price of 1 would make each of them
worth is remembered of an account; its product with the mark is the exposure. Where that is not all there is
(inverse contracts, several legs of an asset, coins in the wallet), the exposure is asked for anew. The two
ways agree to a rounding or two: `by_asset` rounds once, after the product.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from guardian.core.metrics.exposure import ONE, base_of, by_asset, is_money
from guardian.core.metrics.following import marks_of
from guardian.core.metrics.remembered import newest_of
from guardian.core.model import Position, Wallet
from guardian.core.state import AccountState

Floats = NDArray[np.float64]
Names = tuple[str, ...]
Size = tuple[bool, str, str, Decimal, Decimal]
"""Whether it is inverse, the symbol, what it settles in, the quantity and the size of a contract."""

Prices = tuple[tuple[str, Decimal], ...]

_size_of: Callable[[Position], Size] = attrgetter("inverse", "symbol", "settle", "quantity", "contract_size")


def exposures(account: AccountState) -> tuple[Names, Floats]:
    """The assets in alphabetical order, and how much of each is held: signed, in the reporting currency."""
    positions, wallet, policy = account.evidence.positions, account.evidence.wallet, account.policy
    if not _coins(wallet, policy.currency):
        found = _units(policy.name, tuple(map(_size_of, positions)), _prices(wallet))
        if found is not None:
            names, places, units = found
            marks = np.fromiter(marks_of(positions), float, len(positions))
            return names, units * marks.take(places)
    exposed = by_asset(positions, wallet, policy.currency)
    names = _alphabetical(tuple(exposed))
    return names, np.array([float(exposed[name]) for name in names], dtype=float)


def _coins(wallet: Wallet | None, currency: str) -> bool:
    for b in wallet.balances if wallet else ():
        if b.currency != currency and b.quantity and not is_money(b, currency):
            return True
    return False


def _prices(wallet: Wallet | None) -> Prices:
    """Those of `settle_prices`, to be compared."""
    return tuple([(b.currency, b.price) for b in wallet.balances if b.price]) if wallet else ()


@newest_of
def _units(
    owner: str, sizes: tuple[Size, ...], prices: Prices
) -> tuple[Names, NDArray[np.intp], Floats] | None:
    """The assets in alphabetical order, the place of each among the positions, and its worth at a mark of 1.

    None where that is not all there is to it: an inverse contract, or several legs of an asset, which are
    netted before they are numbers.
    """
    assets = [base_of(symbol) for _, symbol, *_ in sizes]
    if not assets or len(set(assets)) < len(assets) or any(inverse for inverse, *_ in sizes):
        return None
    names = _alphabetical(tuple(assets))
    places = np.array([assets.index(name) for name in names])
    listed = dict(prices)
    units = [float(quantity * size * listed.get(settle, ONE)) for _, _, settle, quantity, size in sizes]
    return names, places, np.array(units).take(places)


@lru_cache(maxsize=1024)
def _alphabetical(names: Names) -> Names:
    return tuple(sorted(names))
