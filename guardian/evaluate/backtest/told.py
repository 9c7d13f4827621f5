"""Which rules a history's prices tell when they are played, and why the others are not told.

Told is what an account that holds one asset reads of itself: its losses, its margin, the risk of what it
holds. Not told is what somebody else must say (the venue's requests, fills, keys, telemetry), what is about
several accounts or several assets, and what guardian asks of its own evidence: of a simulated account that is
always in order, and no trips would pass for calm.
"""

from __future__ import annotations

from collections.abc import Iterable

from guardian.core.metrics import BY_NAME
from guardian.core.model import Rule
from guardian.evaluate.designs.coarse import too_coarse, why_coarse
from guardian.replay.rules import cast

ABOUT_EVIDENCE = ("blindness", "integrity")
SEVERAL_ASSETS = frozenset(
    {"correlation", "absorption_ratio", "absorption_shift", "effective_assets", "effective_bets"}
)


def sorted_out(rules: Iterable[Rule], bar_seconds: float) -> tuple[tuple[Rule, ...], dict[str, str]]:
    """Those that are played on such bars, and by id why the others are not."""
    chosen = cast(tuple(rules))
    why = dict(chosen.left_out)
    played = []
    for rule in chosen.rules:
        if said := _untold(rule, bar_seconds):
            why[rule.id] = said
        else:
            played.append(rule)
    return tuple(played), why


def _untold(rule: Rule, bar_seconds: float) -> str:
    if BY_NAME[rule.metric].family in ABOUT_EVIDENCE:
        return f"{rule.metric} is about what guardian reads, which of a simulated account is always in order"
    if rule.metric in SEVERAL_ASSETS:
        return f"{rule.metric} compares several holdings, and here is one"
    return why_coarse(rule, bar_seconds) if too_coarse(rule, bar_seconds) else ""
