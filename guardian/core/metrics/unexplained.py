"""M33 (first form) unexplained: how far the wallet's equity is from what ledger and positions explain.

Formula: |raw - explained| / max of both. A transfer that the ledger shows late, or a phantom read, appears
here and heals; a rest that stays is an integrity breach.

An account whose wallet and positions have never agreed has no NAV, and no loss rule can begin (nav.py): there
it is how far the newest wallet's equity is from its own balances and the positions' open P&L.

Unit: fraction of the larger. Needs wallet and positions. Unknown while the wallet is unread, and until the
first complete read; a wallet whose two equities are both dust is 0. Its family is integrity.
Source: metrics.md M01 (quarantine of an unexplained jump), M33.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.nav import worth
from guardian.core.model import Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    nav = view.account.nav
    if nav is not None:
        return Unknown("wallet unread") if nav.raw is None else Known(apart(nav.raw, nav.explained))
    evidence = view.account.evidence
    if evidence.wallet is None or evidence.complete_at is None:
        return Unknown("no equity read yet", warming=True)
    return Known(apart(evidence.wallet.equity, worth(evidence.wallet, evidence.positions)))


DUST = Decimal("1e-6")
"""An equity, in the reporting currency, of which nothing is left but what venues round."""


def apart(raw: Decimal, explained: Decimal) -> float:
    if raw == explained:
        return 0.0  # both tell the same to the last digit
    larger = max(abs(raw), abs(explained))
    return float(abs(raw - explained) / larger) if larger > DUST else 0.0


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric("unexplained", "fraction", "integrity", ("none",), NEEDS, measure, reads=())
