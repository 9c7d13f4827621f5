"""Bybit's unified trading account (API v5): linear contracts settled in USDT and USDC, and inverse ones."""

from __future__ import annotations

from guardian.exchanges.bybit.beside.history import BybitHistory
from guardian.exchanges.bybit.beside.market import BybitMarket
from guardian.exchanges.bybit.canary import BybitCanary
from guardian.exchanges.bybit.keys import BybitKeyAdmin
from guardian.exchanges.bybit.read import BybitReader
from guardian.exchanges.bybit.trade import BybitTrader
from guardian.exchanges.generic.venue import Endpoint, Venue
from guardian.exchanges.generic.wire import check_egress
from guardian.ports import Canary, Credential, History, KeyAdmin, MarketReader, Reader, Trader


def _open_reader(endpoint: Endpoint, credential: Credential) -> Reader:
    check_egress(endpoint.egress)
    return BybitReader(endpoint, credential)


def _open_trader(endpoint: Endpoint) -> Trader:
    check_egress(endpoint.egress)
    return BybitTrader(endpoint)


def _open_admin(endpoint: Endpoint, known_key_id: str, own_key_ids: tuple[str, ...] = ()) -> KeyAdmin:
    check_egress(endpoint.egress)
    return BybitKeyAdmin(endpoint, known_key_id, own_key_ids)


def _open_canary(endpoint: Endpoint) -> Canary:
    check_egress(endpoint.egress)
    return BybitCanary(endpoint)


def _open_market(endpoint: Endpoint) -> MarketReader:
    check_egress(endpoint.egress)
    return BybitMarket(endpoint)


def _open_history(endpoint: Endpoint, credential: Credential) -> History:
    check_egress(endpoint.egress)
    return BybitHistory(endpoint, credential)


BYBIT = Venue(
    name="bybit",
    title="Bybit (unified trading account)",
    capabilities=(
        "Sees the unified wallet, USDT and USDC linear contracts and inverse ones, their orders and those of "
        "options, and the transaction log; beside them public prices and books, and the account's fills and "
        "past orders of all categories. "
        "Cancels by id and closes reduce-only, 20 orders a second by default. A master key fences "
        "(read-only, reversible) and deletes the keys of a sub-account. Not covered: resting spot orders. "
        "Options are seen and not closed: while one is held the positions are not known and nothing is flat. "
        "A position in a quanto contract fails the read of all positions."
    ),
    open_reader=_open_reader,
    open_trader=_open_trader,
    open_admin=_open_admin,
    open_canary=_open_canary,
    open_market=_open_market,
    open_history=_open_history,
)
