"""Bybit ids and the field's names for contracts, converted by spelling alone.

No table is needed, so a symbol can be closed while the venue's public endpoints are down:
BTCUSDT = BTC/USDT:USDT, BTCPERP = BTC/USDC:USDC, BTCUSDT-27MAR26 = BTC/USDT:USDT-260327,
BTC-03APR26 = BTC/USDC:USDC-260403, BTCUSD = BTC/USD:BTC, BTCUSDH26 = BTC/USD:BTC-260327. An option keeps the
venue's id, and is so an asset of its own, as does any other spelling: what is no name of these is not made
one, for an order must name what was listed, letter by letter. Days of futures have two digits, those of
options need not. A spot market is spelled like a contract: what was asked about tells them apart.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Literal

SETTLE_COINS = ("USDT", "USDC")
Category = Literal["linear", "inverse", "option"]
"""What the venue lists apart: contracts in a stablecoin, those in their base coin, and options."""

# What spot markets are quoted in, as far as they are spelled so; of two that fit the longer one counts.
_STABLE = ("USDT", "USDC", "USDE", "USDQ", "USDR", "USD1", "RLUSD", "XUSD", "DAI")
_QUOTES = (*_STABLE, "USD", "EUR", "BRL", "PLN", "TRY", "BTC", "ETH", "SOL", "MNT")

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATED_ID = re.compile(r"([A-Z0-9]+)-([0-9]{2})([A-Z]{3})([0-9]{2})")
# A base is whatever the venue writes: some are named in lower case, or in Chinese.
_SYMBOL = re.compile(r"([^/:]+)/(USDT|USDC):(?:USDT|USDC)(?:-([0-9]{2})([0-9]{2})([0-9]{2}))?")
_INVERSE_ID = re.compile(r"([A-Z0-9]+)USD(?:([FGHJKMNQUVXZ])([0-9]{2}))?")
_INVERSE_SYMBOL = re.compile(r"([A-Z0-9]+)/USD:\1(?:-([0-9]{2})([0-9]{2})[0-9]{2})?")
_OPTION_ID = re.compile(r"[A-Z0-9]+-\d{1,2}[A-Z]{3}\d{2}-[\d.]+-[CP](?:-[A-Z]+)?")
_MONTH_CODES = "FGHJKMNQUVXZ"
_FRIDAY = 4


def category_of(symbol: str) -> Category:
    """What the venue has to be told with every question about a contract, and with every order."""
    if _INVERSE_SYMBOL.fullmatch(symbol):
        return "inverse"
    return "option" if _OPTION_ID.fullmatch(symbol) else "linear"


def symbol_of(venue_id: str) -> str:
    """ "BTCUSDT" -> "BTC/USDT:USDT"."""
    dated = _DATED_ID.fullmatch(venue_id)
    if dated and dated[3] in _MONTHS:
        expiry = f"-{dated[4]}{_MONTHS.index(dated[3]) + 1:02d}{dated[2]}"
        root = dated[1]
        if root.endswith("USDT") and len(root) > 4:
            return f"{root[:-4]}/USDT:USDT{expiry}"
        return f"{root}/USDC:USDC{expiry}"
    for ending, settle in (("USDT", "USDT"), ("PERP", "USDC")):
        if venue_id.endswith(ending) and len(venue_id) > len(ending) and venue_id.isalnum():
            return f"{venue_id[: -len(ending)]}/{settle}:{settle}"
    inverse = _INVERSE_ID.fullmatch(venue_id)
    if inverse:
        return f"{inverse[1]}/USD:{inverse[1]}{_delivered(inverse[2], inverse[3]) if inverse[2] else ''}"
    return venue_id


def _delivered(month_code: str, year: str) -> str:
    """An inverse future is named by month and year; it is delivered on the last Friday."""
    month = _MONTH_CODES.index(month_code) + 1
    last = date(2000 + int(year) + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return f"-{last - timedelta(days=(last.weekday() - _FRIDAY) % 7):%y%m%d}"


def spot_symbol_of(venue_id: str) -> str:
    """ "BTCUSDT" -> "BTC/USDT". What ends in no known quote is a base of its own: a symbol nobody allowed."""
    fitting = (quote for quote in _QUOTES if venue_id.endswith(quote) and len(venue_id) > len(quote))
    quote = max(fitting, key=len, default="")
    return f"{venue_id.removesuffix(quote)}/{quote}"


def id_of(symbol: str) -> str:
    """ "BTC/USDT:USDT" -> "BTCUSDT"; what is no unified symbol is taken as the venue's own id."""
    inverse = _INVERSE_SYMBOL.fullmatch(symbol)
    if inverse:
        month = _MONTH_CODES[(int(inverse[3]) - 1) % 12] if inverse[3] else ""
        return f"{inverse[1]}USD{month}{inverse[2] or ''}"
    parts = _SYMBOL.fullmatch(symbol)
    if parts is None:
        return symbol
    base, settle = parts[1], parts[2]
    if parts[3] is None:
        return f"{base}USDT" if settle == "USDT" else f"{base}PERP"
    month = _MONTHS[(int(parts[4]) - 1) % 12]
    root = f"{base}USDT" if settle == "USDT" else base
    return f"{root}-{parts[5]}{month}{parts[3]}"
