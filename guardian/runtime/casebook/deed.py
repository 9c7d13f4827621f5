"""An effect as its deed: one canonical line in an operator's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guardian.core.effects import CloseOrder, Effect
from guardian.runtime.casebook.case import CURRENCY


def deed(effect: Effect) -> str:
    """One effect in an operator's words; ids as the venue shows them."""
    words = DEEDS.get(effect.kind)
    return words(effect) if words else effect.kind.replace("_", " ")


def symbol(name: str, index: int = 0) -> str:
    """`BTC` for the linear perpetual in USDT, `BTC#1` for its hedge leg; other symbols whole."""
    base = name.split("/")[0]
    short = base if name == f"{base}/{CURRENCY}:{CURRENCY}" else name
    return f"{short}#{index}" if index else short


def _notify(effect: Any) -> str:
    word = "would" if effect.would else "resolve" if effect.notification == "resolve" else "page"
    return f"{word} {effect.title}"


def _close(effect: Any) -> str:
    order: CloseOrder = effect.order
    size = "all that is left" if order.quantity is None else f"{order.quantity.normalize():f}"
    how = "at market" if order.price is None else f"capped at {order.price.normalize():f}"
    side, attempt = "sell" if order.side < 0 else "buy", order.client_id.rpartition("-")[2]
    return f"close {symbol(order.symbol, order.index)}: {side} {size} {how} [try {attempt}]"


DEEDS: dict[str, Callable[[Any], str]] = {
    "notify": _notify,
    "permit": lambda effect: f"permit {effect.mode} {effect.size_cap:g}",
    "prepare_keys": lambda effect: "keys fetched and held" if effect.hold else "keys checked, none held",
    "halt_bot": lambda effect: f"{'force' if effect.force else 'ask'} {effect.target} to stop",
    "fence_key": lambda effect: f"fence {effect.key_id}",
    "unfence_key": lambda effect: f"unfence {effect.key_id}",
    "delete_key": lambda effect: f"delete {effect.key_id}",
    "cancel_order": lambda effect: f"cancel {effect.order_id}",
    "close_position": _close,
    "resolve_order": lambda effect: f"ask about {symbol(effect.symbol)}'s last close",
}
