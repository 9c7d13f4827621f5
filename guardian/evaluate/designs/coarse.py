"""Which rules bars of some length cannot tell: a window that holds one close shows no fall at all.

A window is (now - length, now]. With bars of an hour an hour's drawdown is 0 at every close, through a crash
too, which would read as calm; so such a rule is not told at all. A speed is told by its window's two ends, so
that bars as long as the window tell it.
"""

from __future__ import annotations

from guardian.core.model import Rule

SPEED = "loss_velocity"
FALLS = frozenset({"drawdown", SPEED, "time_to_limit"})
"""Metrics that compare what was within a sliding window. A mean over time is the same however long a bar."""


def too_coarse(rule: Rule, bar_seconds: float) -> bool:
    """Whether no two closes that lie so far apart fit into the rule's window."""
    window = rule.window
    if rule.metric not in FALLS or window.kind != "sliding" or window.seconds is None:
        return False
    return window.seconds < bar_seconds or (window.seconds == bar_seconds and rule.metric != SPEED)


def why_coarse(rule: Rule, bar_seconds: float) -> str:
    """In words, for who replays a rule."""
    seconds = rule.window.seconds or 0.0
    return f"a window of {seconds:g} s holds one close of bars of {bar_seconds:g} s: give shorter bars"
