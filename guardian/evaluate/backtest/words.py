"""What was played as programs and people read it, and how far it is to be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guardian.core.model import Rule
from guardian.evaluate.backtest.grid import Grid
from guardian.evaluate.backtest.play import Play, Played
from guardian.replay.report import stamp
from guardian.replay.view import INITIAL, MAINTENANCE

WHOLE = 0.99
"""This share of a history is told as all of it: its last bar may not be full."""

OF_MARGIN = ("margin_ratio", "liquidation_distance", "capital_utilisation")


def document_of(play: Play, found: Played) -> dict[str, Any] | None:
    """On what the rules were played that prices alone do not tell; None where none of them was told.

    `lost` is how often everything was, by each multiple of `leverage`.
    """
    if not found.trips:
        return None
    first, last = play.grid.pieces[0].known_ms[0], play.grid.pieces[-1].known_ms[-1]
    return {
        "bar_s": play.grid.bar_ms // 1000,
        "bars": len(play.grid),
        "days": play.grid.days,
        "from": stamp(int(first)),
        "to": stamp(int(last)),
        "leverage": list(play.multiples),
        "lost": list(found.lost),
    }


def span_in_words(play: Play) -> str:
    """138.9 days of BTC/USDT in bars of 300 s, at 1x, 2x."""
    multiples = ", ".join(f"{multiple:g}x" for multiple in play.multiples)
    return f"{play.grid.days:.1f} days of {play.symbol} in bars of {_seconds(play.grid)} s, at {multiples}"


def careful(rules: Sequence[Rule], play: Play, found: Played) -> Iterator[str]:
    """What a reader must know of the played figures."""
    told = {each.rule for each, _ in found.trips}
    margin = [rule.id for rule in rules if rule.id in told and rule.metric in OF_MARGIN]
    if margin:
        taken = f"{INITIAL:.0%} of the notional is taken as margin, {MAINTENANCE:.1%} as maintenance"
        yield f"prices tell no margin: for {', '.join(margin)} {taken}; your venue's may be more"
    for multiple, lost in zip(play.multiples, found.lost, strict=True):
        if told and lost:
            times = "once" if lost == 1 else f"{lost} times"
            yield f"at {multiple:g}x everything was lost {times}; the account then began anew"


def played_in_words(played: dict[str, Any], marks: Mapping[float, str], history_days: float) -> str:
    """The line above the rungs that were played."""
    multiples = ", ".join(f"{multiple:g}x{marks[multiple]}" for multiple in played["leverage"])
    newest = "the newest " if played["days"] < WHOLE * history_days else ""
    days = f"{newest}{played['days']:.{int(played['days'] < 10)}f} days in bars of {played['bar_s']} s"
    return f"played through guardian itself on {days}, holding {multiples}, set anew each day:"


def not_told_in_words(not_told: Sequence[dict[str, str]]) -> Iterator[str]:
    """A line a reason, with all rules that it is of."""
    for why in dict.fromkeys(each["why"] for each in not_told):
        rules = [each["rule"] for each in not_told if each["why"] == why]
        yield f"not told: {', '.join(rules)}: {why}"


def _seconds(grid: Grid) -> int:
    return grid.bar_ms // 1000
