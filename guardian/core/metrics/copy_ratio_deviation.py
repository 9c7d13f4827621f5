"""M35 copy_ratio_deviation: how far a copied position is from its share of the master's.

Formula: max over symbols of |q_f - q| / max(|q|, step), q = q_m m E_f / E_m rounded towards zero to the lot
step, and 0 below the venue's smallest order; m is the twin's multiplier. E_f / E_m is that of when the master
last traded the symbol (twins.py): a deposit or a withdrawal on either side is no deviation, and a copier that
resizes for one deviates until the master's next trade. Unit: fraction (0.12: 12 % off).

Needs wallet and positions, and the twin `master` by telemetry: never told is Unknown, and Unknown while the
equity is disputed. Where the account holds nothing of a symbol its step is not known: what should be held
counts as missing (1) from 200 of the quote currency on, and below that as too small to copy. AtLeast where
such a symbol has no price.

`fixed_ratio_size` is the other "fixed ratio": Ryan Jones's number of contracts after a profit.
Source: metrics.md M35; R. Jones, The Trading Game, 1999.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from math import floor, sqrt

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.twins import copies, live_holdings, told_at, twin_of, units
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

SURELY_TRADABLE = Decimal(200)
"""Above every venue's smallest order of what is worth copying."""


def tradable(whole: Decimal, step: Decimal, minimum: Decimal) -> Decimal:
    """As many contracts of these as the venue would trade."""
    rounded = (whole / step).to_integral_value(ROUND_DOWN) * step if step > 0 else whole
    return rounded if abs(rounded) >= minimum else Decimal(0)


def deviation(held: Decimal, wanted: Decimal, step: Decimal) -> float:
    """Signed: negative is too little."""
    base = max(abs(wanted), step)
    if base <= 0:
        return 0.0 if held == wanted else 1.0
    return float((abs(held) - abs(wanted) if held * wanted >= 0 else -abs(held - wanted)) / base)


def fixed_ratio_size(profit: float, delta: float) -> int:
    """N = floor((1 + sqrt(1 + 8 P / delta)) / 2), at least one contract."""
    return max(1, floor((1 + sqrt(1 + 8 * max(profit, 0.0) / delta)) / 2))


def measure(view: View) -> Measured:
    twin, nav = twin_of(view, "master"), view.account.nav
    if twin is None or nav is None:
        return Unknown("no master account told" if nav else "no equity read yet", warming=True)
    if not nav.agreed or nav.equity <= 0:
        return Unknown("the two accounts of the equity differ" if nav.equity > 0 else "no equity left")
    if twin.equity <= 0:
        return Unknown("the master account has no equity")
    found, unpriced = _deviations(view, copies(view, twin))
    value = max(map(abs, found), default=0.0)
    return AtLeast(value, f"no price of {unpriced}") if unpriced else Known(value)


def _deviations(view: View, copy: dict[str, Decimal]) -> tuple[list[float], str]:
    lots = {p.symbol: p for p in view.account.evidence.positions}
    held, worth = live_holdings(view), units(view)
    found, unpriced = [], ""
    for symbol in sorted({*copy, *held}):
        whole, ours = copy.get(symbol, Decimal(0)), held.get(symbol, Decimal(0))
        if symbol in lots:
            lot = lots[symbol]
            wanted = tradable(whole, lot.step, lot.minimum)
            found.append(deviation(ours, wanted, lot.step))
        elif whole and symbol not in worth:
            unpriced = unpriced or symbol
        elif whole:
            found.append(1.0 if abs(whole) * worth[symbol] >= SURELY_TRADABLE else 0.0)
    return found, unpriced


METRIC = Metric(
    "copy_ratio_deviation",
    "fraction",
    "behaviour",
    ("none",),
    (Part.WALLET, Part.POSITIONS),
    measure,
    aged=told_at("master"),
)
