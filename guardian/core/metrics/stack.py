"""What the trading stack has told: the newest of everything, and a bounded past of gauges and signals.

A number that is not finite is left out; the metric that reads it then says that it does not know.
"""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from guardian.core.facts.telemetry import Gauge, Signal, Telemetry
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_GAUGES, MAXIMUM_READINGS, MAXIMUM_SIGNALS, Stack

Gauges = tuple[tuple[str, tuple[Gauge, ...]], ...]


def fold_telemetry(known: Stack, told: Telemetry, at: datetime) -> Stack:
    """What is known after one message, which came at `at`."""
    twins = {t.kind: t for t in (*known.twins, *told.twins) if t.equity.is_finite()}
    return replace(
        known,
        heartbeat_at=at if told.heartbeat else known.heartbeat_at,
        gauges=_gauges(known.gauges, told.gauges) if told.gauges else known.gauges,
        signals=_signals((*known.signals, *told.signals)) if told.signals else known.signals,
        twins=tuple(twins[kind] for kind in sorted(twins)),
    )


def _gauges(known: Gauges, told: tuple[Gauge, ...]) -> Gauges:
    """Names beyond the bound are not taken on: a stack cannot push out what it told before."""
    series = {name: {g.at: g for g in readings} for name, readings in known}
    for gauge in told:
        if isfinite(gauge.value) and (gauge.name in series or len(series) < MAXIMUM_GAUGES):
            series.setdefault(gauge.name, {})[gauge.at] = gauge
    return tuple(
        (name, tuple(readings[at] for at in sorted(readings))[-MAXIMUM_READINGS:])
        for name, readings in sorted(series.items())
    )


def _signals(told: tuple[Signal, ...]) -> tuple[Signal, ...]:
    known = {s.id: s for s in told if s.price.is_finite() and s.price > 0}
    return tuple(sorted(known.values(), key=lambda s: (s.at, s.id)))[-MAXIMUM_SIGNALS:]
