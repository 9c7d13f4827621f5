"""M34 paper_vs_live: how far the account's positions are from those of its paper twin, in weights.

Formula: half the sum over symbols of |n_live - n_copy| / E_live, n the signed notional at one mark, the copy
being q_paper m E_live / E_paper contracts, m the twin's multiplier and the equities those of when paper last
traded the symbol (twins.py): the part of the equity that would have to be traded to hold the same. Money that
is paid in or out of either is no difference. Unit: multiple of equity.

Needs wallet and positions, and the twin `paper` by telemetry: never told is Unknown. AtLeast where a symbol
of the twin has no price here; Unknown while the equity is disputed.

What both earned is compared by tracking_difference. Its family is behaviour.
Source: metrics.md M34.
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.twins import copies, live_holdings, told_at, twin_of, units
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def distance(live: dict[str, float], paper: dict[str, float]) -> float:
    symbols = sorted({*live, *paper})
    return sum(abs(live.get(s, 0.0) - paper.get(s, 0.0)) for s in symbols) / 2


def measure(view: View) -> Measured:
    twin, nav = twin_of(view, "paper"), view.account.nav
    if twin is None or nav is None:
        return Unknown("no paper account told" if nav else "no equity read yet", warming=True)
    if not nav.agreed or nav.equity <= 0:
        return Unknown("the two accounts of the equity differ" if nav.equity > 0 else "no equity left")
    if twin.equity <= 0:
        return Unknown("the paper account has no equity")
    worth = units(view)
    live = {s: float(q * worth[s] / nav.equity) for s, q in live_holdings(view).items() if q}
    paper = {s: float(q * worth[s] / nav.equity) for s, q in copies(view, twin).items() if s in worth}
    unpriced = [s for s, quantity in twin.holdings if quantity and s not in worth]
    value = distance(live, paper)
    return AtLeast(value, f"no price of {unpriced[0]}") if unpriced else Known(value)


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric("paper_vs_live", "multiple", "behaviour", ("none",), NEEDS, measure, aged=told_at("paper"))
