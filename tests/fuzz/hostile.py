"""Strategies for events that no honest world would send: numbers that are none, times that run backwards.

Evidence is drawn from few names, so that events contradict each other about the same legs, orders and keys.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from guardian.core.effects import Effect
from guardian.core.events import (
    Armed,
    Demanded,
    Disarmed,
    EffectReported,
    Event,
    Expected,
    KeysListed,
    Outcome,
    Resumed,
    SnapshotTaken,
    Started,
    Tick,
    Troubled,
)
from guardian.core.model import (
    Call,
    ClockOffset,
    Failure,
    KeyRecord,
    LedgerKind,
    Level,
    OpenOrder,
    Part,
    Position,
    Snapshot,
    Wallet,
)
from tests.core import build
from tests.core.metrics.beside.odd import Odd

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USDT:USDT-260327", "weird", "", "/", "é/É:€")
USUAL = ("1", "100", "0.001", "-1", "5000", "0.5", "-2.5", "60000")
ODD = (
    "0",
    "-0",
    "NaN",
    "sNaN",
    "-NaN",
    "Infinity",
    "-Infinity",
    "1e-30",
    "1e30",
    "-1e30",
    "1e-400",
    "9" * 40,
)
EDGE = ("0", "1e-30", "1e30", "-1e30", "1e-18", "9" * 40, "-0")
WORDS = ("", "halt", "page_args=1", "\U0001f4a3", "x" * 400, "main", "line\nbreak")

ONLY: tuple[tuple[str, ...], ...] = ((), ("r0",), ("none",))

amounts = st.sampled_from([Decimal(n) for n in USUAL])
edges = st.sampled_from([Decimal(n) for n in (*USUAL, *EDGE)])
odd = st.sampled_from([Decimal(n) for n in (*USUAL, *ODD)])
"""Mostly usual: an event that is refused as a whole tests one line only."""

maybe_odd = st.one_of(amounts, amounts, amounts, edges, edges, odd)
seconds = st.one_of(st.integers(-20, 200), st.sampled_from([-(10**6), 10**6, 86_400, 0])).map(float)
words = st.sampled_from(WORDS)


def positions() -> st.SearchStrategy[Position]:
    return st.builds(
        Position,
        symbol=st.sampled_from(SYMBOLS),
        index=st.sampled_from([0, 0, 1, 2, 7, -1]),
        quantity=maybe_odd,
        entry=maybe_odd,
        mark=maybe_odd,
        contract_size=st.one_of(st.just(Decimal(1)), maybe_odd),
        step=st.one_of(st.just(Decimal("0.001")), maybe_odd),
        minimum=st.one_of(st.just(Decimal("0.001")), maybe_odd),
        maximum=st.one_of(st.just(Decimal(1000)), maybe_odd),
        settle=st.sampled_from(["USDT", "USDC", ""]),
        stop_loss=st.none() | maybe_odd,
        liquidation=st.none() | maybe_odd,
    )


def orders() -> st.SearchStrategy[OpenOrder]:
    return st.builds(
        OpenOrder,
        id=st.sampled_from(["o1", "o2", "o3", ""]),
        client_id=st.sampled_from(["ft-1", "", "gdn-1"]),
        symbol=st.sampled_from(SYMBOLS),
        index=st.sampled_from([0, 1, 2, 9]),
        side=st.sampled_from([1, -1, 0]),
        remaining=maybe_odd,
        price=st.none() | maybe_odd,
        trigger=st.none() | maybe_odd,
        reduce_only=st.booleans(),
        created_at=seconds.map(build.at),
        contract_size=st.one_of(st.just(Decimal(1)), maybe_odd),
    )


def wallets() -> st.SearchStrategy[Wallet]:
    balance = st.builds(
        lambda currency, quantity, price: replace(
            build.wallet(1).balances[0], currency=currency, quantity=quantity, price=price
        ),
        st.sampled_from(["USDT", "USDC", "BTC", ""]),
        maybe_odd,
        maybe_odd,
    )
    return st.one_of(
        st.sampled_from([build.wallet(n) for n in ("1000", "900", "400", "1", "0", "-50")]),
        st.builds(Wallet, maybe_odd, st.lists(balance, max_size=3).map(tuple), *[maybe_odd] * 4),
    )


calls = st.builds(
    Call,
    st.sampled_from(["orders", ""]),
    st.sampled_from([0.1, -1.0, 1e9, float("nan"), float("inf")]),
    st.sampled_from(["", "10006", "http-503", "x" * 50]),
    st.booleans(),
)
clocks = st.builds(ClockOffset, *[st.sampled_from([0.0, 1e9, -3.0, float("nan"), float("-inf")])] * 2)
rows = st.builds(
    lambda id, change, kind, currency: replace(build.row(id, 1, kind, currency), change=change),
    st.sampled_from(["r1", "r2", "r3"]),
    maybe_odd,
    st.sampled_from(LedgerKind),
    st.sampled_from(["USDT", "DOGE", ""]),
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A read; parts are missing with or without a failure that says so."""
    asked = draw(seconds)
    seen = Snapshot(
        account=build.ACCOUNT,
        asked_at=build.at(asked),
        wallet=draw(st.none() | wallets() | wallets()),
        positions=draw(st.none() | st.lists(positions(), max_size=4).map(tuple)),
        orders=draw(st.none() | st.lists(orders(), max_size=4).map(tuple)),
        ledger=draw(st.none() | st.lists(rows, max_size=3).map(tuple)),
        calls=draw(st.lists(calls, max_size=2).map(tuple)),
        clock=draw(st.none() | clocks),
    )
    missing = [part for part in Part if getattr(seen, part.value) is None or draw(st.integers(0, 20)) == 0]
    return replace(seen, failures=tuple(Failure(part, "garbage", draw(words)) for part in missing))


honest = st.builds(
    lambda at, quantity, cash: build.read(at, (build.position(quantity=quantity),), (build.stop(),), cash),
    st.integers(0, 200).map(float),
    st.sampled_from([1, -2, 5]),
    st.sampled_from([1000, 960, 900, 400]),
)
keys = st.builds(
    KeyRecord,
    st.sampled_from([build.BOT_KEY, "watch-key", "hands-key", "new", ""]),
    st.booleans(),
    st.booleans(),
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """One event about the account, at any time; effects are reported by `answers`."""
    at = build.at(draw(seconds))
    account = draw(st.sampled_from([build.ACCOUNT] * 9 + ["other"]))
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(SnapshotTaken, st.just(at), snapshots()),
        st.builds(SnapshotTaken, st.just(at), snapshots()),
        st.builds(SnapshotTaken, st.just(at), honest),
        st.builds(Tick, st.just(at)),
        st.builds(KeysListed, st.just(at), st.just(account), seconds.map(build.at), st.booleans(),
                  st.lists(keys, max_size=3).map(tuple)),
        st.builds(Troubled, st.just(at), st.just(account), words, words, st.booleans()),
        st.builds(Resumed, st.just(at), st.just(account), words, words,
                  st.sampled_from([(), ("integrity",), ("r0",), ("none",)])),
        st.builds(Started, st.just(at), words),
        *[Odd(st.sampled_from(SYMBOLS), maybe_odd, seconds.map(build.at)).event(at)] * 2,
    ]  # fmt: skip
    return draw(st.one_of(*kinds))


@st.composite
def commands(draw: st.DrawFn) -> Event:
    """What an operator may send."""
    at, reason = build.at(draw(seconds)), draw(words)
    kinds: list[st.SearchStrategy[Event]] = [
        st.builds(lambda level: Demanded(at, build.ACCOUNT, level, "a", reason), st.sampled_from(Level)),
        st.builds(lambda only: Armed(at, build.ACCOUNT, only, "a", reason), st.sampled_from(ONLY)),
        st.builds(lambda until: Disarmed(at, build.ACCOUNT, build.at(until), "a", reason), seconds),
        st.builds(
            lambda much, near, until: Expected(
                at, build.ACCOUNT, "USDT", much, near, build.at(until), "a", reason
            ),
            maybe_odd,
            maybe_odd,
            seconds,
        ),
    ]
    return draw(st.one_of(*kinds))


@st.composite
def answers(draw: st.DrawFn, effects: list[Effect]) -> Event:
    """A report about an effect that was sent, however long ago, or about one that never was."""
    ids = [effect.id for effect in effects[-30:]] or ["none"]
    return EffectReported(
        at=build.at(draw(seconds)),
        account=build.ACCOUNT,
        effect_id=draw(st.sampled_from([*ids, "never-sent", ""])),
        outcome=draw(st.sampled_from(Outcome)),
        code=draw(st.sampled_from(["", "0", "110017", "own-key", "x" * 99])),
        facts=draw(st.sampled_from([(), (("conflict", "orders"),), (("a", ""), ("a", "b"))])),
    )
