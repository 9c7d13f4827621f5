"""M18, all simulated days of a book of gross exposure 1: what is asked of them scales with the exposures.

The days are those of cvar.py: 24 hours in a row of each asset's past returns, over the sigma expected of them
then, times the sigma of now (a day's or a week's, the larger). Shares are rounded to a hundredth of gross, so
that a tick asks for the same book: what is computed of it for people is kept until shares, sigmas (once a
cell) or hours (once an hour) change. Nothing is judged by it; worst_days.py reprices what is held exactly.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from guardian.core.frozen import dataclass
from guardian.core.metrics.holdings import Floats, holdings
from guardian.core.metrics.returns import CELLS_AN_HOUR
from guardian.core.metrics.scenarios import losses, standard_days
from guardian.core.metrics.worst_days import LEAST_DAYS
from guardian.core.state import AccountState

SHARE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Shares:
    """A book in shares of its gross exposure; of assets that have a sigma.

    `key` is what the simulated days follow from: the sigmas of the assets, and their signed shares.
    """

    series: tuple[str, ...]
    key: tuple[bytes, bytes]
    gross: float
    equity: float


def shares_of(account: AccountState) -> Shares | None:
    """None without equity, and where nothing is held of which a sigma is known."""
    nav, held = account.nav, holdings(account)
    gross = float(np.abs(held.worth).sum())
    if nav is None or nav.equity <= 0 or not gross:
        return None
    key = held.known.tail_sigmas.tobytes(), np.round(held.worth / gross, SHARE_DIGITS).tobytes()
    return Shares(held.known.series, key, gross, float(nav.equity))


def simulated(series: tuple[str, ...], key: tuple[bytes, bytes]) -> tuple[Floats, tuple[str, ...]] | None:
    """What each day loses, and the hours that the days are made of; None with under 250 days."""
    long = [i for i, own in enumerate(series) if len(standard_days((own,))) >= LEAST_DAYS]
    hours = tuple(series[i] for i in long)
    days = standard_days(hours) if long else np.empty((0, 0))
    if len(days) < LEAST_DAYS:
        return None
    sigmas, shares = (np.frombuffer(told)[long] for told in key)
    return losses(shares, sigmas * sqrt(CELLS_AN_HOUR), days), hours
