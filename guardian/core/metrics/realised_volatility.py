"""M17 realised_volatility: how far the exposures of now would have moved in the window, a day, over equity.

Formula: sqrt(sum g^2 x 288 / N) / E, g what each of the window's N five-minute cells would have brought at
the exposures of now, from closes of bars that guardian makes of the marks that it reads (bars.py): all of the
window counts alike and nothing before it, where `volatility` forgets by half-lives. A move in a time that
nobody watched is one g, of as many cells (window_gains.py). A year's is sqrt(365) times that: this market has
no days off.

Unit: fraction of equity a day. Needs wallet and positions; windows from an hour to a day. Nothing held: 0.
Unknown (warming) with fewer than nine cells, and once none was seen for 15 minutes. AtLeast while under 90 %
of the window were seen, while assets over 1 % of gross exposure together have under half of the bars that
others have, and while the equity is disputed. A forecast: it takes the exposures of now for those of a day.
Source: Andersen & Bollerslev 1998; Barndorff-Nielsen & Shephard 2002; metrics.md M17.
"""

from __future__ import annotations

from math import sqrt

from guardian.core.metrics.exposure import multiple
from guardian.core.metrics.following import CELLS_A_DAY
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.ranges import realised
from guardian.core.metrics.window_gains import told, window_gains
from guardian.core.model import Known, Measured, Part, Unknown

SPANS = (3600.0, 86_400.0)


def measure(view: View) -> Measured:
    gains = window_gains(view)
    if isinstance(gains, Unknown):
        return gains
    if not gains.gross:
        return Known(0.0)
    day = sqrt(realised(gains.values) * CELLS_A_DAY / int(gains.spans.sum()))
    return told(multiple(view.account, day), gains.why_few, gains.unmeasured)


NEEDS, READS = (Part.WALLET, Part.POSITIONS), ("correlations", "bars")
METRIC = Metric(
    "realised_volatility", "fraction", "forecast", ("sliding",), NEEDS, measure, reads=READS, spans=SPANS
)
