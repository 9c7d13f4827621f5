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
        account, rule, now, needs = view.account, view.rule, view.now, metric.needs
        oldest, read, dated = now, 0, None
        for part, at in account.evidence.asked:
            if part in needs:
                read += 1
                oldest = at if at < oldest else oldest
        missing = read < len(needs)
        if metric.corroborated and (nav := account.nav) is not None:
            oldest = nav.at if nav.at < oldest else oldest
        if metric.aged is not None:
            aged = metric.aged(view)
            missing |= aged is None
            oldest = oldest if aged is None or aged > oldest else aged
        if metric.dated is not None and (dated := metric.dated(view)) is not None:
            oldest = dated if dated < oldest else oldest
        if oldest < now and (age := (now - oldest).total_seconds()) > rule.stale_after_seconds:
            return Unknown(f"evidence is {age:.0f} s old, more than {rule.stale_after_seconds:.0f} s"), True
        if missing:
            return Unknown("not read yet", warming=True), _late(view)
        measured = metric.measure(view)
        if not isinstance(measured, Unknown) and not isfinite(measured.value):
            raise FloatingPointError
        untold = metric.dated is not None and dated is None
        return measured, (untold and _late(view)) or (metric.corroborated and _half_told(view))
    except Exception as error:
        return failed(error)


def _late(view: View) -> bool:
    """What was never told has been missing for as long as the account is watched."""
    return (view.now - view.account.watched_since).total_seconds() > view.rule.stale_after_seconds


def _half_told(view: View) -> bool:
    """A loss that is realised shows in wallet and ledger only: while they are not read nobody sees one.

    What positions at mark prove fires all the same.
    """
    nav, evidence = view.account.nav, view.account.evidence
    if nav is None or nav.raw is not None:
        return False
    # Not the age of the NAV that was confirmed last: a wallet that is disputed is read all the same.
    asked = [at for at in map(evidence.asked_at, (Part.WALLET, Part.LEDGER)) if at is not None]
    return bool(asked) and (view.now - min(asked)).total_seconds() > view.rule.stale_after_seconds


def failed(error: Exception) -> tuple[Measured, bool]:
    """A defect in one metric blinds its own rule; every other one, and an operator, must still be obeyed."""
    return Unknown(f"{FAILED}: {type(error).__name__}"), True
