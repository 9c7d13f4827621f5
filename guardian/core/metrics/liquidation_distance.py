"""M11 liquidation_distance: the smallest move against the account after which the venue takes over.

Formula: min(d_1 .. d_n, |s*|), each at most 1. d_i = side (P - P_liq) / P of every position whose
liquidation price the venue tells. s* is the common shock that uses up the margin: every price moves by the
same fraction s, and MB + s sum n_i = MM (1 + s), so that s* = -(MB - MM) / (sum n_i - MM), with MB the
margin balance, MM the maintenance margin and n_i the signed exposure of each asset, coins included. It is of
first order: an inverse contract gets worse faster than it says.

A position that is margined alone is taken over by its own margin, at a price that only the venue tells: what
was set aside for each is in no read. One without that price may be nearer than all that is known; where the
venue tells its maintenance margin and no price, no price reaches it (margin_ratio.py).

Where the venue tells no maintenance margin (it is 0), MM = 0 gives where the equity is gone, an upper bound:
no venue waits longer. It is all that is known of an account that holds a contract of which no price is told
either, or that owes something: a maintenance margin of 0 is then no evidence that there is none. Where every
contract tells its price, the smallest of all is the distance. Coins without a debt are never taken over.

Unit: fraction, for rules with `under`: 0.1 is ten percent away. Needs wallet and positions. Nothing held: 1.
Unknown before the first wallet. While the two accounts of the equity differ (the larger balance counts), or
where nothing else is told, the value is an upper bound: it may fire, never clear (at_most.py).
Auto-deleveraging and what the insurance fund cannot pay close earlier.
Source: metrics.md M11.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.at_most import at_most
from guardian.core.metrics.drawdown import disputed
from guardian.core.metrics.exposure import NOTHING, by_asset
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Part, Position, Unknown, Wallet

FARTHEST = 1.0
DUST = Decimal("0.001")
"""What is owed below this fraction of the equity, interest of a moment, is no debt."""


def common_shock(balance: float, maintenance: float, net: float) -> float | None:
    """s*: the signed move of every price at which the margin is used up; None where no such move exists."""
    if balance <= maintenance:
        return 0.0
    slope = net - maintenance
    return -(balance - maintenance) / slope if slope else None


def nearest(positions: tuple[Position, ...]) -> float:
    """The least of the distances that the venue tells, at most 1."""
    told = [
        float((p.mark - p.liquidation) / p.mark * (1 if p.quantity > 0 else -1))
        for p in positions
        if p.quantity and p.liquidation is not None and p.liquidation > 0
    ]
    return max(0.0, min(told, default=FARTHEST))


def owes(wallet: Wallet) -> bool:
    return any(-b.quantity * b.price > DUST * wallet.equity for b in wallet.balances if b.quantity < 0)


def untold(wallet: Wallet, positions: tuple[Position, ...]) -> str:
    """What the venue may take over without telling when, in words; "" where it tells, or nothing is there."""
    held = [p for p in positions if p.quantity]
    alone = [p.symbol for p in held if wallet.isolated and p.liquidation is None and p.maintenance is None]
    if alone:
        return f"isolated, and the venue tells no liquidation price of {alone[0]}"
    if wallet.maintenance_margin > 0:
        return ""
    silent = [p.symbol for p in held if p.liquidation is None or p.liquidation <= 0]
    if silent:
        return f"the venue tells no maintenance margin and no liquidation price of {silent[0]}"
    return "the venue tells no maintenance margin of what is owed" if not held and owes(wallet) else ""


def distance(wallet: Wallet, balance: Decimal, positions: tuple[Position, ...], currency: str) -> float:
    net = sum(by_asset(positions, wallet, currency).values(), NOTHING)
    if wallet.maintenance_margin > 0:
        shock = common_shock(float(balance), float(wallet.maintenance_margin), float(net))
    elif any(p.quantity for p in positions) or owes(wallet):
        # Gone with the equity at the latest, whatever part of it counts as margin.
        shock = common_shock(float(max(balance, wallet.equity)), 0.0, float(net))
    else:
        return FARTHEST
    return min(FARTHEST, nearest(positions), FARTHEST if shock is None else abs(shock))


def measure(view: View) -> Measured:
    evidence, nav = view.account.evidence, view.account.nav
    wallet = evidence.wallet
    if wallet is None:
        return Unknown("no wallet read yet", warming=True)
    why, balance = untold(wallet, evidence.positions), wallet.margin_balance
    if nav is not None and not nav.agreed:
        why, balance = why or disputed(nav), max(balance, nav.equity)
    found = distance(wallet, balance, evidence.positions, view.account.policy.currency)
    return at_most(found, why, view.rule) if why else Known(found)


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric("liquidation_distance", "fraction", "margin", ("none",), NEEDS, measure, reads=(), low=True)
