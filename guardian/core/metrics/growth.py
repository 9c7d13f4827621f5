"""Exposure that grows after HALT: what the least was since, and whether orders of the bot have made it more.

Formula: gross of quantities at the prices of the HALT, against the least of it from ten seconds after on. A
market that moves is no growth, a listing that had lacked a leg is none, and guardian's closes only lower it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from guardian.core.frozen import replace
from guardian.core.model import REDUCE, Part
from guardian.core.state import AccountState, Incident

IGNORED_AFTER = timedelta(seconds=10)
NOTHING, GROWTH = Decimal(0), Decimal("1.01")
"""Exposure past this multiple of what a halted bot had counts as growing; less is rounding."""


def fold_growth(account: AccountState) -> AccountState:
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
    if incident.watched_at is None and incident.level is REDUCE:
        incident = _first_seen(account, incident)
    prices = dict(incident.prices)
    legs = _leg_values(account, incident.only, prices)
    watched = tuple(sorted(legs.items()))
    if not counts:
        incident = replace(incident, prices=_priced(account, prices), watched=watched, watched_at=asked)
        return replace(account, incident=incident)
    shown = dict(incident.watched) | legs if legs and watched != incident.watched else legs
    gross = sum(shown.values(), NOTHING)
    incident = replace(
        incident,
        prices=_priced(account, prices),
        watched=watched,
        watched_at=asked,
        grown_from=gross if incident.grown_from is None else min(gross, incident.grown_from),
        margin_from=_least_margin(account, incident),
    )
    return replace(account, incident=incident)


def _priced(account: AccountState, prices: dict[str, Decimal]) -> tuple[tuple[str, Decimal], ...]:
    """Legs opened after the HALT get a fixed price too, or their market's moves would be growth."""
    new = {p.leg: p.unit for p in account.evidence.positions if p.leg not in prices}
    return tuple(sorted((prices | new).items()))


def _first_seen(account: AccountState, incident: Incident) -> Incident:
    """A reduction counts from the first positions that are read, where none ever had been when it began."""
    if incident.legs or incident.prices:
        return incident
    return replace(incident, legs=tuple((p.leg, p.quantity) for p in account.evidence.positions))


def grown(account: AccountState) -> bool:
    """More than rounding above the least that was seen since HALT, by orders that were filled."""
    incident = account.incident
    if incident is None or incident.grown_from is None or not account.evidence.positions:
        return False
    gross = sum(_leg_values(account, incident.only, dict(incident.prices)).values(), NOTHING)
    return gross > incident.grown_from * GROWTH and _filled(account, incident, gross)


def _filled(account: AccountState, incident: Incident, gross: Decimal) -> bool:
    """Whether orders were filled: growth without any is a listing that had lacked a leg.

    A fill moves the cash by its fee or, where it costs none or guardian's own closes move the cash too, the
    margin by at least half of the growth. Where the wallet has not been read for as long, the positions count
    alone.
    """
    if incident.only:
        return True  # what else the bot may trade moves cash and margin too; this becomes a wider halt only
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


def _leg_values(
    account: AccountState, only: tuple[str, ...], prices: dict[str, Decimal]
) -> dict[str, Decimal]:
    """Each leg at the prices of the HALT, so that a moving market is not read as a growing position."""
    legs = {}
    for p in account.evidence.positions:
        if not only or p.symbol in only:
            leg = p.leg
            price = prices.get(leg)
            legs[leg] = abs(p.quantity) * (p.unit if price is None else price)
    return legs
