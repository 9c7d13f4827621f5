"""From blows as they fell to figures: how soon guardian read, and acted, after each way back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.crash.cases import Blow, Phase
from tests.crash.checks import ACT_SECONDS
from tests.crash.evidence import Held, Pace, Row, Struck, acts, reads
from tests.crash.waits import Waits
from tests.integration.troupe import instant


@dataclass
class Landed:
    """A blow that fell `at`, and the way back from it: `began` with a start or SIGCONT. Epoch seconds."""

    blow: Blow
    before: Held
    at: float
    phase: Phase = Phase.BEFORE
    due: bool = False
    began: float = 0.0
    locked: float = 0.0
    answered: float | None = None
    after: Held | None = None
    waits: Waits | None = None


def struck(landed: Sequence[Landed], requests: list[Row]) -> tuple[Struck, ...]:
    """Each blow with its figures; what follows a blow ends with the next one."""
    ends = [after.at for after in landed[1:]] + [time.time()]
    return tuple(
        Struck(one.blow, one.phase, one.before, one.after, _pace(one, requests, end))
        for one, end in zip(landed, ends, strict=True)
    )


def since(requests: Sequence[Row], begun: float) -> list[Row]:
    return [r for r in requests if instant(r["at"]) >= begun]


def _pace(landed: Landed, requests: list[Row], end: float) -> Pace:
    if not landed.locked:
        return Pace()
    acted = _first(acts(requests), landed.locked, end)
    looked = _first(reads(requests), landed.locked, end)
    due = landed.due
    if acted is None and due:
        # Nothing came although it was due: where there was time for it, the wait so far counts.
        acted, due = end, (_own(end, landed) or 0.0) > ACT_SECONDS
    return Pace(
        due=due,
        resume_s=_after_start(landed.answered, landed),
        look_s=_own(looked, landed),
        act_s=_own(acted, landed) if due else None,
        act_total_s=_after_start(acted, landed) if due else None,
    )


def _after_start(at: float | None, landed: Landed) -> float | None:
    return None if at is None else at - landed.began


def _own(at: float | None, landed: Landed) -> float | None:
    """Seconds since the lock, without those in which the process stood in line for a processor."""
    if at is None:
        return None
    waited = landed.waits.between(landed.locked, at) if landed.waits else 0.0
    return max(0.0, at - landed.locked - waited)


def _first(requests: list[Row], begun: float, end: float) -> float | None:
    return next((at for r in requests if begun <= (at := instant(r["at"])) < end), None)
