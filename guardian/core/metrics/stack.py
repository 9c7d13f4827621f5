"""What the trading stack has told: the newest of everything, and a bounded past of gauges and signals.

A number that is not finite is left out; the metric that reads it then says that it does not know. A stamp
from the future is taken as of its arrival, or a wrong clock would keep a number fresh for ever. What comes
late never replaces what is newer; of two words with one stamp the larger counts, compared by all that they
say, so that their order does not. Of a signal the first word counts: what it is changed to after its fill
says nothing of how good that fill was.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import inf, isfinite

from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_GAUGES, MAXIMUM_READINGS, MAXIMUM_SIGNALS, Stack
from guardian.core.metrics.twin_fills import fold_fills

Gauges = tuple[tuple[str, tuple[Gauge, ...]], ...]

CELL_SECONDS = 10
LASTS = timedelta(days=1)
"""Without a word a gauge is kept so long at least; then a new name may take its place."""


def fold_telemetry(known: Stack, told: Telemetry, at: datetime) -> Stack:
    """What is known after one message, which came at `at`."""
    gauges = tuple(replace(g, at=min(g.at, at)) for g in told.gauges)
    signals = tuple(replace(s, at=min(s.at, at)) for s in told.signals)
    twins = tuple(replace(t, at=min(t.at, at)) for t in told.twins)
    return replace(
        known,
        heartbeat_at=at if told.heartbeat else known.heartbeat_at,
        gauges=_gauges(known.gauges, gauges, at) if gauges else known.gauges,
        signals=_signals((*known.signals, *signals)) if signals else known.signals,
        twins=_twins((*known.twins, *twins)) if twins else known.twins,
        traded=known.traded if told.fills is None else fold_fills(known.traded, told, at),
    )


def lasting(gauges: Gauges, at: datetime) -> set[str]:
    """The names that make no room for others: those told within a day."""
    return {name for name, readings in gauges if at - readings[-1].at <= LASTS}


def _gauges(known: Gauges, told: tuple[Gauge, ...], at: datetime) -> Gauges:
    """Names beyond the bound are not taken on while the others last: nothing pushes out what is told."""
    series = {name: {g.at: g for g in readings} for name, readings in known}
    # Known names first: what is told again in this very message makes no room.
    for gauge in sorted(told, key=lambda g: (g.name not in series, g.name)):
        if isfinite(gauge.value) and (gauge.name in series or _room(series, at)):
            readings = series.setdefault(gauge.name, {})
            same = readings.get(gauge.at)
            readings[gauge.at] = gauge if same is None or gauge.value > same.value else same
    return tuple((name, thinned(readings.values())) for name, readings in sorted(series.items()))


def thinned(readings: Iterable[Gauge]) -> tuple[Gauge, ...]:
    """Oldest first: the largest of each ten seconds (of two alike the newer), and the newest of all.

    However often a gauge is told, its sixty readings then span ten minutes: a window has a past. What is
    dropped is never the largest of its ten seconds, and the newest takes no other's place, so that the order
    of messages changes nothing.
    """
    ordered = sorted(readings, key=lambda g: g.at)
    largest: dict[int, Gauge] = {}
    for gauge in ordered:
        cell = int(gauge.at.timestamp()) // CELL_SECONDS
        if cell not in largest or gauge.value >= largest[cell].value:
            largest[cell] = gauge
    kept = tuple(largest.values())[-MAXIMUM_READINGS:]
    return kept if ordered[-1] is kept[-1] else (*kept, ordered[-1])


def _room(series: dict[str, dict[datetime, Gauge]], at: datetime) -> bool:
    """Whether one more name is taken on; where that needs it, the one silent for longest is forgotten."""
    if len(series) < MAXIMUM_GAUGES:
        return True
    oldest = min(series, key=lambda name: (max(series[name]), name))
    if at - max(series[oldest]) <= LASTS:
        return False
    del series[oldest]
    return True


def _signals(told: Iterable[Signal]) -> tuple[Signal, ...]:
    sound = (_without_nonsense(s) for s in told if s.price.is_finite() and s.price > 0)
    known: dict[str, Signal] = {}
    for signal in sorted(sound, key=_said):
        if known.setdefault(signal.id, signal).at == signal.at:
            known[signal.id] = signal
    return tuple(sorted(known.values(), key=lambda s: (s.at, s.id)))[-MAXIMUM_SIGNALS:]


def _said(signal: Signal) -> tuple[object, ...]:
    """All of it, by time first, in an order that what was not told has a place in."""
    predicted, sigma = (-inf if n is None else n for n in (signal.predicted, signal.sigma))
    return signal.at, signal.price, signal.symbol, signal.side, signal.client_id, predicted, sigma


def _without_nonsense(signal: Signal) -> Signal:
    """A prediction, or its deviation, that is no number was not told."""
    if isfinite(signal.predicted or 0.0) and isfinite(signal.sigma or 0.0):
        return signal
    return replace(signal, predicted=None, sigma=None)


def _twins(told: Iterable[Twin]) -> tuple[Twin, ...]:
    """The newest of each kind."""
    sound = sorted(filter(_sound, told), key=_told)
    known = {t.kind: t for t in sound}
    return tuple(known[kind] for kind in sorted(known))


def _told(twin: Twin) -> tuple[object, ...]:
    return twin.at, twin.equity, twin.multiplier, twin.holdings, twin.transferred


def _sound(twin: Twin) -> bool:
    finite = twin.equity.is_finite() and twin.transferred.is_finite() and isfinite(twin.multiplier)
    return finite and all(quantity.is_finite() for _, quantity in twin.holdings)
