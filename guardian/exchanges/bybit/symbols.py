"""Bybit ids and the field's names for linear contracts, converted by spelling alone.

No table is needed, so a symbol can be closed while the venue's public endpoints are down:
BTCUSDT = BTC/USDT:USDT, BTCPERP = BTC/USDC:USDC, BTCUSDT-27MAR26 = BTC/USDT:USDT-260327,
BTC-27MAR26 = BTC/USDC:USDC-260327. Any other spelling keeps the venue's id. A spot market is spelled like a
contract: what was asked about tells them apart.
"""

from __future__ import annotations

import re

SETTLE_COINS = ("USDT", "USDC")

# What spot markets are quoted in, as far as they are spelled so; of two that fit the longer one counts.
_STABLE = ("USDT", "USDC", "USDE", "USDQ", "USDR", "USD1", "RLUSD", "XUSD", "DAI")
_QUOTES = (*_STABLE, "USD", "EUR", "BRL", "PLN", "TRY", "BTC", "ETH", "SOL", "MNT")

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATED_ID = re.compile(r"([A-Z0-9]+)-(\d{1,2})([A-Z]{3})(\d{2})")
_SYMBOL = re.compile(r"([A-Z0-9]+)/(USDT|USDC):(?:USDT|USDC)(?:-(\d{2})(\d{2})(\d{2}))?")


def symbol_of(venue_id: str) -> str:
    """ "BTCUSDT" -> "BTC/USDT:USDT"."""
    dated = _DATED_ID.fullmatch(venue_id)
    if dated and dated[3] in _MONTHS:
        expiry = f"-{dated[4]}{_MONTHS.index(dated[3]) + 1:02d}{int(dated[2]):02d}"
        root = dated[1]
        if root.endswith("USDT") and len(root) > 4:
            return f"{root[:-4]}/USDT:USDT{expiry}"
        return f"{root}/USDC:USDC{expiry}"
    for ending, settle in (("USDT", "USDT"), ("PERP", "USDC")):
        if venue_id.endswith(ending) and len(venue_id) > len(ending) and venue_id.isalnum():
            return f"{venue_id[: -len(ending)]}/{settle}:{settle}"
    return venue_id


def spot_symbol_of(venue_id: str) -> str:
    """ "BTCUSDT" -> "BTC/USDT". What ends in no known quote is a base of its own: a symbol nobody allowed."""
    fitting = (quote for quote in _QUOTES if venue_id.endswith(quote) and len(venue_id) > len(quote))
    quote = max(fitting, key=len, default="")
    return f"{venue_id.removesuffix(quote)}/{quote}"


def id_of(symbol: str) -> str:
    """ "BTC/USDT:USDT" -> "BTCUSDT"; what is no unified symbol is taken as the venue's own id."""
    parts = _SYMBOL.fullmatch(symbol)
    if parts is None:
        return symbol
    base, settle = parts[1], parts[2]
    if parts[3] is None:
        return f"{base}USDT" if settle == "USDT" else f"{base}PERP"
    month = _MONTHS[(int(parts[4]) - 1) % 12]
    root = f"{base}USDT" if settle == "USDT" else base
    return f"{root}-{int(parts[5])}{month}{parts[3]}"
