"""Decide: from verdicts and operators to one level per account. The whole policy is on this page.

Laws: levels are goals and the worst demand wins, up at once. Down: CAUTION by itself after a dwell of calm,
everything above only by an operator. Unknown never lowers. A rule acts only where the rule *and* the account
are armed; otherwise it says what it would have done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from guardian.core.frozen import replace
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.nav import consistent
from guardian.core.model import Level, OnUnknown, Part, Rule, Rung
from guardian.core.state import AccountState, Decision, Incident, RuleState


@dataclass(frozen=True, slots=True)
class Law:
    """What holds at a level: who may end it, what the bot may do, whether positions may be moved."""

    leaves: Literal["auto", "operator"]
    permit: Literal["normal", "reduce_only", "halt"]
    size_cap: float


LAWS: dict[Level, Law] = {
    Level.NORMAL: Law("auto", "normal", 1.0),
    Level.CAUTION: Law("auto", "normal", 0.5),
    Level.HALT: Law("operator", "reduce_only", 0.0),
    Level.REDUCE: Law("operator", "reduce_only", 0.0),
    Level.FLATTEN: Law("operator", "halt", 0.0),
    Level.LOCKOUT: Law("operator", "halt", 0.0),
}

SCOPE_CEILING: dict[str, Level] = {
    "symbol": Level.REDUCE,
    "cluster": Level.REDUCE,
    "strategy": Level.REDUCE,
    "account": Level.LOCKOUT,
    "portfolio": Level.LOCKOUT,
    "venue": Level.LOCKOUT,
}

BLIND_LEVEL = {OnUnknown.IGNORE: Level.NORMAL, OnUnknown.CAUTION: Level.CAUTION, OnUnknown.HALT: Level.HALT}

CAUTION_DWELL = timedelta(seconds=60)
IGNORED_AFTER = timedelta(seconds=10)
GROWTH = Decimal("1.01")
"""Exposure past this multiple of what a halted bot had counts as growing; less is rounding."""

WIPED_OUT = 0.9
"""A loss past which a wallet at zero is what one would expect."""

OPERATOR = "operator"
JOURNAL_TROUBLE = "journal"
IGNORED = "bot-ignores-halt"


@dataclass(frozen=True, slots=True)
class Demand:
    """One rule's (or operator's) wish. `acts` is false where guardian only observes."""

    rule: str
    level: Level
    acts: bool
    cause: Literal["breach", "stale", "operator", "ignored"]
    to: float | None = None
    value: float | None = None
    limit: float | None = None


def demands(account: AccountState, rules: tuple[Rule, ...], now: datetime) -> tuple[Demand, ...]:
    """Every demand above NORMAL, in the order of the rules, the operator's and the ignored halt's last."""
    known = {own.rule_id: own for own in account.rules if own.stale or any(own.fired)}
    found = [d for rule in rules if (own := known.get(rule.id)) for d in _demand(account, rule, own, now)]
    if account.demanded is not Level.NORMAL:
        found.append(Demand(OPERATOR, account.demanded, True, "operator"))
    if ignores_halt(account):
        # Whoever halted it: positions are moved by guardian alone only on an account that is armed.
        acting = account.arming.armed and account.policy.has_hands and not disarmed(account, now)
        found.append(Demand(IGNORED, Level.FLATTEN, acting, "ignored"))
    return tuple(found)


def _demand(account: AccountState, rule: Rule, own: RuleState, now: datetime) -> Iterator[Demand]:
    acting = acts(account, rule, now)
    highest = ceiling(account, rule, own)
    rungs = [_within(r, highest) for r, fired in zip(rule.ladder, own.fired, strict=True) if fired]
    if rungs:
        worst = max(rungs, key=lambda r: (r.level, -(r.to or 0.0)))
        value = getattr(own.measured, "value", None)
        yield Demand(rule.id, worst.level, acting, "breach", worst.to, value, worst.limit)
    if own.stale and BLIND_LEVEL[rule.on_unknown] is not Level.NORMAL and account.nav is not None:
        yield Demand(rule.id, BLIND_LEVEL[rule.on_unknown], acting, "stale")


def _within(rung: Rung, highest: Level) -> Rung:
    """A rung beyond what the evidence may demand still stops new risk: HALT until it may demand more."""
    return rung if rung.level <= highest else replace(rung, level=min(Level.HALT, highest), to=None)


def ceiling(account: AccountState, rule: Rule, own: RuleState) -> Level:
    """How far this rule may go now: by its metric, by its scope, and by the accounts of its loss.

    FLATTEN and LOCKOUT for a loss, or for a multiple of the equity, need a second account of it; with only
    one, nothing beyond REDUCE.
    """
    metric = BY_NAME[rule.metric]
    highest = min(metric.ceiling, SCOPE_CEILING[rule.scope])
    told = _told(account)
    if metric.corroborated:
        told = _corroborated(account, getattr(own.measured, "value", 0.0))
    # An exposure is a multiple of the equity: one that only one account tells makes any size look large.
    doubtful = metric.corroborated or (metric.family == "exposure" and metric.unit == "multiple")
    return min(highest, Level.REDUCE) if doubtful and not told else highest


def _told(account: AccountState) -> bool:
    """Wallet and positions of the newest read tell one equity: with the ledger, or where it is late alone."""
    nav, wallet = account.nav, account.evidence.wallet
    if nav is None or nav.sides < 2 or wallet is None:
        return False
    return nav.agreed or consistent(wallet, account.evidence.positions)


def _corroborated(account: AccountState, loss: float) -> bool:
    """Whether the wallet and the positions tell the same loss (docs/decisions/0014).

    One equity, or neither claims more than twice the other's loss: prices move between the two answers of one
    read, most of all in a crash. Two sources that are wrong in different ways do not agree; a wallet without
    equity is no account of positions that have some.
    """
    nav = account.nav
    if nav is None or nav.raw is None or nav.sides < 2:
        return False
    if _told(account) or loss >= 1 or nav.equity <= 0:
        return True
    if nav.raw <= 0 and loss < WIPED_OUT:
        return False
    lost = nav.equity * Decimal(str(loss / (1 - loss)))
    return abs(nav.raw - nav.explained) <= lost


def acts(account: AccountState, rule: Rule, now: datetime) -> bool:
    """A rule acts where its YAML says armed, the account is armed now, and guardian has hands."""
    arming = account.arming
    if not (rule.armed and arming.armed and account.policy.has_hands) or disarmed(account, now):
        return False
    return not arming.rules or rule.id in arming.rules


def disarmed(account: AccountState, now: datetime) -> bool:
    until = account.arming.disarmed_until
    return until is not None and now < until


def decide(
    account: AccountState, rules: tuple[Rule, ...], found: tuple[Demand, ...], now: datetime
) -> tuple[AccountState, tuple[Decision, ...]]:
    """The account at its new level, and what changed."""
    acting = [d for d in found if d.acts]
    worst = max(acting, key=lambda d: (d.level, -(d.to or 0.0)), default=None)
    account = _watched_halt(account)
    if worst is not None and _rises(account, worst):
        account, changes = _raise(account, worst, now)
        return _watched_halt(account), changes
    past = {own.rule_id for own in account.rules if any(own.past)}
    over = any(acts(account, rule, now) for rule in rules if rule.id in past)
    return _settle(account, bool(acting) or over, now)


def _rises(account: AccountState, demand: Demand) -> bool:
    if demand.level > account.level:
        return True
    incident = account.incident
    tighter = demand.level is Level.REDUCE and account.level is Level.REDUCE and incident is not None
    return tighter and (demand.to or 0.0) < (incident.reduce_to or 0.0) if incident else False


def _raise(account: AccountState, demand: Demand, now: datetime) -> tuple[AccountState, tuple[Decision, ...]]:
    before = account.level
    incident = account.incident or Incident(
        code=base36(int(now.timestamp())),
        opened_at=now,
        rule=demand.rule,
        cause=demand.cause,
        level=demand.level,
        entered_at=now,
    )
    incident = replace(incident, level=demand.level, entered_at=now, calm_since=None)
    incident = _entered(incident, account, demand, now)
    decision = Decision(
        account.policy.name, "level", demand.rule, before.name, demand.level.name, demand.value, demand.limit
    )
    return replace(account, level=demand.level, incident=incident), (decision,)


def _entered(incident: Incident, account: AccountState, demand: Demand, now: datetime) -> Incident:
    """Remember what the goals refer to: the legs at REDUCE, the prices at HALT, t0 at FLATTEN."""
    positions = account.evidence.positions
    if demand.level >= Level.HALT and incident.halted_at is None:
        prices = tuple((p.leg, p.unit) for p in positions)
        incident = replace(incident, halted_at=now, prices=prices)
    if demand.level is Level.REDUCE:
        legs = incident.legs or tuple((p.leg, p.quantity) for p in positions)
        incident = replace(incident, legs=legs, reduce_to=demand.to or 0.0)
    if demand.level >= Level.FLATTEN and incident.t0 is None:
        incident = replace(incident, t0=now)
    return incident


def _settle(account: AccountState, over: bool, now: datetime) -> tuple[AccountState, tuple[Decision, ...]]:
    """CAUTION ends by itself after a dwell of proven calm; nothing else does.

    `over`: something is demanded, or an armed rule was past a limit when it last could tell.
    """
    incident = account.incident
    if incident is None or account.level is not Level.CAUTION:
        return account, ()
    if JOURNAL_TROUBLE in account.troubles:
        return account, ()  # with the journal down, escalation continues and de-escalation is refused
    if over or not _calm(account, incident):
        return replace(account, incident=replace(incident, calm_since=None)), ()
    since = incident.calm_since or now
    if now - since < CAUTION_DWELL:
        return replace(account, incident=replace(incident, calm_since=since)), ()
    decision = Decision(account.policy.name, "level", incident.rule, account.level.name, Level.NORMAL.name)
    return closed(account, incident), (decision,)


def _calm(account: AccountState, incident: Incident) -> bool:
    own = account.rule(incident.rule)
    if own is None:
        return True
    return not own.stale if incident.cause == "stale" else own.below_since is not None


KEPT_INCIDENTS = 5


def closed(account: AccountState, incident: Incident) -> AccountState:
    """Back to NORMAL; the incident is kept for people to look at."""
    past = (*account.past, incident)[-KEPT_INCIDENTS:]
    return replace(account, level=Level.NORMAL, incident=None, past=past, demanded=Level.NORMAL)


def _watched_halt(account: AccountState) -> AccountState:
    """From ten seconds after HALT on, remember the least gross exposure seen: the bot may not exceed it.

    A leg that one read lacks still counts as the read before it showed it: a listing that misses a leg once
    must not make the next whole one look like growth. Gone is what two reads in a row lack, or what a read
    without any position lacks, for that one the wallet has confirmed (observe).
    """
    incident = account.incident
    if incident is None or incident.halted_at is None or incident.t0 is not None:
        return account
    asked = account.evidence.asked_at(Part.POSITIONS)
    if asked is None or asked == incident.watched_at:
        return account
    counts = asked >= incident.halted_at + IGNORED_AFTER
    # Legs opened after the HALT get a fixed price too, or their market's moves would be growth.
    prices = {p.leg: p.unit for p in account.evidence.positions} | dict(incident.prices)
    incident = replace(incident, prices=tuple(sorted(prices.items())))
    legs = _leg_values(account, incident)
    gross = sum(((dict(incident.watched) if legs else {}) | legs).values(), Decimal(0))
    if counts:
        gross = gross if incident.grown_from is None else min(gross, incident.grown_from)
        incident = replace(incident, grown_from=gross, margin_from=_least_margin(account, incident))
    watched = tuple(sorted(legs.items()))
    return replace(account, incident=replace(incident, watched=watched, watched_at=asked))


def ignores_halt(account: AccountState) -> bool:
    """Exposure still growing ten seconds after HALT: the bot does not listen."""
    incident = account.incident
    if incident is None or incident.grown_from is None or not Level.HALT <= account.level < Level.FLATTEN:
        return False
    gross = sum(_leg_values(account, incident).values(), Decimal(0))
    return gross > incident.grown_from * GROWTH and _filled(account, incident, gross)


def _filled(account: AccountState, incident: Incident, gross: Decimal) -> bool:
    """Whether orders were filled: growth without any is a listing that had lacked a leg.

    A fill moves the cash by its fee or, where it costs none or guardian's own closes move the cash too, the
    margin by at least half of the growth. Where the wallet has not been read for as long, the positions count
    alone.
    """
    evidence, since = account.evidence, (incident.halted_at or incident.entered_at) + IGNORED_AFTER
    asked, positions = evidence.asked_at(Part.WALLET), evidence.asked_at(Part.POSITIONS)
    if evidence.wallet is None or asked is None or positions is None or positions - asked >= IGNORED_AFTER:
        return True
    own = any(t.step == "close" for t in incident.targets)
    if not own and evidence.cash_moved_at is not None and evidence.cash_moved_at >= since:
        return True
    growth = gross / incident.grown_from - 1 if incident.grown_from else Decimal(1)
    return evidence.wallet.position_margin > (incident.margin_from or Decimal(0)) * (1 + growth / 2)


def _least_margin(account: AccountState, incident: Incident) -> Decimal | None:
    """The least that the wallet has held for positions since growth is looked for."""
    wallet = account.evidence.wallet
    if wallet is None:
        return incident.margin_from
    known = incident.margin_from
    return wallet.position_margin if known is None else min(known, wallet.position_margin)


def _leg_values(account: AccountState, incident: Incident) -> dict[str, Decimal]:
    """Each leg at the prices of the HALT, so that a moving market is not read as a growing position."""
    prices = dict(incident.prices)
    return {p.leg: abs(p.quantity) * prices.get(p.leg, p.unit) for p in account.evidence.positions}


def base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    out = ""
    while number:
        number, rest = divmod(number, 36)
        out = digits[rest] + out
    return out or "0"
