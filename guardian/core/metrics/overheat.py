"""M20 overheat: how much hotter than normal the market of the account is, between 0 and 1.

Formula: S = 1/2 max s_i + 1/2 sum(w_i s_i) / sum(w_i), each component between 0 and 1:
    volatility   ln(sigma of 1 h / sigma of 7 d) / ln 4, of the held assets, weighted by their exposure
    turbulence   ln(max(turbulence, 1)) / ln 10                                   (turbulence.py)
    correlation  (mean rho of a day - mean rho of 14 days) / 3 standard deviations (two assets or more)
    funding      what our side pays in 8 h / 0.1 %, weighted by exposure
    requests     ln(p99 of the venue's answers / what it was of late) / ln 10
with weights 0.4, 0.4, 0.2 and 0.1 each for the last two. It tightens at once and relaxes with a half-life of
30 minutes. A component that is not known leaves its weight to the others, and the score is `partial` if it
is one of the first three; with none of these known S is 0.5: not knowing is no calm.

Left out of the reference's list: leverage, which a bot holds for days and which has limits of its own, and
the depth of the book, of which no normal is remembered.

Unit: fraction. Needs the positions. AtLeast while partial, Unknown (warming) before the first read.
Source: metrics.md section 2.3; 0.1 % is about the real 99th percentile of eight-hourly funding.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.frozen import dataclass
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.remembered import by_identity
from guardian.core.metrics.turbulence import FRESH
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown
from guardian.core.state import AccountState

WEIGHTS = {"volatility": 0.4, "turbulence": 0.4, "correlation": 0.2, "funding": 0.1, "requests": 0.1}
NEEDED = ("volatility", "turbulence", "correlation")
NOT_KNOWN = 0.5
HALF_LIFE_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the score; `value` is None where it is not known, `weight` 0 where it cannot apply."""

    name: str
    value: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class Overheat:
    """The relaxed score, and the components of the newest look; `partial` if a needed one is missing."""

    value: float
    components: tuple[Component, ...]
    partial: bool


def overheat(account: AccountState, now: datetime) -> Overheat:
    """The score as of `now`, from what was folded."""
    heat = account.heat
    if heat is None:
        return Overheat(NOT_KNOWN, tuple(Component(name, None, WEIGHTS[name]) for name in NEEDED), True)
    since = now - heat.at
    left = relaxed(heat.score, since.total_seconds())
    parts = _components(heat.components)
    if since > FRESH:
        return Overheat(max(NOT_KNOWN, left), tuple(Component(c.name, None, c.weight) for c in parts), True)
    return Overheat(max(heat.raw, left), parts, _partial(parts))


@by_identity
def _components(told: tuple[tuple[str, float | None, float], ...]) -> tuple[Component, ...]:
    return tuple(Component(*part) for part in told)


def score(parts: tuple[Component, ...]) -> float:
    """S of what is known; 0.5 when nothing is."""
    known = [(c.value, c.weight) for c in parts if c.value is not None and c.weight > 0]
    if not known:
        return NOT_KNOWN
    mean = sum(value * weight for value, weight in known) / sum(weight for _, weight in known)
    return 0.5 * max(value for value, _ in known) + 0.5 * mean


def relaxed(value: float, seconds: float) -> float:
    return float(value * 2 ** (-max(seconds, 0.0) / HALF_LIFE_SECONDS))


@by_identity
def _partial(parts: tuple[Component, ...]) -> bool:
    return any(c.value is None and c.weight > 0 for c in parts if c.name in NEEDED)


def measure(view: View) -> Measured:
    if view.account.heat is None:
        return Unknown("no positions read yet", warming=True)
    found = overheat(view.account, view.now)
    if not found.partial:
        return Known(found.value)
    missing = [c.name for c in found.components if c.name in NEEDED and c.value is None and c.weight > 0]
    return AtLeast(found.value, f"not known: {', '.join(missing)}")


METRIC = Metric("overheat", "fraction", "forecast", ("none",), (Part.POSITIONS,), measure, reads=("heat",))
