"""The venue's own account of itself, for tests and demos: GET /_sim/truth. It holds no secret."""

from __future__ import annotations

from typing import Any

from guardian.sim.faces.record import iso
from guardian.sim.world.account import Account, Execution, Leg
from guardian.sim.world.engine import World
from guardian.sim.world.keys import ApiKey
from guardian.sim.world.margin import open_pnl
from guardian.sim.world.orders import Order
from guardian.sim.world.seed import Tenant


def account_truth(world: World, tenant: Tenant) -> dict[str, Any]:
    """One sub-account: money, positions, orders, its keys and the master's admin key, executions."""
    account = tenant.account
    margin = world.margin(account)
    owned = [k for k in world.keys.values() if k.owner == account.uid or k is tenant.keys["admin"]]
    return {
        "name": account.name,
        "uid": account.uid,
        "equity": str(margin.equity),
        "cash": str(margin.cash),
        "balances": {coin: str(quantity) for coin, quantity in account.balances.items()},
        "available": str(margin.available),
        "maintenance_margin": str(margin.maintenance),
        "frozen": account.frozen,
        "positions": [_position(world, leg) for leg in account.open_legs()],
        "orders": [_order(order) for order in account.open_orders.values()],
        "keys": [_key(key) for key in owned],
        "sign_flips": account.sign_flips,
        "executions": [_execution(world, account, e) for e in account.executions],
        "flows": [_flow(account, n) for n, r in enumerate(account.ledger) if r.type.startswith("TRANSFER")],
    }


def _position(world: World, leg: Leg) -> dict[str, Any]:
    market = world.markets[leg.symbol]
    return {
        "symbol": leg.symbol,
        "index": leg.index,
        "size": str(leg.size),
        "entry": str(leg.entry),
        "mark": str(market.mark),
        "notional": str(market.instrument.notional(leg.size, market.mark)),
        "open_pnl": str(open_pnl(leg, world.markets)),
        "beta": market.instrument.beta,
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "link_id": order.link_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "qty": str(order.qty),
        "leaves": str(order.leaves),
        "price": str(order.price) if order.price is not None else None,
        "trigger": str(order.trigger) if order.trigger is not None else None,
        "stop_kind": order.stop_kind,
        "reduce_only": order.reduce_only,
        "index": order.index,
        "status": order.status.value,
        "key": order.key_id,
        "created_at": iso(order.created),
    }


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "role": key.role,
        "owner": key.owner,
        "read_only": key.read_only,
        "can_trade": key.can_trade,
        "deleted": key.deleted_at is not None,
        "fenced_at": iso(key.fenced_at),
        "deleted_at": iso(key.deleted_at),
        "ips": list(key.ips),
    }


def _execution(world: World, account: Account, execution: Execution) -> dict[str, Any]:
    key = world.keys.get(execution.key_id)
    order = account.orders[execution.order_id]
    return {
        "at": iso(execution.at),
        "symbol": execution.symbol,
        "index": execution.index,
        "side": execution.side.value,
        "qty": str(execution.qty),
        "price": str(execution.price),
        "fee": str(execution.fee),
        "order_id": execution.order_id,
        "order_link_id": execution.link_id,
        "key": execution.key_id,
        "role": key.role if key else None,
        "reduce_only": order.reduce_only,
        "ordered_at": iso(order.created),
        "kind": execution.kind,
    }


def _flow(account: Account, number: int) -> dict[str, Any]:
    row = account.ledger[number]
    return {"at": iso(row.at), "type": row.type, "change": str(row.change)}
