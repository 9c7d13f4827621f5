"""One measurement, and whether its evidence is too old: what every rule asks of its metric.

A value that is no finite number is a defect of the metric: no limit is past it, no checkpoint holds it.
A part that was never read is Unknown (warming); stale once that has lasted longer than the rule allows.
"""

from __future__ import annotations

from math import isfinite

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Measured, Part, Unknown

FAILED = "the metric failed"
"""A defect of guardian, not of the world: people are told whatever the rule says of blindness."""


def fresh(metric: Metric, view: View) -> tuple[Measured, bool]:
    """The measurement, or Unknown when any part it needs is older than the rule allows; and if it is that."""
    try:
        account, rule, now = view.account, view.rule, view.now
        told = dict(account.evidence.asked)
        asked = [told.get(part) for part in metric.needs]
        if metric.corroborated and account.nav is not None:
            asked.append(account.nav.at)
        if metric.aged is not None:
            asked.append(metric.aged(view))
        dated = None if metric.dated is None else metric.dated(view)
        if dated is not None:
            asked.append(dated)
        known = [at for at in asked if at is not None]
        if known and (age := (now - min(known)).total_seconds()) > rule.stale_after_seconds:
            return Unknown(f"evidence is {age:.0f} s old, more than {rule.stale_after_seconds:.0f} s"), True
        if len(known) < len(asked):
            return Unknown("not read yet", warming=True), _late(view)
        measured = metric.measure(view)
        if not isinstance(measured, Unknown) and not isfinite(measured.value):
            raise FloatingPointError
        untold = metric.dated is not None and dated is None
        return measured, (untold and _late(view)) or _half_told(metric, view)
    except Exception as error:
        return failed(error)


def _late(view: View) -> bool:
    """What was never told has been missing for as long as the account is watched."""
    return (view.now - view.account.watched_since).total_seconds() > view.rule.stale_after_seconds


def _half_told(metric: Metric, view: View) -> bool:
    """A loss that is realised shows in wallet and ledger only: while they are not read nobody sees one.

    What positions at mark prove fires all the same.
    """
    nav, evidence = view.account.nav, view.account.evidence
    if not metric.corroborated or nav is None or nav.raw is not None:
        return False
    # Not the age of the NAV that was confirmed last: a wallet that is disputed is read all the same.
    asked = [at for at in map(evidence.asked_at, (Part.WALLET, Part.LEDGER)) if at is not None]
    return bool(asked) and (view.now - min(asked)).total_seconds() > view.rule.stale_after_seconds


def failed(error: Exception) -> tuple[Measured, bool]:
    """A defect in one metric blinds its own rule; every other one, and an operator, must still be obeyed."""
    return Unknown(f"{FAILED}: {type(error).__name__}"), True
