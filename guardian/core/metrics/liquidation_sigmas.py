"""M11 liquidation_sigmas: how many one-hour standard deviations away the venue's takeover is, at the nearest.

Formula: min(d_1 / sigma_1 .. d_n / sigma_n, (MB - MM) / sigma_E), at most 1,000. d_i is the distance of a
position to the liquidation price that the venue tells, at most 1, sigma_i one standard deviation of its
asset's return in an hour; MB - MM is the margin left above maintenance, sigma_E one of the account's gain in
an hour at the exposures of now. Sigmas are the larger of half-lives of a day and of a week, and a pair of
which no correlation is known counts against the account (holdings.py). 3 is one hour that goes three times as
far against the account as an ordinary one; an hour of a crisis goes many times as far as those before it.

Unit: count, for rules with `under`. Needs wallet and positions. Nothing held and nothing owed: 1,000. Unknown
before the first wallet, and (warming) until an asset has four hours of returns. The value is an upper bound,
which may fire and never clear (at_most.py), while over 1 % of gross exposure has no returns (the account's
sum then tells nothing), and where liquidation_distance.py has no more: the equity is disputed, or
the venue tells neither a maintenance margin nor a price.
Its family is forecast: a sigma is of what was, and the distance itself is a margin.
Source: metrics.md M11.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import sqrt

from guardian.core.metrics.at_most import at_most
from guardian.core.metrics.drawdown import disputed
from guardian.core.metrics.exposure import settle_price, settle_prices
from guardian.core.metrics.holdings import Holdings, holdings, large, measured_of
from guardian.core.metrics.liquidation_distance import nearest, owes, untold
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.returns import CELLS_AN_HOUR
from guardian.core.model import Known, Measured, Part, Position, Unknown, Wallet
from guardian.core.state import AccountState

FARTHEST = 1000.0
DAY_HOURS = 24

Sigmas = Mapping[str, float]


def hour_sigmas(account: AccountState) -> Sigmas:
    """By asset the standard deviation of an hour's return, where it is known."""
    if account.returns is None:
        return {}
    known = measured_of(account.returns)
    hours = (known.tail_sigmas * sqrt(CELLS_AN_HOUR)).tolist()
    return dict(zip(known.assets, hours, strict=True))


def nearest_leg(positions: tuple[Position, ...], sigmas: Sigmas) -> float:
    """The least of the distances in sigmas; `FARTHEST` where no position has both."""
    found = [nearest((p,)) / sigmas[p.base] for p in positions if p.base in sigmas and _told(p)]
    return min(found, default=FARTHEST)


def _told(position: Position) -> bool:
    return bool(position.quantity) and position.liquidation is not None and position.liquidation > 0


def whole(wallet: Wallet, balance: Decimal, hour_sigma: float) -> float:
    """How many sigmas of the account's gain use up the margin; as far as it is told (see `untold`)."""
    if wallet.maintenance_margin <= 0:
        # Gone with the equity at the latest, whatever part of it counts as margin.
        balance = max(balance, wallet.equity)
    left = float(balance - wallet.maintenance_margin)
    if left <= 0:
        return 0.0
    return left / hour_sigma if hour_sigma else FARTHEST


def unmeasured(account: AccountState, held: Holdings, sigmas: Sigmas) -> tuple[str, ...]:
    """The assets of which no sigma is known, netted or of the legs alone, but for 1 % of gross exposure."""
    prices, gross = settle_prices(account.evidence.wallet), dict[str, float]()
    for p in account.evidence.positions:
        gross[p.base] = gross.get(p.base, 0.0) + float(abs(p.notional) * settle_price(p, prices))
    legs = large([asset for asset in gross if asset not in sigmas], gross)
    return tuple(sorted({*legs, *held.unmeasured}))


def measure(view: View) -> Measured:
    account, nav = view.account, view.account.nav
    wallet, positions = account.evidence.wallet, account.evidence.positions
    if wallet is None:
        return Unknown("no wallet read yet", warming=True)
    if wallet.maintenance_margin <= 0 and not any(p.quantity for p in positions) and not owes(wallet):
        return Known(FARTHEST)
    sigmas, held = hour_sigmas(account), holdings(account)
    missing, balance = unmeasured(account, held, sigmas), wallet.margin_balance
    why = f"no returns of {', '.join(missing)}" if missing else untold(wallet, positions)
    why = why or ("" if sigmas else "no asset has four hours of returns yet")
    if nav is not None and not nav.agreed:
        why, balance = why or disputed(nav), max(balance, nav.equity)
    # What is not measured may hedge the rest: the sum of the others would be no bound.
    hour_sigma = 0.0 if missing else held.tail_day_sigma / sqrt(DAY_HOURS)
    found = min(FARTHEST, nearest_leg(positions, sigmas), whole(wallet, balance, hour_sigma))
    return at_most(found, why, view.rule, warming=not sigmas) if why else Known(found)


NEEDS, READS = (Part.WALLET, Part.POSITIONS), ("correlations", "returns")
METRIC = Metric("liquidation_sigmas", "count", "forecast", ("none",), NEEDS, measure, reads=READS, low=True)
