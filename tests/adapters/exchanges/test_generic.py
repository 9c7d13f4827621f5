"""What venues share: names, numbers, addresses and the registry."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import ConfigError, VenueError
from guardian.exchanges import VENUES, venue
from guardian.exchanges.bybit.symbols import category_of, id_of, symbol_of
from guardian.exchanges.generic.clock import VenueClock
from guardian.exchanges.generic.fields import flag, integer, number, optional_number, strings
from guardian.exchanges.generic.wire import check_egress, localise
from tests.adapters.exchanges.stub import WATCH, Script

SPELLED = st.from_regex(
    r"\w{1,6}(USDT|PERP|USD|USD[FGHJKMNQUVXZ]\d\d|(USDT)?-\d{1,2}(JAN|SEP|XXX)\d\d)", fullmatch=True
)
"""What looks like a contract of the venue, also one that it does not have."""


class TestRegistry:
    def test_a_known_venue_opens_its_ports(self) -> None:
        assert venue("bybit") is VENUES["bybit"]
        assert "reduce-only" in venue("bybit").capabilities

    def test_an_unknown_venue_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(ConfigError, match="did you mean bybit"):
            venue("Bibyt")

    async def test_an_egress_that_is_none_is_refused_when_a_port_is_opened(self, script: Script) -> None:
        with pytest.raises(ConfigError, match="egress"):
            venue("bybit").open_reader(script.endpoint(egress="eth0; rm"), WATCH)

    @pytest.mark.parametrize("egress", ["", "192.0.2.7", "2001:db8::1", "http://proxy:3128"])
    def test_addresses_and_proxies_are_egresses(self, egress: str) -> None:
        check_egress(egress)


class TestClock:
    def test_the_offset_is_taken_at_the_middle_of_the_round_trip(self) -> None:
        clock = VenueClock()

        clock.learn(5_050, asked_ms=1_000, answered_ms=1_100)

        assert clock.offset_ms == 4_000
        assert not clock.measure_due

    def test_a_slow_answer_does_not_replace_a_good_measurement(self) -> None:
        """Half of a four-second round trip would make every later answer look stale."""
        clock = VenueClock()
        clock.learn(5_050, asked_ms=1_000, answered_ms=1_100)
        clock.suspect()

        clock.learn(9_000, asked_ms=1_000, answered_ms=5_000)

        assert clock.offset_ms == 4_000
        assert clock.measure_due

    def test_a_first_slow_answer_is_used_but_stays_due(self) -> None:
        clock = VenueClock()

        clock.learn(9_000, asked_ms=1_000, answered_ms=5_000)

        assert clock.offset_ms == 6_000
        assert clock.measure_due


class TestSymbols:
    @pytest.mark.parametrize(
        ("venue_id", "symbol"),
        [
            ("BTCUSDT", "BTC/USDT:USDT"),
            ("1000PEPEUSDT", "1000PEPE/USDT:USDT"),
            ("ETHPERP", "ETH/USDC:USDC"),
            ("BTCUSDT-27MAR26", "BTC/USDT:USDT-260327"),
            ("BTC-03APR26", "BTC/USDC:USDC-260403"),
            ("BTCUSDT-04SEP26", "BTC/USDT:USDT-260904"),
            ("BTC-3APR26", "BTC-3APR26"),
            ("\u9f99\u867eUSDT", "\u9f99\u867e/USDT:USDT"),
            ("\u9f99\u867ePERP", "\u9f99\u867e/USDC:USDC"),
            ("kBONKUSDT", "kBONK/USDT:USDT"),
            ("BTCUSD", "BTC/USD:BTC"),
            ("BTCUSDH26", "BTC/USD:BTC-260327"),
            ("ETHUSDZ27", "ETH/USD:ETH-271231"),
            ("BTC-27MAR26-70000-C", "BTC-27MAR26-70000-C"),
            ("ETH-3APR26-2500-P-USDT", "ETH-3APR26-2500-P-USDT"),
            ("SOMETHING", "SOMETHING"),
            ("USDT", "USDT"),
            ("USD", "USD"),
        ],
    )
    def test_names_convert_both_ways_without_a_table(self, venue_id: str, symbol: str) -> None:
        """A position must be closable while instruments-info is down."""
        assert symbol_of(venue_id) == symbol
        assert id_of(symbol) == venue_id

    @given(st.one_of(SPELLED, st.text(st.characters(exclude_characters="/:", exclude_categories=["Cs"]))))
    def test_an_order_names_what_was_listed_letter_by_letter(self, venue_id: str) -> None:
        """A leg that is sent under another name is refused for good, and never closed."""
        assert id_of(symbol_of(venue_id)) == venue_id

    @pytest.mark.parametrize(
        ("symbol", "category"),
        [
            ("BTC/USDT:USDT", "linear"),
            ("BTC/USDC:USDC-260327", "linear"),
            ("BTC/USD:BTC", "inverse"),
            ("BTC/USD:BTC-260327", "inverse"),
            ("BTC/USD:ETH", "linear"),
            ("BTC-27MAR26-70000-C", "option"),
            ("BTC-27MAR26", "linear"),
            ("SOMETHING", "linear"),
        ],
    )
    def test_the_name_says_where_the_venue_lists_it(self, symbol: str, category: str) -> None:
        """An order that names another category is refused, or is about another contract."""
        assert category_of(symbol) == category


class TestNumbers:
    @pytest.mark.parametrize(
        "raw",
        [
            "NaN",
            "Infinity",
            "-inf",
            "",
            " 1",
            "1_0",
            "0x10",
            "1e400",
            "1e99",
            "\u0661",
            None,
            True,
            [],
            {},
            "1,5",
        ],
    )
    def test_what_is_no_finite_number_is_garbage(self, raw: Any) -> None:
        with pytest.raises(VenueError) as failure:
            number({"x": raw}, "x")

        assert failure.value.code == "garbage"

    @pytest.mark.parametrize(
        ("raw", "value"), [("0", "0"), ("-1.50", "-1.50"), ("1E-8", "0.00000001"), (3, "3"), (0.1, "0.1")]
    )
    def test_decimal_text_and_json_numbers_are_read_exactly(self, raw: Any, value: str) -> None:
        assert number({"x": raw}, "x") == Decimal(value)

    def test_empty_is_unknown_where_the_venue_may_leave_it_so(self) -> None:
        assert optional_number({"x": ""}, "x") is None

        with pytest.raises(VenueError):
            optional_number({"x": "nan"}, "x")

    @pytest.mark.parametrize("raw", ["1.5", "-1", "x", None, True, 1.0, "1" * 30])
    def test_whole_numbers_are_whole(self, raw: Any) -> None:
        with pytest.raises(VenueError):
            integer({"x": raw}, "x")

    def test_flags_are_booleans_or_zero_and_one(self) -> None:
        assert [flag({"x": raw}, "x") for raw in (True, False, 1, 0)] == [True, False, True, False]

        for raw in ("true", None, 2, ""):
            with pytest.raises(VenueError):
                flag({"x": raw}, "x")

    def test_a_list_of_text_is_nothing_else(self) -> None:
        assert strings({"x": ["a"]}, "x") == ("a",)
        assert strings({}, "x") == ()

        wrong: tuple[Any, ...] = ("a", [1], {})
        for raw in wrong:
            with pytest.raises(VenueError):
                strings({"x": raw}, "x")


def test_localising_points_every_host_at_the_simulator_and_keeps_the_paths() -> None:
    urls: dict[str, Any] = {
        "rest": "https://api.x.com/v5",
        "ws": {"private": "wss://s.x.com/v5/private"},
        "n": 1,
    }

    localise(urls, "http://127.0.0.1:9123/")

    assert urls == {
        "rest": "http://127.0.0.1:9123/v5",
        "ws": {"private": "ws://127.0.0.1:9123/v5/private"},
        "n": 1,
    }
