"""Evidence that lies, is missing or is late moves no position by itself, and hides no true loss.

The shipped demo pack, armed. The desks run side by side, because each is mostly waiting.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.journal.read import Wanted, read_records
from tests.integration.troupe import Desk, Venue, crossings, executed, instant

pytestmark = pytest.mark.process

AT_ONCE = 3
WALLET, POSITIONS, CREATE = "account/wallet-balance", "position/list", "order/create"
SHOWN = ["/list/*/totalEquity", "/list/*/coin/*/equity", "/list/*/coin/*/usdValue"]
PHANTOM = {"effect": "scale", "match": WALLET, "factor": 0.4, "pointers": SHOWN}
LIES: dict[str, dict[str, Any]] = {
    "phantom": PHANTOM,
    "half a phantom": PHANTOM | {"pointers": SHOWN[1:2]},
    "nan": {"effect": "replace", "match": WALLET, "values": {"/list/*/totalEquity": "NaN"}},
    "no positions": {"effect": "replace", "match": POSITIONS, "values": {"/list": []}},
    "stale wallet": {"effect": "stale", "match": WALLET},
    "stale positions": {"effect": "stale", "match": POSITIONS},
}
READS = (1, 3, 10)
HOLD_SECONDS = 2.0
HANG_SECONDS = 12.0
AT_ONCE_SECONDS = 2.5
"""Whoever waits for an order that hangs waits for its time limit, which is longer."""


def played(folder: Path, play: Callable[[Desk], Any]) -> Any:
    """One armed and warm guardian on a venue of its own."""
    venue = Venue("--seed", "11", "--latency", "20ms")
    desk = Desk(folder, venue)
    try:
        desk.write_keys()
        desk.configure(rules="demo")
        desk.run()
        desk.arm()
        desk.warm("dd-1h")
        return play(desk)
    finally:
        desk.close()
        venue.close()


def levels(desk: Desk) -> list[str]:
    """Every level that the journal has decided on, in order."""
    found = []
    for record in read_records(desk.root / "state" / "journal.db", Wanted()):
        for decision in json.loads(record.body).get("decisions", ()):
            if decision["what"] == "level":
                found.append(decision["after"])
    return found


def lie(desk: Desk) -> dict[str, list[str]]:
    """Each lie for 1, 3 and 10 reads, then a phantom for longer than every hold; levels after each."""
    said = {}
    for name, fault in LIES.items():
        for reads in READS:
            told_for(desk, {**fault, "key": "watch", "count": reads})
            said[f"{name} x {reads}"] = levels(desk)
    desk.venue.fault(**PHANTOM)
    time.sleep(2 * HOLD_SECONDS)
    desk.venue.clear()
    said["phantom for twice the hold"] = levels(desk)
    return said


def told_for(desk: Desk, fault: dict[str, Any]) -> None:
    """Until the venue has told the lie as often as it should, and guardian sees the truth again."""
    desk.venue.fault(**fault)

    def over() -> bool:
        return bool(desk.venue.truth(10**9)["faults"][-1]["changed"] >= fault["count"])

    desk.until(over, 20, f"{fault} was told")
    desk.venue.clear()
    desk.until(lambda: desk.account()["data_age_s"] < 0.5 and desk.account()["agreed"], 20, "sees again")


@dataclass(frozen=True)
class Breach:
    before: dict[str, Decimal]
    books: dict[str, Any]
    seconds: float


def breach(fault: dict[str, Any]) -> Callable[[Desk], Breach]:
    def play(desk: Desk) -> Breach:
        before = desk.venue.sizes()
        desk.venue.fault(**fault, key="watch")
        time.sleep(0.5)
        desk.venue.crash(0.07)
        took = desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 60, f"{fault}: flat")
        return Breach(before, desk.venue.books(), took)

    return play


@dataclass(frozen=True)
class Outlasted:
    during: list[str]
    held: int
    breach: Breach


def outlast(desk: Desk) -> Outlasted:
    """A phantom that goes on while the market falls, for longer than every hold; then the truth is seen."""
    before = desk.venue.sizes()
    desk.venue.fault(**PHANTOM, key="watch")
    desk.venue.crash(0.07)
    desk.until(lambda: desk.level() == "REDUCE", 30, "the loss that both accounts prove")
    time.sleep(2 * HOLD_SECONDS)
    during, held = levels(desk), len(desk.venue.books()["positions"])
    desk.venue.clear()
    took = desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 60, "flat")
    return Outlasted(during, held, Breach(before, desk.venue.books(), took))


@dataclass(frozen=True)
class Flows:
    """Equity and the guardian's own figures before, after a withdrawal, after a deposit."""

    equity: list[float]
    nav: list[float]
    value: list[float]
    verdicts: list[dict[str, str]]
    levels: list[str]


def move_money(desk: Desk) -> Flows:
    flows = Flows([], [], [], [], [])
    half = Decimal(desk.venue.books()["equity"]) / 2
    for amount in (Decimal(0), -half, half, -half):
        if amount:
            desk.venue.flow(amount.quantize(Decimal("0.01")))
        time.sleep(2.5)
        account = desk.account()
        flows.equity.append(account["equity"])
        flows.nav.append(account["nav"])
        flows.value.append(desk.rule("dd-1h")["value"])
        flows.verdicts.append({rule["id"]: rule["verdict"] for rule in account["rules"]})
    flows.levels.extend(levels(desk))
    return flows


@dataclass(frozen=True)
class Hung:
    before: dict[str, Decimal]
    received: dict[str, float]
    t0: float
    flat_s: float
    books: dict[str, Any]


def hang(desk: Desk) -> Hung:
    """The largest position's close takes effect very late, and its answer later still."""
    before = desk.venue.sizes()
    slow: dict[str, Any] = {
        "effect": "hang",
        "match": CREATE,
        "symbol": "BTCUSDT",
        "when": "before",
        "seconds": HANG_SECONDS,
        "count": 1,
    }
    desk.venue.fault(**slow)
    desk.venue.crash(0.07)
    desk.until(lambda: bool(desk.incident().get("verified_flat_at")), 90, "flat although one close hangs")
    incident = desk.incident()
    rows = [r for r in desk.venue.truth()["requests"] if CREATE in r["path"] and r["role"] == "hands"]
    received: dict[str, float] = {}
    for row in rows:
        received.setdefault(row["symbol"] or row["orders"][0]["symbol"], instant(row["at"]))
    acts_at = received[slow["symbol"]] + HANG_SECONDS
    time.sleep(max(0.0, acts_at + 2.0 - time.time()))  # the hung order has acted by now, if ever
    t0 = instant(incident["t0"])
    flat_s = instant(incident["verified_flat_at"]) - t0
    return Hung(before, received, t0, flat_s, desk.venue.books())


PLAYS: dict[str, Callable[[Desk], Any]] = {
    "hang": hang,
    "lies": lie,
    "flows": move_money,
    **{name: breach({**fault, "count": 10}) for name, fault in LIES.items()},
    "phantom for long": outlast,
}


@pytest.fixture(scope="module")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    folders = {name: tmp_path_factory.mktemp("play") for name in PLAYS}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(played, folders[name], play) for name, play in PLAYS.items()}


def test_lies_lead_no_further_than_caution(plays: dict[str, Future[Any]]) -> None:
    said = plays["lies"].result(250)

    assert {name: found for name, found in said.items() if set(found) - {"NORMAL", "CAUTION"}} == {}


@pytest.mark.parametrize("name", LIES)
def test_a_true_breach_during_a_lie_still_flattens(name: str, plays: dict[str, Future[Any]]) -> None:
    """Ten false reads at five a second delay it by two seconds or so."""
    found = plays[name].result(250)

    assert found.books["positions"] == []
    assert executed(found.books) == {symbol: -size for symbol, size in found.before.items()}
    assert found.seconds < 30


def test_a_true_breach_during_a_phantom_stops_at_reduce_and_flattens_as_soon_as_it_ends(
    plays: dict[str, Future[Any]],
) -> None:
    """Two accounts that tell losses so different prove none of them far enough to end everything (0014)."""
    found = plays["phantom for long"].result(250)

    assert set(found.during) <= {"CAUTION", "HALT", "REDUCE"}
    assert found.held > 0
    assert found.breach.books["positions"] == []
    assert executed(found.breach.books) == {symbol: -size for symbol, size in found.breach.before.items()}


def test_half_of_the_equity_leaves_and_comes_back_and_no_rule_moves(plays: dict[str, Future[Any]]) -> None:
    flows = plays["flows"].result(250)

    assert flows.equity[1] == pytest.approx(flows.equity[0] / 2, rel=0.01), "the withdrawal was real"
    assert flows.equity[2] == pytest.approx(flows.equity[0], rel=0.01)
    assert flows.nav == pytest.approx([flows.nav[0]] * 4, rel=1e-6)
    assert flows.value == pytest.approx([flows.value[0]] * 4, abs=1e-6)
    assert flows.verdicts == [flows.verdicts[0]] * 4
    assert flows.levels == []


def test_one_hanging_close_delays_none_of_the_others(plays: dict[str, Future[Any]]) -> None:
    found = plays["hang"].result(250)

    others = {symbol: at - found.t0 for symbol, at in found.received.items() if symbol != "BTCUSDT"}
    assert set(others) == set(found.before) - {"BTCUSDT"}
    assert max(others.values()) < AT_ONCE_SECONDS, others
    assert found.flat_s < 60
    assert found.books["positions"] == []
    assert executed(found.books) == {symbol: -size for symbol, size in found.before.items()}
    assert crossings(found.books) == []
    assert found.books["sign_flips"] == 0
