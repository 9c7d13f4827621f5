"""Which asset a symbol is of, however the source of the candles writes it.

BTC of BTC/USDT and BTC/USDT:USDT (unified), BTC-USDT, BTC_USDT, BTC-PERP, BTCUSDT and BTCUSDT_PERP (venues'
own), XBTUSD (the code that ISO's rules would give it).
"""

from __future__ import annotations

import re

OTHER_NAMES = {"XBT": "BTC"}
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "GBP", "JPY", "DAI")
"""What an undivided symbol may end with; the longest counts, unless a shorter one leaves BTC."""

COINS = ("BTC", "ETH")
"""The same where nothing else follows: ETHBTC is ETH's, WBTC-PERP is not W's."""


def base_of(symbol: str) -> str:
    """In capitals; the symbol's first part where nothing is known to be its quote."""
    pair = symbol.upper().split(":")[0]
    first, *others = re.split(r"[/_-]", pair)
    if "/" not in pair and (not others or others[0] not in QUOTES):
        known = QUOTES if others else (*QUOTES, *COINS)
        cut = [first.removesuffix(quote) for quote in known if first.endswith(quote) and first != quote]
        first = next((base for base in cut if OTHER_NAMES.get(base, base) == "BTC"), (*cut, first)[0])
    return OTHER_NAMES.get(first, first)
