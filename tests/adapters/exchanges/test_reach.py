"""What the configuration says of the way to an account reaches the venue, whoever asks."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from guardian.config.shapes import AccountConfig, CompareConfig, FlattenConfig, KeyRefs, PollConfig
from guardian.exchanges import Endpoint, Heard, endpoint_of

ACCOUNT = AccountConfig(
    name="desk",
    venue="bybit",
    url="http://127.0.0.1:1",
    currency="USDC",
    keys=KeyRefs("file:watch"),
    flatten=FlattenConfig(orders_per_second=40),
    poll=PollConfig(flows_seconds=7.0, clock_seconds=13.0),
    egress="127.0.0.2",
    compare=CompareConfig("binance", "https://proxy.example"),
    contracts=("linear", "inverse"),
)


def test_all_that_the_configuration_says_is_in_the_endpoint() -> None:
    """A raised order limit or a source address that a check or a drill forgot would prove another way."""
    booked_to, filled_to = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)

    endpoint = endpoint_of(ACCOUNT, booked_to, Heard(filled_to, booked_to))

    assert asdict(endpoint) == {
        "account": "desk",
        "venue": "bybit",
        "url": "http://127.0.0.1:1",
        "currency": "USDC",
        "flows_seconds": 7.0,
        "timeout_s": 4.0,
        "egress": "127.0.0.2",
        "orders_per_second": 40,
        "booked_to": booked_to,
        "clock_seconds": 13.0,
        "done_to": {"fills": filled_to, "orders": booked_to},
        "contracts": ("linear", "inverse"),
        "compare": {"venue": "binance", "url": "https://proxy.example"},
    }


def test_what_is_not_said_is_the_venues_own() -> None:
    silent = AccountConfig("desk", "bybit", None, "USDT", KeyRefs("file:watch"))

    assert Endpoint("desk", "bybit", None, "USDT", 10.0) == endpoint_of(silent)
