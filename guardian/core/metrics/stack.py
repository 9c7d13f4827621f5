"""What the trading stack has told: the newest of everything, and a bounded past of gauges and signals.

A number that is not finite is left out; the metric that reads it then says that it does not know. A stamp
from the future is taken as of its arrival, or a wrong clock would keep a number fresh for ever. What comes
late never replaces what is newer; of two words with one stamp the larger number counts, so that their order
does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import isfinite

from guardian.core.facts.telemetry import Gauge, Signal, Telemetry, Twin
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_GAUGES, MAXIMUM_READINGS, MAXIMUM_SIGNALS, Stack

Gauges = tuple[tuple[str, tuple[Gauge, ...]], ...]


def fold_telemetry(known: Stack, told: Telemetry, at: datetime) -> Stack:
    """What is known after one message, which came at `at`."""
    gauges = tuple(replace(g, at=min(g.at, at)) for g in told.gauges)
    signals = tuple(replace(s, at=min(s.at, at)) for s in told.signals)
    twins = tuple(replace(t, at=min(t.at, at)) for t in told.twins)
    return replace(
        known,
        heartbeat_at=at if told.heartbeat else known.heartbeat_at,
        gauges=_gauges(known.gauges, gauges) if gauges else known.gauges,
        signals=_signals((*known.signals, *signals)) if signals else known.signals,
        twins=_twins((*known.twins, *twins)) if twins else known.twins,
    )


def _gauges(known: Gauges, told: tuple[Gauge, ...]) -> Gauges:
    """Names beyond the bound are not taken on: a stack cannot push out what it told before."""
    series = {name: {g.at: g for g in readings} for name, readings in known}
    for gauge in sorted(told, key=lambda g: g.name):
        if isfinite(gauge.value) and (gauge.name in series or len(series) < MAXIMUM_GAUGES):
            readings = series.setdefault(gauge.name, {})
            same = readings.get(gauge.at)
            readings[gauge.at] = gauge if same is None or gauge.value > same.value else same
    return tuple(
        (name, tuple(readings[at] for at in sorted(readings))[-MAXIMUM_READINGS:])
        for name, readings in sorted(series.items())
    )


def _signals(told: Iterable[Signal]) -> tuple[Signal, ...]:
    sound = (_without_nonsense(s) for s in told if s.price.is_finite() and s.price > 0)
    known = {s.id: s for s in sorted(sound, key=lambda s: (s.at, s.price))}
    return tuple(sorted(known.values(), key=lambda s: (s.at, s.id)))[-MAXIMUM_SIGNALS:]


def _without_nonsense(signal: Signal) -> Signal:
    """A prediction, or its deviation, that is no number was not told."""
    if isfinite(signal.predicted or 0.0) and isfinite(signal.sigma or 0.0):
        return signal
    return replace(signal, predicted=None, sigma=None)


def _twins(told: Iterable[Twin]) -> tuple[Twin, ...]:
    """The newest of each kind."""
    known = {t.kind: t for t in sorted((t for t in told if _sound(t)), key=lambda t: (t.at, t.equity))}
    return tuple(known[kind] for kind in sorted(known))


def _sound(twin: Twin) -> bool:
    finite = twin.equity.is_finite() and isfinite(twin.multiplier)
    return finite and all(quantity.is_finite() for _, quantity in twin.holdings)
