"""halts: how often rules have shut the bot out in the window without a person having looked since.

Formula: the number of instants in (now - W, now] at which a rule's demand halted the account (HALT, or REDUCE
to nothing, of all or of some symbols; a trial that failed is one more), since an operator's newest resume.
Who resumes has looked at those before: else a rule of this metric would halt again at once, by its own halt
among others. An operator's own halt is none. Unit: count. Never Unknown: guardian's own journal is the
evidence. AtLeast where more halts were than are remembered (16) and the oldest of these is in the window.

What it adds to a rule that `clears: auto`: each halt of a day doubles the cooldown (rearm.py), and no number
of them makes it wait for a person; a rule of this with `clears: operator` does, from the next judgement on.
Its family is behaviour: a halt moves no position, and another halt is no loss.
Source: metrics.md section 2.2 (3 HALTs in 24 h as a kill condition).
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.within import start_of
from guardian.core.model import AtLeast, Known, Measured
from guardian.core.state import KEPT_HALTS


def measure(view: View) -> Measured:
    start, halts, looked = start_of(view), view.account.halts, view.account.resumed_at
    count = float(sum(at > start and (looked is None or at > looked) for at in halts))
    if len(halts) >= KEPT_HALTS and count == len(halts):
        return AtLeast(count, f"only the newest {KEPT_HALTS} are remembered")
    return Known(count)


METRIC = Metric("halts", "count", "behaviour", ("sliding",), (), measure, reads=())
