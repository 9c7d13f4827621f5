"""M07 unattributed_share: the part of what was traded that is no strategy's, by worth.

Formula: worth of fills in (now - W, now] whose client id begins with none of `bot.order_prefix`, over that of
all; without guardian's own, and without what the venue itself made: an attached stop, a liquidation. Worth is
in the quote currency of each, at its price in the wallet (1 where it has none). Unit: fraction. Needs wallet
and an answer about fills.

What no strategy owns counts for none of them, and their losses look smaller than the account's: more than 1 %
is worth a look. Known (0) without a fill. Unknown without prefixes, while watching began inside the window,
and where fills of it were forgotten: of a part nobody knows the rest.
Its family is behaviour; somebody else's hand is `foreign_activity`.
Source: metrics.md M07.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.metrics.exposure import settle_prices
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.strategy_pnl import quote_of
from guardian.core.metrics.within import filled_at, fills_since, gap, start_of
from guardian.core.model import Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    doings, prefixes = view.account.doings, view.account.policy.order_prefixes
    if doings is None:
        return Unknown("no fills read yet", warming=True)
    if not prefixes:
        return Unknown("no bot.order_prefix says which fills are a strategy's")
    start = start_of(view)
    missing = gap(doings, doings.fills, start)
    if missing:
        return Unknown(missing[0], warming=missing[1])
    fills = [f for f in fills_since(doings, start) if f.client_id or not f.origin]
    prices = settle_prices(view.account.evidence.wallet)
    whole = sum((_worth(f, prices) for f in fills), Decimal(0))
    nobodys = sum((_worth(f, prices) for f in fills if not f.client_id.startswith(prefixes)), Decimal(0))
    return Known(float(nobodys / whole) if whole else 0.0)


def _worth(fill: Fill, prices: dict[str, Decimal]) -> Decimal:
    return fill.worth * prices.get(quote_of(fill.symbol), Decimal(1))


METRIC = Metric(
    "unattributed_share",
    "fraction",
    "behaviour",
    ("sliding",),
    (Part.WALLET,),
    measure,
    aged=filled_at,
    reads=(),
)
