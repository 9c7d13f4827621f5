"""Today's limit of a rung: the user's number, tightened by as much as the market is hotter than normal.

Formula: hard * (1 - gamma * S), for `under` rules hard * (1 + gamma * S); S is the overheat score
(overheat.py), gamma the rule's, at most 0.5. It can tighten and never loosen. Only CAUTION, HALT and REDUCE
of loss, exposure and margin rules adapt; FLATTEN and LOCKOUT wait for exactly the user's number.

Unit: the rule's. Where S is not known it counts as 1. Source: metrics.md section 2.4, DESIGN section 3.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.frozen import replace
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.overheat import overheat
from guardian.core.model import REDUCE, Rule, Rung
from guardian.core.state import AccountState

ADAPTIVE = ("loss", "exposure", "margin")
LARGEST_GAMMA = 0.5
HOTTEST = 1.0


def heated(account: AccountState, rules: tuple[Rule, ...], now: datetime) -> AccountState:
    """The account with its overheat score, reckoned once a step and only where a rule asks for it.

    A defect in it, or a score outside [0, 1], counts as the hottest: every rule must still be judged.
    """
    if not [rule for rule in rules if rule.gamma or rule.clears == "auto"]:
        return account
    try:
        score = overheat(account, now).value
    except Exception:
        score = HOTTEST
    return replace(account, overheat=score if 0 <= score <= 1 else HOTTEST)


def limit_today(rule: Rule, rung: Rung, heat: float | None) -> float:
    """hard * (1 - gamma * overheat), for `under` hard * (1 + gamma * overheat): tighter, never looser."""
    tightened = rule.gamma and rung.level <= REDUCE
    return rung.limit * _tightening(rule, heat) if tightened else rung.limit


def limits_today(rule: Rule, heat: float | None) -> list[float]:
    """Of every rung."""
    if not rule.gamma:
        return [rung.limit for rung in rule.ladder]
    factor, last = _tightening(rule, heat), REDUCE
    return [rung.limit * factor if rung.level <= last else rung.limit for rung in rule.ladder]


def _tightening(rule: Rule, heat: float | None) -> float:
    """What a limit that adapts is multiplied by; 1 where none of this family does."""
    if BY_NAME[rule.metric].family not in ADAPTIVE:
        return 1.0
    pull = min(max(rule.gamma, 0.0), LARGEST_GAMMA) * (HOTTEST if heat is None else heat)
    return 1 - pull if rule.direction == "over" else 1 + pull


def share_of(limit: float, rule: Rule, share: float) -> float:
    """This share of the way to a limit; `under` rules come to it from above."""
    return share * limit if rule.direction == "over" else limit / share


def within(value: float, rule: Rule, bound: float) -> bool:
    """Strictly on the good side of a bound."""
    return value < bound if rule.direction == "over" else value > bound
