"""M17 jump_share: the part of the window's realised variance that came in jumps, at the exposures of now.

Formula: max(0, 1 - BV / RV), RV the sum of the squares of what the window's five-minute cells would have
brought (as in `realised_volatility`), BV bipower variation: pi / 2 times the sum of the products of
neighbours' absolute values. A move of one cell is in one square and multiplied with its quiet neighbours, so
that it leaves BV almost as it was. Without jumps it is 0 on average, with a standard error of
sqrt(0.61 / N): 0.11 over four hours, 0.05 over a day; what is below twice that says nothing.

Unit: fraction. Needs wallet and positions; windows from four hours to a day. Nothing held, and what hardly
moves (half a basis point of gross exposure a cell): 0. Unknown (warming) with fewer than 36 cells, and once
none was seen for 15 minutes; AtLeast as `realised_volatility`, the equity aside.
A forecast. Source: Barndorff-Nielsen & Shephard 2004, 2006; metrics.md M17.
"""

from __future__ import annotations

import numpy as np

from guardian.core.metrics.correlation import QUIET_RETURN
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.ranges import bipower, realised
from guardian.core.metrics.realised_volatility import NEEDS, READS
from guardian.core.metrics.window_gains import Gains, told, window_gains
from guardian.core.model import Known, Measured, Unknown

SPANS = (4 * 3600.0, 86_400.0)
LEAST = 36
"""Three quarters of the shortest window."""


def share(gains: Gains) -> float:
    values = gains.values / np.sqrt(gains.spans)  # what took longer to come may be larger, and no jump
    whole = realised(values)
    if whole <= len(values) * (QUIET_RETURN * gains.gross) ** 2:
        return 0.0
    return max(0.0, 1 - bipower(values, gains.follows) / whole)


def measure(view: View) -> Measured:
    gains = window_gains(view)
    if isinstance(gains, Unknown):
        return gains
    if not gains.gross:
        return Known(0.0)
    if len(gains.values) < LEAST:
        return Unknown(f"{len(gains.values)} five-minute returns of {LEAST} that are needed", warming=True)
    return told(Known(share(gains)), gains.why_few, gains.unmeasured)


METRIC = Metric("jump_share", "fraction", "forecast", ("sliding",), NEEDS, measure, reads=READS, spans=SPANS)
