"""What a metric is: a name, a unit, what it needs, how far it may go, and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from guardian.core.frozen import dataclass
from guardian.core.model import HALT, LOCKOUT, REDUCE, Level, Measured, Part, Rule
from guardian.core.state import AccountState, RuleState

ALONE = ("account",)
TOGETHER = ("account", "portfolio", "mandate", "venue")
"""Sums over accounts, and NAVs."""

APART = ("account", "symbol", "cluster")
ANYWHERE = (*TOGETHER, "symbol", "cluster")

Family = Literal["loss", "exposure", "margin", "integrity", "blindness", "forecast", "behaviour"]

CEILING: dict[Family, Level] = {
    "loss": LOCKOUT,
    "exposure": LOCKOUT,
    "margin": LOCKOUT,
    "integrity": LOCKOUT,
    "blindness": HALT,
    "forecast": HALT,
    "behaviour": HALT,
}
"""What may demand what (DESIGN section 3): only loss, margin, exposure and integrity move positions.

`behaviour` is how the bot trades, or says that it does: it may stop new risk.
"""

SCOPE_CEILING: dict[str, Level] = {
    "symbol": REDUCE,
    "cluster": REDUCE,
    "strategy": REDUCE,
    "account": LOCKOUT,
    "portfolio": LOCKOUT,
    "mandate": LOCKOUT,
    "venue": LOCKOUT,
}
"""How far a rule may go by whose value it judges."""


COURSE = ("track", "used", "absorbed")
"""Fields of an account's `Course` with folds of their own; the fold `course` is all the rest of it."""

FOLDS = ("api", "correlations", "returns", "lots", *COURSE, "course", "heat")
"""What an account remembers of its reads beside their evidence, by the field that holds it (folds.py)."""

ASKED_FOR = ("bars",)
"""The same, remembered only in accounts with a rule of which the metric says that it reads it."""


@dataclass(frozen=True, slots=True)
class View:
    """What a metric may look at: one account, one rule with its own baseline, and the time.

    `others` are all accounts that are watched, for a metric that is `among` them; of a group its members.
    """

    account: AccountState
    rule: Rule
    own: RuleState
    now: datetime
    others: Sequence[AccountState] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """`unit` is fraction (0.05), multiple (of equity), seconds or count. `needs` are the parts it ages with.

    `aged` tells the instant of any other evidence that it needs (market, activity, telemetry); None from it
    means that there has never been any. `dated` does so of the account's own evidence, where what it needs
    depends on the account (isolated margin); None from it means that the venue does not tell it.

    `windows` are the kinds of window a rule may give it. `corroborated` metrics need a second account of what
    they show before FLATTEN. `of` says what a rule's `of` names ("a gauge"); empty: the metric takes none.
    `scopes` are those in which it means something. `baseline`: it reads the rule's window of NAVs. `deeds`:
    of a group it reads the fills as well (deeds.py). `among`: it looks at the other accounts too, and finds
    them in its view. `reads` are the folds that it looks at; not said: all. `low`:
    too little of it is bad, so that its rules go `under`. `most`: it goes no further. `choices` are all that
    `of` may name, where that is a list; `of_assets`: it names assets. `spans`: the shortest and the longest
    sliding window that it can fill, in seconds.
    """

    name: str
    unit: Literal["fraction", "multiple", "seconds", "count"]
    family: Family
    windows: tuple[str, ...]
    needs: tuple[Part, ...]
    measure: Callable[[View], Measured]
    corroborated: bool = False
    aged: Callable[[View], datetime | None] | None = None
    of: str = ""
    of_optional: bool = False
    scopes: tuple[str, ...] = ALONE
    baseline: bool = False
    deeds: bool = False
    among: bool = False
    reads: tuple[str, ...] = FOLDS
    low: bool = False
    most: Level = LOCKOUT
    dated: Callable[[View], datetime | None] | None = None
    choices: tuple[str, ...] = ()
    of_assets: bool = False
    spans: tuple[float, float] | None = None

    @property
    def ceiling(self) -> Level:
        return min(CEILING[self.family], self.most)
