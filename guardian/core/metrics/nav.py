"""M01 equity_nav: equity unitised like a fund, so that deposits and withdrawals move no loss rule.

Two accounts of the same equity are kept. `raw` is the wallet's total. `explained` starts from the first
wallet, adds every ledger row once, and adds open P&L from positions at mark. A loss counts as far as both
prove it; an equity that only one of them shows is an integrity question, not a loss.

Source: unitised NAV / time-weighted return (GIPS); the venue's wallet total cross-checked to 1 %.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_BOOKED_ROWS, Nav
from guardian.core.metrics.exposure import base_of, settle_price
from guardian.core.model import LedgerEntry, LedgerKind, Position, Snapshot, Wallet

TOLERANCE = Decimal("0.01")
NOTHING, START = Decimal(0), Decimal(100)
RECENT = timedelta(seconds=10)
"""How old a NAV that both accounts told may be for the next one to price what has come in between."""

EMPTY = Decimal("1e-9")
"""A flow that leaves less than this fraction takes everything: the epoch is over, which is not a loss."""

Listed = tuple[tuple[str, Decimal], ...]
"""By currency or coin, in the order of their names."""

Priced = tuple[dict[str, Decimal], Listed]
"""Prices of the NAV's coins, and the marks that they are as new as."""


def fold_nav(nav: Nav | None, snapshot: Snapshot, wallet: Wallet | None) -> Nav | None:
    """The NAV after one read; `wallet` is the newest good one. None once everything was withdrawn.

    Without positions there is no account of open P&L, and without prices none of the coins: the NAV keeps its
    age and goes stale.
    """
    if nav is None:
        return _first(snapshot)
    booked, flow = book(nav, snapshot)
    priced = _repriced(booked, snapshot)
    if snapshot.positions is None or wallet is None or priced is None:
        return _blind(booked, snapshot.wallet, flow)
    prices, _ = priced
    explained = _value(booked.cash, prices) + _open_pnl(snapshot.positions, prices)
    units = _units(nav, _price(nav, snapshot, explained, flow), flow) if flow else nav.units
    return _seen(booked, snapshot, units, explained, priced) if units > 0 else None


def book(nav: Nav, snapshot: Snapshot) -> tuple[Nav, Decimal]:
    """Cash and prices after the read's new rows, and what crossed the account's border, at its price.

    A currency keeps its last price when the wallet drops it at zero. Rows in a currency never priced wait,
    with the rest of their read, for the next wallet; what no wallet lists is worth nothing. So do flows in a
    read that tells no equity at all: what a unit was worth when they came, only a later one can tell.
    """
    known, told = dict(nav.prices), _prices(snapshot.wallet)
    fresh = tuple([row for row in snapshot.ledger if row.id not in nav.booked]) if snapshot.ledger else ()
    rows = (*nav.waiting, *fresh)
    if not rows and told.items() <= known.items():
        return nav, NOTHING
    prices = known | told
    nav = _remembering(nav, fresh)
    unpriced = snapshot.wallet is None and any(row.currency not in prices for row in rows)
    untold = _dark(snapshot) and any(row.kind is LedgerKind.FLOW for row in rows)
    if (unpriced or untold) and len(rows) <= MAXIMUM_BOOKED_ROWS:
        return replace(nav, waiting=rows), Decimal(0)
    cash, marks = _listed(_apply(dict(nav.cash), rows)), _carried(nav, prices)
    return replace(nav, cash=cash, prices=_listed(prices), waiting=(), marks=marks), _flow(rows, prices)


def _remembering(nav: Nav, fresh: tuple[LedgerEntry, ...]) -> Nav:
    """With the ids of these rows; the oldest by date go, so that it is known from when on all are there."""
    if not fresh:
        return nav
    undated, dates = nav.booked[: len(nav.booked) - len(nav.booked_at)], nav.booked_at
    dated = [*zip(dates, nav.booked[len(undated) :], strict=True), *((row.at, row.id) for row in fresh)]
    dated = sorted(dated)[-MAXIMUM_BOOKED_ROWS:]
    booked = (*undated, *(id for _, id in dated))[-MAXIMUM_BOOKED_ROWS:]
    return replace(nav, booked=booked, booked_at=tuple(at for at, _ in dated))


def known_from(nav: Nav) -> datetime | None:
    """Of the rows dated after it every one that was booked is still known; None while none is forgotten."""
    return nav.booked_at[0] if nav.booked_at and len(nav.booked) >= MAXIMUM_BOOKED_ROWS else None


def _dark(snapshot: Snapshot) -> bool:
    """No positions, and no wallet or one in debt, or at zero with money in it: nobody withdraws from that."""
    wallet = snapshot.wallet
    if snapshot.positions is not None or wallet is None:
        return snapshot.positions is None
    return wallet.equity < 0 or (wallet.equity == 0 and any(b.quantity for b in wallet.balances))


def _carried(nav: Nav, prices: dict[str, Decimal]) -> Listed:
    """The marks of the moment of these prices, should the read have no positions: they moved alike.

    Else the next positions would move a price once more by what this wallet has already told.
    """
    before = dict(nav.prices)
    moved = {c for c, price in prices.items() if before.get(c) and price != before[c]}
    return tuple((c, mark * prices[c] / before[c] if c in moved else mark) for c, mark in nav.marks)


def _repriced(nav: Nav, snapshot: Snapshot) -> Priced | None:
    """Prices of the NAV's coins as new as the positions, and the marks; None when too much of it has none.

    Where the wallet is missing, a coin moves as the mark of its positions has moved since the wallet that
    priced it: else a hedge would look like a loss, for one of its legs would move alone.
    """
    prices = dict(nav.prices)
    coins = [p for p in snapshot.positions or () if base_of(p.symbol) in prices]
    marks = {p.base: p.mark for p in sorted(coins, key=lambda p: p.leg)} if coins else {}
    if snapshot.wallet is not None:
        return prices, _listed(marks)
    before, unknown = dict(nav.marks), NOTHING
    for coin, quantity in nav.cash:
        price = prices.get(coin, NOTHING)
        if abs(price - 1) <= TOLERANCE:
            continue  # the reporting currency, or one that follows it
        if coin in before and coin in marks:
            prices[coin] = price * marks[coin] / before[coin]
        else:
            unknown += abs(quantity * price)
    if unknown > TOLERANCE * abs(nav.explained):
        return None
    return prices, _listed(before | marks)


def _seen(booked: Nav, snapshot: Snapshot, units: Decimal, explained: Decimal, priced: Priced) -> Nav:
    raw, (prices, marks) = snapshot.wallet.equity if snapshot.wallet else None, priced
    agreed = raw is not None and agree(raw, explained)
    value = float((explained if raw is None or explained > raw else raw) / units)
    return replace(
        booked,
        at=snapshot.asked_at,
        units=units,
        raw=raw,
        explained=explained,
        value=value,
        agreed=agreed,
        sides=1 if raw is None else 2,
        reads=booked.reads + (1 if agreed else 0),
        prices=_listed(prices) if raw is None else booked.prices,  # a wallet's own are booked already
        marks=marks,
        par=value if agreed else booked.par,
        par_at=snapshot.asked_at if agreed else booked.par_at,
    )


def _blind(nav: Nav, wallet: Wallet | None, flow: Decimal) -> Nav | None:
    """A read without positions: a flow moves both accounts and the units; the NAV itself stays as old."""
    if flow == 0:
        return nav
    before, moved = nav.explained, nav.explained + flow
    if before > 0 and moved <= EMPTY * before:
        return None
    raw = None if nav.raw is None else nav.raw + flow
    units = _units(nav, _half_told(nav, wallet, flow), flow)
    return replace(nav, units=units, explained=moved, raw=raw) if units > 0 else None


def agree(raw: Decimal, explained: Decimal) -> bool:
    """Both accounts tell the same equity within 1 % of the larger: of one or the other."""
    apart = abs(raw - explained)
    return apart <= TOLERANCE * abs(raw) or apart <= TOLERANCE * abs(explained)


def consistent(wallet: Wallet, positions: tuple[Position, ...]) -> bool:
    """The wallet's equity is its own cash and the positions' open P&L: one read, two endpoints, no ledger."""
    return agree(wallet.equity, worth(wallet, positions))


def worth(wallet: Wallet, positions: tuple[Position, ...]) -> Decimal:
    """The wallet's balances at its own prices, and the positions' open P&L."""
    prices = _prices(wallet)
    cash = tuple((b.currency, b.quantity) for b in wallet.balances)
    return _value(cash, prices) + _open_pnl(positions, prices)


def reanchored(nav: Nav, wallet: Wallet, positions: tuple[Position, ...]) -> Nav:
    """An operator accepted the wallet as the new truth (`resume --rebase integrity`); the NAV stays.

    Cash is what the wallet's equity leaves after open P&L, so that the next read agrees.
    """
    prices = {**dict(nav.prices), **_prices(wallet)}
    cash = tuple(sorted((b.currency, b.quantity) for b in wallet.balances))
    explained = _value(cash, prices) + _open_pnl(positions, prices)
    equity = max(wallet.equity, explained)
    units = equity / Decimal(str(nav.value)) if equity > 0 and nav.value > 0 else nav.units
    return replace(
        nav,
        units=units,
        cash=cash,
        prices=_listed(prices),
        raw=wallet.equity,
        explained=explained,
        agreed=agree(wallet.equity, explained),
        sides=2,
        waiting=(),
    )


def _first(snapshot: Snapshot) -> Nav | None:
    if not snapshot.complete or snapshot.wallet is None or snapshot.positions is None:
        return None
    wallet = snapshot.wallet
    prices = _prices(wallet)
    cash = tuple(sorted((b.currency, b.quantity) for b in wallet.balances))
    explained = _value(cash, prices) + _open_pnl(snapshot.positions, prices)
    if wallet.equity <= 0 or explained <= 0 or not agree(wallet.equity, explained):
        return None
    nav = Nav(
        at=snapshot.asked_at,
        units=max(wallet.equity, explained) / START,
        cash=cash,
        raw=wallet.equity,
        explained=explained,
        value=float(START),
        agreed=True,
        sides=2,
        reads=1,
        prices=_listed(prices),
        marks=_listed({p.base: p.mark for p in snapshot.positions if p.base in prices}),
        since=snapshot.asked_at,
        par=float(START),
        par_at=snapshot.asked_at,
    )
    return _remembering(nav, snapshot.ledger or ())


def _prices(wallet: Wallet | None) -> dict[str, Decimal]:
    """A coin of which nothing is left has no price here: venues then list zero, or do not list it."""
    return {b.currency: b.price for b in wallet.balances if b.quantity or b.price} if wallet else {}


def _listed(amounts: dict[str, Decimal]) -> Listed:
    return tuple(sorted(amounts.items())) if amounts else ()


def _apply(cash: dict[str, Decimal], rows: tuple[LedgerEntry, ...]) -> dict[str, Decimal]:
    for row in rows:
        cash[row.currency] = cash.get(row.currency, Decimal(0)) + row.change
    return cash


def _value(cash: Listed, prices: dict[str, Decimal]) -> Decimal:
    worth = NOTHING
    for currency, quantity in cash:
        worth += quantity * prices.get(currency, NOTHING)
    return worth


def _open_pnl(positions: tuple[Position, ...], prices: dict[str, Decimal]) -> Decimal:
    pnl = NOTHING
    for p in positions:
        pnl += p.open_pnl * settle_price(p, prices)
    return pnl


def _flow(rows: tuple[LedgerEntry, ...], prices: dict[str, Decimal]) -> Decimal:
    """Priced as `_value` prices: a flow must move the units by what it moves the equity."""
    flows = (row for row in rows if row.kind is LedgerKind.FLOW)
    return sum((row.change * prices.get(row.currency, Decimal(0)) for row in flows), Decimal(0))


def _price(nav: Nav, snapshot: Snapshot, explained: Decimal, flow: Decimal) -> Decimal:
    """What a unit was worth when a flow came: just before it, in a read that both accounts tell.

    Where the two disagree, what it was worth when they last did not: a flow that is unitised at a phantom
    price, or at one that a stale wallet claims, leaves the units wrong for ever.
    """
    wallet, told_at = snapshot.wallet, nav.par_at or nav.at
    if wallet is None:
        return _half_told(nav, None, flow)
    if not agree(wallet.equity, explained):
        return _par(nav)
    told = (explained - flow) / nav.units
    return told if snapshot.asked_at - told_at <= RECENT else _proven(flow, _par(nav), told)


def _half_told(nav: Nav, wallet: Wallet | None, flow: Decimal) -> Decimal:
    """Between what both accounts told last and what one of them, positions or wallet, has told since.

    Nobody withdraws from a debt: whoever claims one tells no price.
    """
    since = [] if nav.raw is not None else [Decimal(str(nav.value))]
    if wallet is not None:
        since.append((wallet.equity - flow) / nav.units)
    return _proven(flow, _par(nav), *(price for price in since if price > 0))


def _proven(flow: Decimal, *prices: Decimal) -> Decimal:
    """Nobody knows at which of these the flow came: the one that leaves fewer units proves the least loss."""
    return min(prices) if flow < 0 else max(prices)


def _par(nav: Nav) -> Decimal:
    return Decimal(str(nav.value if nav.par is None else nav.par))


def _units(nav: Nav, price: Decimal, flow: Decimal) -> Decimal:
    """Units after a flow at this price: U + F/N. Zero closes the epoch (all withdrawn).

    Who fills up what is worth nothing, or owes, buys at next to nothing: else the loss would be undone.
    """
    if flow == 0 or (flow < 0 and price <= 0):
        return nav.units
    if price <= 0:
        price = max(abs(_par(nav)), EMPTY) * EMPTY
    units = nav.units + flow / price
    return units if units > nav.units * EMPTY else Decimal(0)
