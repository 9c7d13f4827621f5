"""What is known: one frozen value, replaced as a whole by each step.

Law: nothing here is ever mutated, every history has a declared bound, and `SCHEMA` changes with the shape.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from guardian.core.events import Demanded, Outcome
from guardian.core.facts.calls import Api
from guardian.core.facts.market import AssetBars
from guardian.core.facts.stake import Lots
from guardian.core.frozen import dataclass, replace
from guardian.core.memory import (
    Baseline,
    Correlations,
    Course,
    Doings,
    Group,
    Heat,
    Markets,
    Nav,
    Returns,
    Stack,
)
from guardian.core.model import (
    FLATTEN,
    NORMAL,
    Failure,
    KeyRecord,
    Level,
    Measured,
    OpenOrder,
    Part,
    Position,
    Rule,
    Unknown,
    Verdict,
    Wallet,
)
from guardian.core.policy import AccountPolicy

SCHEMA = 1


Facts = tuple[tuple[str, str], ...]
"""What an adapter reports beside the outcome; of a fence: what it needs to restore the key."""


KEPT_HALTS = 16
"""Bound on the instants at which rules have halted an account that are remembered: the newest."""

MAXIMUM_TARGETS = 400
"""Bound on what one incident remembers of settled actions; what is still in flight is never dropped."""


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule on one account, with a value per rung of its ladder.

    `held` is the seconds in each hold, `past` whether the value was past the limit when last known, `fired`
    whether it is proven past the limit now with its hold run out. Latches live in the level, not here.
    `group` is what a rule of several accounts remembers, `fault` the symbols past the first rung by value.
    """

    rule_id: str
    verdict: Verdict = Verdict.WARMING
    measured: Measured = field(default_factory=lambda: Unknown("no evidence yet", warming=True))
    held: tuple[float, ...] = ()
    past: tuple[bool, ...] = ()
    fired: tuple[bool, ...] = ()
    judged_at: datetime | None = None
    below_since: datetime | None = None
    baseline: Baseline | None = None
    episode: int = 0
    told: Level = NORMAL
    stale: bool = False
    group: Group | None = None
    fault: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be done in an incident, and what became of the last try. At most one is in flight."""

    key: str
    step: str
    effect_id: str
    sent_at: datetime
    attempts: int = 1
    reported_at: datetime | None = None
    outcome: Outcome | None = None
    code: str = ""
    detail: str = ""
    client_id: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def in_flight(self) -> bool:
        return self.reported_at is None

    @property
    def given_back(self) -> bool:
        """Of a key owed to its bot: the venue has said that it is restored, or it was never fenced."""
        if self.step == "unfence":
            return self.outcome in (Outcome.DONE, Outcome.GONE)
        return not self.facts and self.outcome in (Outcome.GONE, Outcome.IMPOSSIBLE)


@dataclass(frozen=True, slots=True)
class Taken:
    """What guardian's own closes took of one leg since a halted bot may not grow (metrics/reopened.py).

    `taken` is the quantity that the venue's ledger tells, `most` the largest of the leg that any read has
    shown. Closes up to number `attempts` were sent before and do not count.
    """

    leg: str
    attempts: int
    most: Decimal
    taken: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Flatness:
    """Progress of "flat as the venue reports it": two agreeing reads at least two seconds apart."""

    first_at: datetime | None = None
    first_asked: datetime | None = None
    verified_at: datetime | None = None
    paged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Half-open after HALT or REDUCE: CAUTION with new size capped at `cap`.

    `clean_since` starts anew whenever it is not proven clean; `seen_at` is the last look. `only` are the
    symbols that were halted, and are again if it fails; () for all of the account.
    """

    cap: float
    opened_at: datetime
    seen_at: datetime
    clean_since: datetime | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """From the first level above NORMAL until an operator (or CAUTION's dwell, or a clean trial) ends it.

    `t0` is the arrival of the evidence that demanded FLATTEN or worse. `legs` are the signed quantities at
    the entry of REDUCE; `grown_from` is the gross quantity (at fixed prices) a halted bot may not exceed,
    `margin_from` the least margin that the wallet has held for positions since.
    `watched` are the legs of the newest read since HALT at the same prices, asked at `watched_at`.
    `causes` is whoever has demanded HALT or more; `trial` is set while it is half-open.
    `only` are the symbols that are halted, `goals` those that are reduced and to what: scopes below the
    account. Without `only` all of the account is halted; `reduce_to` is the goal of all of it, None without.
    """

    code: str
    opened_at: datetime
    rule: str
    cause: Literal["breach", "stale", "operator", "ignored", "trial"]
    level: Level
    entered_at: datetime
    halted_at: datetime | None = None
    t0: datetime | None = None
    reduce_to: float | None = None
    only: tuple[str, ...] = ()
    goals: tuple[tuple[str, float], ...] = ()
    legs: tuple[tuple[str, Decimal], ...] = ()
    prices: tuple[tuple[str, Decimal], ...] = ()
    grown_from: Decimal | None = None
    margin_from: Decimal | None = None
    watched: tuple[tuple[str, Decimal], ...] = ()
    watched_at: datetime | None = None
    taken: tuple[Taken, ...] = ()
    targets: tuple[Target, ...] = ()
    fenced: tuple[tuple[str, datetime], ...] = ()
    fence_facts: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    fence_impossible: str = ""
    flatness: Flatness = field(default_factory=Flatness)
    absent_at: tuple[tuple[str, datetime], ...] = ()
    dead_keys: tuple[str, ...] = ()
    key_dead_at: datetime | None = None
    bots_stopped_at: datetime | None = None
    calm_since: datetime | None = None
    causes: tuple[str, ...] = ()
    trial: Trial | None = None

    def target(self, key: str) -> Target | None:
        return next((t for t in self.targets if t.key == key), None)


@dataclass(frozen=True, slots=True)
class Arming:
    armed: bool = False
    rules: tuple[str, ...] = ()
    disarmed_until: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The newest good answer of each part, with the instant it was asked.

    `cash_moved_at` is when the newest wallet was asked whose cash was not that of the one before: no order
    fills without a fee.
    """

    wallet: Wallet | None = None
    positions: tuple[Position, ...] = ()
    orders: tuple[OpenOrder, ...] = ()
    asked: tuple[tuple[Part, datetime], ...] = ()
    complete_at: datetime | None = None
    failures: tuple[Failure, ...] = ()
    keys: tuple[KeyRecord, ...] = ()
    keys_asked: datetime | None = None
    cash_moved_at: datetime | None = None

    def asked_at(self, part: Part) -> datetime | None:
        for known, at in self.asked:
            if known is part:
                return at
        return None


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account. `halts` are the newest instants at which a rule has halted it, the oldest first.

    `overheat` is the score of the latest step, None where no rule asks for it.
    `resumed_at` is when an operator last ended whatever had been demanded before.
    `to_unfence` are the keys that an operator's resume gives back to the bots and that the venue has not yet
    said to be back: `key` is the public id, `facts` what is to be restored (() unknown); the step is "fence"
    until it is first tried, and a fence still in flight is answered first.
    """

    policy: AccountPolicy
    watched_since: datetime
    evidence: Evidence = field(default_factory=Evidence)
    nav: Nav | None = None
    rules: tuple[RuleState, ...] = ()
    arming: Arming = field(default_factory=Arming)
    level: Level = NORMAL
    incident: Incident | None = None
    past: tuple[Incident, ...] = ()
    demanded: Level = NORMAL
    counter: int = 0
    troubles: tuple[str, ...] = ()
    drilled_at: datetime | None = None
    api: Api = field(default_factory=Api)
    correlations: Correlations | None = None
    lots: Lots | None = None
    markets: Markets = field(default_factory=Markets)
    doings: Doings | None = None
    stack: Stack = field(default_factory=Stack)
    returns: Returns | None = None
    heat: Heat | None = None
    course: Course = field(default_factory=Course)
    halts: tuple[datetime, ...] = ()
    overheat: float | None = None
    resumed_at: datetime | None = None
    to_unfence: tuple[Target, ...] = ()
    bars: tuple[AssetBars, ...] = ()

    def rule(self, rule_id: str) -> RuleState | None:
        return next((r for r in self.rules if r.rule_id == rule_id), None)


def owing(account: AccountState, at: datetime) -> AccountState:
    """With what the incident's fences have taken from keys that live, or may have: where an answer was lost
    or is still to come. What was owed before it was there before its fences, and is what is restored."""
    incident = account.incident
    if incident is None:
        return account
    fences = {t.key.removeprefix("fence:"): t for t in incident.targets if t.step == "fence"}
    lost: dict[str, Facts] = {k: () for k, t in fences.items() if t.outcome in (None, Outcome.UNKNOWN)}
    before = {debt.key: debt.facts for debt in account.to_unfence}
    owed = lost | before | dict(incident.fence_facts) | {k: facts for k, facts in before.items() if facts}
    debts = (
        replace(fences[key], key=key, attempts=0, facts=facts)
        if key in fences and fences[key].in_flight
        else fenced(key, facts, at)
        for key, facts in sorted(owed.items())
        if key not in incident.dead_keys
    )
    return replace(account, to_unfence=tuple(debts))


def fenced(key: str, facts: Facts, at: datetime) -> Target:
    """A fence that is over, as what is owed to the bot."""
    return Target(key, "fence", "", at, 0, reported_at=at, facts=facts)


def taken_up(account: AccountState, event: Demanded) -> AccountState:
    """With what the action that the demand continues has recorded; an incident to be flat keeps it owed."""
    if event.level < FLATTEN or not event.recorded:
        return account
    debts = (fenced(key, facts, event.at) for key, facts in event.recorded)
    return replace(account, to_unfence=(*account.to_unfence, *debts))


@dataclass(frozen=True, slots=True)
class Decision:
    """One change worth a line in the journal: a level, a verdict or a milestone, and its cause."""

    account: str
    what: str
    rule: str = ""
    before: str = ""
    after: str = ""
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Everything the core knows. `decisions` are those of the latest step only, `folds` are as configured."""

    schema: int = SCHEMA
    now: datetime | None = None
    instance: str = ""
    pack_hash: str = ""
    rules: tuple[Rule, ...] = ()
    accounts: tuple[AccountState, ...] = ()
    decisions: tuple[Decision, ...] = ()
    folds: tuple[str, ...] | None = None

    def account(self, name: str) -> AccountState | None:
        return next((self.accounts[place] for place in self.places(name) if name), None)

    def places(self, name: str) -> range:
        """Where in `accounts`, which are in the order of their names, this one is; all if none is named."""
        if not name:
            return range(len(self.accounts))
        place = bisect_left(self.accounts, name, key=_name)
        found = place < len(self.accounts) and _name(self.accounts[place]) == name
        return range(place, place + found)


def _name(account: AccountState) -> str:
    return account.policy.name
