"""M18 between two looks: a tail of the simulated days is not asked for while it cannot be the larger one.

`cvar` and `value_at_risk` are the larger of the normal tail and of the simulated one. When the exposures were
w0 the simulated one was t0. At w no day loses more than
    sum_a |w_a - w0_a| R_a
more than it did then, R_a the most that any day moves a unit of the asset; and a tail, be it a mean or a
quantile, rises by no more than the day that rises most. While t0 and that stay under the normal tail, this is
the larger one.

As in worst_days.py, what is remembered decides how long an answer takes, never what it is.
"""

from __future__ import annotations

from collections.abc import Callable

from guardian.core.frozen import dataclass
from guardian.core.metrics.holdings import Floats, Holdings, Learned
from guardian.core.metrics.remembered import OWNERS
from guardian.core.metrics.worst_days import SLACK, furthest_moves, worst_losses

Tail = Callable[[Floats, int, float], float]
"""Of the largest losses, largest first, of how many days, and a level (tails.py)."""


@dataclass(frozen=True, slots=True)
class Look:
    """When what was `known` was this and the exposures were `worth`, the tail was `loss`; `reach` is R."""

    known: Learned
    worth: Floats
    reach: Floats
    loss: float


_looks: dict[tuple[str, Tail], Look] = {}


def at_least(amount: float, owner: str, held: Holdings, tail: Tail, level: float) -> float | None:
    """The tail of the simulated days, or `amount` where that is more; None with too few days."""
    whose = owner, tail
    look = _looks.get(whose)
    if look is not None and look.known is held.known:
        risen = float(abs(held.worth - look.worth).dot(look.reach))
        if (look.loss + risen) * (1 + SLACK) <= amount:
            return amount
    worst = worst_losses(owner, held, level)
    if worst is None:
        return None
    loss = tail(*worst, level)
    _looks.pop(whose, None)
    if loss < amount:
        if len(_looks) >= OWNERS:
            del _looks[next(iter(_looks))]
        _looks[whose] = Look(held.known, held.worth, furthest_moves(owner, held), loss)
    return max(amount, loss)


def remembered_bytes(owner: str) -> int:
    """What is kept beside the state of an account, without what worst_days.py keeps."""
    return sum(look.worth.nbytes for (name, _), look in _looks.items() if name == owner)
