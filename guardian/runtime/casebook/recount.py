"""An event as the line of facts that would tell it: what `words` reads, written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Context, Decimal, localcontext

from guardian.core.effects import Effect
from guardian.core.events import (
    ActivityTaken,
    Armed,
    Configured,
    Demanded,
    Disarmed,
    Drilled,
    EffectReported,
    Event,
    Expected,
    KeysListed,
    MarketTaken,
    Resumed,
    SnapshotTaken,
    Started,
    TelemetryTold,
    Tick,
    Troubled,
)
from guardian.core.model import Call, KeyRecord, OpenOrder, Position, Snapshot, Wallet
from guardian.runtime.casebook.account import STRANGER, open_pnl
from guardian.runtime.casebook.case import CURRENCY, MARGIN
from guardian.runtime.casebook.deed import deed, symbol
from guardian.runtime.casebook.retold import plain, retold

CENT = Decimal("0.01")
"""Venues round; a difference below this is no claim."""


class Recount:
    """Remembers what was planned, so that a report can name the deed that it is about.

    `brief` is for people: the equity in place of the cash, and only what went wrong of the requests.
    """

    def __init__(self, brief: bool = False) -> None:
        self._brief = brief
        self._planned: dict[str, str] = {}

    def planned(self, effects: Iterable[Effect]) -> None:
        self._planned |= {effect.id: deed(effect) for effect in effects}

    def fact(self, event: Event) -> str:
        """The words after the time; "" for what a case says in its head."""
        match event:
            case SnapshotTaken():
                late = (event.at - event.snapshot.asked_at).total_seconds()
                return " ".join(
                    ["read", *_read(event.snapshot, self._brief), *([f"late={plain(late)}"] if late else [])]
                )
            case Tick():
                return "tick"
            case Started():
                return "restart"
            case EffectReported():
                what = self._planned.get(event.effect_id, f"effect {event.effect_id}")
                return f"{event.outcome} {what}" + (f" code={event.code}" if event.code else "")
            case KeysListed():
                return " ".join(["keys", *_keys(event)])
            case Configured():
                return ""
            case MarketTaken() | ActivityTaken() | TelemetryTold():
                return " ".join(retold(event))
            case _:
                return _operated(event)


def _operated(event: Armed | Disarmed | Expected | Demanded | Resumed | Drilled | Troubled) -> str:
    match event:
        case Armed():
            return " ".join(["arm", *event.rules])
        case Disarmed():
            return f"disarm {(event.until - event.at).total_seconds():g}s"
        case Expected():
            seconds = (event.until - event.at).total_seconds()
            return f"expect {plain(event.amount)} {event.currency} {seconds:g}s {plain(event.tolerance)}"
        case Demanded():
            return f"demand {event.level.name.lower()}"
        case Resumed():
            return " ".join(["resume", *event.rebase])
        case Drilled():
            return "drilled"
        case Troubled():
            return f"{'healed' if event.healed else 'trouble'} {event.subject}"


def _able(key: KeyRecord) -> str:
    if key.read_only or not key.can_trade:
        return "fenced"
    return STRANGER if key.id == STRANGER else "withdrawing" if key.can_withdraw else "trading"


def _keys(event: KeysListed) -> list[str]:
    words = [_able(key) for key in event.keys]
    return [*(words or ["none"]), *([] if event.complete else ["incomplete"])]


def _read(snapshot: Snapshot, brief: bool) -> list[str]:
    positions = snapshot.positions or ()
    words = [f"{symbol(p.symbol, p.index)}={_leg(p)}" for p in positions]
    for p in positions:
        if p.liquidation is not None and not brief:
            words.append(f"liquidation={symbol(p.symbol, p.index)}@{plain(p.liquidation)}")
    words += [_order(order) for order in snapshot.orders or ()]
    if snapshot.wallet is not None:
        # A venue may claim anything; what cannot be computed is no number, and still told.
        with localcontext(Context(traps=[])):
            words += _wallet(snapshot.wallet, positions, brief)
    words += [f"{row.kind}={plain(row.change)}" for row in snapshot.ledger or ()]
    words += [f"failed={','.join(f.part for f in snapshot.failures)}"] if snapshot.failures else []
    told = [call for call in snapshot.calls if call.code or not call.answered or not brief]
    calls = Counter((call.seconds, _ending(call)) for call in told)
    words += [f"calls={n}@{plain(s)}{ending}" for (s, ending), n in sorted(calls.items())]
    clock = snapshot.clock
    if clock is not None and not brief:
        words.append(f"clock={plain(clock.seconds)}/{plain(clock.error_seconds)}")
    pulse = snapshot.pulse
    if pulse is not None and not brief:
        free = "" if pulse.disk_free is None else f"/{plain(pulse.disk_free)}"
        words.append(f"pulse={plain(pulse.lag_seconds)}{free}")
    return words


def _ending(call: Call) -> str:
    """What its answer told of the allowance, and how it ended."""
    budget = "" if call.budget is None else f"/{call.budget[0]}of{call.budget[1]}"
    code = call.code if call.answered else "silent"
    return budget + (f":{code}" if code else "")


def _leg(position: Position) -> str:
    entry = "" if position.entry == position.mark else f"/{plain(position.entry)}"
    return f"{plain(position.quantity)}@{plain(position.mark)}{entry}"


def _order(order: OpenOrder) -> str:
    noun, price = ("order", order.price) if order.trigger is None else ("stop", order.trigger)
    at = "" if price is None else f"@{plain(price)}"
    return f"{noun}={symbol(order.symbol, order.index)}:{plain(order.side * order.remaining)}{at}"


def _wallet(wallet: Wallet, positions: tuple[Position, ...], brief: bool) -> list[str]:
    """Cash, coins, and what they and the positions do not explain; briefly, the equity that they explain."""
    cash = sum((b.quantity for b in wallet.balances if b.currency == CURRENCY), Decimal(0))
    coins = [b for b in wallet.balances if b.currency != CURRENCY and b.quantity]
    explained = (
        cash + sum((b.quantity * b.price for b in coins), Decimal(0)) + open_pnl(positions, wallet.balances)
    )
    words = [f"equity={plain(explained, 2)}" if brief else f"cash={plain(cash)}"]
    words += [f"coin={b.currency}:{plain(b.quantity)}@{plain(b.price)}" for b in coins]
    apart = wallet.equity - explained
    if not apart.is_finite() or abs(apart) > CENT:
        words.append(f"phantom={plain(wallet.equity)}")
    held = MARGIN * sum((abs(p.notional) for p in positions), Decimal(0))
    # That nothing is listed while margin is held is news; how much a venue asks for positions is not.
    if wallet.position_margin != held and not (brief and positions):
        words.append(f"margin={plain(wallet.position_margin)}")
    if explained.is_finite() and explained > 0 and wallet.maintenance_margin and not brief:
        words.append(f"maintenance={plain(wallet.maintenance_margin / explained)}")
    return words
