"""The arming report as people and programs read it: candles in, trips a year and a size out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from guardian.core.model import Rule
from guardian.errors import ConfigError
from guardian.evaluate.trips import Stretch, cvar_limit, daily_cvar, gross_for, trips
from guardian.replay.candles import Candles, candle_files, load_candles

MULTIPLES = (1.0, 2.0, 3.0, 5.0)
LEAST_YEARS = 0.25
LEAST_DAYS = 100
"""So many days have one in their worst 1 %."""

CVAR_EXAMPLE = 0.02


def report(
    rules: Sequence[Rule], history: Path, symbol: str, multiples: Sequence[float] = MULTIPLES
) -> dict[str, Any]:
    """`symbol` empty: BTC, or the only one there is. Raises ConfigError where the history does not have
    it."""
    stretches = [
        s for file in candle_files(history) if (s := _stretch(load_candles(file), symbol)) is not None
    ]
    years = sum(stretch.years for stretch in stretches)
    if not years:
        raise ConfigError(f"{history}: no candles of {symbol or 'BTC'}; name another one with --symbol")
    cvar, limit = daily_cvar(stretches), cvar_limit(rules)
    asked = CVAR_EXAMPLE if limit is None else limit
    return {
        "symbol": symbol or "BTC",
        "years": years,
        "stretches": len(stretches),
        "leverage": list(multiples),
        "rungs": [
            {"rule": t.rule, "level": t.level, "limit": t.limit, "trips_per_year": list(t.a_year)}
            for t in trips(rules, stretches, multiples)
        ],
        "cvar": {
            "of_a_day_at_1x": cvar,
            "limit": asked,
            "from_the_rules": limit is not None,
            "gross_exposure": None if cvar is None else gross_for(asked, cvar),
        },
        "warnings": list(_warnings(years, stretches)),
    }


def own_report(rules: Sequence[Rule], history: Path, now: float | None) -> dict[str, Any]:
    """`report` at the usual multiples and at the one that the account holds now, which is marked."""
    own = None if not now else round(now, 2)
    multiples = sorted({*MULTIPLES, own}) if own else MULTIPLES
    return report(rules, history, "", multiples) | {"now": own}


def _stretch(candles: Candles, symbol: str) -> Stretch | None:
    wanted = symbol or "BTC"
    found = [
        s for s in candles.symbols if s == wanted or s.split(":")[0] == wanted or s.split("/")[0] == wanted
    ]
    if not found:
        return None
    close = candles.close[:, candles.symbols.index(found[0])]
    known = ~np.isnan(close)
    return Stretch(candles.ts[known] + candles.seconds * 1000, close[known])


def _warnings(years: float, stretches: Sequence[Stretch]) -> Iterator[str]:
    if years < LEAST_YEARS:
        yield f"{years * 365:.0f} days of candles are too few to speak of a year; take at least three months"
    if len(stretches) > 1:
        yield "windows around chosen days are not a year: trips are far more frequent in them"
    if years * 365 < LEAST_DAYS:
        yield f"CVAR 99 % of fewer than {LEAST_DAYS} days is the worst day's loss"


def lines(document: dict[str, Any]) -> list[str]:
    """One line a rung; what it would be at each multiple of the equity, `now` being what is held."""
    marks = [" now" if multiple == document.get("now") else "" for multiple in document["leverage"]]
    multiples = [f"{m:g}x{mark}" for m, mark in zip(document["leverage"], marks, strict=True)]
    days = document["years"] * 365
    head = f"trips a year in {days:.0f} days of {document['symbol']}, at most one a day"
    out = [f"{head}, holding {', '.join(multiples)} of the equity:"]
    for rung in document["rungs"]:
        values = [f"{_count(v)}{mark}" for v, mark in zip(rung["trips_per_year"], marks, strict=True)]
        out.append(f"  {rung['rule']} {rung['level']} at {rung['limit']:.2%}: {' / '.join(values)}")
    cvar = document["cvar"]
    if cvar["of_a_day_at_1x"] is not None:
        out.append(
            f"  CVaR 99 % of a day at 1x was {cvar['of_a_day_at_1x']:.1%}: a limit of {cvar['limit']:.1%} "
            f"means about {cvar['gross_exposure']:.2f}x gross in {document['symbol']}"
        )
    return [*out, *(f"  careful: {warning}" for warning in document["warnings"])]


def _count(value: float | None) -> str:
    return "not told by candles" if value is None else f"{value:.1f}" if value < 20 else f"{value:.0f}"
