"""The rehearsal's bot: rests and cancels one small order a second with the bot's key, and goes at SIGTERM.

`python -m guardian.drill.bot URL KEYFILE PIDFILE SYMBOL`; the key is in a file of mode 0600, never here.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from itertools import count
from pathlib import Path

from guardian.exchanges import Endpoint, venue
from guardian.ports import Credential

PAUSE_S = 1.0


async def trade(url: str, credential: Credential, symbol: str) -> None:
    """For ever; a refusal is what a fenced bot meets, and it goes on trying."""
    canary = venue("bybit").open_canary(Endpoint("bot", "bybit", url, "USDT", 60.0))
    for number in count():
        client_id = f"bot-{os.getpid()}-{number}"
        await canary.place(credential, symbol, client_id)
        await asyncio.sleep(PAUSE_S)
        await canary.cancel(credential, symbol, client_id)


def main() -> None:
    url, keyfile, pidfile, symbol = sys.argv[1:]
    Path(pidfile).write_text(str(os.getpid()))
    pair = json.loads(Path(keyfile).read_text())
    asyncio.run(trade(url, Credential(pair["key"], pair["secret"]), symbol))


if __name__ == "__main__":
    main()
