"""What is looked at beside the snapshots: can prices and books be read, and what was done on the account?"""

from __future__ import annotations

import asyncio
import time

from guardian.config.accounts import CANARY_SYMBOL
from guardian.config.shapes import AccountConfig
from guardian.core.facts.market import Market
from guardian.errors import SecretError
from guardian.exchanges import endpoint_of, venue
from guardian.ports import MarketReader, SecretStore
from guardian.runtime.checkup.line import Line, Subject

SYMBOL = CANARY_SYMBOL
"""Which contract is looked at: one that every venue of contracts lists."""

COMPARE_SECONDS = 7.0
AGAIN_SECONDS = 0.5
UNREACHED = "Look at the network and firewall, and at this account's `url` and `egress`."
UNCOMPARED = "Look at `compare` (a ccxt id, and its url if any); without it a lying price shows later."


async def examine_market(account: AccountConfig) -> list[Line]:
    """Public endpoints only: no key is fetched for this."""
    subject, begun = Subject(account.name, "market"), time.monotonic()
    reader = venue(account.venue).open_market(endpoint_of(account))
    try:
        market = await reader.look((SYMBOL,))
        took_ms = (time.monotonic() - begun) * 1000
        if market.quotes is None or market.books is None:
            why = market.problem
            return [subject.fail(f"prices and books cannot be read ({why})", UNREACHED)]
        line = subject.ok(f"price and book of {SYMBOL} in {took_ms:.0f} ms")
        return [line] if account.compare is None else [line, await _compared(account, reader, market)]
    finally:
        await reader.close()


async def _compared(account: AccountConfig, reader: MarketReader, market: Market) -> Line:
    """The other venue is asked in the back: its first answer takes a moment."""
    assert account.compare is not None
    subject, other = Subject(account.name, "compare"), account.compare.venue
    until = time.monotonic() + COMPARE_SECONDS
    while True:
        quote = next(iter(market.quotes or ()), None)
        if quote is not None and quote.other is not None:
            return subject.ok(f"{SYMBOL} is {quote.mark:f} here and {quote.other:f} at {other}")
        if time.monotonic() > until:
            return subject.warn(f"{other} tells no price of {SYMBOL}", UNCOMPARED)
        await asyncio.sleep(AGAIN_SECONDS)
        market = await reader.look((SYMBOL,))


async def examine_activity(account: AccountConfig, secrets: SecretStore) -> list[Line]:
    """Nothing is said where the watch key cannot be fetched: the keys' own lines say that."""
    subject = Subject(account.name, "activity")
    try:
        credential = await secrets.fetch(account.keys.watch)
    except SecretError:
        return []
    history = venue(account.venue).open_history(endpoint_of(account), credential)
    try:
        seen = await history.recent()
    finally:
        await history.close()
    if seen.problem:
        return [subject.fail(f"fills and past orders cannot be read ({seen.problem})", UNREACHED)]
    return [subject.ok("fills and past orders can be read")]
