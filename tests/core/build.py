"""Small builders: one account, instants in seconds from `START`, money in USDT, and a `Desk` that steps.

Every builder gives something plausible, so that a test names only what it is about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from guardian.core.effects import Effect
from guardian.core.engine import step
from guardian.core.events import (
    Armed,
    Configured,
    Demanded,
    EffectReported,
    Event,
    KeysListed,
    Outcome,
    Resumed,
    SnapshotTaken,
    Started,
    Tick,
)
from guardian.core.model import (
    Balance,
    Failure,
    KeyRecord,
    LedgerEntry,
    LedgerKind,
    Level,
    OnUnknown,
    OpenOrder,
    Part,
    Position,
    Rule,
    Rung,
    Snapshot,
    Wallet,
    Window,
)
from guardian.core.policy import AccountPolicy, HaltTarget
from guardian.core.state import AccountState, Incident, State

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "main"
BOT_KEY = "bot-key"
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"

LEVELS = {level.name.lower(): level for level in Level}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def money(value: float | str | Decimal) -> Decimal:
    return Decimal(str(value))


def policy(**changes: Any) -> AccountPolicy:
    """Hands, an admin and one stubborn bot; the deadline is the real one."""
    usual = AccountPolicy(
        name=ACCOUNT,
        venue="bybit",
        currency="USDT",
        has_hands=True,
        has_admin=True,
        own_keys=("watch-key", "hands-key", "admin-key"),
        bot_keys=(BOT_KEY,),
        secret_ref="vault:exec/main",
        order_prefixes=("ft-",),
        halt_targets=(HaltTarget("bot", 10.0),),
        flatten_deadline_seconds=60.0,
        slippage=0.02,
        snapshot_seconds=1.0,
    )
    return replace(usual, **changes)


def position(
    symbol: str = BTC, quantity: float | str = 1, mark: float | str = 100, **changes: Any
) -> Position:
    """One-way, lot 0.001; entered at mark unless told otherwise."""
    usual = Position(
        symbol=symbol,
        index=0,
        quantity=money(quantity),
        entry=money(mark),
        mark=money(mark),
        contract_size=Decimal(1),
        step=Decimal("0.001"),
        minimum=Decimal("0.001"),
        maximum=Decimal(1000),
        settle="USDT",
    )
    return replace(usual, **{k: money(v) if k in MONEY else v for k, v in changes.items()})


MONEY = {"entry", "mark", "contract_size", "step", "minimum", "maximum"}


def order(id: str = "o1", symbol: str = BTC, **changes: Any) -> OpenOrder:
    usual = OpenOrder(
        id=id,
        client_id=f"ft-{id}",
        symbol=symbol,
        index=0,
        side=1,
        remaining=Decimal(1),
        price=Decimal(90),
        trigger=None,
        reduce_only=False,
        created_at=START,
    )
    return replace(usual, **changes)


def stop(id: str = "s1", symbol: str = BTC, **changes: Any) -> OpenOrder:
    """A protective stop: conditional and reduce-only."""
    return order(
        id, symbol, **{"side": -1, "price": None, "trigger": Decimal(80), "reduce_only": True, **changes}
    )


def wallet(
    equity: float | str | Decimal, cash: float | str | Decimal | None = None, **changes: Any
) -> Wallet:
    """`cash` is the USDT balance without open P&L; by default all of the equity is cash."""
    balances = (Balance("USDT", money(equity if cash is None else cash), Decimal(1)),)
    total = money(equity)
    usual = Wallet(total, balances, total, Decimal(0), Decimal(0), Decimal(0))
    return replace(usual, **{k: v if k == "balances" else money(v) for k, v in changes.items()})


def read(
    seconds: float,
    positions: tuple[Position, ...] = (),
    orders: tuple[OpenOrder, ...] = (),
    cash: float | str | Decimal = 1000,
    **changes: Any,
) -> Snapshot:
    """A whole and honest read: equity is cash plus open P&L, and margin is held for what is open."""
    pnl = sum((p.open_pnl for p in positions), Decimal(0))
    margin = sum((abs(p.notional) for p in positions), Decimal(0)) / 10
    usual = Snapshot(
        account=ACCOUNT,
        asked_at=at(seconds),
        wallet=wallet(money(cash) + pnl, cash, position_margin=margin),
        positions=positions,
        orders=orders,
        ledger=(),
    )
    return replace(usual, **changes)


def without(snapshot: Snapshot, *parts: Part, code: str = "garbage") -> Snapshot:
    """The same read with these parts failed."""
    failures = tuple(Failure(part, code, "planted") for part in parts)
    gone: dict[str, Any] = {part.value: None for part in parts}
    return replace(snapshot, failures=(*snapshot.failures, *failures), **gone)


def says(snapshot: Snapshot, equity: float | str | Decimal) -> Snapshot:
    """The same read with a wallet that claims another equity (and margin balance)."""
    assert snapshot.wallet is not None
    total = money(equity)
    return replace(snapshot, wallet=replace(snapshot.wallet, equity=total, margin_balance=total))


def row(
    id: str, change: float | str, kind: LedgerKind = LedgerKind.FLOW, currency: str = "USDT"
) -> LedgerEntry:
    return LedgerEntry(id, START, kind, currency, money(change))


def rung(limit: float, level: str, hold: float = 0.0, to: float | None = None) -> Rung:
    return Rung(limit, LEVELS[level], hold, to)


def rule(*ladder: Rung, id: str = "dd", metric: str = "drawdown", **changes: Any) -> Rule:
    """A drawdown from the high-water mark unless told otherwise; armed, no blindness demand."""
    usual = Rule(
        id=id,
        title=id,
        why="test",
        metric=metric,
        window=Window("hwm") if metric == "drawdown" else Window(),
        scope="account",
        direction="over",
        ladder=ladder or (rung(0.05, "lockout"),),
        stale_after_seconds=10.0,
        on_unknown=OnUnknown.IGNORE,
        clears="operator",
        armed=True,
    )
    return replace(usual, **changes)


SLIDING_HOUR = Window("sliding", 3600.0)
DAY = Window("session")


class Desk:
    """Steps a state through events and keeps every effect; time is given in seconds from `START`."""

    def __init__(self, *rules: Rule, armed: bool = True, **changes: Any) -> None:
        self.state = State()
        self.effects: list[Effect] = []
        self.send(Configured(START, "desk-1", "hash", (policy(**changes),), rules))
        if armed:
            self.send(Armed(START, ACCOUNT, (), "anna", "test"))

    def send(self, event: Event) -> tuple[Effect, ...]:
        self.state, effects = step(self.state, event)
        self.effects += effects
        return effects

    def see(self, snapshot: Snapshot, arrives: float | None = None) -> tuple[Effect, ...]:
        """The read arrives when it was asked, or at `arrives`."""
        return self.send(SnapshotTaken(snapshot.asked_at if arrives is None else at(arrives), snapshot))

    def warm(self, *positions: Position, orders: tuple[OpenOrder, ...] = (), cash: float = 1000) -> Desk:
        """Five confirmed reads at -5 to -1 seconds."""
        for seconds in range(-5, 0):
            self.see(read(seconds, positions, orders, cash))
        return self

    def tick(self, seconds: float) -> tuple[Effect, ...]:
        return self.send(Tick(at(seconds)))

    def restart(self, seconds: float) -> tuple[Effect, ...]:
        return self.send(Started(at(seconds), "1"))

    def demand(self, seconds: float, level: str) -> tuple[Effect, ...]:
        return self.send(Demanded(at(seconds), ACCOUNT, LEVELS[level], "anna", "test"))

    def resume(self, seconds: float, *rebase: str) -> tuple[Effect, ...]:
        return self.send(Resumed(at(seconds), ACCOUNT, "anna", "looked", rebase))

    def report(
        self, seconds: float, effect: Effect, outcome: Outcome = Outcome.DONE, **facts: str
    ) -> tuple[Effect, ...]:
        told = tuple(facts.items())
        return self.send(EffectReported(at(seconds), ACCOUNT, effect.id, outcome, facts=told))

    def keys(self, seconds: float, *keys: KeyRecord, complete: bool = True) -> tuple[Effect, ...]:
        return self.send(KeysListed(at(seconds), ACCOUNT, at(seconds), complete, keys))

    @property
    def account(self) -> AccountState:
        account = self.state.account(ACCOUNT)
        assert account is not None
        return account

    @property
    def incident(self) -> Incident:
        assert self.account.incident is not None
        return self.account.incident

    @property
    def level(self) -> Level:
        return self.account.level

    @property
    def nav(self) -> float:
        assert self.account.nav is not None
        return self.account.nav.value


def trading(id: str = BOT_KEY) -> KeyRecord:
    return KeyRecord(id, read_only=False, can_trade=True)


def read_only(id: str = BOT_KEY) -> KeyRecord:
    """As the venue's reader shows a fenced key: read-only, and therefore not trading."""
    return KeyRecord(id, read_only=True, can_trade=False)


def only(effects: tuple[Effect, ...], kind: str) -> Any:
    """The single effect of this kind; fails when there is none or several."""
    found = [e for e in effects if e.kind == kind]
    assert len(found) == 1, f"{len(found)} x {kind} in {[e.kind for e in effects]}"
    return found[0]


def kinds(effects: tuple[Effect, ...] | list[Effect], *wanted: str) -> list[Any]:
    return [e for e in effects if e.kind in wanted]
