"""The table of endpoints: who may call each, and how often a second one account may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from guardian.sim.faces.bybit import (
    account_routes,
    execution_routes,
    market_routes,
    order_routes,
    position_routes,
    user_routes,
)
from guardian.sim.faces.bybit.wire import Call, Reply

Need = Literal["public", "any", "order", "position", "manage"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`per_second` counts requests, or orders where `batch`; `need` is the permission it asks for."""

    answer: Callable[[Call], Reply]
    need: Need
    per_second: int
    batch: bool = False


# Limits: v5 docs, "Rate Limit Rules" (2026-07), linear category of a default account.
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/v5/market/time"): Endpoint(market_routes.server_time, "public", 0),
    ("GET", "/v5/market/instruments-info"): Endpoint(market_routes.instruments_info, "public", 0),
    ("GET", "/v5/market/tickers"): Endpoint(market_routes.tickers, "public", 0),
    ("GET", "/v5/market/orderbook"): Endpoint(market_routes.orderbook, "public", 0),
    ("GET", "/v5/market/kline"): Endpoint(market_routes.kline, "public", 0),
    ("GET", "/v5/market/risk-limit"): Endpoint(market_routes.risk_limit, "public", 0),
    ("GET", "/v5/account/wallet-balance"): Endpoint(account_routes.wallet_balance, "any", 50),
    ("GET", "/v5/account/info"): Endpoint(account_routes.account_info, "any", 50),
    ("GET", "/v5/account/transaction-log"): Endpoint(account_routes.transaction_log, "any", 25),
    ("GET", "/v5/asset/coin/query-info"): Endpoint(account_routes.coin_info, "any", 5),
    ("GET", "/v5/position/list"): Endpoint(account_routes.position_list, "any", 50),
    ("GET", "/v5/execution/list"): Endpoint(execution_routes.execution_list, "any", 50),
    ("GET", "/v5/order/realtime"): Endpoint(order_routes.realtime, "any", 50),
    ("GET", "/v5/order/history"): Endpoint(order_routes.history, "any", 50),
    ("POST", "/v5/order/create"): Endpoint(order_routes.create, "order", 10),
    ("POST", "/v5/order/create-batch"): Endpoint(order_routes.create_batch, "order", 10, batch=True),
    ("POST", "/v5/order/cancel"): Endpoint(order_routes.cancel, "order", 10),
    ("POST", "/v5/order/cancel-batch"): Endpoint(order_routes.cancel_batch, "order", 10, batch=True),
    ("POST", "/v5/order/cancel-all"): Endpoint(order_routes.cancel_all, "order", 10),
    ("POST", "/v5/order/amend"): Endpoint(order_routes.amend, "order", 10),
    ("POST", "/v5/position/trading-stop"): Endpoint(position_routes.trading_stop, "position", 10),
    ("POST", "/v5/position/set-leverage"): Endpoint(position_routes.set_leverage, "position", 10),
    ("POST", "/v5/position/switch-mode"): Endpoint(position_routes.switch_mode, "position", 10),
    ("GET", "/v5/user/query-api"): Endpoint(user_routes.query_api, "any", 10),
    ("GET", "/v5/user/query-sub-members"): Endpoint(user_routes.query_sub_members, "any", 10),
    ("GET", "/v5/user/sub-apikeys"): Endpoint(user_routes.sub_apikeys, "any", 10),
    ("POST", "/v5/user/update-sub-api"): Endpoint(user_routes.update_sub_api, "manage", 5),
    ("POST", "/v5/user/delete-sub-api"): Endpoint(user_routes.delete_sub_api, "manage", 5),
    ("POST", "/v5/user/update-api"): Endpoint(user_routes.update_api, "any", 5),
    ("POST", "/v5/user/delete-api"): Endpoint(user_routes.delete_api, "any", 5),
    ("POST", "/v5/user/frozen-sub-member"): Endpoint(user_routes.frozen_sub_member, "manage", 5),
}
