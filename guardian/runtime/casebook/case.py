"""A case as frozen values: what `read` makes of the text, and what `play` plays.

Law: a value here is checked. Whatever a person can misspell has been refused with its line before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from guardian.core.events import Outcome
from guardian.core.facts.pulse import Pulse
from guardian.core.model import Call, ClockOffset, LedgerKind, Part, Rule

CURRENCY = "USDT"
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULED_OFF = "----"
NOTHING = "(nothing)"
MARGIN = Decimal("0.1")
"""Of the positions' notional: what an honest wallet holds for them here."""

MOVED = {kind.value: kind for kind in LedgerKind}
OUTCOMES = {outcome.value: outcome for outcome in Outcome}
COMMANDS = ("arm", "disarm", "expect", "demand", "resume", "keys", "trouble", "healed", "drilled")
TOLD = ("market", "activity", "telemetry")
FACTS = ("read", *TOLD, "tick", "restart", "look", *COMMANDS, *OUTCOMES)


@dataclass(frozen=True, slots=True)
class Leg:
    """A position as a read shows it; `entry` is the mark where the case names none."""

    symbol: str
    index: int
    quantity: Decimal
    mark: Decimal
    entry: Decimal


@dataclass(frozen=True, slots=True)
class Resting:
    """An order on a symbol. A `stop` closes its leg; None leaves size, side or price to what is usual."""

    id: str
    symbol: str
    index: int
    stop: bool
    quantity: Decimal | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one read saw. Only money is remembered from read to read; all else is what this one lists.

    `late` is how long ago the question was asked. `equity` is honest: the difference was earned or lost in
    trades. `phantom` is what the wallet claims while positions and ledger say otherwise. `cash` changes the
    wallet, and no row of the ledger tells of it. `margin` is what the wallet holds for positions, a tenth of
    those listed unless a case says otherwise.
    """

    legs: tuple[Leg, ...] = ()
    resting: tuple[Resting, ...] = ()
    coins: tuple[tuple[str, Decimal, Decimal], ...] = ()
    liquidations: tuple[tuple[str, Decimal], ...] = ()
    moved: tuple[tuple[LedgerKind, Decimal], ...] = ()
    cash: Decimal | None = None
    equity: Decimal | None = None
    phantom: Decimal | None = None
    maintenance: Decimal = Decimal(0)
    late: float = 0.0
    margin: Decimal | None = None
    failed: frozenset[Part] = frozenset()
    calls: tuple[Call, ...] = ()
    clock: ClockOffset | None = None
    pulse: Pulse | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """What happens to an account at each of these seconds from the start; `seen` for a read only."""

    line: int
    at: tuple[float, ...]
    account: str
    what: str
    words: tuple[str, ...] = ()
    seen: Seen | None = None


USUAL_PREFIXES = ("ft-",)
"""What orders of the bots of a case begin with, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Played:
    """An account of the case: guardian may act on it in every way but those that are taken away.

    `mandate` is whose money it is, `prefixes` what its bots' orders begin with, as in guardian.yaml; it is
    read every `poll` seconds, so that what a window could have seen in between is not missing.
    """

    name: str
    has_hands: bool = True
    has_admin: bool = True
    mandate: str = ""
    prefixes: tuple[str, ...] = USUAL_PREFIXES
    poll: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """`text` is everything above the line as written, `deeds` the lines that are expected below it.

    `ruled_off` is false while nobody has written deeds, not even that there are none.
    """

    name: str
    line: int
    text: tuple[str, ...]
    deeds: tuple[str, ...]
    ruled_off: bool
    facts: tuple[Fact, ...]
    packs: tuple[str, ...] = ()
    only: tuple[tuple[str, int], ...] = ()
    rules: tuple[Rule, ...] = ()
    accounts: tuple[Played, ...] = (Played("main"),)
    armed: bool = True
    as_written: bool = False
    no_rules: bool = False
    start: datetime = START
