"""A live drill that was killed may have left its canary key fenced: the daemon says so until it is mended.

It is not restored here: nothing un-fences itself, and the next drill does it first.
"""

from __future__ import annotations

from pathlib import Path

from guardian.core.events import Troubled
from guardian.runtime.control.canary import CanaryNote, FencedCanary
from guardian.runtime.loop import Runtime

LOOK_SECONDS = 10.0
SUBJECT = "drill-canary"


class Leftover:
    def __init__(self, runtime: Runtime, state_dir: Path) -> None:
        self._runtime = runtime
        self._notes = {name: CanaryNote(state_dir, name) for name in runtime.parts.desks}

    def look(self) -> None:
        """Post one event for each account whose note has come or gone."""
        now = self._runtime.parts.clock.now()
        for account in self._runtime.state.accounts:
            name = account.policy.name
            try:
                left = self._notes[name].left_behind() if name in self._notes else None
            except OSError:
                continue  # A disk that fails is told by the journal.
            if (left is not None) is not (SUBJECT in account.troubles):
                detail = sentence(name, left) if left else "the canary key of the drill is open again"
                self._runtime.post(Troubled(now, name, SUBJECT, detail, healed=left is None))


def sentence(account: str, left: FencedCanary) -> str:
    return (
        f"the live drill of {left.at} was killed and may have left canary key {left.key} read-only: "
        f"`guardian drill live {account}` restores it first"
    )
