"""Bybit's raw codes and what they mean for guardian. Source: docs/v5/error.

Decisions are made on these, never on a ccxt exception class: ccxt gives transient 10016 and definitive
refusals the same class.
"""

from __future__ import annotations

OK = "0"

# The key no longer opens anything: deleted (10003) or expired (33004).
DEAD_KEY = frozenset({"10003", "33004"})
PERMISSION = "10005"
RATE_LIMIT = "10006"
TIMESTAMP = "10002"
DUPLICATE_LINK_ID = "110072"
REDUCE_ONLY = "110017"

# The venue answered, but does not know itself whether it acted.
NO_VERDICT = frozenset({"-1", "429", "10000", "10014", "10016", "10019"})

# Cancelling what is filled, cancelled or was never there.
ORDER_GONE = frozenset({"110001", "110008", "110010"})

# A reduce-only order on a flat leg. 110017 is ambiguous: see `nothing_to_reduce`.
POSITION_GONE = frozenset({"110034"})

# Worth another read a moment later; anything else needs a person or a plan.
TRANSIENT = NO_VERDICT | {RATE_LIMIT, TIMESTAMP, "10018", "timeout", "network", "stale"}


def nothing_to_reduce(code: str, message: str) -> bool:
    """Whether a reduce-only order was refused because nothing is left: only where the venue says just that.

    110017 comes with "current position is zero" on a flat leg. But "orderQty will be truncated to zero", as
    documented, and "Reduce-only rule not satisfied" are also said of a leg that is held, where other
    reduce-only orders take all of it or the side is wrong: those are refusals, the position is still there.
    """
    return code in POSITION_GONE or (code == REDUCE_ONLY and "position is zero" in message.lower())


def no_verdict(code: str) -> bool:
    """Whether an order or key request with this code may still have taken effect.

    Of HTTP statuses without a raw code only a client's error says no; 201 or 302 says nothing either way.
    """
    says_no = code.startswith("http-4") and code != "http-408"
    unanswered = code in {"timeout", "network", "garbage"} or (code.startswith("http-") and not says_no)
    return unanswered or code in NO_VERDICT
