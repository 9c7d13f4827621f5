"""M01 equity_nav: equity unitised like a fund, so that deposits and withdrawals move no loss rule.

Two accounts of the same equity are kept. `raw` is the wallet's total. `explained` starts from the first
wallet, adds every ledger row, and adds open P&L from positions at mark. A loss counts as far as both prove it;
an equity that only one of them shows is an integrity question, not a loss.

Source: unitised NAV / time-weighted return (GIPS); the venue's wallet total cross-checked to 1 %.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.model import LedgerEntry, LedgerKind, Position, Snapshot, Wallet
from guardian.core.state import Nav

TOLERANCE = Decimal("0.01")
START = Decimal(100)


def fold_nav(nav: Nav | None, snapshot: Snapshot, wallet: Wallet | None) -> Nav | None:
    """The NAV after one read; `wallet` is the newest good one (for prices). Unchanged where blind.

    Without positions there is no account of open P&L: the NAV keeps its age and goes stale.
    """
    if nav is None:
        return _first(snapshot)
    if snapshot.positions is None or wallet is None:
        return _booked(nav, snapshot, wallet)
    prices = _prices(wallet)
    rows = snapshot.ledger or ()
    cash = _apply(dict(nav.cash), rows)
    explained = _value(cash, prices) + _open_pnl(snapshot.positions, prices)
    units = _units(nav, explained, _flow(rows, prices))
    if units <= 0:
        return None
    return _seen(nav, snapshot, cash, (explained, units))


def _seen(nav: Nav, snapshot: Snapshot, cash: dict[str, Decimal], both: tuple[Decimal, Decimal]) -> Nav:
    explained, units = both
    raw = snapshot.wallet.equity if snapshot.wallet else None
    agreed = raw is not None and agree(raw, explained)
    proven = explained if raw is None else max(raw, explained)
    return Nav(
        at=snapshot.asked_at,
        units=units,
        cash=tuple(sorted(cash.items())),
        raw=raw,
        explained=explained,
        value=float(proven / units),
        agreed=agreed,
        sides=1 if raw is None else 2,
        reads=nav.reads + (1 if agreed else 0),
    )


def _booked(nav: Nav, snapshot: Snapshot, wallet: Wallet | None) -> Nav:
    """Book ledger rows of a read without positions: they must not be lost, but the NAV itself stays as old."""
    rows = snapshot.ledger or ()
    if not rows:
        return nav
    cash = _apply(dict(nav.cash), rows)
    flow = _flow(rows, _prices(wallet)) if wallet else Decimal(0)
    before = nav.explained
    moved = before + flow
    units = nav.units * moved / before if before > 0 and moved > 0 else nav.units
    return Nav(
        at=nav.at,
        units=units,
        cash=tuple(sorted(cash.items())),
        raw=None,
        explained=moved if moved > 0 else before,
        value=nav.value,
        agreed=False,
        sides=1,
        reads=nav.reads,
    )


def agree(raw: Decimal, explained: Decimal) -> bool:
    """Both accounts tell the same equity within 1 % of the larger."""
    return abs(raw - explained) <= TOLERANCE * max(abs(raw), abs(explained))


def reanchored(nav: Nav, wallet: Wallet) -> Nav:
    """An operator accepted the wallet's cash as the new truth (`resume --rebase integrity`)."""
    cash = tuple(sorted((b.currency, b.quantity) for b in wallet.balances))
    units = nav.units * wallet.equity / nav.equity if nav.equity > 0 and wallet.equity > 0 else nav.units
    return Nav(nav.at, units, cash, wallet.equity, wallet.equity, nav.value, True, 2, nav.reads)


def _first(snapshot: Snapshot) -> Nav | None:
    if not snapshot.complete or snapshot.wallet is None or snapshot.positions is None:
        return None
    wallet = snapshot.wallet
    prices = _prices(wallet)
    cash = {b.currency: b.quantity for b in wallet.balances}
    explained = _value(cash, prices) + _open_pnl(snapshot.positions, prices)
    if wallet.equity <= 0 or explained <= 0 or not agree(wallet.equity, explained):
        return None
    units = max(wallet.equity, explained) / START
    return Nav(snapshot.asked_at, units, tuple(sorted(cash.items())), wallet.equity, explained, 100.0, True, 2, 1)


def _prices(wallet: Wallet) -> dict[str, Decimal]:
    return {b.currency: b.price for b in wallet.balances}


def _apply(cash: dict[str, Decimal], rows: tuple[LedgerEntry, ...]) -> dict[str, Decimal]:
    for row in rows:
        cash[row.currency] = cash.get(row.currency, Decimal(0)) + row.change
    return cash


def _value(cash: dict[str, Decimal], prices: dict[str, Decimal]) -> Decimal:
    return sum((quantity * prices.get(c, Decimal(0)) for c, quantity in cash.items()), Decimal(0))


def _open_pnl(positions: tuple[Position, ...], prices: dict[str, Decimal]) -> Decimal:
    """Settle currencies that the wallet does not list yet count at 1, as stablecoins."""
    return sum((p.open_pnl * prices.get(p.settle, Decimal(1)) for p in positions), Decimal(0))


def _flow(rows: tuple[LedgerEntry, ...], prices: dict[str, Decimal]) -> Decimal:
    flows = (row for row in rows if row.kind is LedgerKind.FLOW)
    return sum((row.change * prices.get(row.currency, Decimal(1)) for row in flows), Decimal(0))


def _units(nav: Nav, explained: Decimal, flow: Decimal) -> Decimal:
    """Units after a flow, valued just before it: U + F/N. Zero closes the epoch (all withdrawn)."""
    if flow == 0:
        return nav.units
    before = (explained - flow) / nav.units
    if before <= 0:
        return nav.units
    units = nav.units + flow / before
    return units if units > nav.units * Decimal("1e-9") else Decimal(0)
