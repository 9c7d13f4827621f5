"""The reminder of the drill: an account that guardian may act on, and that nobody has drilled of late.

It only posts what it sees; the core tells a trouble once, and once more when a drill has healed it.
"""

from __future__ import annotations

from guardian.core.events import Troubled
from guardian.core.state import AccountState
from guardian.runtime.control.drilled import DRILL_DAYS, SUBJECT, needs_drill, overdue
from guardian.runtime.loop import Runtime

# The core tells it once, so looking often costs nothing; a guardian that is restarted every night never
# reached the end of a longer interval.
LOOK_SECONDS = 3600.0


class Reminder:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def look(self) -> None:
        """Post one event for each account that is overdue, or that no longer is."""
        now, state = self._runtime.parts.clock.now(), self._runtime.state
        for account in state.accounts:
            late = needs_drill(account, state.rules) and overdue(account, now)
            if late is not (SUBJECT in account.troubles):
                detail = sentence(account) if late else "the live drill is no longer overdue"
                self._runtime.post(Troubled(now, account.policy.name, SUBJECT, detail, healed=not late))


def sentence(account: AccountState) -> str:
    name, last = account.policy.name, account.drilled_at
    when = f"the last one passed {last:%Y-%m-%d}" if last else "none has ever passed"
    return f"a live drill is due every {DRILL_DAYS} days and {when}: run `guardian drill live {name}`"
