"""M05 profit_factor: what closing orders won over what they lost, within the rule's window.

Formula: sum of the gains / -(sum of the losses) of the orders whose last closing fill is in (now - W, now],
each with its realised P&L less fee, over all fills of the order, in the reporting currency at the prices of
the newest wallet. A fee in another currency than the P&L is left out. At most 100, which it is where nothing
was lost, too. What the venue closed by force counts, what guardian closed does not (losing_closes.py).
Below 1 the closes lost money on balance; nothing of what is still open is in it.

Unit: multiple, for rules with `under`. Needs the fills. A quotient of half the rows proves nothing in either
direction: Unknown until fills have been asked for, while watching began inside the window (warming), where
fills were forgotten (500, or older than 25 hours), and while a close of the window tells no realised P&L
(Bybit tells it where executions bear `execPnl`) or settles in a coin that no wallet has priced. Also Unknown
of fewer than 10 closing orders if one of them lost: a day's first loss is no strategy that has failed.
It is a behaviour: what was lost is in `realised_loss`.
Source: metrics.md M05; LowProfitPairs of freqtrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.metrics.exposure import DOLLARS, settle_prices
from guardian.core.metrics.losing_closes import closing_orders
from guardian.core.metrics.losing_streak import made, settle_of
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.within import filled_at, gap, start_of
from guardian.core.model import Known, Measured, Unknown

HIGHEST = 100.0
LEAST = 10
"""Closing orders: with fewer a quotient is chance."""


def profit_factor(closes: Iterable[float]) -> float:
    """Gains over losses; without a loss, and above it, `HIGHEST`."""
    nets = list(closes)
    lost = -sum(net for net in nets if net < 0)
    won = sum(net for net in nets if net > 0)
    return min(won / lost, HIGHEST) if lost > 0 else HIGHEST


def measure(view: View) -> Measured:
    doings, start = view.account.doings, start_of(view)
    if doings is None or doings.filled_at is None:
        return Unknown("no fills read yet", warming=True)
    missing = gap(doings, doings.fills, start)
    if missing is not None:
        return Unknown(missing[0], warming=missing[1])
    prices = settle_prices(view.account.evidence.wallet)
    nets = [_net(order, prices) for order in closing_orders(doings.fills, start)]
    told = [net for net in nets if net is not None]
    if len(told) < len(nets):
        silent = len(nets) - len(told)
        return Unknown(f"{silent} of {len(nets)} closing orders tell no P&L, or in a coin without a price")
    if len(told) < LEAST and any(net < 0 for net in told):
        return Unknown(f"only {len(told)} closing orders of {LEAST}")
    return Known(profit_factor(told))


def _net(order: Iterable[Fill], prices: Mapping[str, Decimal]) -> float | None:
    """What one order made, in the reporting currency; None where that is not told."""
    net = 0.0
    for fill in order:
        settle, part = settle_of(fill), made(fill)
        price = prices.get(settle, Decimal(1) if settle in DOLLARS else None)
        if part is None or price is None:
            return None
        net += part * float(price)
    return net


METRIC = Metric(
    "profit_factor",
    "multiple",
    "behaviour",
    ("sliding",),
    (),
    measure,
    aged=filled_at,
    reads=(),
    low=True,
)
