"""The script that people write: synchronous ccxt with its defaults, markets loaded at kill time, one by one.

A process of its own, so that nothing of guardian's is warm in it. Its clock starts at the decision to kill,
after the interpreter and ccxt have been imported and the client made: that much a script may have ready.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import ccxt

PATIENCE_SECONDS = 180.0


def flatten(exchange: Any) -> dict[str, float | int]:
    """Cancel all, then close position by position until none is left; returns its own account of it."""
    decided = time.time()
    passes = orders = refused = 0
    exchange.load_markets()
    exchange.cancel_all_orders()
    while time.time() - decided < PATIENCE_SECONDS:
        passes += 1
        positions = [row for row in exchange.fetch_positions() if row["contracts"]]
        if not positions:
            break
        for row in positions:
            side = "sell" if row["side"] == "long" else "buy"
            orders += 1
            try:
                exchange.create_order(
                    row["symbol"], "market", side, row["contracts"], None, {"reduceOnly": True}
                )
            except ccxt.BaseError:
                # What the venue refused is simply tried again in the next pass.
                refused += 1
    return {"decided_at": decided, "passes": passes, "orders": orders, "refused": refused}


def localised(url: str, key: str, secret: str) -> Any:
    """ccxt's bybit as it comes, pointed at the simulated venue."""
    exchange = ccxt.bybit({"apiKey": key, "secret": secret})
    # Leaving this one request out is in the script's favour.
    exchange.has["fetchCurrencies"] = False
    api = exchange.urls["api"]
    for name, address in api.items():
        if isinstance(address, str):
            api[name] = re.sub(r"^https?://[^/]+", url, address)
    return exchange


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m guardian.bench.naive", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--keys", type=Path, required=True, help="file of the key that may trade")
    args = parser.parse_args()
    pair = json.loads(args.keys.read_text())
    sys.stdout.write(json.dumps(flatten(localised(args.url, pair["key"], pair["secret"]))) + "\n")


if __name__ == "__main__":
    main()
