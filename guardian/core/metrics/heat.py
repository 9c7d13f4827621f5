"""M20, the fold: what the overheat score is made of (overheat.py has the formula), once a minute, and funding
as soon as it is told: which of a read and a look at the market of one instant came first makes no difference.

Each component is between 0 and 1 and made of what was known at the read; None where it is not known.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from math import log

from guardian.core.frozen import replace
from guardian.core.memory import Faded, Heat
from guardian.core.metrics.api_calls import recent, times
from guardian.core.metrics.api_latency import censored
from guardian.core.metrics.correlation import STEPS_TO_KNOW
from guardian.core.metrics.following import GRID_SECONDS, cell_of
from guardian.core.metrics.overheat import NEEDED, NOT_KNOWN, WEIGHTS, Component, overheat, score
from guardian.core.metrics.returns import (
    HOUR,
    WEEK,
    by_name,
    faded,
    variance,
    weight_after,
)
from guardian.core.metrics.turbulence import FRESH
from guardian.core.model import Unknown
from guardian.core.state import AccountState

FULL_VOLATILITY, FULL_TURBULENCE, FULL_SHIFT, FULL_FUNDING, FULL_LATENCY = 4.0, 10.0, 3.0, 0.001, 10.0
"""What makes each component 1."""

EVERY_SECONDS = 60.0
LATENCY_HALF_LIFE = 86_400.0 / EVERY_SECONDS
LATENCY_STEPS = 60
"""The requests' normal is an average of a day's looks, one a minute; an hour of them is enough."""


def fold_heat(account: AccountState, at: datetime) -> Heat:
    """The account's score after one read; looked at again in a new cell, or after a minute."""
    heat = account.heat
    elapsed = EVERY_SECONDS if heat is None else (at - heat.at).total_seconds()
    if heat is not None and not _due(account, heat.at, at):
        return heat
    latency, requests = _requests(account, at, heat.latency if heat else (0.0, 0.0), elapsed)
    parts = (
        *_prices(account, at),
        _funding(account, at),
        Component("requests", requests, WEIGHTS["requests"]),
    )
    raw = _score_of(parts)
    left = overheat(account, at).value if heat else 0.0  # as it was told until now: it only ever relaxes
    told = tuple((c.name, c.value, c.weight) for c in parts)
    return Heat(at, raw, max(raw, left), told, latency, left, heat.looked if heat else None)


def fold_quoted(account: AccountState, at: datetime) -> AccountState:
    """The account after a look at the market that came at `at`, and its heat."""
    account = before_look(account, at)
    heat = account.heat
    if heat is None or at < heat.at:
        return account
    return after_look(
        replace(account, heat=replace(heat, looked=(at, heat.raw, heat.score, heat.components)))
    )


def before_look(account: AccountState, at: datetime) -> AccountState:
    """The account without what a look at the market of this instant has told; an older one is settled."""
    heat = account.heat
    if heat is None or heat.looked is None:
        return account
    arrived, raw, score_, parts = heat.looked
    if arrived != at:
        return replace(account, heat=replace(heat, looked=None))
    return replace(account, heat=replace(heat, raw=raw, score=score_, components=parts))


def after_look(account: AccountState) -> AccountState:
    """And with it, once a read of that instant was folded: what it tells of funding is compared with that.

    It tightens at once. What is less than at a read before it waits for the next look: heat relaxes slowly.
    """
    heat = account.heat
    if heat is None or heat.looked is None:
        return account
    at, before = heat.looked[0], heat.components
    funding = _funding(account, at)
    parts = [Component(*part) if part[0] != funding.name else funding for part in before]
    raw = _score_of(tuple(parts))
    looked = (at, heat.raw, heat.score, before)
    if raw <= heat.raw and at > heat.at:
        return replace(account, heat=replace(heat, looked=looked))
    told = tuple((c.name, c.value, c.weight) for c in parts)
    score_ = max(raw, heat.left)
    return replace(account, heat=replace(heat, raw=raw, score=score_, components=told, looked=looked))


def _due(account: AccountState, last: datetime, at: datetime) -> bool:
    """Once a cell of returns, and every minute where there is more that can heat."""
    if at <= last:
        return False  # an answer that was overtaken
    if cell_of(last) != cell_of(at):
        return True
    more = account.api.slots or any(q.funding_rate is not None for q in account.markets.quotes)
    return bool(more) and (at - last).total_seconds() >= EVERY_SECONDS


def _score_of(parts: tuple[Component, ...]) -> float:
    """What is only sometimes there never stands alone for what the prices would tell."""
    if all(c.value is None for c in parts if c.name in NEEDED):
        return max(NOT_KNOWN, score(parts))
    return score(parts)


# --- the components -----------------------------------------------------------------------------------


def ratio(now: float, normal: float, full: float) -> float:
    """0 at the normal or below, 1 at `full` times it, on a logarithmic scale."""
    return _clipped(log(now / normal) / log(full)) if now > 0 and normal > 0 else 0.0


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))


def _prices(account: AccountState, at: datetime) -> tuple[Component, ...]:
    """What the grid of returns tells; nothing, where nothing has been learned of late."""
    known = account.returns
    book = account.correlations
    assets = {p.base for p in account.evidence.positions if p.quantity}
    values: dict[str, float | None] = dict.fromkeys(NEEDED)
    if known is not None and book is not None and (known.grid + 1) * GRID_SECONDS >= (at - FRESH).timestamp():
        square, weight = known.turbulence
        values["volatility"] = _volatility(account, at)
        values["turbulence"] = ratio(max(square / weight, 1.0), 1.0, FULL_TURBULENCE) if weight > 0 else None
        values["correlation"] = None if known.shift is None else _clipped(known.shift / FULL_SHIFT)
    weights = WEIGHTS | ({"correlation": 0.0} if len(assets) < 2 else {})
    return tuple(Component(name, values[name], weights[name]) for name in NEEDED)


def _volatility(account: AccountState, at: datetime) -> float | None:
    """The mean over exposure; what was held of late counts alike when nothing is held.

    What an asset did before it was last quoted does not say how it moves now. Four hours make a normal: a
    sigma of 48 steps has a standard error of 10 %, which is 0.07 of this component.
    """
    found = []
    since = (at - FRESH).timestamp()
    known = {n: a for n, a in by_name(account.returns).items() if (a.grid + 1) * GRID_SECONDS >= since}
    for asset, worth in _exposed(account).items():
        own = known.get(asset)
        now = variance(own, HOUR) if own else None
        normal = variance(own, WEEK, STEPS_TO_KNOW) if own else None
        if now is not None and normal is not None:
            found.append((ratio(now, normal, FULL_VOLATILITY**2), worth))
    whole = sum(worth for _, worth in found)
    return sum(value * worth for value, worth in found) / whole if whole > 0 else None


def _exposed(account: AccountState) -> dict[str, float]:
    worth: dict[str, float] = {}
    for p in account.evidence.positions:
        if p.quantity:
            worth[p.base] = worth.get(p.base, 0.0) + abs(float(p.worth))
    if worth or account.correlations is None:
        return worth
    return {f.asset: 1.0 for f in account.correlations.followed}


def _funding(account: AccountState, at: datetime) -> Component:
    """What is paid in eight hours by the positions whose side pays, over what all of them are worth."""
    markets = account.markets
    fresh = markets.quoted_at is not None and at - markets.quoted_at <= FRESH
    rates = (
        {q.symbol: _eight_hourly(q.funding_rate, q.funding_hours) for q in markets.quotes} if fresh else {}
    )
    paid, whole = 0.0, 0.0
    for p in account.evidence.positions:
        rate = rates.get(p.symbol)
        if p.quantity and rate is not None:
            paid += max(0.0, rate * float(p.worth))
            whole += abs(float(p.worth))
    value = _clipped(paid / whole / FULL_FUNDING) if whole > 0 else None
    return Component("funding", value, WEIGHTS["funding"])


def _eight_hourly(rate: Decimal | None, hours: float | None) -> float | None:
    return float(rate) * 8 / hours if rate is not None and hours else None


def _requests(
    account: AccountState, at: datetime, normal: Faded, elapsed: float
) -> tuple[Faded, float | None]:
    """The slowest requests' time against its own past, which it enters only after it was compared."""
    if not account.api.slots:
        return normal, None
    slowest = censored(*times(recent(account.api, at)), 0.99)
    if isinstance(slowest, Unknown) or slowest.value <= 0:
        return normal, None
    told = log(slowest.value)
    after = faded(normal, told, elapsed / EVERY_SECONDS, 1, LATENCY_HALF_LIFE)
    if normal[1] < weight_after(LATENCY_STEPS, LATENCY_HALF_LIFE):
        return after, None
    return after, _clipped((told - normal[0] / normal[1]) / log(FULL_LATENCY))
