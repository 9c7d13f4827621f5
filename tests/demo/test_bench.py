"""The comparison is worth something only if the naive side is what people write and the arithmetic plain."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from guardian.bench.flatten import Comparison, Setup, Timing, naive_flatten
from guardian.bench.naive import flatten
from guardian.cli.bench import table
from guardian.sim.launch import start_venue

FOUND = Comparison(
    Setup(positions=50, latency_ms=50, repeat=3),
    naive=(Timing(5.0, None, 50), Timing(5.2, None, 50), Timing(9.0, None, 50)),
    guardian=(Timing(0.10, 2.2, 50), Timing(0.08, 2.1, 50), Timing(0.09, 2.4, 51)),
)


def test_the_ratio_is_of_medians_and_the_document_has_both_sides() -> None:
    """One slow minute of the machine must not make the ratio."""
    document = FOUND.document()

    assert document["ratio"] == pytest.approx(57.8)
    assert document["naive"]["flat_s"] == {"median": 5.2, "min": 5.0, "max": 9.0}
    assert document["naive"]["verified_s"] is None
    assert document["guardian"]["verified_s"] == 2.2
    assert document["guardian"]["orders"] == [50, 50, 51]


def test_the_table_shows_both_and_the_verification_beside_it() -> None:
    console = Console(file=io.StringIO(), width=100)

    console.print(table(FOUND))

    text = console.file
    assert isinstance(text, io.StringIO)
    for expected in ("5.200 s", "0.090 s", "2.200 s", "never", "57.8"):
        assert expected in text.getvalue(), expected


class Market:
    """A ccxt exchange that closes only half of what it is asked for, as a venue with thin books does."""

    def __init__(self) -> None:
        self.left = {"A": 4.0, "B": -4.0}
        self.calls: list[str] = []

    def load_markets(self) -> None:
        self.calls.append("load_markets")

    def cancel_all_orders(self) -> None:
        self.calls.append("cancel_all_orders")

    def fetch_positions(self) -> list[dict[str, Any]]:
        self.calls.append("fetch_positions")
        return [
            {"symbol": symbol, "contracts": abs(size), "side": "long" if size > 0 else "short"}
            for symbol, size in self.left.items()
        ]

    def create_order(self, *order: object) -> None:
        symbol, kind, side, amount, _, params = order
        assert isinstance(symbol, str)
        assert isinstance(amount, float | int)
        assert (kind, params) == ("market", {"reduceOnly": True})
        sign = 1 if side == "buy" else -1
        self.left[symbol] += sign * (amount if amount <= 1 else amount / 2)


def test_the_naive_script_repeats_until_flat() -> None:
    """It must be a fair opponent: it loads, cancels, closes, looks again, and does not stop half way."""
    market = Market()

    said = flatten(market)

    assert market.left == {"A": 0.0, "B": 0.0}
    assert market.calls[:3] == ["load_markets", "cancel_all_orders", "fetch_positions"]
    assert (said["passes"], said["orders"], said["refused"]) == (4, 6, 0)


@pytest.mark.process
async def test_the_naive_side_is_timed_by_the_venues_last_execution() -> None:
    with start_venue(["--positions", "3", "--limits", "off"]) as venue:
        timing = await naive_flatten(venue)

    assert timing.orders == 3
    assert 0.1 < timing.flat_s < 20
