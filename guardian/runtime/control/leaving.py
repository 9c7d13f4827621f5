"""What would end an account's level, how hot its market is, and how far a trial is: for people and programs.

Nothing is decided here: what stands in the way is what the core itself goes by (`guardian.core.rearm`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guardian.core import words
from guardian.core.breaker import Demand, demands, scene
from guardian.core.judge import CLEAR_BELOW
from guardian.core.metrics.limits import limit_today, share_of
from guardian.core.metrics.overheat import Component, overheat
from guardian.core.model import AtLeast, Known, Level, Rule
from guardian.core.rearm import CLEAN, JOURNAL_TROUBLE, Hindrance, Scene, calm_bound, hindrances
from guardian.core.state import AccountState, Incident, RuleState, Trial

Document = dict[str, Any]


def hot(account: AccountState, now: datetime) -> Document:
    """The overheat score and what it is made of; `share` is what each component adds to it as of now."""
    found = overheat(account, now)
    known = [c for c in found.components if c.value is not None and c.weight > 0]
    most = max((c.value or 0.0 for c in known), default=None)
    weights = sum(c.weight for c in known)

    def share(part: Component) -> float | None:
        if part.value is None or not part.weight:
            return None
        leads = 0.5 * part.value if part is next(c for c in known if c.value == most) else 0.0
        return leads + 0.5 * part.weight * part.value / weights

    parts = [
        {"name": c.name, "value": c.value, "weight": c.weight, "share": share(c)} for c in found.components
    ]
    return {"value": found.value, "partial": found.partial, "components": parts}


def ladder(account: AccountState, rule: Rule, own: RuleState) -> list[Document]:
    """Each rung with the user's number, today's, and how far its hold is."""
    return [
        {
            "limit": limit_today(rule, rung, account.overheat),
            "hard": rung.limit,
            "level": rung.level.name,
            "to": rung.to,
            "hold_s": rung.hold_seconds,
            "held_s": held,
            "past": past,
            "fired": fired,
        }
        for rung, held, past, fired in zip(rule.ladder, own.held, own.past, own.fired, strict=True)
    ]


def calm(account: AccountState, rule: Rule) -> Document:
    """Where the value must be today: a minute of it ends a CAUTION, and without it nothing `above` ends by
    itself, a trial not either. None there: only an operator ends what the rule demands above CAUTION."""
    governs = rule.clears == "auto" and any(Level.HALT <= rung.level <= Level.REDUCE for rung in rule.ladder)
    return {
        "caution": share_of(limit_today(rule, rule.ladder[0], account.overheat), rule, CLEAR_BELOW),
        "above": calm_bound(account, account.incident, rule) if governs else None,
    }


def leaves(account: AccountState, rules: tuple[Rule, ...], now: datetime) -> Document | None:
    """Who ends the level and what is still waited for; None at NORMAL."""
    incident = account.incident
    if incident is None or account.level is Level.NORMAL:
        return None
    found = demands(account, rules, now)
    if account.level is Level.CAUTION and incident.trial is None:
        return _caution(account, incident, rules, scene(account, incident, rules, found, now), found)
    left = tuple(hindrances(scene(account, incident, rules, found, now)))
    by = "operator" if [h.why for h in left] == ["operator"] else "itself"
    under = {rule.id for rule in rules if rule.direction == "under"}
    sides = ("above" if h.rule in under else "below" for h in left)
    told = [
        words.hindrance(h, account, _value(account, h), side) for h, side in zip(left, sides, strict=True)
    ]
    return {"by": by, "causes": list(incident.causes), "waits_for": told}


def _caution(
    account: AccountState, incident: Incident, rules: tuple[Rule, ...], now: Scene, found: tuple[Demand, ...]
) -> Document:
    """It ends after a minute of calm, unless an operator has asked for it or another rule still does."""
    if account.demanded is not Level.NORMAL:
        asked = words.hindrance(Hindrance("operator"), account, "", "")
        return {"by": "operator", "causes": [incident.rule], "waits_for": [asked]}
    past = {own.rule_id for own in account.rules if True in own.past and own.rule_id in now.acting}
    others = sorted((past | {demand.rule for demand in found if demand.acts}) - {incident.rule})
    waits = [_minute(account, incident, rules), *(f"{rule} to be within its limits" for rule in others)]
    if JOURNAL_TROUBLE in account.troubles:
        waits.append(words.hindrance(Hindrance("journal"), account, "", ""))
    return {"by": "itself", "causes": [incident.rule], "waits_for": waits}


def _minute(account: AccountState, incident: Incident, rules: tuple[Rule, ...]) -> str:
    rule = next((r for r in rules if r.id == incident.rule), None)
    if rule is None or incident.cause == "stale":
        return f"a minute in which {incident.rule} can see"
    bound = calm(account, rule)["caution"]
    side = "below" if rule.direction == "over" else "above"
    return f"a minute of {rule.id} {side} {bound:.4g}"


def _value(account: AccountState, hindrance: Hindrance) -> str:
    own = account.rule(hindrance.rule)
    match own.measured if own else None:
        case Known(value):
            return f"{value:.4g}"
        case AtLeast(value):
            return f"at least {value:.4g}"
        case _:
            return "unknown"


def trial(known: Trial | None, now: datetime) -> Document | None:
    """How much is allowed, and how long it has been clean of the hour that it must be."""
    if known is None:
        return None
    clean = 0.0 if known.clean_since is None else (now - known.clean_since).total_seconds()
    return {"size_cap": known.cap, "clean_s": round(clean, 3), "needs_s": CLEAN.total_seconds()}
