"""A scenario: everything that one seed decides, as frozen values.

Whatever is in a scenario can be taken out again: that is how a failing seed is shrunk to what makes it fail.
Times are seconds since the incident's start, sizes fractions of an account's equity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from guardian.core.model import Rule

HOUR = 3600.0

BotStyle = Literal["idle", "fighting", "runaway", "reopening", "deaf", "returning", "greedy", "turning"]
ActKind = Literal["flatten", "lockout", "resume", "disarm", "arm", "deposit", "withdraw", "transfer", "coins"]


@dataclass(frozen=True, slots=True)
class BotPlan:
    """`fighting` re-enters what is closed, `runaway` grows without end, `reopening` does so every 200 ms.

    `deaf` trades on like an ordinary bot whatever it is told. `returning` heeds its permit, and builds up
    again as far as that allows; `greedy` heeds it too, but for the size. `turning` opens a little more and
    closes it again, as long as its permit lets it.
    """

    style: BotStyle = "idle"
    every_seconds: float = 1.0
    size: float = 0.05
    starts_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Stake:
    """One position: signed fraction of equity; `protected` has a stop, `resting` an order that adds to it."""

    symbol: str
    size: float
    protected: bool = True
    resting: bool = False


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """One of several strategies that trade with one key: what it opens, by orders with its prefix.

    Not `named`: the configuration does not know the prefix, and what it trades is nobody's. `opens_at` 0 is
    before guardian began to watch: then nobody tells that the positions are its own.
    """

    prefix: str
    stakes: tuple[Stake, ...]
    named: bool = True
    opens_at: float = 0.0


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """One watched account. `venue` groups what fails together; `halt` is whether its bot can be asked.

    `mandate` is whose money it is, for rules of that scope. `strategies` hold beside `stakes`, which are
    nobody's: only where an account has some is guardian told what was traded.
    """

    name: str
    venue: str
    stakes: tuple[Stake, ...]
    bot: BotPlan
    hedge: bool = False
    dust: bool = False
    big: bool = False
    spot: float = 0.0
    armed: bool = True
    hands: bool = True
    admin: bool = True
    halt: bool = True
    named_keys: bool = True
    hold_at_boot: bool = False
    poll_seconds: float = 1.0
    mandate: str = ""
    strategies: tuple[StrategyPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """One fault of the catalogue: between `at` and `until` it strikes each chance with probability `rate`.

    `account` empty means every account. `salt` makes its draws its own, so that taking another fault out
    changes nothing here. `size` is the fault's own measure (seconds, a count, a fraction).
    """

    name: str
    at: float
    until: float
    rate: float = 1.0
    account: str = ""
    size: float = 0.0
    salt: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator, or the owner of the money, does: `coins` are bought, with a `size` below 0 sold."""

    at: float
    kind: ActKind
    account: str
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """From `moves_at` bitcoin goes to `factor` within `seconds`; `rebounds` brings it back after that.

    From `again_at` on it goes as far once more.
    """

    moves_at: float
    factor: float
    seconds: float
    rebounds: bool = False
    noise: float = 0.0003
    again_at: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """`heals_at` ends every fault; from then on guardian has to get where it must be.

    What takes days is said: `heat` stands for the overheat score and `clusters` for correlations (None and
    empty: as guardian reckons them), `hour` is how many seconds an hour of the trial takes, and `usual` is
    what each strategy fell within any hour of the days before.
    """

    seed: int
    accounts: tuple[AccountPlan, ...]
    market: MarketPlan
    rules: tuple[Rule, ...]
    faults: tuple[FaultPlan, ...]
    acts: tuple[Act, ...]
    heals_at: float
    heat: float | None = None
    clusters: tuple[tuple[str, ...], ...] = ()
    hour: float = HOUR
    usual: float | None = None
